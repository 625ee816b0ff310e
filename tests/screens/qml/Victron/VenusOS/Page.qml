import QtQuick

/* Stand-in for gui-v2's Page: the title it sets, which the status bar shows, and a screen of its size. */
Rectangle {
	property string title

	width: 800
	height: 480
	color: "black"

	Text {
		x: 24
		y: 12
		text: parent.title
		color: "white"
		font.pixelSize: 22
	}
}
