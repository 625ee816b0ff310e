"""Who is apart from the others on one DC bus, against the same asked of everybody one by one."""

from __future__ import annotations

from statistics import median
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.read.believed import doubted
from gxbridge.core.dvcc.read.believed.doubted import (
    APART,
    NO_DOUBTS,
    VoltageReading,
    VoltageRecord,
    agree_as_before,
    find_doubts,
    on_the_bus,
    who_is_apart,
)
from gxbridge.core.dvcc.read.devices.bank import ALONE
from gxbridge.core.dvcc.read.devices.services import Device
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, SUN_2, can_bms, charger, multi


def readings(voltages: list[float]) -> list[VoltageReading]:
    return [
        VoltageReading(Device(f"com.victronenergy.solarcharger.{n}", "solarcharger", {}), volts, 48.0, VoltageRecord())
        for n, volts in enumerate(voltages)
    ]


@given(st.lists(st.one_of(st.floats(48.0, 56.0), st.sampled_from([8.0, 50.0, 52.4, 52.5, 55.0, 100.0])), max_size=7))
def test_nobody_is_apart_who_is_within_a_tenth_of_the_median_of_the_others(voltages: list[float]) -> None:
    apart, pair = who_is_apart(readings(voltages))
    left = list(voltages)
    for one, expected_v in apart:
        left.remove(one.voltage_v)
        assert expected_v == median(left)
        assert abs(one.voltage_v - expected_v) > APART * expected_v
    away = [
        volts
        for n, volts in enumerate(left)
        if len(left) > 1 and abs(volts - median(left[:n] + left[n + 1 :])) / median(left[:n] + left[n + 1 :]) > APART
    ]
    assert bool(away) == bool(pair)
    assert not pair or len(left) == 2


MEASURES = (CAN_BMS, MULTI, SUN, SUN_2)
volts_of_one = st.one_of(
    st.none(), st.sampled_from([0.0, 7.9, 12.0, 20.0, 26.4, 35.9, 36.0, 39.9, 40.0, 53.0, 55.6, 55.7, 64.1, 120.0])
)
second = st.tuples(*[volts_of_one] * len(MEASURES), st.sampled_from([None, 24.0, 48.0]), st.sampled_from([0, 3]))


@given(st.lists(second, min_size=1, max_size=4), st.sampled_from([None, 24.0, 48.0]))
def test_where_all_agree_as_before_nobody_needs_to_be_asked(
    seconds: list[tuple[float | None, float | None, float | None, float | None, float | None, int]],
    configured_v: float | None,
) -> None:
    """Each second is there 70 times, so that every clock runs out; it is doubted the same, and remembered the same."""
    options = Options(nominal_voltage_v=configured_v)
    quick, plain = NO_DOUBTS, NO_DOUBTS
    for now, (*volts, nominal_v, state) in enumerate(one for one in seconds for _ in range(70)):
        bms, vebus, sun, other = volts
        services = {
            CAN_BMS: can_bms(VOLTAGE=bms, NOMINAL_VOLTAGE=nominal_v),
            MULTI: multi(VOLTAGE=vebus),
            SUN: charger(VOLTAGE=sun),
            SUN_2: charger(VOLTAGE=other, STATE=state),
        }
        inputs = read_inputs(Snapshot(services, {}, options=options))
        quick = find_doubts(inputs, ALONE, quick.records, now)
        with patch.object(doubted, "agree_as_before", lambda *_: False):
            plain = find_doubts(inputs, ALONE, plain.records, now)
        assert quick == plain


def test_a_boat_whose_voltages_move_a_little_is_one_that_agrees() -> None:
    known = dict.fromkeys(MEASURES, VoltageRecord(48.0))
    services = {
        CAN_BMS: can_bms(VOLTAGE=53.0),
        MULTI: multi(VOLTAGE=53.4),
        SUN: charger(VOLTAGE=53.9),
        SUN_2: charger(VOLTAGE=52.6),
    }
    inputs = read_inputs(Snapshot(services, {}))
    assert find_doubts(inputs, ALONE, known, 0.0).records is known
    batteries = inputs.batteries
    assert agree_as_before(inputs, batteries, on_the_bus(inputs, batteries), known)
    assert not agree_as_before(inputs, batteries, on_the_bus(inputs, batteries), {**known, SUN: VoltageRecord(24.0)})
