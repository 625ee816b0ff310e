"""Which writes go out while raised limits wait, and to a device that is set apart."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.run.masters.read_back import Written
from gxbridge.core.dvcc.run.masters.release import released
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from tests.core.dvcc.world import SUN

MODE, SENSE = Write(SUN, p.NETWORK_MODE, 13), Write(SUN, p.VOLTAGE_SENSE, 26.0)


def told(value: Value, at: float = 0.0, path: str = p.CHARGE_CURRENT) -> dict[tuple[str, str], Written]:
    return {(SUN, path): Written(value, at)}


def current(value: Value) -> Write:
    return Write(SUN, p.CHARGE_CURRENT, value)


@pytest.mark.parametrize(
    ("last", "wanted", "goes"),
    [
        (30.0, 30.0, 30.0),
        (30.0, 20.0, 20.0),
        (30.0, 0.0, 0.0),
        (30.0, 40.0, 30.0),
        (30.0, None, 30.0),
        (30.0, "40", 30.0),
        (30.0, float("nan"), 30.0),
        (None, 0, 0),
        (None, 10.0, "nothing"),
        ("rubbish", 10.0, "nothing"),
    ],
)
def test_who_waits_for_a_raise_is_told_what_it_was_told_last(last: Value, wanted: Value, goes: Value) -> None:
    writes = [MODE, current(wanted), SENSE]
    sent = released(writes, told(last), frozenset(), DbusState({}), 1.0, raises_wait=True)
    assert sent == ((SENSE,) if goes == "nothing" else (MODE, current(goes), SENSE))
    assert released(writes, told(last), frozenset(), DbusState({}), 1.0, raises_wait=False) == tuple(writes)


def test_what_was_told_more_than_a_minute_ago_is_not_renewed() -> None:
    assert released([current(30.0)], told(30.0), frozenset(), DbusState({}), 60.0, raises_wait=True) == (current(30.0),)
    assert released([current(30.0)], told(30.0), frozenset(), DbusState({}), 60.1, raises_wait=True) == ()
    late = told(30.0, 1000.0)
    assert released([current(40.0)], late, frozenset(), DbusState({}), 1060.0, raises_wait=True) == (current(30.0),)
    assert released([current(30.0)], {}, frozenset(), DbusState({}), 60.0, raises_wait=True) == ()


@pytest.mark.parametrize(
    ("last", "shows", "wanted", "goes"),
    [
        (30.0, 80.0, 30.0, False),
        (30.0, 80.0, 29.9, True),
        (30.0, 20.0, 25.0, False),
        (30.0, None, 25.0, True),
        (30.0, 80.0, 0.0, True),
        (None, None, 0.0, True),
        (None, None, 1.0, False),
        (None, 80.0, 70.0, True),
        (30.0, 80.0, None, False),
        (30.0, 80.0, 80.0, False),
    ],
)
def test_one_that_is_set_apart_is_told_only_less_and_0(last: Value, shows: Value, wanted: Value, goes: bool) -> None:
    writes = [MODE, current(wanted), SENSE]
    services = {SUN: {p.CHARGE_CURRENT: shows}}
    for waits in (True, False):
        sent = released(writes, told(last), {SUN}, DbusState(services), 1.0, raises_wait=waits)
        assert sent == (tuple(writes) if goes else ())


def test_the_others_are_told_everything() -> None:
    other = Write("com.victronenergy.solarcharger.other", p.CHARGE_CURRENT, 50.0)
    assert released([current(30.0), other], told(30.0), {SUN}, DbusState({}), 1.0, raises_wait=False) == (other,)


@pytest.mark.parametrize("path", [p.BATTERY_CURRENT, p.TEMPERATURE_SENSE, p.VOLTAGE_SENSE, p.NETWORK_MODE])
def test_what_is_measured_waits_for_no_raise_and_a_mode_does(path: str) -> None:
    write = Write(SUN, path, 13)
    sent = released([write], {}, set(), DbusState({}), 1.0, raises_wait=True)
    assert sent == (() if path == p.NETWORK_MODE else (write,))
