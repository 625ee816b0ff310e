"""A consumer written with dbus-python as the vendor's are; run by Debian's python3 with python3-dbus, python3-gi.

    python_client.py ADDRESS SERVICE COMMAND     prints one JSON document

It imports nothing of gxbridge. Commands: scan, tree, write, listen.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET

import dbus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

ITEM = "com.victronenergy.BusItem"


def described(value):
    """Type and plain value: what a consumer sees of a variant."""
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


def items(connection, service):
    """As DbusMonitor scans."""
    found = connection.call_blocking(service, "/", ITEM, "GetItems", "", ())
    return {str(path): {str(key): described(value) for key, value in entry.items()} for path, entry in found.items()}


def scan(connection, service):
    """Items at once, and each by itself, as DbusMonitor's older way."""
    found = items(connection, service)
    single = {
        path: [
            described(connection.call_blocking(service, path, ITEM, "GetValue", "", ())),
            str(connection.call_blocking(service, path, ITEM, "GetText", "", ())),
        ]
        for path in found
    }
    root = connection.call_blocking(service, "/", ITEM, "GetValue", "", ())
    texts = connection.call_blocking(service, "/", ITEM, "GetText", "", ())
    return {
        "items": found,
        "single": single,
        "root": {str(path): described(value) for path, value in root.items()},
        "root texts": {str(path): str(text) for path, text in texts.items()},
        "unknown": error(connection, service, "/Not/There", "GetValue", "", ()),
        "unknown root": error(connection, service, "/Not/There", "GetItems", "", ()),
    }


def error(connection, service, path, member, signature, arguments):
    try:
        connection.call_blocking(service, path, ITEM, member, signature, arguments)
    except dbus.DBusException as caught:
        return caught.get_dbus_name()
    return None


def tree(connection, service, path="/"):
    """Every object that introspection leads to, with its BusItem methods: what `dbus -y` does."""
    text = connection.call_blocking(service, path, "org.freedesktop.DBus.Introspectable", "Introspect", "", ())
    root = ET.fromstring(text)  # noqa: S314 - our own
    methods = [
        method.get("name")
        for interface in root.findall("interface")
        if interface.get("name") == ITEM
        for method in interface.findall("method")
    ]
    found = {path: methods}
    for node in root.findall("node"):
        found.update(tree(connection, service, f"{path.rstrip('/')}/{node.get('name')}"))
    return found


WIDTHS = (dbus.Byte, dbus.Int16, dbus.UInt16, dbus.Int32, dbus.UInt32, dbus.Int64, dbus.UInt64, dbus.Double)


def write(connection, service):
    """Every width, the ways of saying "invalid", and messages that no proxy object would send."""

    def set_value(path, value):
        return int(connection.call_blocking(service, path, ITEM, "SetValue", "v", (value,)))

    def get_value(path):
        return described(connection.call_blocking(service, path, ITEM, "GetValue", "", ()))

    found = {}
    for number, kind in enumerate(WIDTHS, start=10):
        found[kind.__name__] = [set_value("/Mode", kind(number, variant_level=1)), get_value("/Mode")]
    found["String"] = [set_value("/CustomName", dbus.String("Boot", variant_level=1)), get_value("/CustomName")]
    found["text for a number"] = [set_value("/Mode", dbus.String("3")), get_value("/Mode")]
    found["refused"] = [set_value("/Mode", dbus.Int32(99)), get_value("/Mode")]
    found["not writable"] = [set_value("/Dc/0/Voltage", dbus.Double(1.0)), get_value("/Dc/0/Voltage")]
    invalid = dbus.Array([], signature="i", variant_level=1)
    found["invalid in a variant"] = [set_value("/Mode", invalid), get_value("/Mode")]
    set_value("/Mode", dbus.Int32(3))
    bare = dbus.lowlevel.MethodCallMessage(service, "/Mode", ITEM, "SetValue")
    bare.append(dbus.Array([], signature="i"), signature="ai")
    answer = connection.send_message_with_reply_and_block(bare)
    found["invalid bare"] = [int(answer.get_args_list()[0]), get_value("/Mode")]
    nameless = dbus.lowlevel.MethodCallMessage(service, "/Mode", None, "SetValue")
    nameless.append(dbus.Int32(4, variant_level=1), signature="v")
    answer = connection.send_message_with_reply_and_block(nameless)
    found["without interface"] = [int(answer.get_args_list()[0]), get_value("/Mode")]
    silent = dbus.lowlevel.MethodCallMessage(service, "/Mode", ITEM, "SetValue")
    silent.append(dbus.Int32(5, variant_level=1), signature="v")
    silent.set_no_reply(True)
    answers = []
    connection.add_message_filter(lambda _connection, message: answers.append(message.get_reply_serial()))
    serial = connection.send_message(silent)
    found["without reply"] = [serial in answers, get_value("/Mode")]
    return found


def listen(connection, service):
    """Hears signals until the service is gone; says when it is ready."""
    loop = GLib.MainLoop()
    heard = []

    def changed(changes, member=None, path=None):
        found = {str(key): {str(k): described(v) for k, v in entry.items()} for key, entry in changes.items()}
        heard.append([str(member), str(path), found])

    def owner(name, old, new):
        if name == service and not new:
            loop.quit()

    connection.add_signal_receiver(
        changed, dbus_interface=ITEM, bus_name=service, member_keyword="member", path_keyword="path"
    )
    connection.add_signal_receiver(owner, signal_name="NameOwnerChanged")
    connection.call_blocking(service, "/", ITEM, "GetItems", "", ())
    print("ready", flush=True)
    loop.run()
    return heard


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    address, service, command = sys.argv[1:4]
    connection = dbus.bus.BusConnection(address)
    print(json.dumps({"scan": scan, "tree": tree, "write": write, "listen": listen}[command](connection, service)))


main()
