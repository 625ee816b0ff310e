import QtQuick
import Victron.VenusOS

/* The settings page: everything that our own service says, wherever it comes from. */
Page {
	id: root

	title: qsTrId("gxbridge_title")

	GradientListView {
		model: VisibleItemModel {
			GxBridge_Limits {
				width: parent ? parent.width : 0
			}

			GxBridge_Chargers {
				width: parent ? parent.width : 0
			}

			GxBridge_Bms {
				width: parent ? parent.width : 0
			}

			GxBridge_Findings {
				width: parent ? parent.width : 0
			}
		}
	}
}
