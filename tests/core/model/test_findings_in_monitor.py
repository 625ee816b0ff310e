"""While gxbridge only listens, no finding says that gxbridge stops, shares or tells anything."""

from __future__ import annotations

import re
import string

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.model.finding import finding
from gxbridge.core.model.findings_in_monitor import IN_MONITOR, MonitorWords, in_monitor
from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.core.setup import Setup
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, can_bms, charger, multi

OURS = re.compile(r"is neither shared|is not shared|nothing is granted|is told 0 A|nothing is written|counts as lost")


def filled(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(("id", "words"), IN_MONITOR.items(), ids=list(IN_MONITOR))
def test_each_is_a_finding_whose_words_are_filled_in_and_true_beside_another_master(
    id: str, words: MonitorWords
) -> None:
    row = FINDINGS[id]
    known = filled(row.text) | filled(row.advice) | {"who"}
    arguments = dict.fromkeys(known, "x")
    said = in_monitor(finding(id, "s", 1.0, **arguments))
    assert filled(words.text or "") | filled(words.advice or "") <= known
    assert "{" not in said.text + said.advice
    assert said.severity == words.severity or row.severity
    if id not in ("cvl-refused", "led-refused"):
        assert not OURS.search(f"{said.text} {said.advice}")
        assert not re.search(r"[.,;:!?\s]$", said.text)


def test_what_is_true_in_either_mode_stays() -> None:
    found = finding("told-despite-stop", "s", 1.0, master="m", device="d", theirs="1", why="w")
    assert in_monitor(found) is found


@pytest.mark.parametrize(("mode", "words"), [("control", "nothing is granted"), ("monitor", "any more")])
def test_the_bridge_says_of_a_loss_what_its_mode_makes_of_it(mode: str, words: str) -> None:
    made = Bridge(Setup(mode=mode))
    made.hold_name(True)
    if mode == "monitor":
        made.service_added(p.SYSTEM, {p.CONTROL_DVCC: 1}, 0.0)
    made.service_added(CAN_BMS, can_bms(), 0.0)
    made.service_added(SUN, charger(), 0.0)
    made.service_added(MULTI, multi(), 0.0)
    for second in range(1, 10):
        made.tick(float(second))
    made.service_removed(CAN_BMS, 10.0)
    cycle = made.tick(10.0)
    (found,) = [one for one in cycle.situation.findings if one.id == "bms-silent"]
    assert found.text.endswith(words)
    assert ("every charger is told 0 A" in found.advice) is (mode == "control")
