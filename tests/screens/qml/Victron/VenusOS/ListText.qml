import QtQuick

/* Stand-in for ListText: just the properties that all of gui-v2 from 1.2.14 to 1.3 have. */
FocusScope {
	id: root

	readonly property alias dataItem: dataItem
	property string text
	property string caption
	property string secondaryText: dataItem.valid ? dataItem.value : ""
	property bool preferredVisible: true
	readonly property bool effectiveVisible: preferredVisible

	visible: effectiveVisible
	width: parent ? parent.width : 0
	implicitHeight: effectiveVisible ? box.height + 4 : 0
	height: implicitHeight

	Rectangle {
		id: box

		x: 16
		width: parent.width - 32
		height: Math.max(48, Math.max(primary.height, secondary.height) + (root.caption ? below.height + 8 : 0) + 20)
		radius: 8
		color: "#272622"

		Text {
			id: primary
			x: 12
			y: 10
			width: parent.width - 36 - secondary.width
			text: root.text
			textFormat: Text.PlainText
			color: "#FAF9F5"
			font.pixelSize: 18
			wrapMode: Text.Wrap
		}

		Text {
			id: secondary
			anchors.right: parent.right
			anchors.rightMargin: 12
			y: 10
			width: Math.min(implicitWidth, parent.width / 2)
			text: root.secondaryText
			textFormat: Text.PlainText
			color: "#969591"
			font.pixelSize: 18
			wrapMode: Text.Wrap
			horizontalAlignment: Text.AlignRight
		}

		Text {
			id: below
			x: 12
			anchors.top: primary.bottom
			anchors.topMargin: 6
			width: parent.width - 24
			text: root.caption
			textFormat: Text.PlainText
			visible: root.caption !== ""
			color: "#969591"
			font.pixelSize: 14
			wrapMode: Text.Wrap
		}
	}

	VeQuickItem {
		id: dataItem
	}
}
