import QtQuick
import Victron.VenusOS
import "GxBridge_Words.js" as Words

/* What a person should know, the worst first, with advice. */
SettingsColumn {
	id: root

	readonly property string serviceUid: BackendConnection.serviceUidForType("gxbridge")

	SettingsListHeader {
		text: qsTrId("gxbridge_findings")
	}

	ListText {
		text: qsTrId("gxbridge_no_findings")
		secondaryText: ""
		preferredVisible: count.value === 0

		VeQuickItem {
			id: count
			uid: root.serviceUid + "/Findings/Count"
		}
	}

	GxBridge_Rows {
		id: findings

		width: root.width
		most: 32
		row: ListText {
			id: finding

			required property int number
			readonly property string findingUid: root.serviceUid + "/Findings/" + number
			readonly property bool there: findingText.valid && findingText.value !== ""
			readonly property var words: Words.finding(findingId.value, findingArguments.value, findingText.value,
					findingAdvice.value)

			text: Words.plain(words.text)
			secondaryText: Words.severity(severity.value)
			caption: Words.lines([
				words.advice,
				first.valid ? qsTrId("gxbridge_since").replace("%1", Words.moment(first.value)) : ""
			])
			preferredVisible: there
			onThereChanged: if (there) findings.found(number)
			Component.onCompleted: if (there) findings.found(number)

			VeQuickItem {
				id: findingId
				uid: finding.findingUid + "/Id"
			}

			VeQuickItem {
				id: severity
				uid: finding.findingUid + "/Severity"
			}

			VeQuickItem {
				id: findingText
				uid: finding.findingUid + "/Text"
			}

			VeQuickItem {
				id: findingAdvice
				uid: finding.findingUid + "/Advice"
			}

			VeQuickItem {
				id: findingArguments
				uid: finding.findingUid + "/Arguments"
			}

			VeQuickItem {
				id: first
				uid: finding.findingUid + "/First"
			}
		}
	}
}
