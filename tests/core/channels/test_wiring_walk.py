"""The walk through wired terminals: what passes, what fails, and what it says about crossed or dead wires."""

from __future__ import annotations

import pytest

from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.channels.terminals.wiring_walk import InputLevel, Walk, advance, begin, remarks

C, D, P = (f"com.victronenergy.digitalinput.input_{n}" for n in (1, 2, 3))
WIRING = Wiring("Bank", "Small BMS", C, D, P)
REST: dict[str, InputLevel] = {C: 0, D: 0, P: 1}


def play(walk: Walk, *looks: tuple[float, dict[str, InputLevel]]) -> Walk:
    """Each look lasts until its moment, seen every 0.25 s."""
    now = walk.began
    for until, levels in looks:
        while now < until:
            now = round(now + 0.25, 2)
            walk = advance(walk, REST | levels, now)
    return walk


def results(walk: Walk) -> list[str]:
    return [outcome.result for outcome in walk.outcomes]


def test_good_hands_and_good_wires_pass() -> None:
    walk = play(
        begin(WIRING, 0.0),
        (1.0, {}),
        (6.0, {C: 1}),
        (9.0, {}),
        (15.0, {D: 1}),
        (18.0, {}),
        (25.0, {P: 0}),
        (30.0, {}),
    )
    assert walk.step is None
    assert walk.passed
    assert results(walk) == ["passed"] * 9
    assert [outcome.step.expect for outcome in walk.outcomes] == [0, 1, 0, 0, 1, 0, 1, 0, 1]
    assert all(outcome.seconds < 8 for outcome in walk.outcomes)
    assert advance(walk, REST, 99.0) is walk


def test_a_bouncing_wire_is_no_level() -> None:
    walk = begin(Wiring("B", "m", C), 0.0)
    for number in range(40):
        walk = advance(walk, {C: number % 2}, number * 0.25)
    assert walk.index == 0
    assert not walk.passed


def test_a_bms_that_refuses_at_rest_ends_its_terminal() -> None:
    walk = play(begin(Wiring("B", "m", C, D), 0.0), (21.0, {C: 1}), (22.0, {}))
    assert results(walk)[:3] == ["failed", "not tested", "not tested"]
    assert "not allowed now" in walk.outcomes[0].remark
    assert walk.outcomes[1].remark == "the step before failed"
    assert walk.step is not None
    assert walk.step.role == "discharge"


def test_an_input_that_does_not_follow_its_wire() -> None:
    walk = play(begin(Wiring("B", "m", C), 0.0), (30.0, {}))
    assert results(walk) == ["passed", "failed", "not tested"]
    assert "does not follow" in walk.outcomes[1].remark


def test_swapped_wires_are_named() -> None:
    walk = play(begin(WIRING, 0.0), (1.0, {}), (2.0, {D: 1}), (30.0, {D: 1}))
    assert walk.outcomes[1].result == "failed"
    assert walk.outcomes[1].remark == "input_2 changed instead: two wires are swapped"


def test_a_wire_that_is_not_put_back_fails_and_the_next_terminal_is_still_tested() -> None:
    walk = play(begin(Wiring("B", "m", C, D), 0.0), (1.0, {}), (30.0, {C: 1}))
    assert results(walk) == ["passed", "passed", "failed", "passed"]
    assert "did not come back" in walk.outcomes[2].remark


def test_a_pre_alarm_at_rest_is_told() -> None:
    walk = play(begin(Wiring("B", "m", C, pre_alarm=P), 0.0, step_s=1.0), (9.0, {P: 0}))
    assert "there is a pre-alarm now" in walk.outcomes[3].remark


def test_a_pre_alarm_contact_that_opens_is_walked_like_a_permission() -> None:
    steps = begin(Wiring("B", "Lynx Smart BMS", C, pre_alarm=P, pre_alarm_level=1), 0.0).steps
    assert [step.expect for step in steps] == [0, 1, 0, 0, 1, 0]
    assert "wire broken: pre-alarm" in [step.meaning for step in steps]


def test_an_input_that_is_not_there_says_so() -> None:
    walk = begin(Wiring("B", "m", C), 0.0, step_s=1.0)
    assert advance(walk, {}, 2.0).outcomes[0].remark == "the input is not there"
    assert advance(walk, {C: "the input is not of type 10"}, 2.0).outcomes[0].seen == "the input is not of type 10"


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        (WIRING, "not fail-safe"),
        (Wiring("B", "m", C, D), "pre-alarm is not wired"),
        (Wiring("B", "m", D, pre_alarm=P, pre_alarm_level=1), "discharge terminal (ATD, load disconnect) is not wired"),
    ],
)
def test_what_the_walk_cannot_prove_is_said(wiring: Wiring, words: str) -> None:
    assert words in " ".join(remarks(wiring))
