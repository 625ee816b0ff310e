"""BMS terminals at digital inputs: a broken wire stops, a vanished input stops, nothing allows by chance."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.terminals.terminal_bms import TerminalBms, Wiring, check_wirings, read, service_of
from gxbridge.core.channels.terminals.terminals_text import (
    OBSERVED,
    charge_reason,
    discharge_reason,
    terminal_findings,
    terminal_sentence,
)
from gxbridge.core.model.items import Value
from gxbridge.models import catalogue

CHARGE = "com.victronenergy.digitalinput.input_1"
DISCHARGE = "com.victronenergy.digitalinput.input_2"
PRE_ALARM = "com.victronenergy.digitalinput.input_3"
WIRING = Wiring("Bank 1", "Small BMS", CHARGE, DISCHARGE, PRE_ALARM)

Services = Mapping[str, Mapping[str, Value]]


def level(state: Value, kind: Value = 10) -> dict[str, Value]:
    return {"/Type": kind, "/InputState": state, "/State": 99}


def inputs(charge: Value = 0, discharge: Value = 0, pre_alarm: Value = 1) -> Services:
    return {CHARGE: level(charge), DISCHARGE: level(discharge), PRE_ALARM: level(pre_alarm)}


def play(*looks: tuple[float, Services], wiring: Wiring = WIRING) -> TerminalBms:
    bms = None
    for now, services in looks:
        bms = read(wiring, services, bms, now)
    assert bms is not None
    return bms


def test_low_is_allowed_once_it_has_settled() -> None:
    first = play((0.0, inputs()))
    assert (first.charge_permission, first.discharge_permission, first.stops_charge) == (None, None, True)
    assert "only just changed" in terminal_sentence(first)
    bms = play((0.0, inputs()), (1.9, inputs()), (2.0, inputs()), (10.0, inputs()))
    assert (bms.charge_permission, bms.discharge_permission) == (True, True)
    assert not bms.stops_charge
    assert not bms.stops_discharge
    assert bms.charge is not None
    assert bms.charge.since == 2.0
    assert (charge_reason(bms), discharge_reason(bms)) == (None, None)


@pytest.mark.parametrize(
    ("kind", "state", "known"), [(10.0, 0.0, True), (10, True, False), ("10", 0, None), (9, 0, None)]
)
def test_a_number_is_a_number_whatever_its_type_on_the_bus(kind: Value, state: Value, known: bool | None) -> None:
    services = {CHARGE: level(state, kind), DISCHARGE: level(0), PRE_ALARM: level(1)}
    assert play((0.0, services), (5.0, services)).charge_permission is known


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (60, True), (-0.1, False), (60.1, False)])
def test_how_long_a_level_may_have_to_hold(seconds: float, good: bool) -> None:
    for wiring in (
        Wiring("B", "m", CHARGE, settle_s=seconds),
        Wiring("B", "m", CHARGE, pre_alarm_clear_s=seconds),
    ):
        assert (check_wirings([wiring]) == []) is good


def test_how_long_a_level_must_hold_where_nothing_is_said() -> None:
    before = play((0.0, inputs()), (1.99, inputs()))
    assert (before.charge_permission, before.stops_charge) == (None, True)
    after = read(WIRING, inputs(), before, 2.0)
    assert (after.charge_permission, after.stops_charge) == (True, False)
    warned = (0.0, inputs(pre_alarm=0))
    assert play(warned, (1.0, inputs()), (10.99, inputs())).warns is True
    assert play(warned, (1.0, inputs()), (10.99, inputs()), (11.0, inputs())).warns is False


def test_a_wire_that_breaks_reads_high_and_stops_at_once() -> None:
    bms = play((0.0, inputs()), (5.0, inputs()), (6.0, inputs(charge=1)), (9.0, inputs(charge=1)))
    assert (bms.charge_permission, bms.discharge_permission) == (False, True)
    assert bms.charge is not None
    assert bms.charge.since == 6.0
    assert (
        charge_reason(bms) == "Bank 1, allowed-to-charge terminal at input_1: open, which is stop (BMS, wire or fuse)"
    )


def test_a_contact_that_chatters_stays_a_stop() -> None:
    looks = [(0.0, inputs()), (5.0, inputs())]
    looks += [(5.0 + step, inputs(charge=step % 2)) for step in range(1, 20)]
    bms = play(*looks)
    assert bms.charge_permission is False
    assert bms.charge is not None
    assert bms.charge.since == 6.0


def test_after_a_stop_the_permission_returns_only_when_settled() -> None:
    looks = [(0.0, inputs()), (5.0, inputs()), (6.0, inputs(charge=1)), (7.0, inputs())]
    assert play(*looks).charge_permission is False
    assert play(*looks, (8.9, inputs())).charge_permission is False
    assert play(*looks, (9.0, inputs())).charge_permission is True


@pytest.mark.parametrize(
    ("services", "doubt"),
    [
        ({}, "vanished"),
        ({CHARGE: level(0, kind=4)}, "wrong-type"),
        ({CHARGE: level(0, kind=None)}, "wrong-type"),
        ({CHARGE: {"/Type": 10}}, "no-level"),
        ({CHARGE: level(None)}, "no-level"),
        ({CHARGE: level(2)}, "no-level"),
        ({CHARGE: level("0")}, "no-level"),
    ],
)
def test_an_input_that_cannot_be_read_is_unknown_and_stops(services: Services, doubt: str) -> None:
    bms = play((0.0, inputs()), (5.0, inputs()), (6.0, {**inputs(), **services} if services else {}))
    assert bms.charge is not None
    assert (bms.charge_permission, bms.stops_charge, bms.charge.doubt) == (None, True, doubt)
    assert bms.charge.since == 6.0
    assert "unknown" in (charge_reason(bms) or "")
    assert f"terminal-charge-{doubt}" in [finding.id for finding in terminal_findings(bms, 6.0)]


def test_an_input_that_comes_back_must_settle_again() -> None:
    looks = [(0.0, inputs()), (5.0, inputs()), (6.0, {}), (7.0, inputs())]
    assert play(*looks).charge_permission is None
    assert play(*looks, (9.0, inputs())).charge_permission is True


def test_the_inverted_state_path_is_not_looked_at() -> None:
    bms = play(*[(now, {CHARGE: level(0) | {"/State": 1}}) for now in (0.0, 5.0)], wiring=Wiring("B", "m", CHARGE))
    assert bms.charge_permission is True


def test_a_terminal_that_is_not_wired_stops_nothing_and_says_nothing() -> None:
    bms = play((0.0, inputs()), (5.0, inputs()), wiring=Wiring("B", "Lynx Smart BMS", charge=CHARGE))
    assert (bms.discharge, bms.stops_discharge, bms.warns, bms.discharge_permission) == (None, False, None, None)
    assert "discharging not wired" in terminal_sentence(bms)
    other = play((0.0, inputs()), wiring=Wiring("B", "m", discharge=DISCHARGE))
    assert (other.charge_permission, other.stops_charge, other.stops_discharge) == (None, False, True)


def test_a_pre_alarm_through_an_optocoupler_is_low() -> None:
    calm = play((0.0, inputs()), (10.0, inputs()))
    assert calm.warns is False
    bms = play((0.0, inputs()), (10.0, inputs()), (11.0, inputs(pre_alarm=0)))
    assert bms.warns is True
    assert [finding.id for finding in terminal_findings(bms, 11.0)] == ["terminal-pre-alarm"]
    assert "pre-alarm ON (input_3)" in terminal_sentence(bms)
    assert not bms.stops_discharge


def test_an_intermittent_pre_alarm_does_not_flicker() -> None:
    looks = [(0.0, inputs()), (10.0, inputs())]
    looks += [(10.0 + 0.8 * step, inputs(pre_alarm=step % 2)) for step in range(50)]
    assert play(*looks).warns is True
    assert play(*looks, (60.0, inputs())).warns is False


def test_a_pre_alarm_contact_that_opens_is_fail_safe() -> None:
    wiring = Wiring("B", "Lynx Smart BMS", CHARGE, pre_alarm=PRE_ALARM, pre_alarm_level=1)
    assert play((0.0, inputs(pre_alarm=1)), wiring=wiring).warns is True
    assert play((0.0, inputs(pre_alarm=0)), (10.0, inputs(pre_alarm=0)), wiring=wiring).warns is False


def test_a_pre_alarm_input_that_vanishes_is_told_and_is_no_all_clear() -> None:
    bms = play((0.0, {CHARGE: level(0), DISCHARGE: level(0)}))
    assert bms.warns is None
    (finding,) = terminal_findings(bms, 0.0)
    assert finding.id == "terminal-pre-alarm-vanished"
    assert "would not be seen" in finding.text


def test_both_terminals_open_names_the_usual_causes() -> None:
    bms = play((0.0, inputs(charge=1, discharge=1)))
    assert [finding.id for finding in terminal_findings(bms, 0.0)] == ["terminals-both-open"]
    assert discharge_reason(bms) is not None


def test_another_master_is_said() -> None:
    bms = play((0.0, inputs()), (5.0, inputs()))
    assert terminal_sentence(bms, lowers_discharge=True).endswith("It only says yes or no and gives no current limits.")
    assert terminal_sentence(bms).endswith(
        "A refusal to discharge is observed, not enforced: loads need the BMS's own wire."
    )
    only_charge = play((0.0, inputs()), wiring=Wiring("Bank 1", "Small BMS", CHARGE))
    assert terminal_sentence(only_charge).endswith("It only says yes or no and gives no current limits.")
    assert terminal_sentence(bms, OBSERVED).endswith("Observed, not enforced: gxbridge does not control the chargers.")


def test_a_changed_wiring_starts_from_unknown() -> None:
    bms = play((0.0, inputs()), (5.0, inputs()))
    moved = read(Wiring("Bank 1", "Small BMS", DISCHARGE, CHARGE), inputs(), bms, 6.0)
    assert (moved.charge_permission, moved.discharge_permission) == (None, None)


@pytest.mark.parametrize("text", ["1", "input_1", CHARGE])
def test_an_input_may_be_written_in_short(text: str) -> None:
    assert service_of(text) == CHARGE


def test_wirings_that_cannot_work_are_named() -> None:
    assert check_wirings([WIRING]) == []
    problems = check_wirings(
        [
            Wiring("A", "m", pre_alarm=PRE_ALARM),
            Wiring("B", "m", CHARGE, CHARGE, settle_s=61, pre_alarm_clear_s=float("nan")),
            Wiring("C", "m", CHARGE),
        ]
    )
    assert len(problems) == 5
    assert problems[0].startswith("A: neither")
    assert "discharge of B" in problems[1]
    assert "settle_s is 61" in problems[2]
    assert "pre_alarm_clear_s is nan" in problems[3]
    assert "already carries discharge of B" in problems[4]


values = st.one_of(st.none(), st.just([]), st.integers(-1, 3), st.floats(), st.sampled_from(["", "0"]), st.just(10))
services = st.dictionaries(
    st.sampled_from([CHARGE, DISCHARGE, PRE_ALARM]),
    st.dictionaries(st.sampled_from(["/Type", "/InputState", "/State"]), values),
)


@given(st.lists(st.tuples(st.floats(0, 30), services), min_size=1, max_size=12))
def test_allowed_only_after_two_seconds_of_low(looks: list[tuple[float, Services]]) -> None:
    bms, now, low_since = None, 0.0, None
    for step, state in looks:
        now += step
        bms = read(WIRING, state, bms, now)
        items = state.get(CHARGE, {})
        low = items.get("/Type") == 10 and items.get("/InputState") == 0
        low_since = (now if low_since is None else low_since) if low else None
        if bms.charge_permission:
            assert low_since is not None
            assert now - low_since >= WIRING.settle_s
        if not low:
            assert bms.stops_charge
        assert terminal_sentence(bms)
        terminal_findings(bms, now)


@pytest.mark.parametrize(
    "model", ["Small BMS", "VE.Bus BMS V2", "VE.Bus BMS", "Lynx Smart BMS", "Smart BMS CL 12/100", "Smart BMS 12/200"]
)
def test_the_story_of_each_model_with_terminals(model: str) -> None:
    """Charging, a full cell, an empty cell with its warning, the BMS switched off, and back."""
    found = catalogue().find(model)
    assert found is not None
    assert {"charge", "discharge", "pre-alarm"} <= set(found.model.facts.terminals)
    wiring = Wiring("Bank 1", model, CHARGE, DISCHARGE, PRE_ALARM)
    bms = None
    story = [
        # now, inputs, charge, discharge, warns
        (0.0, inputs(), None, None, None),
        (15.0, inputs(), True, True, False),
        (20.0, inputs(charge=1), False, True, False),
        (30.0, inputs(), False, True, False),
        (32.0, inputs(), True, True, False),
        (40.0, inputs(pre_alarm=0), True, True, True),
        (70.0, inputs(discharge=1, pre_alarm=0), True, False, True),
        (90.0, inputs(charge=1, discharge=1), False, False, True),
        (91.0, inputs(), False, False, True),
        (101.0, inputs(), True, True, False),
    ]
    for now, state, charge, discharge, warns in story:
        bms = read(wiring, state, bms, now)
        seen = (bms.charge_permission, bms.discharge_permission, bms.warns)
        assert seen == (charge, discharge, warns), f"at {now} s"
        assert model in terminal_sentence(bms)


def test_the_bms_without_terminals_is_refused_by_the_catalogue() -> None:
    found = catalogue().find("BMS 12/200")
    assert found is not None
    assert found.model.facts.terminals == ("remote",)
