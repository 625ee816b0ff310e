pragma Singleton
import QtQuick

/* Stand-in for BackendConnection on a GX, where uids are D-Bus names, or in a browser (`bus.mqtt`). */
QtObject {
	function serviceUidForType(type) {
		return bus.mqtt ? "mqtt/" + type + "/0" : "dbus/com.victronenergy." + type
	}

	function serviceUidFromName(name, instance) {
		if (name === "" || instance < 0) {
			return ""
		}
		return bus.mqtt ? "mqtt/" + name.split(".")[2] + "/" + instance : "dbus/" + name
	}
}
