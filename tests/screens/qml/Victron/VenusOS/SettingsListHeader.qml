import QtQuick

Text {
	readonly property bool effectiveVisible: preferredVisible
	property bool preferredVisible: true

	width: Math.max(implicitWidth, 1)
	leftPadding: 24
	topPadding: 14
	bottomPadding: 6
	color: "#969591"
	font.pixelSize: 16
	wrapMode: Text.Wrap
}
