import QtQuick
import Victron.VenusOS

/* Opens a page of the device list as the vendor does: with the device as a property. */
Item {
	id: root

	property string page
	property string serviceUid

	width: 800
	height: 480

	Loader {
		anchors.fill: parent
		Component.onCompleted: setSource(root.page, { "device": device })
	}

	Device {
		id: device
		serviceUid: root.serviceUid
	}
}
