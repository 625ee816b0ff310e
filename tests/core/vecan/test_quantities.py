"""What a quantity is when several messages say it: which of them counts, and since when."""

from __future__ import annotations

import pytest

from gxbridge.core.model.battery import Known
from gxbridge.core.vecan.lynx.table import LYNX
from gxbridge.core.vecan.quantities import NOTHING_KNOWN, Judgement, judge
from gxbridge.core.vecan.readings import Readings
from tests.core.vecan.messages import hold, pgn, register


def judged(quantity: str, readings: Readings, now: float, *gave: str) -> Judgement:
    return judge(LYNX.by_name[quantity], readings, {}, now, set(gave))


def known(quantity: str, readings: Readings, now: float, *gave: str) -> tuple[object, float, str] | None:
    return judged(quantity, readings, now, *gave).known


SOC_FIRST, SOC_SECOND = register(0x0FFF, 5000), pgn(127506, instance=0, dc_type=0, state_of_charge=60)
VOLTAGE_FIRST, VOLTAGE_SECOND = pgn(127508, instance=0, voltage=26.4), register(0xED8D, 2650)


@pytest.mark.parametrize(("later_s", "counts"), [(60.0, 50.0), (60.3, 60.0)])
def test_a_measurement_that_another_message_repeats_gives_way_after_a_minute(later_s: float, counts: float) -> None:
    found = known("soc_percent", hold((SOC_FIRST, 100.0), (SOC_SECOND, 100.0 + later_s)), 100.0 + later_s)
    assert found is not None
    assert found[0] == counts


@pytest.mark.parametrize(
    ("quantity", "first", "second", "source"),
    [
        ("bms_state", register(0x2102, 9), register(0x0371, 4), "VREG 0x2102"),
        ("low_cell_voltage_alarm", register(0x2109, 0x555), register(0x2100, 0x0), "VREG 0x2109"),
        ("capacity_ah", register(0x1000, 400), pgn(127513, instance=0, capacity=300.0), "VREG 0x1000"),
    ],
)
def test_what_is_no_measurement_does_not_give_way(quantity: str, first: object, second: object, source: str) -> None:
    found = known(quantity, hold((first, 0.0), (second, 100.0)), 100.0)  # type: ignore[arg-type]
    assert found is not None
    assert found[2] == source


def test_what_went_stale_gives_way_to_what_was_not_said_before_it() -> None:
    assert known("voltage_v", hold((VOLTAGE_FIRST, 100.0), (VOLTAGE_SECOND, 100.0)), 105.0) == (
        26.5, 100.0, "VREG 0xED8D"
    )  # fmt: skip
    assert judged("voltage_v", hold((VOLTAGE_FIRST, 100.0), (VOLTAGE_SECOND, 99.9)), 105.0) == NOTHING_KNOWN
    assert judged("voltage_v", hold((VOLTAGE_FIRST, 100.0)), 104.9) == (Known(26.4, 100.0, "PGN 127508"), 105.0, None)


def test_of_a_pgn_the_first_instance_that_says_it_counts() -> None:
    silent = pgn(127508, instance=0, current=1.0)
    second = pgn(127508, instance=1, voltage=26.6)
    assert known("voltage_v", hold((silent, 0.0), (second, 0.0)), 0.0) == (26.6, 0.0, "PGN 127508")


@pytest.mark.parametrize(("at", "found"), [(140.0, True), (139.9, False)])
def test_unknown_of_the_better_source_is_unknown_unless_another_measures_the_same_now(at: float, found: bool) -> None:
    readings = hold(
        (pgn(127508, instance=0, current=1.0), 100.0),
        (pgn(127508, instance=1, current=1.0), 200.0),
        (VOLTAGE_SECOND, at),
    )
    assert (known("voltage_v", readings, 200.0, "PGN 127508") is not None) is found
    assert known("voltage_v", readings, 200.0) is not None, "it never gave one"


def test_whom_0x2107_calls_unsupported_is_not_looked_for_elsewhere() -> None:
    older = register(0x2100, 0xFFFFFFF)
    assert known("low_soc_alarm", hold((older, 0.0)), 0.0) is not None
    assert judged("low_soc_alarm", hold((register(0x2107, 0x0), 0.0), (older, 0.0)), 0.0) == NOTHING_KNOWN


def test_what_is_computed_is_as_old_as_the_older_of_both() -> None:
    others = {"voltage_v": Known(26.0, 2.0, "a"), "current_a": Known(10.0, 1.0, "b")}
    found = judge(LYNX.by_name["power_w"], Readings(), others, 3.0, set())
    assert found == (Known(260.0, 1.0, "voltage x current"), None, None)
    assert judge(LYNX.by_name["power_w"], Readings(), {"voltage_v": others["voltage_v"]}, 3.0, set()) == NOTHING_KNOWN


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        ([(0x210A, 0x80), (0x2109, 0x50)], (1, "VREG 0x2109")),
        ([(0x210A, 0x0), (0x2109, 0x50)], (1, "VREG 0x2109")),
        ([(0x210A, 0x0), (0x2100, 0xFFFFFFF)], (1, "VREG 0x2100")),
        ([(0x210A, 0x80), (0x2100, 0xFFFFFFF)], (0, "VREG 0x210A")),
    ],
)
def test_what_says_one_side_of_an_alarm_only_is_never_the_last_word_on_the_other(
    messages: list[tuple[int, int]], found: tuple[int, str]
) -> None:
    readings = hold(*((register(number, raw), 0.0) for number, raw in messages))
    said = known("high_current_alarm", readings, 0.0, "VREG 0x210A")
    assert said is not None
    assert (said[0], said[2]) == found
