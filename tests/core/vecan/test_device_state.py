"""What is kept up to date message by message is what one would find by judging everything anew."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.vecan.device_state import DeviceState, QuantityTable
from gxbridge.core.vecan.lynx.table import LYNX
from gxbridge.core.vecan.quantities import Quantity, QuantityKind
from gxbridge.core.vecan.quantities import register as register_source
from gxbridge.core.vecan.readings import VREG, Readings, said
from tests.core.boat import RUNNING
from tests.core.vecan.messages import pgn, register

UNKNOWN = 0xFFFFFFFF


MEASURED = (
    *(register(0xED8D, raw) for raw in (2640, 2650, 0x7FFF)),
    *(register(0x0FFF, raw) for raw in (5000, 0xFFFF)),
    *(
        pgn(127508, instance=instance, voltage=voltage_v, current=10.0)
        for instance in (0, 1)
        for voltage_v in (26.4, 26.5, None)
    ),
    *(pgn(127506, instance=0, dc_type=0, soc=soc) for soc in (50, 51, None)),
)
PERMITTED = (
    *(register(0x2108, raw) for raw in (RUNNING[0x2108], RUNNING[0x2108] ^ 0x3, UNKNOWN)),
    *(register(0x2100, raw) for raw in (0x0, 0x1, 0x5, 0xF, UNKNOWN)),
)
"""0x2100 says the same as 0x2108: two sources of one quantity, the least permissive of which counts."""
ALARMS = tuple(register(number, raw) for number in (0x210A, 0x2109) for raw in (0x0, 0x80, 0x40, 0x50))
"""0x210A says in two ways whether the current is too high, and 0x2109 comes between them."""
SAID = tuple(register(number, raw) for number in RUNNING for raw in (RUNNING[number], UNKNOWN))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([MEASURED, PERMITTED, ALARMS, SAID]).flatmap(
        lambda messages: st.lists(
            st.tuples(st.sampled_from(messages), st.sampled_from([0.0, 0.5, 3.0, 61.0]), st.booleans()), max_size=40
        )
    )
)
def test_what_is_repeated_is_judged_as_if_all_were_judged_anew(steps: list[tuple[Message, float, bool]]) -> None:
    """Few messages again and again, in any order, with pauses in which they go stale, and looks in between."""
    readings, now = Readings(), 100.0
    state = DeviceState(LYNX, readings, now)
    for message, pause, look in steps:
        now += pause
        filed = readings.put(message, now)
        assert filed is not None
        state.heard(said(filed[0]), new=filed[1])
        if look:
            shown = state.values(now)
            anew = DeviceState(LYNX, readings, now, state.gave)
            assert shown == anew.values(now)
            assert state.next_deadline(now) == anew.next_deadline(now)
            assert {name: words for name, (words, _) in state.contradictions().items()} == {
                name: words for name, (words, _) in anew.contradictions().items()
            }


def test_a_message_that_repeats_itself_makes_its_value_young_again() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    message = register(0x0391, 2000)
    for now in (1.0, 2.0):
        filed = readings.put(message, now)
        assert filed is not None
        state.heard(said(filed[0]), new=filed[1])
        known = state.values(now)["charge_current_limit_a"]
        assert (known.value, known.at, known.source) == (200.0, now, "VREG 0x0391")


def heard(state: DeviceState, readings: Readings, message: Message, now: float) -> None:
    filed = readings.put(message, now)
    assert filed is not None
    state.heard(said(filed[0]), new=filed[1])


def test_of_several_instances_the_one_that_counts_is_made_young_by_its_own_message() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    heard(state, readings, pgn(127508, instance=0, current=1.0), 1.0)
    heard(state, readings, pgn(127508, instance=1, voltage=26.4), 1.0)
    assert state.values(1.0)["voltage_v"].at == 1.0
    heard(state, readings, pgn(127508, instance=1, voltage=26.4), 2.0)
    assert state.values(2.0)["voltage_v"].at == 2.0


@pytest.mark.parametrize(
    ("quantity", "first", "second"),
    [
        ("voltage_v", pgn(127508, instance=0, voltage=26.4), register(0xED8D, 2650)),
        ("soc_percent", register(0x0FFF, 5000), pgn(127506, instance=0, dc_type=0, state_of_charge=60)),
    ],
)
def test_what_does_not_count_makes_nothing_young(quantity: str, first: Message, second: Message) -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    for now in (1.0, 2.0):
        if now == 1.0:
            heard(state, readings, first, now)
        heard(state, readings, second, now)
        assert state.values(now)[quantity].at == 1.0


def test_a_message_that_speaks_for_one_quantity_in_two_ways_is_judged_anew() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    for now in (1.0, 2.0):
        heard(state, readings, register(0x210A, 0x80), now)
        assert state.values(now)["high_current_alarm"] == (0, now, "VREG 0x210A")


def test_what_is_repeated_is_stale_later_and_what_lasts_never() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    assert state.next_deadline(0.0) is None
    for now in (1.0, 2.0):
        heard(state, readings, pgn(127513, instance=0, capacity=300.0), now)
        assert state.next_deadline(now) is None, "a setting outlives its message"
    for now in (3.0, 4.0):
        heard(state, readings, pgn(127508, instance=0, voltage=26.4), now)
        assert state.next_deadline(now) == now + 5.0
    heard(state, readings, pgn(127506, instance=0, dc_type=0, state_of_charge=60), 4.5)
    assert state.next_deadline(4.5) == 9.0, "the first one"
    assert "voltage_v" in state.values(8.9)
    assert state.refresh(9.5) == {"voltage_v", "soc_percent"}
    assert state.values(9.5).keys() == {"capacity_ah"}
    assert state.next_deadline(9.5) is None


def test_without_a_word_on_it_a_message_is_taken_for_a_new_one() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    message = register(0x0391, 2000)
    for now in (1.0, 2.0):
        readings.put(message, now)
        state.heard((VREG, 0x0391))
        assert state.refresh(now) == {"charge_current_limit_a"}
        readings.put(register(0x0391, 1000), now)
        state.heard((VREG, 0x0391))
        state.heard((VREG, 0x0391), new=False)
        assert state.refresh(now) == {"charge_current_limit_a"}


def test_a_value_that_went_stale_is_back_with_the_same_message() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    for now in (1.0, 8.0):
        heard(state, readings, pgn(127508, instance=0, voltage=26.4), now)
        assert state.values(now)["voltage_v"].at == now
        assert "voltage_v" not in state.values(now + 5.0)


def test_a_contradiction_lasts_from_its_first_moment_until_they_agree() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    heard(state, readings, register(0x2108, RUNNING[0x2108]), 1.0)
    for now in (2.0, 3.0):
        heard(state, readings, register(0x2100, 0x0), now)
        state.refresh(now)
        assert state.contradictions()["allow_to_charge"] == ("VREG 0x2108 says 1, VREG 0x2100 says 0", 2.0)
        heard(state, readings, register(0x2108, RUNNING[0x2108]), now)
        state.refresh(now)
    heard(state, readings, register(0x2100, 0xFFFFFFF), 4.0)
    state.refresh(4.0)
    assert "allow_to_charge" not in state.contradictions()


def test_a_device_that_fell_silent_keeps_what_lasts_and_has_given_nothing_else() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    heard(state, readings, register(0x0391, 2000), 1.0)
    heard(state, readings, register(0x1000, 400), 1.0)
    assert state.values(1.0).keys() == {"charge_current_limit_a", "capacity_ah"}
    state.forget(20.0)
    assert state.values(20.0).keys() == {"capacity_ah"}
    assert state.gave == {"capacity_ah": {"VREG 0x1000"}}
    assert readings.get((VREG, 0x0391)) is None


def test_a_message_lasts_when_all_it_says_does() -> None:
    kinds: tuple[QuantityKind, ...] = ("setting", "state")
    table = QuantityTable(
        Quantity(kind, kind, "", "", tuple(register_source(number, "x") for number in numbers))
        for kind, numbers in zip(kinds, ((1, 2), (1, 3)), strict=True)
    )
    assert [table.lasting((VREG, number)) for number in (1, 2, 3, 4)] == [False, True, False, False]
    assert [table.uses((VREG, number)) for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert table.lasting((VREG, 0x10002)), "of whatever it is"
    assert [quantity.name for quantity in QuantityTable(LYNX.quantities).derived] == ["power_w"]


def test_what_is_computed_changes_with_what_it_is_computed_of() -> None:
    readings = Readings()
    state = DeviceState(LYNX, readings, 0.0)
    heard(state, readings, pgn(127508, instance=0, voltage=26.0, current=10.0, temperature=295.0), 1.0)
    assert state.refresh(1.0) == {"voltage_v", "current_a", "power_w", "temperature_c"}
    assert state.values(1.0)["power_w"].value == 260.0
    heard(state, readings, pgn(127508, instance=0, voltage=27.0, current=10.0, temperature=295.0), 2.0)
    found = state.values(2.0)
    assert (found["voltage_v"].value, found["power_w"].value) == (27.0, 270.0)
