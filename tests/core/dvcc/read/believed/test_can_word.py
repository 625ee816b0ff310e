"""Each word of a battery on CAN against what a service shows of it, to the exact bound."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.can_word import (
    WORDS,
    CanWords,
    PublishedElsewhere,
    hear_can,
    stricter_words,
    text_of,
    unshown_troubles,
)
from gxbridge.core.model.items import Items, Value
from tests.core.gate.boat import BATTERY, on_can

REGISTERS = {
    p.CVL: 0x0390,
    p.CCL: 0x0391,
    p.DCL: 0x0393,
    p.LOW_VOLTAGE: 0x0392,
    p.ALLOW_CHARGE: 0x2108,
    p.ALLOW_DISCHARGE: 0x2108,
}
PERMISSIONS = (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)


def stricter(said: dict[str, Value], shown: Items, unseen: tuple[int, ...] = ()) -> dict[str, Value]:
    battery = replace(on_can(7, **said), unseen_registers=unseen)
    return dict(stricter_words(battery, shown))


@pytest.mark.parametrize("path", REGISTERS)
def test_what_it_has_said_and_calls_unknown_now_is_unknown_and_what_it_has_not_said_is_not_asked(path: str) -> None:
    assert stricter({}, {path: 1.0}) == {path: None}
    assert stricter({}, {path: 1.0}, (REGISTERS[path],)) == {}
    others = tuple({*REGISTERS.values(), 0x0394, 0x038F} - {REGISTERS[path]})
    assert stricter({}, {path: 1.0}, others) == {path: None}
    assert stricter({}, {}) == {}


@pytest.mark.parametrize("path", PERMISSIONS)
def test_a_refusal_that_a_service_shows_stays_and_one_on_can_is_one(path: str) -> None:
    quantity = WORDS[path].quantity
    assert stricter({}, {path: 0}) == {}, "unknown on CAN makes no refusal unknown"
    assert stricter({quantity: 0}, {path: 1}) == {path: 0}
    assert stricter({quantity: 0}, {path: 0}) == {}, "they agree"
    assert stricter({quantity: 1}, {path: 0}) == {}
    assert stricter({quantity: 1}, {path: 1}) == {}
    for nothing in (None, 2, -1, 0.5, "1"):
        assert stricter({quantity: 0}, {path: nothing}) == {path: 0}
        assert stricter({quantity: 1}, {path: nothing}) == {}
        assert stricter({}, {path: nothing}) == {}


@pytest.mark.parametrize("path", [path for path in WORDS if path not in PERMISSIONS])
def test_of_two_limits_the_stricter_counts_and_none_is_made_known(path: str) -> None:
    quantity, lower = WORDS[path].quantity, path != p.LOW_VOLTAGE
    assert stricter({quantity: 20.0}, {path: 21.0}) == ({path: 20.0} if lower else {})
    assert stricter({quantity: 21.0}, {path: 20.0}) == ({} if lower else {path: 21.0})
    assert stricter({quantity: 20.0}, {path: 20.0}) == {}
    assert stricter({quantity: 0.0}, {path: 0.5}) == ({path: 0.0} if lower else {})
    assert stricter({quantity: 1.0}, {path: 0.0}) == ({} if lower else {path: 1.0})
    for nothing in (None, -0.5, "20"):
        assert stricter({quantity: 0.0}, {path: nothing}) == {}, "0 A is no refusal of somebody who says nothing"


def test_a_trouble_that_a_service_does_not_show_counts() -> None:
    battery = on_can(7, bms_error=8)
    assert dict(unshown_troubles(battery, {})) == {p.ERROR_CODE: 8}
    assert dict(unshown_troubles(battery, {p.ERROR_CODE: 8})) == {}
    assert dict(unshown_troubles(battery, {p.ERROR_CODE: 9})) == {}
    assert dict(unshown_troubles(on_can(7, bms_error=1), {p.ERROR_CODE: 0})) == {p.ERROR_CODE: 1}
    assert dict(unshown_troubles(on_can(7, bms_error=0), {p.ERROR_CODE: None})) == {}
    assert dict(unshown_troubles(on_can(7, bms_error=0), {p.ERROR_CODE: 4})) == {}


def said_of(later_s: float, state: str = "live", *, others: bool = True) -> CanWords:
    """What is known of a service that shows 100 A of a battery that says 20 A, so long after it was first seen."""
    battery = on_can(7, state, charge_current_limit_a=20.0)
    published = [PublishedElsewhere(battery, BATTERY, others)]
    services = {BATTERY: {p.CCL: 100.0, p.VOLTAGE: 26.0}}
    return hear_can(hear_can(CanWords(), published, services, 1000.0), published, services, 1000.0 + later_s)


@pytest.mark.parametrize(
    ("later_s", "found"), [(9.95, False), (10.0, True), (10.05, True), (12.0, True), (1001.0, True)]
)
def test_a_difference_is_said_after_ten_seconds(later_s: float, found: bool) -> None:
    words = said_of(later_s)
    assert words.changes == {BATTERY: {p.CCL: 20.0}}
    assert [one.id for one in words.findings] == (["stricter-on-can"] if found else [])
    assert words.silences == ()


@pytest.mark.parametrize("state", ["silent", "lost"])
@pytest.mark.parametrize(("others", "id"), [(True, "silent-on-can"), (False, "not-heard-on-can")])
def test_a_silence_is_said_at_once_and_is_no_difference(state: str, others: bool, id: str) -> None:
    for later_s in (0.0, 20.0):
        words = said_of(later_s, state, others=others)
        assert [one.id for one in words.findings] == [id]
        assert [one.id for one in words.silences] == [id]
        assert words.changes == ({BATTERY: {p.CCL: None, p.VOLTAGE: None}} if others else {})


def test_news_is_what_counts_otherwise_than_before_on_either_side() -> None:
    one = CanWords({"a": {p.CCL: 5.0}, "b": {p.CVL: None}})
    other = CanWords({"a": {p.CCL: 6.0}, "c": {p.DCL: 0.0}})
    assert other.news(one) == [("a", p.CCL), ("b", p.CVL), ("c", p.DCL)]
    assert one.news(other) == [("a", p.CCL), ("b", p.CVL), ("c", p.DCL)]
    assert one.news(one) == []
    assert CanWords({"a": {p.CCL: None}}).news(CanWords({"a": {}})) == [("a", p.CCL)]


def test_a_value_in_words() -> None:
    assert [text_of(value) for value in (None, 20.0, 0, 27.4, "20")] == ["nothing", "20", "0", "27.4", "20"]
