import QtQuick
import Victron.VenusOS
import "GxBridge_Words.js" as Words

/* What this battery says: its permissions, its cells, its distributors, as far as its service has them. */
SettingsColumn {
	id: root

	required property string serviceUid

	SettingsListHeader {
		text: qsTrId("gxbridge_battery")
	}

	GxBridge_Permission {
		text: qsTrId("gxbridge_allows_charge")
		permissionUid: root.serviceUid + "/Io/AllowToCharge"
	}

	GxBridge_Permission {
		text: qsTrId("gxbridge_allows_discharge")
		permissionUid: root.serviceUid + "/Io/AllowToDischarge"
	}

	ListText {
		text: qsTrId("gxbridge_cells")
		secondaryText: Words.range(lowest.value, highest.value, "V", 3)
		preferredVisible: lowest.valid || highest.valid

		VeQuickItem {
			id: lowest
			uid: root.serviceUid + "/System/MinCellVoltage"
		}

		VeQuickItem {
			id: highest
			uid: root.serviceUid + "/System/MaxCellVoltage"
		}
	}

	ListText {
		text: qsTrId("gxbridge_temperatures")
		secondaryText: Words.range(coldest.value, warmest.value, "°C", 1)
		preferredVisible: coldest.valid || warmest.valid

		VeQuickItem {
			id: coldest
			uid: root.serviceUid + "/System/MinCellTemperature"
		}

		VeQuickItem {
			id: warmest
			uid: root.serviceUid + "/System/MaxCellTemperature"
		}
	}

	Repeater {
		model: ["A", "B", "C", "D", "E", "F", "G", "H"]

		ListText {
			id: distributor

			required property string modelData
			readonly property string distributorUid: root.serviceUid + "/Distributor/" + modelData

			text: qsTrId("gxbridge_distributor").replace("%1", modelData)
			secondaryText: Words.distributor(status.value)
			caption: fuses.blown
			preferredVisible: status.valid && status.value > 0

			VeQuickItem {
				id: status
				uid: distributor.distributorUid + "/Status"
			}

			GxBridge_Fuses {
				id: fuses
				distributorUid: distributor.distributorUid
			}
		}
	}
}
