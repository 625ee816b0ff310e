import QtQuick
import Victron.VenusOS

/* Rows as they appear on the bus: numbers count from 0, and one more is looked for than there are. */
SettingsColumn {
	id: root

	property alias row: rows.delegate
	property int most: 64
	readonly property alias numbers: numberModel

	property int highest: -1

	// The row of this number is there: look for the next, when this one has been made.
	function found(number) {
		highest = Math.max(highest, number)
		Qt.callLater(grow)
	}

	function grow() {
		if (highest === numberModel.count - 1 && numberModel.count < root.most) {
			numberModel.append({ "number": numberModel.count })
		}
	}

	Repeater {
		id: rows

		model: ListModel {
			id: numberModel

			ListElement { number: 0 }
		}
	}
}
