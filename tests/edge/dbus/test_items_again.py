"""A value that is written again: news only where the item says so."""

from __future__ import annotations

import pytest

from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus.busitem import ItemTree


@pytest.mark.parametrize(("repeats", "heard"), [(False, [21.0]), (True, [20.0, 21.0, 21.0])])
def test_a_write_of_the_value_that_stands(repeats: bool, heard: list[float]) -> None:
    """What ends by itself is renewed by the same value."""
    written: list[Value] = []

    def on_write(_path: str, value: Value) -> int:
        written.append(value)
        return 0

    spec = ItemSpec("d", "{:.1f}A", writable=True, repeats=repeats)
    tree = ItemTree({"/Link/ChargeCurrent": spec}, {"/Link/ChargeCurrent": 20.0}, on_write)
    item = tree.items["/Link/ChargeCurrent"]
    assert [tree._write(item, value) for value in (20.0, 21.0, 21.0)] == [0, 0, 0]
    assert written == heard
    assert item.value == 21.0
