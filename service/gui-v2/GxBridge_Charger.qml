import QtQuick
import Victron.VenusOS
import "GxBridge_Words.js" as Words

/* What one charger or the Multi is told, why, and what it makes.

   What it makes stands on its own service, which has another address over MQTT, made with the device instance. */
GxBridge_Limit {
	id: root

	readonly property bool there: service.valid && service.value !== ""

	text: name.valid ? Words.plain(name.value) : ""
	unit: "A"
	preferredVisible: there
	more: made.valid ? qsTrId("gxbridge_makes").replace("%1", Words.amount(made.value, "A")) : ""

	VeQuickItem {
		id: service
		uid: root.limitUid + "/Service"
	}

	VeQuickItem {
		id: name
		uid: root.limitUid + "/Name"
	}

	VeQuickItem {
		id: instance
		uid: root.limitUid + "/DeviceInstance"
	}

	VeQuickItem {
		id: made
		uid: root.there && instance.valid
				? BackendConnection.serviceUidFromName(service.value, instance.value) + "/Dc/0/Current" : ""
	}
}
