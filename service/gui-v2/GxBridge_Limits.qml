import QtQuick
import Victron.VenusOS

/* The three limits of the system, and who gives them to the chargers. */
SettingsColumn {
	id: root

	readonly property string serviceUid: BackendConnection.serviceUidForType("gxbridge")

	ListText {
		text: qsTrId("gxbridge_not_running")
		caption: qsTrId("gxbridge_not_running_advice")
		secondaryText: ""
		preferredVisible: connected.value !== 1

		VeQuickItem {
			id: connected
			uid: root.serviceUid + "/Connected"
		}
	}

	ListText {
		text: qsTrId("gxbridge_control")
		secondaryText: qsTrId(effective.value === "control" ? "gxbridge_control_ours"
				: effective.value === "monitor" ? "gxbridge_control_listens" : "gxbridge_control_off")
		preferredVisible: effective.valid

		VeQuickItem {
			id: effective
			uid: root.serviceUid + "/Dvcc/Effective"
		}
	}

	GxBridge_Limit {
		text: qsTrId("gxbridge_cvl")
		limitUid: root.serviceUid + "/Limits/Cvl"
		unit: "V"
	}

	GxBridge_Limit {
		text: qsTrId("gxbridge_ccl")
		limitUid: root.serviceUid + "/Limits/Ccl"
		unit: "A"
	}

	GxBridge_Limit {
		text: qsTrId("gxbridge_dcl")
		limitUid: root.serviceUid + "/Limits/Dcl"
		unit: "A"
	}
}
