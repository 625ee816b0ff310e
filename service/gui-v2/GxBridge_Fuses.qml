import QtQuick
import Victron.VenusOS

/* Which fuses of a distributor are blown, by the number on its label. */
Item {
	id: root

	property string distributorUid
	readonly property string blown: {
		const found = []
		const states = [one, two, three, four, five, six, seven, eight]
		for (let n = 0; n < states.length; n++) {
			if (states[n].value === 3) {
				found.push(qsTrId("gxbridge_fuse_blown").replace("%1", n + 1))
			}
		}
		return found.join(", ")
	}

	VeQuickItem {
		id: one
		uid: root.distributorUid + "/Fuse/0/Status"
	}

	VeQuickItem {
		id: two
		uid: root.distributorUid + "/Fuse/1/Status"
	}

	VeQuickItem {
		id: three
		uid: root.distributorUid + "/Fuse/2/Status"
	}

	VeQuickItem {
		id: four
		uid: root.distributorUid + "/Fuse/3/Status"
	}

	VeQuickItem {
		id: five
		uid: root.distributorUid + "/Fuse/4/Status"
	}

	VeQuickItem {
		id: six
		uid: root.distributorUid + "/Fuse/5/Status"
	}

	VeQuickItem {
		id: seven
		uid: root.distributorUid + "/Fuse/6/Status"
	}

	VeQuickItem {
		id: eight
		uid: root.distributorUid + "/Fuse/7/Status"
	}
}
