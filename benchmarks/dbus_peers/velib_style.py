"""The peer: a service built as velib_python builds them, and a receiver; dbus-python and GLib, run by Debian's python3.

Commands come on standard input, one a line; each is answered with one line.
  publish N      N updates of 20 values, one turn of the loop each; answers CPU seconds
  paced N HZ     the same at a pace
  receive N      waits for N ItemsChanged; answers CPU seconds from the first to the last
"""

from __future__ import annotations

import sys
import time

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib
from model import DOUBLES, NAME, PATHS, STRINGS, values

ITEM = "com.victronenergy.BusItem"


def wrap(value):
    if value is None:
        return dbus.Array([], signature=dbus.Signature("i"), variant_level=1)
    if isinstance(value, float):
        return dbus.Double(value, variant_level=1)
    if isinstance(value, bool):
        return dbus.Boolean(value, variant_level=1)
    if isinstance(value, int):
        try:
            return dbus.Int32(value, variant_level=1)
        except OverflowError:
            return dbus.Int64(value, variant_level=1)
    return dbus.String(value, variant_level=1)


INTEGERS = (dbus.Int32, dbus.UInt32, dbus.Byte, dbus.Int16, dbus.UInt16, dbus.Int64, dbus.UInt64)


def unwrap(value):
    if isinstance(value, INTEGERS):
        return int(value)
    if isinstance(value, dbus.Double):
        return float(value)
    if isinstance(value, dbus.Array):
        return [unwrap(part) for part in value] or None
    if isinstance(value, (dbus.Signature, dbus.String)):
        return str(value)
    if isinstance(value, (dbus.Dictionary, dict)):
        return {key: unwrap(part) for key, part in value.items()}
    return value


class Node(dbus.service.Object):
    """One object for each path above the items."""

    def __init__(self, bus, path, items):
        dbus.service.Object.__init__(self, bus, path)
        self.items = items
        self.start = path.rstrip("/") + "/"

    @dbus.service.method(ITEM, out_signature="v")
    def GetValue(self):
        below = {
            path[len(self.start) :]: wrap(item.value)
            for path, item in self.items.items()
            if path.startswith(self.start)
        }
        return dbus.Dictionary(below, signature=dbus.Signature("sv"), variant_level=1)


class Root(Node):
    """GetItems and ItemsChanged."""

    @dbus.service.method(ITEM, out_signature="a{sa{sv}}")
    def GetItems(self):
        return {path: {"Value": wrap(item.value), "Text": item.GetText()} for path, item in self.items.items()}

    @dbus.service.signal(ITEM, signature="a{sa{sv}}")
    def ItemsChanged(self, changes):
        pass


class Item(dbus.service.Object):
    """One object for each item."""

    def __init__(self, bus, path, value, text=None):
        dbus.service.Object.__init__(self, bus, path)
        self.value = value
        self.text = text

    def change(self, value):
        """The change as the signal carries it, or None when there is none."""
        if self.value == value:
            return None
        self.value = value
        return {"Value": wrap(value), "Text": self.GetText()}

    @dbus.service.method(ITEM, out_signature="v")
    def GetValue(self):
        return wrap(self.value)

    @dbus.service.method(ITEM, out_signature="s")
    def GetText(self):
        if self.value is None:
            return "---"
        if self.text is None and type(self.value) is dbus.Byte:
            return str(int(self.value))
        if self.text is None and self.__dbus_object_path__ == "/ProductId":
            return f"0x{self.value:X}"
        if self.text is None:
            return str(self.value)
        return self.text(self.__dbus_object_path__, self.value)

    @dbus.service.method(ITEM, in_signature="v", out_signature="i")
    def SetValue(self, value):
        return 1


class Batch:
    """Collects the changes of one cycle."""

    def __init__(self, service):
        self.service = service
        self.changes = {}

    def __setitem__(self, path, value):
        change = self.service.items[path].change(value)
        if change is not None:
            self.changes[path] = change

    def flush(self):
        if self.changes:
            self.service.root.ItemsChanged(self.changes)
            self.changes.clear()


class Service:
    """The service and the command loop."""

    def __init__(self, bus, loop):
        self.loop = loop
        self.items = {}
        self.open = []
        self.root = Root(bus, "/", self.items)
        self.nodes = {}
        for path in PATHS:
            if path in DOUBLES:
                self.items[path] = Item(bus, path, 12.5, lambda _path, value: f"{value:.2f}V")
            else:
                self.items[path] = Item(bus, path, "name" if path in STRINGS else 1)
            parts = path.split("/")
            for end in range(2, len(parts)):
                node = "/".join(parts[:end])
                if node not in self.nodes:
                    self.nodes[node] = Node(bus, node, self.items)
        self.name = dbus.service.BusName(NAME, bus, do_not_queue=True)

    def __enter__(self):
        batch = Batch(self)
        self.open.append(batch)
        return batch

    def __exit__(self, *error):
        self.open.pop().flush()

    def update(self, step):
        with self as batch:
            for path, value in self.batches[step % len(self.batches)].items():
                batch[path] = value

    def command(self, name, count, rate):
        self.batches = [values(step) for step in range(2 * 499)]
        self.left = int(count)
        self.start = time.process_time()
        if name == "publish":
            GLib.idle_add(self.turn)
        else:
            GLib.timeout_add(int(1000 / rate), self.turn)

    def turn(self):
        self.left -= 1
        self.update(self.left)
        if self.left:
            return True
        GLib.idle_add(self.done)
        return False

    def done(self):
        say(time.process_time() - self.start)
        return False


class Receiver:
    """Counts ItemsChanged and unwraps their values."""

    def __init__(self, bus):
        self.left = 0
        self.values = {}
        bus.add_signal_receiver(
            self.changed, dbus_interface=ITEM, signal_name="ItemsChanged", path="/", sender_keyword="sender"
        )

    def command(self, name, count, rate):
        self.total = self.left = int(count)
        say("ready")

    def changed(self, changes, sender=None):
        if self.left == self.total:
            self.start = time.process_time()
        for path, change in changes.items():
            self.values[str(path)] = unwrap(change["Value"])
        self.left -= 1
        if not self.left:
            say(time.process_time() - self.start)


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.bus.BusConnection(sys.argv[1])
    loop = GLib.MainLoop()
    program = Service(bus, loop) if sys.argv[2] == "service" else Receiver(bus)
    say("ready")

    def command(source, condition):
        words = sys.stdin.readline().split()
        if not words:
            loop.quit()
            return False
        program.command(words[0], words[1], float(words[2]) if len(words) > 2 else 0.0)
        return True

    GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, command)
    loop.run()


main()
