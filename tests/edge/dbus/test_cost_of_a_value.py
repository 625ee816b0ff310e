"""What a changed value may take until it is in a signal, in instructions of Python; a sixth above what was counted."""

from __future__ import annotations

from gxbridge.core.model.items import ItemSpec
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

    assert instructions(publish) / 200 < 203
