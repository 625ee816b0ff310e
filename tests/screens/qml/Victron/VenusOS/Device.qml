import QtQuick

QtObject {
	property string serviceUid
}
