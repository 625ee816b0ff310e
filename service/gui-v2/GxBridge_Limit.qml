import QtQuick
import Victron.VenusOS
import "GxBridge_Words.js" as Words

/* One limit: its value, the sentence, what would hold next, and since when. */
ListText {
	id: root

	property string limitUid
	property string unit
	property string more
	readonly property var words: Words.limit(reason.value, reasonId.value, reasonArguments.value)

	preferredVisible: reason.valid
	secondaryText: Words.amount(limit.value, root.unit)
	caption: Words.lines([
		words.sentence,
		words.next ? qsTrId("gxbridge_next").replace("%1", words.next) : "",
		root.more,
		since.valid ? qsTrId("gxbridge_since").replace("%1", Words.moment(since.value)) : ""
	])

	VeQuickItem {
		id: limit
		uid: root.limitUid + "/Value"
	}

	VeQuickItem {
		id: reason
		uid: root.limitUid + "/Reason"
	}

	VeQuickItem {
		id: reasonId
		uid: root.limitUid + "/ReasonId"
	}

	VeQuickItem {
		id: reasonArguments
		uid: root.limitUid + "/ReasonArguments"
	}

	VeQuickItem {
		id: since
		uid: root.limitUid + "/Since"
	}
}
