import QtQuick
import Victron.VenusOS

/* One permission of a BMS: yes, no, or not known, which is not a permission. */
ListText {
	id: root

	property string permissionUid

	secondaryText: qsTrId(permission.value === 1 ? "gxbridge_yes" : permission.value === 0 ? "gxbridge_no"
			: "gxbridge_unknown")

	VeQuickItem {
		id: permission
		uid: root.permissionUid
	}
}
