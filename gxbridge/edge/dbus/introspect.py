"""Introspection of a published tree: which names stand below which node, and the XML that says so.

`dbus -y`, busctl, gdbus and d-feet find items and methods through it; programs do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

BUS_ITEM: Final = "com.victronenergy.BusItem"
INTROSPECTABLE: Final = "org.freedesktop.DBus.Introspectable"
PEER: Final = "org.freedesktop.DBus.Peer"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

_DOCTYPE: Final = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n'
)

# Name, arguments in, arguments out; an argument is (name, signature).
_NODE_METHODS: Final = (
    ("GetValue", (), (("value", "v"),)),
    ("GetText", (), (("text", "v"),)),
)
_ROOT_METHODS: Final = (*_NODE_METHODS, ("GetItems", (), (("items", "a{sa{sv}}"),)))
_LEAF_METHODS: Final = (
    ("GetValue", (), (("value", "v"),)),
    ("GetText", (), (("text", "s"),)),
    ("SetValue", (("value", "v"),), (("result", "i"),)),
    ("GetMin", (), (("value", "v"),)),
    ("GetMax", (), (("value", "v"),)),
    ("GetDefault", (), (("value", "v"),)),
    ("GetDescription", (("language", "s"), ("length", "i")), (("description", "s"),)),
)
_STANDARD: Final = (
    f'  <interface name="{INTROSPECTABLE}">\n'
    '    <method name="Introspect">\n      <arg name="xml" type="s" direction="out"/>\n    </method>\n  </interface>\n'
    f'  <interface name="{PEER}">\n'
    '    <method name="Ping"/>\n'
    '    <method name="GetMachineId">\n      <arg name="id" type="s" direction="out"/>\n    </method>\n  </interface>\n'
)
_ITEMS_CHANGED: Final = '    <signal name="ItemsChanged">\n      <arg name="items" type="a{sa{sv}}"/>\n    </signal>\n'


def _interface(methods: Iterable[tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]]) -> str:
    lines = []
    for name, arguments, results in methods:
        lines.append(f'    <method name="{name}">\n')
        for direction, row in (("in", arguments), ("out", results)):
            lines += [f'      <arg name="{arg}" type="{kind}" direction="{direction}"/>\n' for arg, kind in row]
        lines.append("    </method>\n")
    return "".join(lines)


_LEAF: Final = f'  <interface name="{BUS_ITEM}">\n{_interface(_LEAF_METHODS)}  </interface>\n'
_NODE: Final = f'  <interface name="{BUS_ITEM}">\n{_interface(_NODE_METHODS)}  </interface>\n'
_ROOT: Final = f'  <interface name="{BUS_ITEM}">\n{_interface(_ROOT_METHODS)}{_ITEMS_CHANGED}  </interface>\n'


def children(paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Every node above the paths (`/`, `/Dc`, `/Dc/0`, ...) with the names right below it, sorted."""
    found: dict[str, set[str]] = {"/": set()}
    for path in paths:
        while path != "/":
            parent, _, name = path.rpartition("/")
            parent = parent or "/"
            found.setdefault(parent, set()).add(name)
            path = parent
    return {node: tuple(sorted(names)) for node, names in found.items()}


def xml(path: str, nodes: Mapping[str, tuple[str, ...]], *, is_item: bool) -> str:
    """The introspection document of one node."""
    interface = _LEAF if is_item else _ROOT if path == "/" else _NODE
    below = "".join(f'  <node name="{name}"/>\n' for name in nodes.get(path, ()))
    return f"{_DOCTYPE}<node>\n{_STANDARD}{interface}{below}</node>\n"
