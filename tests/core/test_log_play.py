"""Recorded frames through the whole bridge on the log's own time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator

import pytest

from gxbridge.core.bridge_report import BridgeReport, ReportRow
from gxbridge.core.log_play import LONGEST_SILENCE_S, LoggedFrame, find_bmses, play_frames
from gxbridge.core.nmea2000.database import database
from gxbridge.core.setup import Setup
from tests.core.boat import CCL, IO, NO_CHARGE, PRODUCT, RUNNING, claim, status, vreg

EPOCH = 1_700_000_000.0
OTHER = (0x1CEFFF30, bytes.fromhex("6699EDDD00000000"))


def speaking(now: float, *, without: Iterable[int] = (), source: int = 0x29, **changes: int) -> Iterator[LoggedFrame]:
    said = {**RUNNING, **{int(key[1:]): value for key, value in changes.items()}}
    for can_id, data in (status(source=source), *(vreg(r, v, source) for r, v in said.items() if r not in without)):
        yield LoggedFrame(now, EPOCH, "can0", can_id, data)


def frame(now: float, what: tuple[int, bytes], offset: float = EPOCH) -> LoggedFrame:
    return LoggedFrame(now, offset, "can0", *what)


def a_log(seconds: int = 30) -> list[LoggedFrame]:
    frames = [frame(1.0, claim())]
    for second in range(seconds):
        frames += speaking(1.0 + second)
    return frames


def report(frames: Iterable[LoggedFrame], every_s: float = 60.0, setup: Setup | None = None) -> list[ReportRow]:
    rows = BridgeReport(every_s)
    return [row for cycle, at in play_frames(setup or Setup(), frames) for row in rows.rows(cycle, at)]


def of(rows: list[ReportRow], kind: str, name: str) -> list[ReportRow]:
    return [row for row in rows if (row.kind, row.name) == (kind, name)]


def test_an_empty_log_has_no_look() -> None:
    assert report([]) == []


def test_a_limit_has_its_value_its_reason_and_the_logs_own_time() -> None:
    frames = [*a_log(), *speaking(32.0, **{f"r{CCL}": 200})]
    first, lowered = of(report(frames), "limit", "CCL")
    assert (first.value, first.unit, first.reason) == (200.0, "A", "bms-ccl")
    assert (lowered.value, lowered.text) == (20.0, "CCL 20 A: said by the Lynx Smart BMS 500.")
    assert lowered.t == pytest.approx(EPOCH + 32.02)


def test_a_look_follows_soon_after_what_cannot_wait_and_every_second_besides() -> None:
    frames = [*a_log(2), *speaking(2.5, **{f"r{IO}": NO_CHARGE}), frame(4.0, OTHER)]
    moments = [round(at, 2) for _, at in play_frames(Setup(), frames)]
    assert moments == [1.02, 2.0, 2.52, 3.0, 4.0, 5.0]


def test_silence_is_looked_at_until_no_clock_runs_any_more() -> None:
    frames = [*a_log(2), frame(1e6, OTHER)]
    moments = [at for _, at in play_frames(Setup(), frames)]
    assert len(moments) < LONGEST_SILENCE_S + 10
    assert moments[-1] == pytest.approx(1e6 + 1.0)
    lost = [row.value for row in of(report(frames), "bms", "state")]
    assert lost == ["live", "silent", "lost"]


def test_where_the_recorders_clock_was_set_what_came_before_keeps_its_time() -> None:
    frames = [*a_log(10), frame(15.5, OTHER, EPOCH + 5000.0), frame(30.0, OTHER, EPOCH + 5000.0)]
    times = [cycle.epoch_offset for cycle, at in play_frames(Setup(), frames) if 11.0 <= at <= 15.0]
    assert times == [EPOCH] * 5


def test_the_bms_of_a_recording_that_begins_without_its_name_is_known_from_its_first_frame() -> None:
    frames = [*speaking(1.0, without=[PRODUCT]), *speaking(20.0), frame(30.0, claim())]
    (found,) = find_bmses(frames, database())
    assert (found.configured.unique_number, found.configured.product_id, found.assumed) == (167120, 0xA3E5, ())
    first = of(report(frames, setup=Setup(configured=(found.configured,))), "bms", "state")[0]
    assert (first.value, first.t) == ("live", pytest.approx(EPOCH + 1.02))


def test_what_a_recording_never_says_is_assumed_and_named() -> None:
    (found,) = find_bmses(speaking(1.0, without=[PRODUCT]), database())
    assert found.assumed == ("unique number", "product")
    assert (found.configured.unique_number, found.configured.product_id) == (0x29, 0xA3E5)


def test_who_is_of_another_maker_or_another_product_is_no_bms() -> None:
    other_maker = bytes.fromhex("D08C422200AA46C0")
    assert find_bmses([*speaking(1.0), frame(2.0, claim(name=other_maker))], database()) == []
    assert find_bmses(speaking(1.0, **{f"r{PRODUCT}": 0xA04000}), database()) == []
    assert find_bmses(speaking(1.0, **{f"r{PRODUCT}": 0x777700}), database()) == []
    assert find_bmses(speaking(1.0, source=0xFE), database()) == []
    assert find_bmses([frame(1.0, status()), frame(1.0, (0x18EEFF29, b"\0"))], database()) == []


def test_values_are_repeated_and_states_are_not() -> None:
    rows = report(a_log(125))
    assert [row.t - EPOCH for row in of(rows, "value", "voltage_v")] == pytest.approx([1.02, 62.0, 122.0])
    assert len(of(rows, "state", "allow_to_charge")) == 1
    assert len(of(report(a_log(10), every_s=0.0), "value", "soc_percent")) == 11


def test_what_is_over_is_said_once() -> None:
    frames = [*a_log(5), *(frame(6.0 + second, OTHER) for second in range(80))]
    rows = report(frames)
    assert [row.value for row in of(rows, "state", "allow_to_charge")] == [1, None]
    assert [row.text[:6] for row in of(rows, "finding", "bms-silent")] == ["Lynx S", "over: "]
    assert [row.value for row in of(rows, "device", "41")] == ["live", "silent", "lost"]


def test_a_longer_log_takes_no_more_memory() -> None:
    def peak(seconds: int) -> int:
        tracemalloc.start()
        rows = BridgeReport()
        for cycle, at in play_frames(Setup(), (item for n in range(seconds) for item in speaking(1.0 + n))):
            sum(1 for _ in rows.rows(cycle, at))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return held

    peak(60)  # what is kept by value has its size by then
    assert peak(60) < peak(20) + 20_000


def test_a_device_that_may_be_a_bms_is_seen_waiting() -> None:
    rows = report(speaking(1.0, without=[PRODUCT]))
    (waiting,) = of(rows, "waiting", "device")
    assert "waits for its NAME" in waiting.text


def test_a_device_whose_address_another_takes_is_over() -> None:
    rows = report([frame(1.0, claim()), frame(1.0, OTHER), frame(5.0, claim(0x30)), frame(9.0, claim(0x30))])
    assert [row.text for row in of(rows, "device", "41")][1:] == ["over: battery"]


def test_the_time_zone_of_the_boat_is_asked_for_with_each_second_of_the_log() -> None:
    asked: list[float] = []

    def zone_at(epoch: float) -> float:
        asked.append(epoch)
        return 3600.0

    cycles = list(play_frames(Setup(), a_log(3), zone_at))
    assert asked[0] == EPOCH + 1
    assert asked[1:] == [EPOCH + 2, EPOCH + 3]
    assert len(cycles) >= 3
