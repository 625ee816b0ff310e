import QtQuick

/* Stand-in for GradientListView: all of its items at once, one below the other. */
Flickable {
	property alias model: rows.model

	anchors.fill: parent
	anchors.topMargin: 52
	contentHeight: column.height
	clip: true

	Column {
		id: column
		width: parent.width

		Repeater {
			id: rows
		}
	}
}
