"""Several channels, one BMS: what differs for longer than it may is told."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.channels.second_opinion import Disputes, Statement, compare, opinion_findings

CAN, TERMINALS, BLUETOOTH = "VE.Can", "terminals", "Bluetooth"


def look(*values: tuple[str, str, float | bool | None]) -> list[Statement]:
    return [Statement(channel, quantity, value) for channel, quantity, value in values]


def test_a_difference_within_tolerance_is_agreement() -> None:
    said = look(
        (CAN, "voltage", 26.39), (BLUETOOTH, "voltage", 26.48), (CAN, "current", -100.0), (BLUETOOTH, "current", -91.0)
    )
    assert compare(said, Disputes(), 0.0) == Disputes()


def test_a_difference_becomes_a_finding_when_it_lasts() -> None:
    said = look((CAN, "voltage", 26.4), (BLUETOOTH, "voltage", 25.0))
    disputes = compare(said, Disputes(), 10.0)
    disputes = compare(said, disputes, 39.9)
    assert opinion_findings("Lynx", disputes, 39.9) == ()
    disputes = compare(said, disputes, 40.0)
    (finding,) = opinion_findings("Lynx", disputes, 40.0)
    assert finding.id == "channels-disagree-voltage"
    assert finding.text == "Lynx: Bluetooth says voltage 25 V, VE.Can says voltage 26.4 V"
    assert (finding.first, finding.last) == (10.0, 40.0)


def test_a_moment_of_agreement_starts_the_clock_anew() -> None:
    apart = look((CAN, "charge", True), (TERMINALS, "charge", False))
    together = look((CAN, "charge", False), (TERMINALS, "charge", False))
    disputes = compare(apart, Disputes(), 0.0)
    disputes = compare(together, disputes, 9.0)
    assert disputes == Disputes()
    disputes = compare(apart, disputes, 10.0)
    assert disputes.lasting(19.0) == ()
    assert len(disputes.lasting(20.0)) == 1


def test_a_stuck_contact_is_told_with_the_cure() -> None:
    said = look((CAN, "discharge", False), (TERMINALS, "discharge", True))
    (finding,) = opinion_findings("Lynx", compare(said, compare(said, Disputes(), 0.0), 10.0), 10.0)
    assert finding.text == (
        "Lynx: VE.Can says discharge refused, terminals says discharge allowed; the more restrictive one counts"
    )
    assert "wiring-test" in finding.advice


def test_a_flag_is_told_in_words() -> None:
    said = look((CAN, "contactor", True), (BLUETOOTH, "contactor", False))
    (finding,) = opinion_findings("Lynx", compare(said, Disputes(), 0.0), 10.0)
    assert finding.text == "Lynx: Bluetooth says contactor off, VE.Can says contactor on"


def test_a_channel_that_says_nothing_disputes_nothing() -> None:
    said = look((CAN, "soc", 50.0), (BLUETOOTH, "soc", None), ("third", "soc", math.nan))
    assert compare(said, Disputes(), 0.0) == Disputes()


def test_a_quantity_without_a_rule_is_not_compared() -> None:
    assert compare(look((CAN, "colour", 1.0), (BLUETOOTH, "colour", 2.0)), Disputes(), 0.0) == Disputes()


def test_of_three_channels_every_pair_that_differs_is_told() -> None:
    said = look((CAN, "soc", 50.0), (BLUETOOTH, "soc", 60.0), ("shunt", "soc", 61.0))
    pairs = {dispute.channels for dispute in compare(said, Disputes(), 0.0).open}
    assert pairs == {(BLUETOOTH, CAN), (CAN, "shunt")}


quantities = st.sampled_from(["voltage", "current", "soc", "temperature", "charge", "pre-alarm", "contactor", "other"])
statements = st.lists(
    st.builds(
        Statement,
        st.sampled_from([CAN, TERMINALS, BLUETOOTH]),
        quantities,
        st.none() | st.booleans() | st.floats() | st.integers(-1000, 1000),
    ),
    max_size=12,
)


@given(st.lists(st.tuples(st.floats(0, 100), statements), max_size=6))
def test_any_statements_are_compared_without_raising(looks: list[tuple[float, list[Statement]]]) -> None:
    disputes, now = Disputes(), 0.0
    for step, said in looks:
        now += step
        disputes = compare(said, disputes, now)
        assert all(dispute.since <= now for dispute in disputes.open)
        assert all(finding.text for finding in opinion_findings("Lynx", disputes, now))


def test_a_temperature_is_told_with_its_sign() -> None:
    said = look((CAN, "temperature", 4.0), (BLUETOOTH, "temperature", -2.5))
    (finding,) = opinion_findings("Lynx", compare(said, Disputes(), 0.0), 120.0)
    assert finding.text == "Lynx: Bluetooth says temperature -2.5 °C, VE.Can says temperature +4 °C"
