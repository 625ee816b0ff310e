"""Which current a device may still hold, by what it was sent, when, and what it said."""

from __future__ import annotations

from gxbridge.core.model.link_hold import HoldEvidence
from gxbridge.core.vecan.link.link_holds import MOST_DEVICES, MOST_SENT, LinkHolds

SERVICE = "com.victronenergy.solarcharger.one"


def one(*sent: int) -> LinkHolds:
    """A device that has shown 400 at second 0, and was sent these, one a second."""
    holds = LinkHolds()
    holds.stands("A", SERVICE, 0.0)
    holds.said("A", 400, 0.0)
    for second, raw in enumerate(sent, 1):
        holds.sent("A", raw, float(second))
    return holds


def held(holds: LinkHolds, now: float) -> tuple[int, int, HoldEvidence]:
    ((service, highest, lowest, evidence),) = holds.holds(now)
    assert service == SERVICE
    return highest, lowest, evidence


def test_what_it_was_sent_it_may_hold_beside_what_it_showed() -> None:
    assert held(one(), 5.0) == (400, 400, "shown")
    assert held(one(200), 5.0) == (400, 200, "shown")
    assert held(one(600, 200), 5.0) == (600, 200, "shown")
    assert one(600).highest("A", 5.0) == 600
    assert one(600).highest("B", 5.0) is None


def test_its_answer_ends_all_that_was_sent_before() -> None:
    holds = one(600, 200)
    holds.said("A", 200, 3.0)
    assert held(holds, 5.0) == (200, 200, "shown")
    holds = one(600, 200)
    holds.said("A", 600, 3.0)
    assert held(holds, 5.0) == (600, 200, "shown")
    holds.said("A", 300, 3.0)
    assert held(holds, 5.0) == (300, 200, "shown"), "it may yet take what is on its way"


def test_an_answer_is_that_to_the_first_of_equal_words() -> None:
    holds = one(200, 600, 200)
    holds.said("A", 200, 4.0)
    assert held(holds, 5.0) == (600, 200, "shown")
    holds.said("A", 200, 5.0)
    assert held(holds, 5.0) == (200, 200, "shown")
    holds = one(600, 600, 200, 200)
    holds.said("A", 200, 5.0)
    assert held(holds, 5.0) == (200, 200, "shown"), "equal ones behind each other are one"
    holds = one(600, 600)
    holds.said("A", 600, 3.0)
    holds.said("A", 300, 3.0)
    assert held(holds, 5.0) == (300, 300, "shown"), "and one answer is for both"


def test_each_word_expires_by_itself() -> None:
    holds = one(600, 200)
    assert held(holds, 60.0) == (600, 200, "shown"), "what it showed is gone"
    assert held(holds, 60.0 + 0.9) == (600, 200, "shown")
    assert held(holds, 60.0 + 1) == (200, 200, "shown")
    assert held(holds, 60.0 + 2) == (0, 0, "shown")
    assert holds.highest("A", 60.0 + 2) is None
    holds.sent("A", 300, 60.0 + 2)
    assert held(holds, 60.0 + 2) == (300, 300, "shown")


def test_what_has_expired_does_not_come_back_with_what_is_put_together() -> None:
    holds = LinkHolds()
    holds.stands("A", SERVICE, 1000.0)
    holds.sent("A", 900, 1000.0)
    for number in range(MOST_SENT + 20):
        holds.sent("A", number % 2, 1060.0)
    assert held(holds, 1060.0)[:2] == (1, 0)


def test_a_word_that_is_repeated_lives_longer() -> None:
    holds = one(600)
    holds.sent("A", 600, 50.0)
    assert held(holds, 60.0 + 49) == (600, 600, "shown")


def test_one_that_was_away_or_holds_nothing_is_not_known() -> None:
    holds = one(200)
    holds.forget("A", 5.0)
    assert held(holds, 5.0) == (400, 200, "unknown")
    holds.said("A", 200, 5.0)
    assert held(holds, 5.0) == (200, 200, "shown")
    holds.said("A", None, 5.0)
    assert held(holds, 5.0) == (200, 200, "unknown")
    holds.said("A", 200, 5.0)
    holds.forget_all(5.0)
    assert held(holds, 5.0) == (200, 200, "unknown")


def test_not_even_the_word_of_another_controller_outlives_its_time() -> None:
    holds = LinkHolds()
    holds.stands("A", SERVICE, 0.0)
    assert held(holds, 60.0 - 0.1) == (0, 0, "unknown")
    holds.forget("A", 30.0)
    holds.sent("A", 300, 40.0)
    assert held(holds, 60.0) == (300, 300, "unproven")


def test_only_devices_for_which_a_word_stood_are_kept_and_not_without_end() -> None:
    holds = LinkHolds()
    for happens in (lambda: holds.said("A", 5, 0.0), lambda: holds.sent("A", 5, 0.0), lambda: holds.forget("A", 5.0)):
        happens()
    assert [*holds.holds(0.0)] == []
    for number in range(MOST_DEVICES + 5):
        holds.stands(f"{number}", SERVICE, 0.0)
    assert len([*holds.holds(0.0)]) == MOST_DEVICES == 256
    holds.stands("0", "another name", 1.0)
    assert next(iter(holds.holds(0.0))) == ("another name", 0, 0, "unknown")


def test_of_too_many_words_the_highest_still_counts() -> None:
    holds = one(900)
    for number in range(MOST_SENT + 20):
        holds.sent("A", number % 2, 2.0)
    assert held(holds, 3.0)[:2] == (900, 0)
    assert len(holds._devices["A"].sent) == MOST_SENT == 64
    holds = one(5, 900)
    for number in range(MOST_SENT):
        holds.sent("A", number % 2, 2.0)
    assert held(holds, 3.0)[:2] == (900, 0)
    assert held(holds, 60.0 + 2 - 0.1)[:2] == (900, 0), "as long as it would alone"
