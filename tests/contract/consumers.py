"""The consumers of a GX by the calls they make, on dbus-python; run by Debian's python3.

    consumers.py ADDRESS      orders in, answers out: one JSON document a line

Each does what the vendor's program of that kind was read to do when it finds a service, hears a signal and loses a
service: DbusMonitor (velib_python dbusmonitor.py: systemcalc, vrmlogger, hub4), VeQItem (veutil: gui-v2, modbustcp,
dbus-spy, venus-platform), dbus-flashmq (state.cpp), node-red-contrib-victron (dbus-listener.js). Source: our notes on
those sources. It imports nothing of gxbridge.
"""

from __future__ import annotations

import json
import sys

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

ITEM = "com.victronenergy.BusItem"
DAEMON = "org.freedesktop.DBus"
PREFIX = "com.victronenergy."
WATCHED = (PREFIX + "battery.", PREFIX + "gxbridge")


def plain(value):
    """As all of them take it: any empty array is invalid."""
    if isinstance(value, dbus.Array):
        return [plain(part) for part in value] or None
    if isinstance(value, dbus.Boolean):
        raise TypeError("a boolean")
    if isinstance(value, dbus.Double):
        return float(value)
    if isinstance(value, dbus.String):
        return str(value)
    return int(value)


class Base:
    """`calls`: what was asked; `errors`: what the program would have logged."""

    def __init__(self, connection):
        self.connection = connection
        self.calls = []
        self.errors = []

    def call(self, service, path, member, signature="", *arguments, interface=ITEM):
        self.calls.append(f"{member} {path}")
        return self.connection.call_blocking(service, path, interface, member, signature, arguments)

    def owner(self, name):
        return str(self.call(DAEMON, "/", "GetNameOwner", "s", name, interface=DAEMON))

    def changed(self, sender, path, member, changes):
        raise NotImplementedError

    def owners(self, name, old, new):
        if name.startswith(WATCHED):
            if old:
                self.lost(name, old)
            if new:
                self.found(name, new)
        elif old and not new:
            self.vanished(name)

    def vanished(self, unique):
        """Some connection has gone."""


class DbusMonitor(Base):
    """State by unique name; a service without a valid instance is ignored for good."""

    def __init__(self, connection):
        super().__init__(connection)
        self.by_id = {}
        self.names = {}

    def found(self, name, _new):
        try:
            items = {str(path): plain(entry["Value"]) for path, entry in self.call(name, "/", "GetItems").items()}
        except dbus.DBusException:
            items = self.older_way(name)
        try:
            int(items["/DeviceInstance"])
        except (KeyError, TypeError):
            self.errors.append(f"{name} has no instance")
            return
        unique = self.owner(name)
        self.names[name] = unique
        self.by_id[unique] = items

    def older_way(self, name):
        items = {"/DeviceInstance": plain(self.call(name, "/DeviceInstance", "GetValue"))}
        values, texts = self.call(name, "/", "GetValue"), self.call(name, "/", "GetText")
        assert set(values) == set(texts)
        return items | {f"/{path}": plain(value) for path, value in values.items()}

    def changed(self, sender, path, member, changes):
        items = self.by_id.get(sender)
        if items is None:
            return
        if member == "ItemsChanged":
            items.update({str(where): plain(entry["Value"]) for where, entry in changes.items() if str(where) in items})
        elif path in items:
            items[path] = plain(changes["Value"])

    def lost(self, name, old):
        self.names.pop(name, None)
        self.by_id.pop(old, None)

    def state(self):
        """What systemcalc makes of it: batteries, and which of them are BMSes."""
        batteries = {}
        for name, unique in self.names.items():
            items = self.by_id[unique]
            usable = items.get("/Connected") == 1 and items.get("/ProductName") and items.get("/Mgmt/Connection")
            if name.startswith(PREFIX + "battery.") and usable:
                batteries[name] = {
                    "instance": items["/DeviceInstance"],
                    "name": items.get("/CustomName") or f"{items['/ProductName']} on {items['/Mgmt/Connection']}",
                    "candidate": "/Info/MaxChargeVoltage" in items,
                    "bms": items.get("/Info/MaxChargeVoltage") is not None,
                    "items": items,
                }
        return batteries


class OlderMonitor(DbusMonitor):
    """The same before GetItems."""

    def found(self, name, _new):
        items = self.older_way(name)
        unique = self.owner(name)
        self.names[name] = unique
        self.by_id[unique] = items


class VeQItem(Base):
    """Values and texts by path; asks alone for what is wanted and was not delivered."""

    WANTED = (
        "/Dc/0/Voltage",
        "/Soc",
        "/State",
        "/Battery/Request/Id",
        "/Redetect",
        "/NumberOfBmses",
        "/Dc/0/MidVoltage",
    )

    def __init__(self, connection):
        super().__init__(connection)
        self.services = {}
        self.ids = {}

    def found(self, name, new):
        items = {
            str(path): [plain(entry["Value"]), str(entry["Text"])]
            for path, entry in self.call(name, "/", "GetItems").items()
        }
        for path in self.WANTED:
            if path not in items:
                try:
                    self.call(name, path, "GetValue")
                except dbus.DBusException as error:
                    if error.get_dbus_name() != DAEMON + ".Error.UnknownObject":
                        self.errors.append(f"bus error for {path}: {error.get_dbus_name()}")
        self.services[name] = items
        self.ids.setdefault(new, []).append(name)

    def changed(self, sender, path, member, changes):
        for name in self.ids.get(sender, ()):
            found = changes.items() if member == "ItemsChanged" else [(path, changes)]
            for where, entry in found:
                self.services[name][str(where)] = [plain(entry["Value"]), str(entry["Text"])]

    def lost(self, name, old):
        self.services.pop(name, None)
        self.ids.pop(old, None)

    def state(self):
        """As gui-v2 shows them: valid with a name and an instance."""
        shown = {}
        for name, items in self.services.items():
            value = {path: pair[0] for path, pair in items.items()}
            instance = value.get("/DeviceInstance")
            if (value.get("/ProductName") or value.get("/CustomName")) and instance is not None and instance >= 0:
                shown[name] = {
                    "title": value.get("/CustomName") or value.get("/ProductName"),
                    "texts": {path: pair[1] for path, pair in items.items()},
                    "settings": value.get("/Settings/HasSettings") == 1,
                    "clear": value.get("/Connected") == 1 and value.get("/History/CanBeCleared") == 1,
                    "io": value.get("/Io/AllowToCharge") is not None,
                    "system": value.get("/System/NrOfBatteries") is not None,
                    "fuses": (value.get("/NrOfDistributors") or 0) > 0,
                    "individual": value.get("/Battery/Request/Id") is not None,
                    "pending": value.get("/State") == 18,
                }
        return shown


class FlashMq(Base):
    """Topics N/<class>/<instance>/<path>; the instance is kept for as long as the name lives."""

    def __init__(self, connection):
        super().__init__(connection)
        self.topics = {}
        self.services = {}

    def found(self, name, new):
        message = dbus.lowlevel.MethodCallMessage(name, "/", ITEM, "GetItems")
        self.calls.append("GetItems /")
        reply = self.connection.send_message_with_reply_and_block(message)
        if reply.get_signature() != "a{sa{sv}}":
            self.errors.append(f"{name}: reply {reply.get_signature()}")
            return
        items = reply.get_args_list()[0]
        instance = items.get("/DeviceInstance", items.get("/Identifier", {"Value": 0}))["Value"]
        base = f"N/{name.split('.')[2]}/{plain(instance)}"
        self.services[new] = (name, base)
        self.publish(base, items)

    def publish(self, base, items):
        for path, entry in items.items():
            self.topics[f"{base}{path}"] = json.dumps({"value": plain(entry["Value"])})

    def changed(self, sender, path, member, changes):
        if sender in self.services:
            self.publish(self.services[sender][1], changes if member == "ItemsChanged" else {path: changes})

    def lost(self, _name, old):
        base = self.services.pop(old, (None, None))[1]
        for topic in self.topics:
            if base is not None and topic.startswith(base + "/"):
                self.topics[topic] = ""

    def state(self):
        return self.topics


class NodeRed(Base):
    """Removes a device only when the unique name vanishes; drops PropertiesChanged with an empty text."""

    def __init__(self, connection):
        super().__init__(connection)
        self.services = {}

    def found(self, name, new):
        instance = plain(self.call(name, "/DeviceInstance", "GetValue"))
        items = {str(path): plain(entry["Value"]) for path, entry in self.call(name, "/", "GetItems").items()}
        self.services[new] = {"name": name, "instance": instance, "items": items}

    def changed(self, sender, path, member, changes):
        service = self.services.get(sender)
        if service is None:
            return
        if member == "ItemsChanged":
            service["items"].update({str(where): plain(entry["Value"]) for where, entry in changes.items()})
        elif len(changes) == 2 and changes["Text"]:
            service["items"][path] = plain(changes["Value"])

    def lost(self, name, old):
        pass

    def vanished(self, unique):
        self.services.pop(unique, None)

    def state(self):
        return list(self.services.values())


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    connection = dbus.bus.BusConnection(sys.argv[1])
    kinds = {"monitor": DbusMonitor, "older": OlderMonitor, "gui": VeQItem, "flashmq": FlashMq, "nodered": NodeRed}
    consumers = {name: kind(connection) for name, kind in kinds.items()}

    def changed(changes, sender=None, path=None, member=None):
        for consumer in consumers.values():
            consumer.changed(str(sender), str(path), str(member), changes)

    def owners(name, old, new):
        for consumer in consumers.values():
            consumer.owners(str(name), str(old), str(new))

    connection.add_signal_receiver(
        changed, dbus_interface=ITEM, sender_keyword="sender", path_keyword="path", member_keyword="member"
    )
    connection.add_signal_receiver(owners, signal_name="NameOwnerChanged", dbus_interface=DAEMON)
    for name in connection.call_blocking(DAEMON, "/", DAEMON, "ListNames", "", ()):
        if name.startswith(WATCHED):
            owners(name, "", connection.call_blocking(DAEMON, "/", DAEMON, "GetNameOwner", "s", (name,)))
    loop = GLib.MainLoop()

    def order(_source, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        consumer = consumers[json.loads(line)[0]]
        print(json.dumps({"state": consumer.state(), "errors": consumer.errors, "calls": consumer.calls}), flush=True)
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_LOW, GLib.IO_IN | GLib.IO_HUP, order)
    print(json.dumps("ready"), flush=True)
    loop.run()


if __name__ == "__main__":
    main()
