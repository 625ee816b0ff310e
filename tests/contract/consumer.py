"""A D-Bus client on dbus-python, as the vendor's are; run by Debian's python3 (python3-dbus, python3-gi).

    consumer.py ADDRESS      orders in, answers out: one JSON document a line

It imports nothing of gxbridge. Values come as [type, plain value]. Signals of BusItem and changes of owners are kept
from the start; the order `heard` hands them out.
"""

from __future__ import annotations

import json
import sys
import time
import xml.etree.ElementTree as ET

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

ITEM = "com.victronenergy.BusItem"
DAEMON = "org.freedesktop.DBus"


def described(value):
    kind = type(value).__name__
    if isinstance(value, dbus.Array):
        return [f"Array {value.signature}", [described(part)[1] for part in value]]
    if isinstance(value, dbus.Dictionary):
        return [f"Dictionary {value.signature}", {str(key): described(part) for key, part in value.items()}]
    if isinstance(value, dbus.Double):
        return [kind, float(value)]
    if isinstance(value, dbus.String):
        return [kind, str(value)]
    if isinstance(value, dbus.Boolean):
        return [kind, bool(value)]
    return [kind, int(value)]


class Consumer:
    def __init__(self, connection):
        self.connection = connection
        self.kept = []
        connection.add_signal_receiver(
            self.changed, dbus_interface=ITEM, member_keyword="member", path_keyword="path", sender_keyword="sender"
        )
        connection.add_signal_receiver(
            lambda *names: self.kept.append(["owner", time.monotonic(), *map(str, names)]),
            signal_name="NameOwnerChanged",
            dbus_interface=DAEMON,
        )

    def changed(self, changes, member=None, path=None, sender=None):
        found = {str(key): described(value) for key, value in changes.items()}
        self.kept.append([str(member), time.monotonic(), str(sender), str(path), found])

    def call(self, service, path, member, signature="", arguments=(), interface=ITEM):
        return self.connection.call_blocking(service, path, interface, member, signature, arguments)

    # --- orders -------------------------------------------------------------------------------------------------------

    def heard(self):
        kept, self.kept = self.kept, []
        return kept

    def names(self):
        """Well-known names of the vendor's kind with their owners."""
        found = {}
        for name in self.connection.call_blocking(DAEMON, "/", DAEMON, "ListNames", "", ()):
            if name.startswith("com.victronenergy."):
                found[str(name)] = self.owner(str(name))
        return found

    def owner(self, name):
        return str(self.connection.call_blocking(DAEMON, "/", DAEMON, "GetNameOwner", "s", (name,)))

    def items(self, service):
        found = self.call(service, "/", "GetItems")
        return {str(path): {str(key): described(part) for key, part in entry.items()} for path, entry in found.items()}

    def get(self, service, path, member="GetValue"):
        return described(self.call(service, path, member))

    def set(self, service, path, kind, value):
        """`kind`: a class of dbus-python, `bare` for an empty array without its variant."""
        message = dbus.lowlevel.MethodCallMessage(service, path, ITEM, "SetValue")
        if kind == "bare":
            message.append(dbus.Array([], signature="i"), signature="ai")
        else:
            message.append(getattr(dbus, kind)(value, variant_level=1), signature="v")
        return int(self.connection.send_message_with_reply_and_block(message).get_args_list()[0])

    def nameless(self, service, path, member):
        """A call without an interface name."""
        message = dbus.lowlevel.MethodCallMessage(service, path, None, member)
        return described(self.connection.send_message_with_reply_and_block(message).get_args_list()[0])

    def unanswered(self, service, path, kind, value):
        """A write that wants no reply; True when one came all the same."""
        message = dbus.lowlevel.MethodCallMessage(service, path, ITEM, "SetValue")
        message.append(getattr(dbus, kind)(value, variant_level=1), signature="v")
        message.set_no_reply(True)
        replies = []
        self.connection.add_message_filter(lambda _, incoming: replies.append(incoming.get_reply_serial()))
        serial = self.connection.send_message(message)
        self.call(service, "/", "GetItems")
        return serial in replies

    def tree(self, service, path="/"):
        """Path -> BusItem methods, of every object that introspection leads to."""
        text = self.call(service, path, "Introspect", interface="org.freedesktop.DBus.Introspectable")
        root = ET.fromstring(text)  # noqa: S314 - our own
        found = {
            path: [
                method.get("name")
                for interface in root.findall("interface")
                if interface.get("name") == ITEM
                for method in interface.findall("method")
            ]
        }
        for node in root.findall("node"):
            found.update(self.tree(service, f"{path.rstrip('/')}/{node.get('name')}"))
        return found


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    consumer = Consumer(dbus.bus.BusConnection(sys.argv[1]))
    loop = GLib.MainLoop()

    def order(_source, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        wanted = json.loads(line)
        try:
            answer = getattr(consumer, wanted[0])(*wanted[1:])
        except dbus.DBusException as error:
            answer = {"error": error.get_dbus_name(), "text": str(error)}
        print(json.dumps(answer), flush=True)
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_LOW, GLib.IO_IN | GLib.IO_HUP, order)
    print(json.dumps("ready"), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
