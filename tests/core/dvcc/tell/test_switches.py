"""When what has nothing but a switch is switched off, and when on again."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.tell.switches import SwitchedOff, keep_switched, recall_switched, switch
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Latch
from tests.core.dvcc.world import ALTERNATOR, DCDC, SUN

MODE, CURRENT = "/Mode", "/Link/ChargeCurrent"


def inputs(mode: Value = 1, *, controls: bool = True, configured: bool = True, **items: Value) -> Inputs:
    """An alternator whose switch is there."""
    services = {ALTERNATOR: {MODE: mode, **items}, SUN: {MODE: mode}}
    options = Options(switch_alternators=configured)
    return read_inputs(Snapshot(services, {}, options=options, controls=controls))


def switched(
    seen: Inputs, before: SwitchedOff, now: float = 100.0, *, stopped: bool
) -> tuple[list[Value], dict[str, float]]:
    writes, off = switch(seen, before, now, stopped=stopped)
    assert all(write[:2] == (ALTERNATOR, MODE) for write in writes)
    return [write.value for write in writes], dict(off)


def test_a_stop_switches_off_what_is_on_and_keeps_off_what_was_switched_off_here() -> None:
    assert switched(inputs(1), {}, stopped=True) == ([4], {ALTERNATOR: 100.0})
    assert switched(inputs(4), {ALTERNATOR: 40.0}, stopped=True) == ([], {ALTERNATOR: 100.0})
    assert switched(inputs(1), {ALTERNATOR: 40.0}, stopped=True) == ([4], {ALTERNATOR: 100.0}), "told again"
    assert switched(inputs(4), {}, stopped=True) == ([], {}), "somebody else's"


@pytest.mark.parametrize(("off_at", "told"), [(40.1, []), (40.0, [1]), (0.0, [1])])
def test_a_minute_after_the_stop_it_is_switched_on_until_it_shows_that_it_is(off_at: float, told: list[Value]) -> None:
    off = {ALTERNATOR: off_at}
    assert switched(inputs(4), off, stopped=False) == (told, off)
    assert switched(inputs(1), off, stopped=False) == ([], {} if told else off)
    assert switched(inputs(4), {}, stopped=False) == ([], {})


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize(
    "seen",
    [
        inputs(controls=False),
        inputs(configured=False),
        inputs(2),
        inputs(3),
        inputs(5),
        inputs(0),
        inputs(None),
        inputs(1, **{CURRENT: None}),
    ],
)
def test_nothing_is_switched_without_control_configuration_or_a_switch_that_is_all_there_is(
    seen: Inputs, stopped: bool
) -> None:
    before = {ALTERNATOR: 0.0}
    writes, off = switch(seen, before, 100.0, stopped=stopped)
    assert writes == []
    assert off is before


def test_what_stays_as_it_was_is_the_same() -> None:
    before = {ALTERNATOR: 90.0}
    assert switch(inputs(4), before, 100.0, stopped=False)[1] is before


KEPT = Latch("switched-off", ALTERNATOR, 7.0, "charging was stopped")
OTHER = (Latch("overruled", DCDC, 5.0, "x"), Latch("temporary", SUN, 5.0, "x"))


def test_the_next_run_knows_what_this_one_has_switched_off() -> None:
    assert recall_switched((*OTHER, KEPT)) == {ALTERNATOR: 0.0}
    assert keep_switched(OTHER, {ALTERNATOR: 3.0}, 7.0) == (*OTHER, KEPT)
    assert keep_switched((*OTHER, KEPT), {}, 9.0) == OTHER
    before = (*OTHER, KEPT)
    assert keep_switched(before, {ALTERNATOR: 3.0}, 9.0) is before
    both = keep_switched(before, {ALTERNATOR: 3.0, DCDC: 4.0}, 9.0)
    assert both == (*OTHER, KEPT, Latch("switched-off", DCDC, 9.0, "charging was stopped"))
    assert keep_switched(both, {DCDC: 4.0}, 11.0) == (*OTHER, both[-1])
