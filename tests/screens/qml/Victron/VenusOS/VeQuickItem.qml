import QtQuick

/* Stand-in for VeQuickItem: an item by its uid; `bus` is the test's context property. */
QtObject {
	property string uid
	readonly property var value: bus.items[uid]
	readonly property bool valid: value !== undefined && value !== null

	onUidChanged: if (uid !== "") bus.ask(uid)
	Component.onCompleted: if (uid !== "") bus.ask(uid)
}
