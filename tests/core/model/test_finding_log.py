"""The log announces a finding once, keeps its first moment while it holds, and counts how often it began."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.finding import Finding
from gxbridge.core.model.finding_log import REMEMBERED, FindingLog

SILENT = Finding("bms-silent", "alarm", "can0", "The BMS is silent.", "Look at the cable.", first=10.0, last=10.0)
SLOW = Finding("slow", "info", "can0", "It is slow.", "Wait.", first=10.0, last=10.0)
WARM = Finding("warm", "warning", "can0", "It is warm.", "Open a window.", first=10.0, last=10.0)


def test_a_finding_is_announced_once_and_keeps_its_first_moment() -> None:
    finding_log = FindingLog()
    assert finding_log.update([SILENT], 10.0) == ((SILENT,), ())
    assert finding_log.update([replace(SILENT, first=11.0)], 11.0) == ((), ())
    assert finding_log.current == (replace(SILENT, first=10.0, last=11.0),)


def test_what_is_over_is_told_and_counted_when_it_begins_again() -> None:
    finding_log = FindingLog()
    finding_log.update([SILENT], 10.0)
    began, ended = finding_log.update([], 20.0)
    assert (began, [item.id for item in ended]) == ((), ["bms-silent"])
    assert finding_log.current == ()
    began, _ = finding_log.update([replace(SILENT, first=30.0)], 30.0)
    assert (began[0].first, began[0].count) == (30.0, 2)


def test_the_worst_comes_first() -> None:
    finding_log = FindingLog()
    finding_log.update([SLOW, WARM, SILENT], 1.0)
    assert [item.severity for item in finding_log.current] == ["alarm", "warning", "info"]


def test_the_same_finding_twice_in_one_cycle_is_one() -> None:
    finding_log = FindingLog()
    began, _ = finding_log.update([SILENT, replace(SILENT, text="again")], 1.0)
    assert len(began) == len(finding_log.current) == 1


def test_two_subjects_are_two_findings() -> None:
    finding_log = FindingLog()
    finding_log.update([SILENT, replace(SILENT, subject="can1")], 1.0)
    assert [item.subject for item in finding_log.current] == ["can0", "can1"]


def test_memory_is_bounded_however_many_subjects_come_and_go() -> None:
    finding_log = FindingLog()
    for n in range(3 * REMEMBERED):
        finding_log.update([replace(SILENT, subject=str(n))], float(n))
    assert len(finding_log._known) <= REMEMBERED + 1
    began, _ = finding_log.update([replace(SILENT, subject="0")], 1e6)
    assert began[0].count == 1, "the oldest is forgotten"


@given(st.lists(st.sets(st.sampled_from("abcde")), max_size=30))
def test_began_and_ended_always_balance_with_what_holds(cycles: list[set[str]]) -> None:
    finding_log = FindingLog()
    holding: set[str] = set()
    for now, subjects in enumerate(cycles):
        began, ended = finding_log.update([replace(SILENT, subject=name) for name in sorted(subjects)], float(now))
        holding |= {item.subject for item in began}
        holding -= {item.subject for item in ended}
        assert holding == subjects == {item.subject for item in finding_log.current}
