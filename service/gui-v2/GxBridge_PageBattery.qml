import QtQuick
import Victron.VenusOS

/* The page below a battery in the device list, the vendor's or ours: the system's limits, and what this battery says. */
DeviceListPluginPage {
	id: root

	title: qsTrId("gxbridge_title")

	GradientListView {
		model: VisibleItemModel {
			GxBridge_Limits {
				width: parent ? parent.width : 0
			}

			GxBridge_Battery {
				width: parent ? parent.width : 0
				serviceUid: root.device.serviceUid
			}

			GxBridge_Chargers {
				width: parent ? parent.width : 0
			}

			GxBridge_Findings {
				width: parent ? parent.width : 0
			}
		}
	}
}
