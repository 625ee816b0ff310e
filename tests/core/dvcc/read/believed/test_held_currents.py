"""The last current of what cannot be told, by itself: what counts, since when, and when it is worth a finding."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.held_currents import (
    NOTHING_HELD,
    HeldCurrents,
    held_current_findings,
    hold_currents,
)
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.items import Items

ALTERNATOR, DCDC = "com.victronenergy.alternator.x", "com.victronenergy.dcdc.x"
CHARGER, GENSET = "com.victronenergy.charger.x", "com.victronenergy.dcgenset.x"
SUN, BATTERY = "com.victronenergy.solarcharger.x", "com.victronenergy.battery.x"
LINK = {p.CHARGE_CURRENT: None}
SILENT: Items = {p.CURRENT: None}


def counted(name: str, items: Items, last_a: float = 30.0) -> object:
    """The current that counts of a service that said `last_a`."""
    found, _ = hold_currents(Snapshot({name: items}), HeldCurrents({name: last_a}), 5.0)
    return found.services[name].get(p.CURRENT)


@pytest.mark.parametrize(
    ("name", "items", "current_a"),
    [
        (ALTERNATOR, SILENT, 30.0),
        (DCDC, SILENT, 30.0),
        (CHARGER, SILENT, 30.0),
        (GENSET, SILENT, 30.0),
        (CHARGER, SILENT | LINK, 30.0),
        (GENSET, SILENT | LINK, 30.0),
        (ALTERNATOR, SILENT | LINK, None),
        (DCDC, SILENT | LINK, None),
        (SUN, SILENT, None),
        (BATTERY, SILENT, None),
        (ALTERNATOR, {p.CURRENT: 0.0}, 0.0),
        (ALTERNATOR, SILENT | {p.CONNECTED: 1, p.STATE: 1}, 30.0),
        (ALTERNATOR, SILENT | {p.CONNECTED: -1, p.STATE: -1}, 30.0),
        (ALTERNATOR, SILENT | {p.CONNECTED: 0, p.STATE: 3}, None),
        (ALTERNATOR, SILENT | {p.CONNECTED: 1, p.STATE: 0}, None),
    ],
)
def test_whose_last_current_counts(name: str, items: Items, current_a: float | None) -> None:
    assert counted(name, items) == current_a


def test_each_is_held_by_itself_and_since_its_own_silence() -> None:
    said = Snapshot({SUN: SILENT, ALTERNATOR: {p.CURRENT: 30.0}, CHARGER: {p.CURRENT: 20.0}})
    seen, held = hold_currents(said, NOTHING_HELD, 1.0)
    assert seen is said
    assert held == HeldCurrents({ALTERNATOR: 30.0, CHARGER: 20.0}, {})
    half = Snapshot({SUN: SILENT, ALTERNATOR: SILENT, CHARGER: {p.CURRENT: 25.0}})
    seen, held = hold_currents(half, held, 2.0)
    assert {name: items[p.CURRENT] for name, items in seen.services.items()} == {
        SUN: None,
        ALTERNATOR: 30.0,
        CHARGER: 25.0,
    }
    assert half.services[ALTERNATOR] == SILENT, "what was heard is not written over"
    assert held == HeldCurrents({ALTERNATOR: 30.0, CHARGER: 25.0}, {ALTERNATOR: 2.0})
    _, held = hold_currents(Snapshot({ALTERNATOR: SILENT, CHARGER: SILENT}), held, 3.0)
    assert held == HeldCurrents({ALTERNATOR: 30.0, CHARGER: 25.0}, {ALTERNATOR: 2.0, CHARGER: 3.0})
    assert hold_currents(Snapshot({ALTERNATOR: SILENT, CHARGER: SILENT}), held, 4.0)[1] is held
    _, held = hold_currents(Snapshot({ALTERNATOR: {p.CURRENT: 1.0}}), held, 5.0)
    assert held == HeldCurrents({ALTERNATOR: 1.0}, {})


@pytest.mark.parametrize(
    ("last_a", "later_s", "found"),
    [
        (30.0, 9.99, []),
        (30.0, 10.0, ["30"]),
        (30.0, 1001.0, ["30"]),
        (0.25, 60.0, ["0.25"]),
        (0.0, 60.0, []),
        (-1.0, 60.0, []),
    ],
)
def test_after_ten_seconds_a_current_that_is_not_said_is_a_finding(
    last_a: float, later_s: float, found: list[str]
) -> None:
    held = HeldCurrents({ALTERNATOR: last_a, CHARGER: 5.0}, {ALTERNATOR: 1000.0})
    findings = list(held_current_findings(held, {ALTERNATOR: "WS500"}, 1000.0 + later_s))
    assert [one.arguments["current"] for one in findings] == found
    for one in findings:
        assert (one.id, one.subject, one.first, one.last) == ("current-held", ALTERNATOR, 1000.0, 1000.0 + later_s)
        assert one.arguments["device"] == "WS500"
    assert [one.arguments["device"] for one in held_current_findings(held, {}, 1000.0 + later_s)] == [ALTERNATOR] * len(
        found
    )
