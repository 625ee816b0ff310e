"""What people are told of findings: one for each beginning, no flood, and nothing that trips a screen or a program."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.finding import Finding
from gxbridge.core.publish.notifications import (
    BURST,
    LONGEST,
    REFILL_S,
    REPEAT_S,
    SETTLE_S,
    Notice,
    Notifications,
    hook_arguments,
    inject_text,
    shown,
)


def found(id: str = "bms-lost", severity: str = "alarm", subject: str = "", text: str = "The BMS is lost") -> Finding:
    return Finding(id, severity, subject, text, "Check its cable", 0.0, 0.0)  # type: ignore[arg-type]


class Story:
    """Findings come and go, a look a second; `told` and `over` are (second, id and subject)."""

    def __init__(self, level: str = "warnings") -> None:
        self._notifications = Notifications(level)
        self.now = 1000.0
        self.told: list[tuple[float, str]] = []
        self.over: list[tuple[float, str]] = []

    def look(self, *began: Finding, ended: tuple[Finding, ...] = (), seconds: float = 1.0) -> None:
        due, over = self._notifications.look(began, ended, self.now)
        self.told += [(self.now - 1000, f"{one.finding.id}{one.finding.subject}") for one in due]
        self.over += [(self.now - 1000, f"{one.finding.id}{one.finding.subject}") for one in over]
        self.now += 1.0
        for _ in range(int(seconds) - 1):
            self.look()


def test_a_beginning_is_told_once_and_its_end_once() -> None:
    story = Story()
    story.look(found(), seconds=120)
    story.look(ended=(found(),), seconds=5)
    assert (story.told, story.over) == ([(SETTLE_S, "bms-lost")], [(120, "bms-lost")])


def test_what_is_over_at_once_is_told_to_nobody() -> None:
    story = Story()
    story.look(found(), seconds=SETTLE_S)
    story.look(ended=(found(),), seconds=60)
    assert (story.told, story.over) == ([], [])


@pytest.mark.parametrize(
    ("level", "severities"), [("alarms", ["alarm"]), ("warnings", ["alarm", "warning"])], ids=["alarms", "warnings"]
)
def test_the_level_says_who_is_told(level: str, severities: list[str]) -> None:
    story = Story(level)
    story.look(*(found(severity, severity) for severity in ("info", "warning", "alarm")), seconds=10)
    assert [id for _, id in story.told] == severities
    story.look(ended=(found("info", "info"),))
    assert story.over == []


def test_what_comes_and_goes_is_told_again_after_ten_minutes_and_only_if_it_holds_then() -> None:
    story = Story()
    for _ in range(60):
        story.look(found(), seconds=10)
        story.look(ended=(found(),), seconds=10)
    assert story.told == [(SETTLE_S, "bms-lost"), (SETTLE_S + REPEAT_S, "bms-lost")]
    assert len(story.over) == 2
    story = Story()
    story.look(found(), seconds=10)
    story.look(ended=(found(),))
    story.look(found(), seconds=REPEAT_S)
    assert [at for at, _ in story.told] == [SETTLE_S, SETTLE_S + REPEAT_S]


def test_a_flood_is_told_a_handful_at_once_alarms_first_and_the_rest_one_by_one() -> None:
    story = Story()
    warnings = [found("w", "warning", str(n)) for n in range(10)]
    story.look(*warnings, *(found("a", "alarm", str(n)) for n in range(3)), seconds=6)
    assert [id for _, id in story.told] == ["a0", "a1", "a2", "w0", "w1"]
    story.look(ended=(warnings[2],), seconds=REFILL_S * 3)
    assert [id for _, id in story.told[BURST:]] == ["w3", "w4", "w5"]
    assert [at for at, _ in story.told[BURST:]] == [SETTLE_S + REFILL_S * n for n in (1, 2, 3)]


def test_a_pause_saves_up_no_more_than_a_handful() -> None:
    story = Story()
    story.now += 10 * REFILL_S * BURST
    story.look(*(found("w", "warning", str(n)) for n in range(10)), seconds=10)
    assert len(story.told) == BURST


def test_the_same_finding_of_two_devices_is_two() -> None:
    story = Story()
    story.look(found(subject="1"), found(subject="2"), seconds=6)
    story.look(ended=(found(subject="1"),))
    assert ([id for _, id in story.told], story.over) == (["bms-lost1", "bms-lost2"], [(6, "bms-lost1")])


def test_each_has_a_mark_of_its_own() -> None:
    notifications = Notifications("alarms")
    notifications.look([found(), found("gate")], (), 0.0)
    due, _ = notifications.look((), (), SETTLE_S)
    assert [one.mark for one in due] == ["bms-lost/1", "gate/2"]


# --- what leaves -----------------------------------------------------------------------------------------------------


def test_the_platform_is_told_three_fields_or_five() -> None:
    notice = Notice(found(), 7)
    assert inject_text(notice, tracked=False) == "1\tgxbridge\tThe BMS is lost."
    assert inject_text(notice, tracked=True) == "1\tgxbridge\tThe BMS is lost.\tcom.victronenergy.gxbridge\tbms-lost/7"
    assert inject_text(Notice(found(severity="warning"), 1), tracked=False).startswith("0\t")


@given(st.text())
def test_whatever_a_device_calls_itself_it_makes_no_field_and_no_line(text: str) -> None:
    made = inject_text(Notice(found(text=text), 1), tracked=True)
    assert made.count("\t") == 4
    assert made.replace("\t", "").isprintable()
    assert len(shown(text)) <= LONGEST
    assert not shown(text).startswith("-")


def test_a_long_text_is_cut_and_says_so() -> None:
    assert shown("x" * LONGEST) == "x" * LONGEST
    assert shown("x" * (LONGEST + 1)) == "x" * (LONGEST - 1) + "…"


def test_the_hook_gets_its_arguments_filled_in() -> None:
    notice = Notice(found(text="--attach\t/etc/{id} is lost"), 1)
    hook = ("/bin/tell", "{severity}: {title}", "{text}", "{advice}", "{state} {id}")
    assert hook_arguments(hook, notice, "began") == [
        "/bin/tell",
        "alarm: gxbridge: alarm",
        "attach /etc/{id} is lost.",
        "Check its cable.",
        "began bms-lost",
    ]
    assert hook_arguments(("/bin/{id}", "{title}"), notice, "ended") == ["/bin/{id}", "gxbridge: over"]
