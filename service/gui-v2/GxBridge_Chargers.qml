import QtQuick
import Victron.VenusOS

/* The chargers, and the Multi: what each is told and makes. */
SettingsColumn {
	id: root

	readonly property string serviceUid: BackendConnection.serviceUidForType("gxbridge")

	SettingsListHeader {
		text: qsTrId("gxbridge_chargers")
	}

	GxBridge_Rows {
		id: chargers

		width: root.width
		row: GxBridge_Charger {
			required property int number

			limitUid: root.serviceUid + "/Limits/Charger/" + number
			onThereChanged: if (there) chargers.found(number)
			Component.onCompleted: if (there) chargers.found(number)
		}
	}

	GxBridge_Charger {
		limitUid: root.serviceUid + "/Limits/Multi"
	}
}
