"""Who is apart from the others on one DC bus, against the same asked of everybody one by one."""

from __future__ import annotations

from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.read.believed.doubted import APART, VoltageReading, VoltageRecord, who_is_apart
from gxbridge.core.dvcc.read.devices.services import Device


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
