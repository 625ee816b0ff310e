"""The vendor's BusItem interface for a whole tree of items, in one handler.

Liberal where clients differ: calls without an interface name, any width of a written number, a bare empty array instead
of a variant. Strict where programs read meaning out of an answer: UnknownObject for a path that we do not have.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from math import nan
from typing import Any, Final

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus import bodies, introspect, parse, wire
from gxbridge.edge.dbus.connection import Connection
from gxbridge.edge.dbus.introspect import BUS_ITEM, INTROSPECTABLE, PEER, PROPERTIES
from gxbridge.edge.dbus.item_bytes import RANGES, ItemBytes, Misfit, accept, fit, items_body
from gxbridge.edge.dbus.wire import Incoming

ACCEPTED: Final = 0
NOT_WRITABLE: Final = 1
"""Also: wrong type."""
REFUSED: Final = 2

OnWrite = Callable[[str, Value], int]
MakeText = Callable[[], str]
NOTHING_ON_REQUEST: Final[Mapping[str, MakeText]] = {}

_PATH: Final = re.compile(r"(/[A-Za-z0-9_]+)+")
_SIGNATURES: Final = frozenset((*RANGES, "d", "s"))
_MACHINE_ID_FILES: Final = ("/etc/machine-id", "/var/lib/dbus/machine-id")
NO_DESCRIPTION: Final = "No description given"


class ItemTree:
    """Items by path, what changed since the last signal, and the answers to every call."""

    def __init__(
        self,
        specs: Mapping[str, ItemSpec],
        values: Mapping[str, Value],
        on_write: OnWrite | None,
        on_request: Mapping[str, MakeText] = NOTHING_ON_REQUEST,
    ) -> None:
        """`on_request`: paths whose text is made when GetValue asks for it. They are in no GetItems and no signal."""
        self.items: dict[str, ItemBytes] = {}
        self._on_request = on_request
        self.changed: dict[str, ItemBytes] = {}
        self.misfits = 0
        """Values that their item could not hold; they were published as invalid."""
        self.on_change: Callable[[], None] | None = None
        """Called when a client's write changed something."""
        self._on_write = on_write
        self._nodes: dict[str, tuple[str, ...]] = {}
        self.add(specs, values)

    def add(self, specs: Mapping[str, ItemSpec], values: Mapping[str, Value]) -> None:
        """New items. Raises ValueError for a path or signature that cannot be published, and for one that is there."""
        for path, spec in specs.items():
            if not _PATH.fullmatch(path) or path in self.items:
                raise ValueError(f"{path!r} is {'there already' if path in self.items else 'no D-Bus path'}")
            if spec.signature not in _SIGNATURES:
                raise ValueError(f"{path}: signature {spec.signature!r} is none of {', '.join(sorted(_SIGNATURES))}")
        for path, spec in specs.items():
            self.changed[path] = self.items[path] = ItemBytes(path, spec)
        self._nodes = introspect.children((*self.items, *self._on_request))
        self.update({path: value for path, value in values.items() if path in specs})

    def respec(self, specs: Mapping[str, ItemSpec]) -> None:
        """Other ranges of items that are there; a type stays. Raises KeyError for a path that was never published."""
        for path, spec in specs.items():
            old = self.items[path]
            if spec is old.spec or spec == old.spec or spec.signature != old.spec.signature:
                continue
            new = self.items[path] = self.changed[path] = ItemBytes(path, spec, old.value)
            new.sent = old.sent

    def remove(self, paths: Iterable[str]) -> None:
        """Forgets items; unknown paths are ignored."""
        for path in paths:
            self.items.pop(path, None)
            self.changed.pop(path, None)
        self._nodes = introspect.children((*self.items, *self._on_request))

    def update(self, values: Mapping[str, Value]) -> None:
        """Takes new values. Raises KeyError for a path that was never published."""
        items, changed = self.items, self.changed
        for path, value in values.items():
            item = items[path]
            if value == item.value:
                continue
            # Nearly always it fits as it is.
            fits = (
                not value - value
                if item.is_double and type(value) is float
                else type(value) is int and value in item.whole
            )
            if not fits:
                try:
                    value = fit(item.spec, value)
                except Misfit:
                    self.misfits += 1
                    value = None
                if value == item.value:
                    continue
            item.value, item.made = value, None
            changed[path] = item

    def take_changed(self) -> list[ItemBytes]:
        """The items whose entries differ from what consumers have; from now on they count as sent."""
        found = []
        for item in self.changed.values():
            entry = item.made or item.make()
            if entry != item.sent:
                item.sent = entry
                found.append(item)
        self.changed.clear()
        return found

    def mark_all_sent(self) -> None:
        """Consumers are about to scan: nothing is news to them."""
        for item in self.items.values():
            item.sent = item.entry()
        self.changed.clear()

    # --- calls --------------------------------------------------------------------------------------------------------

    def handle(self, connection: Connection, call: Incoming) -> None:
        """Answers a method call."""
        header = call.header
        path, interface, member = header.path or "", header.interface, header.member or ""
        if interface in (BUS_ITEM, None):
            item = self.items.get(path)
            if item is not None:
                read = _READS.get(member)
                if read is not None:
                    signature, body = read(item)
                    connection.answer(call, signature, body)
                    return
                if member == "SetValue":
                    self._set_value(connection, call, item)
                    return
            elif path in self._on_request:
                if member in ("GetValue", "GetText"):
                    connection.answer(call, *self._answered(path, text=member == "GetText"))
                    return
                if member == "SetValue":
                    connection.answer(call, "i", bodies.int32_body(NOT_WRITABLE))
                    return
            elif path in self._nodes:
                if member == "GetItems" and path == "/":
                    connection.answer(call, "a{sa{sv}}", items_body(self.items.values()))
                    return
                if member in ("GetValue", "GetText"):
                    connection.answer(call, "v", connection.encode("v", [self._below(path, texts=member == "GetText")]))
                    return
        self._handle_standard(connection, call, interface, member)

    def _handle_standard(self, connection: Connection, call: Incoming, interface: str | None, member: str) -> None:
        path = call.header.path or ""
        if interface in (PEER, None) and member == "Ping":
            connection.answer(call)
        elif interface in (PEER, None) and member == "GetMachineId":
            connection.answer(call, "s", bodies.string_body(_machine_id()))
        elif not (leaf := path in self.items or path in self._on_request) and path not in self._nodes:
            connection.refuse(call, "UnknownObject", f"This service has no {path}")
        elif interface in (INTROSPECTABLE, None) and member == "Introspect":
            document = introspect.xml(path, self._nodes, is_item=leaf)
            connection.answer(call, "s", bodies.string_body(document))
        elif interface == PROPERTIES and member == "GetAll":
            connection.answer(call, "a{sv}", connection.encode("a{sv}", [{}]))
        else:
            connection.refuse(call, "UnknownMethod", f"{path} has no method {member} of interface {interface}")

    def _set_value(self, connection: Connection, call: Incoming, item: ItemBytes) -> None:
        try:
            written = _value_argument(connection, call)
        except wire.WireError as error:
            connection.refuse(call, "InvalidArgs", f"SetValue takes one argument: {error}")
            return
        code = REFUSED  # also when the owner raises
        try:
            code = self._write(item, written)
        finally:
            connection.answer(call, "i", bodies.int32_body(code))

    def _write(self, item: ItemBytes, written: object) -> int:
        if not item.spec.writable:
            return NOT_WRITABLE
        try:
            value = accept(item.spec, written)
        except Misfit:
            return NOT_WRITABLE
        before = item.value
        if value == before and not item.spec.repeats:
            return ACCEPTED
        item.set(value)
        code = REFUSED
        try:
            code = ACCEPTED if self._on_write is None else self._on_write(item.path, value)
        finally:
            if code == ACCEPTED:
                self.changed[item.path] = item
                if self.on_change is not None:
                    self.on_change()
            elif item.value == value:  # else the owner has set it anew meanwhile
                item.set(before)
        return code

    def _answered(self, path: str, *, text: bool) -> tuple[str, bytes]:
        """A value may have several lines; a text that consumers show in one row may not."""
        found = self._on_request[path]()
        if text:
            return "s", bodies.string_body(" ".join(found.split()))
        return "v", bodies.variant_body("s", found)

    def _below(self, path: str, *, texts: bool) -> tuple[str, dict[str, Any]]:
        """All values or texts below a node, by path relative to it, as the content of a variant."""
        start = path if path == "/" else path + "/"
        below = [(name[len(start) :], item) for name, item in self.items.items() if name.startswith(start)]
        if texts:
            return "a{ss}", {name: bodies.clean_text(item.text).decode() for name, item in below}
        return "a{sv}", {name: _variant(item) for name, item in below}


_READS: Final[Mapping[str, Callable[[ItemBytes], tuple[str, bytes]]]] = {
    "GetValue": lambda item: ("v", item.value_body()),
    "GetText": lambda item: ("s", bodies.string_body(item.text)),
    "GetMin": lambda item: ("v", bodies.variant_body(item.spec.signature, item.spec.minimum)),
    "GetMax": lambda item: ("v", bodies.variant_body(item.spec.signature, item.spec.maximum)),
    "GetDefault": lambda item: ("v", bodies.variant_body(item.spec.signature, item.spec.default)),
    "GetDescription": lambda item: ("s", bodies.string_body(NO_DESCRIPTION)),  # noqa: ARG005
}


def _variant(item: ItemBytes) -> tuple[str, Any]:
    if item.value is None:
        return "ai", []
    return item.spec.signature, bodies.clean_text(item.value).decode() if isinstance(item.value, str) else item.value


def _value_argument(connection: Connection, call: Incoming) -> object:
    """What SetValue was given. Raises WireError unless it is exactly one argument."""
    arguments: list[Any] = []
    signature = call.header.signature
    if signature == "v" and call.at >= 0:
        with contextlib.suppress(parse.Unusual, struct.error, IndexError, UnicodeDecodeError):
            arguments.append(parse.read_variant(call.frame, call.at)[0])
            signature = chr(call.frame[call.at + 1])
    if not arguments:
        arguments = connection.body(call)
    if len(arguments) != 1:
        raise wire.WireError(f"got {len(arguments)}")
    return (
        nan if arguments[0] is None and signature == "d" else arguments[0]
    )  # NaN is read as invalid; written, it is wrong


def _machine_id() -> str:
    for file in _MACHINE_ID_FILES:
        try:
            with open(file, encoding="ascii") as stream:
                return stream.read().strip()
        except (OSError, UnicodeDecodeError):
            continue
    return "0" * 32
