"""What a value may take until it is in a signal, and out of one, in instructions of Python; a sixth above what was
counted."""

from __future__ import annotations

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus import parse
from gxbridge.edge.dbus.bus import library
from gxbridge.edge.dbus.busitem import ItemTree
from gxbridge.edge.dbus.item_bytes import items_body
from tests.instructions import instructions

PATHS = [f"/Dc/{n}/Voltage" for n in range(20)]


def test_a_value() -> None:
    tree = ItemTree({path: ItemSpec("d", "{:.2f}V") for path in PATHS}, dict.fromkeys(PATHS, 12.5), None)
    tree.mark_all_sent()
    values = [dict.fromkeys(PATHS, 12.0 + turn) for turn in range(10)]

    def publish() -> None:
        for changed in values:
            tree.update(changed)
            items_body(tree.take_changed())

    assert instructions(publish) / 200 < 163


def test_a_message_with_a_list_of_batteries() -> None:
    """As a GX sends it every few seconds; the library takes a dozen times as much for the same."""
    battery = {
        "id": ("s", "battery/512"),
        "soc": ("d", 80.5),
        "voltage": ("d", 26.4),
        "active_battery_service": ("b", True),
    }
    rows = [{**battery, "name": ("s", name)} for name in ("Lynx", "SmartShunt")]
    sent = {path: {"Value": ("d", 12.5), "Text": ("s", "12.50V")} for path in PATHS}
    sent["/Batteries"] = {"Value": ("aa{sv}", rows), "Text": ("s", "")}
    body = library("dbus_next").encode("a{sa{sv}}", [sent])
    parse.read_items(body, 0)
    assert instructions(lambda: parse.read_items(body, 0)) < 5_500
