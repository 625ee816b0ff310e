import QtQuick
import Victron.VenusOS
import "GxBridge_Words.js" as Words

/* The BMS in control, and every battery that is heard on VE.Can. */
SettingsColumn {
	id: root

	readonly property string serviceUid: BackendConnection.serviceUidForType("gxbridge")

	SettingsListHeader {
		text: qsTrId("gxbridge_bms")
	}

	ListText {
		text: qsTrId("gxbridge_bms_in_control")
		secondaryText: bmsName.valid && bmsName.value !== "" ? Words.plain(bmsName.value) : qsTrId("gxbridge_none")
		caption: Words.lines([
			Words.state(bmsState.value),
			bmsSince.valid ? qsTrId("gxbridge_since").replace("%1", Words.moment(bmsSince.value)) : "",
			linkEnds.valid ? qsTrId("gxbridge_link_ends").replace("%1", Words.moment(linkEnds.value)) : "",
			multiStops.valid ? qsTrId("gxbridge_multi_stops").replace("%1", Words.moment(multiStops.value)) : "",
			dischargeEnds.valid ? qsTrId("gxbridge_discharge_ends").replace("%1", Words.moment(dischargeEnds.value)) : ""
		])
		preferredVisible: bmsState.valid

		VeQuickItem {
			id: bmsName
			uid: root.serviceUid + "/Bms/Name"
		}

		VeQuickItem {
			id: bmsState
			uid: root.serviceUid + "/Bms/State"
		}

		VeQuickItem {
			id: bmsSince
			uid: root.serviceUid + "/Bms/Since"
		}

		VeQuickItem {
			id: linkEnds
			uid: root.serviceUid + "/Bms/ChargeLinkEndsAt"
		}

		VeQuickItem {
			id: multiStops
			uid: root.serviceUid + "/Bms/MultiStopsAt"
		}

		VeQuickItem {
			id: dischargeEnds
			uid: root.serviceUid + "/Bms/DischargeMayEndAt"
		}
	}

	GxBridge_Rows {
		id: batteries

		width: root.width
		row: ListText {
			id: battery

			required property int number
			readonly property string batteryUid: root.serviceUid + "/Batteries/" + number
			readonly property bool there: batteryState.valid

			text: batteryName.valid ? Words.plain(batteryName.value) : ""
			secondaryText: Words.state(batteryState.value)
			caption: batterySince.valid ? qsTrId("gxbridge_since").replace("%1", Words.moment(batterySince.value)) : ""
			preferredVisible: there
			onThereChanged: if (there) batteries.found(number)
			Component.onCompleted: if (there) batteries.found(number)

			VeQuickItem {
				id: batteryName
				uid: battery.batteryUid + "/Name"
			}

			VeQuickItem {
				id: batteryState
				uid: battery.batteryUid + "/State"
			}

			VeQuickItem {
				id: batterySince
				uid: battery.batteryUid + "/Since"
			}
		}
	}
}
