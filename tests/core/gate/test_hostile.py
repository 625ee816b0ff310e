"""Whatever is decided instead of the decision: no write that leaves breaks a rule."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.gate import GateMemory, Passed
from tests.core.gate.hostile import LOOKS_PER_WORLD, attack

LOOKS = 30_000


def test_no_hostile_decision_gets_a_write_through_that_breaks_a_rule() -> None:
    assert attack(LOOKS, seed=1) == []


def everything(writes: Iterable[Write], *_: object, **__: object) -> Passed:
    """No gate."""
    return Passed(tuple(writes), GateMemory())


def test_the_oracle_finds_broken_rules_where_there_is_no_gate() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.core.gate.hostile.pass_on", everything)
        found = attack(20 * LOOKS_PER_WORLD, seed=1)
    for problem in ("beside a master", "may never be written", "is not a number", "is below 0", "goes its own way"):
        assert any(problem.split()[-1] in text for text in found), problem
    for problem in ("charging although", "own limit", "charge voltage above", "nobody's word", "are told or made of"):
        assert any(problem in text for text in found), problem
    for problem in ("switched on although", "a switch has no"):
        assert any(problem in text for text in found), problem
    for problem in ("discharge although", "discharge above", "nobody measures", "alone is told", "is raised although"):
        assert any(problem in text for text in found), problem
