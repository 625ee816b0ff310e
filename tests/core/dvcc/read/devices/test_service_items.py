"""What was read of a service is kept until anything may have changed it, and nobody changes it in another way."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import read_bms
from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.dvcc.read.devices.services import Charger
from tests.core.dvcc.world import LYNX, SUN, charger, lynx


def test_what_stands_is_read_once_while_only_measurements_change() -> None:
    items, battery = KeptItems(charger()), KeptItems(lynx())
    before, who = Charger(SUN, p.SOLAR, items), read_bms(LYNX, battery)
    kept = items.standing, battery.who
    items[p.CURRENT] = 12.0
    items.update({p.VOLTAGE: 26.9, p.CHARGE_CURRENT: 30.0})
    battery.update({p.CCL: 0.0})
    after = Charger(SUN, p.SOLAR, items)
    assert (items.standing, battery.who) == kept
    assert (after.called, after.current_a, after.voltage_v, after.told_current_a) == (before.called, 12.0, 26.9, 30.0)
    assert read_bms(LYNX, battery) == who._replace(max_charge_current_a=0.0)


@pytest.mark.parametrize("change", [{p.STATE: 0}, {p.STATE: 0, p.CURRENT: 1.0}, {p.SOC: 50.0}])
def test_anything_else_and_a_new_path_are_looked_at_anew(change: dict[str, Any]) -> None:
    """Whether a path is there says what a charger takes, so a new one counts even where its value does not."""
    for show in (KeptItems.update, lambda items, changes: [items.__setitem__(*each) for each in changes.items()]):
        items = KeptItems(charger())
        items.standing = items.who = "read before"
        show(items, change)
        assert (items.standing, items.who) == (None, None)


def test_a_charger_that_gets_the_path_of_a_charge_current_takes_one() -> None:
    shown = charger()
    del shown[p.CHARGE_CURRENT]
    items = KeptItems(shown)
    assert Charger(SUN, p.SOLAR, items).not_told == "no-path"
    items.update({p.CHARGE_CURRENT: None})
    assert Charger(SUN, p.SOLAR, items).not_told is None


def test_every_other_way_to_change_it_is_refused() -> None:
    items = KeptItems(charger())
    looking = {*vars(object), "get", "items", "keys", "values", "copy", "fromkeys", "update", "__setitem__"}
    looking |= {"__contains__", "__getitem__", "__iter__", "__len__", "__or__", "__ror__", "__reversed__"}
    looking |= {"__class_getitem__"}
    changing = vars(dict).keys() - looking
    assert changing == {"__delitem__", "__ior__", "clear", "pop", "popitem", "setdefault"}
    for name in changing:
        with pytest.raises(TypeError):
            getattr(items, name)(*([] if name in ("clear", "popitem") else [p.STATE]))
    assert items == charger()
