"""A recorded log in place of a bus: timing, speed, several buses, whole messages, and the silence at the end."""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path

import pytest

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.edge.can.can_stats import OnFrames
from gxbridge.edge.logs import replay
from gxbridge.edge.logs.reader import LogError
from gxbridge.edge.logs.replay import ReplaySource, ReplaySpec, parse_replay
from gxbridge.runtime.can_watch import CanWatch
from tests.instructions import instructions


class Boat:
    """A clock that sleeping moves on, and everything that was heard, by bus."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.heard: dict[str, list[TimedFrame]] = {}
        self.moments: list[tuple[float, int]] = []
        self.states: list[str] = []
        self._sleep = asyncio.sleep
        monkeypatch.setattr(replay.asyncio, "sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await self._sleep(0)

    def sink_of(self, bus: str) -> OnFrames:
        def take(frames: list[TimedFrame]) -> None:
            self.heard.setdefault(bus, []).extend(frames)
            self.moments.append((self.now, len(frames)))

        return take

    def play(self, path: Path, speed: float = 1.0) -> ReplaySource:
        async def run() -> ReplaySource:
            source = ReplaySource(
                ReplaySpec(str(path), speed),
                self.sink_of,
                clock=lambda: self.now,
                on_state=lambda stats: self.states.append(stats.state),
            )
            await source.start()
            await source.ended()
            await source.close()
            return source

        return asyncio.run(run())


@pytest.fixture
def boat(monkeypatch: pytest.MonkeyPatch) -> Boat:
    return Boat(monkeypatch)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "boat.log"
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def line(t: float, number: int = 0, bus: str = "can0") -> str:
    return f"({1700000000 + t:.6f}) {bus} 18EAFF24#{number:04X}"


def test_frames_come_at_the_recordings_own_pace(tmp_path: Path, boat: Boat) -> None:
    source = boat.play(write(tmp_path, line(0), line(0.5), line(3), line(3.001)))
    assert [at for at, _, _ in boat.heard["can0"]] == pytest.approx([1000.0, 1000.5, 1003.0, 1003.001])
    assert [(round(now, 3), count) for now, count in boat.moments] == [
        (1000.0, 1),
        (1000.5, 1),
        (1003.0, 1),
        (1003.02, 1),
    ]
    assert all(at <= now for (now, _), (at, _, _) in zip(boat.moments, boat.heard["can0"], strict=False))
    assert boat.states == ["open", "ended", "closed"]
    assert source.stats.frames == 4


def test_what_a_frame_takes_at_the_recordings_own_pace(tmp_path: Path, boat: Boat) -> None:
    """In instructions of Python, with a turn of the loop for 20 frames; a twelfth above what was counted."""

    def cost(frames: int) -> int:
        path = write(tmp_path, *(line(i * 0.001, i) for i in range(frames)))
        return instructions(lambda: boat.play(path))

    cost(1)
    assert (cost(2000) - cost(1000)) / 1000 < 268


@pytest.mark.parametrize("speed", [2.0, 0.5, 60.0])
def test_a_factor_makes_it_faster_or_slower(tmp_path: Path, boat: Boat, speed: float) -> None:
    boat.play(write(tmp_path, line(0), line(60)), speed)
    assert [at for at, _, _ in boat.heard["can0"]] == pytest.approx([1000.0, 1000.0 + 60 / speed])


def test_max_speed_keeps_no_time_but_lets_the_loop_breathe(tmp_path: Path, boat: Boat) -> None:
    boat.play(write(tmp_path, *(line(i * 60.0, i) for i in range(1000))), math.inf)
    assert boat.now == 1000.0
    assert [int.from_bytes(data) for _, _, data in boat.heard["can0"]] == list(range(1000))
    assert [count for _, count in boat.moments] == [256, 256, 256, 232]


@pytest.mark.parametrize("speed", [replay.MAX, 100.0, 2.0, 1.0])
def test_a_frame_that_came_too_late_in_the_log_ends_its_message_at_any_speed(
    tmp_path: Path, boat: Boat, speed: float
) -> None:
    def frame(t: float, data: str, can_id: str = "09F20105", bus: str = "can0") -> str:
        return f"({1700000000 + t:.6f}) {bus} {can_id}#{data}"

    first, second = "000A000102030405", "0106070809FFFFFF"
    path = write(
        tmp_path,
        frame(0.0, first),
        frame(0.1, second),
        frame(10.0, first),
        frame(10.8, second),
        frame(20.0, first),
        frame(20.0, first, bus="can1"),
        frame(20.7, first, can_id="19F21424"),
        frame(20.7, second),
        frame(21.0, second, bus="can1"),
        frame(30.0, second, can_id="19F21424"),
        frame(40.0, first),
        frame(40.1 - 1e6, second),  # the recorder's clock was set
    )
    boat.play(path, speed)
    whole = {}
    for bus, frames in boat.heard.items():
        decoder = Decoder(keep_unknown=True)
        messages = [decoder.feed(can_id, data, at) for at, can_id, data in frames]
        whole[bus] = [message[0].pgn for message in messages if message is not None]
        assert decoder.fast.late == {"can0": 2, "can1": 1}[bus]
    assert whole == {"can0": [127489, 127508, 127489, 127508], "can1": []}
    moments = [at for at, can_id, _ in boat.heard["can0"] if can_id == 0x19F21424]
    assert moments[1] >= moments[0], "a message of one frame is never late"


def test_a_clock_that_was_set_back_is_no_pause(tmp_path: Path, boat: Boat) -> None:
    boat.play(write(tmp_path, line(100), line(101), line(3), line(4)))
    assert [at for at, _, _ in boat.heard["can0"]] == pytest.approx([1000.0, 1001.0, 1001.0, 1002.0])


def test_a_log_without_times_is_played_at_the_pace_of_a_busy_bus(tmp_path: Path, boat: Boat) -> None:
    path = tmp_path / "screen.log"
    path.write_text("  can0  18EAFF24   [1]  14\n" * 501)
    boat.play(path)
    assert boat.heard["can0"][-1][0] == pytest.approx(1001.0)


def test_a_dense_log_is_handed_on_in_bounded_batches(tmp_path: Path, boat: Boat) -> None:
    boat.play(write(tmp_path, *(line(0, i) for i in range(1000))))
    assert max(count for _, count in boat.moments) == replay.BATCH
    assert len(boat.heard["can0"]) == 1000


def test_each_bus_of_the_log_has_its_own_sink(tmp_path: Path, boat: Boat) -> None:
    boat.play(write(tmp_path, line(0, 1, "vecan0"), line(0, 2, "can1"), line(1, 3, "vecan0")))
    assert {bus: [int.from_bytes(data) for _, _, data in frames] for bus, frames in boat.heard.items()} == {
        "vecan0": [1, 3],
        "can1": [2],
    }


def test_a_bus_nobody_wants_is_dropped(tmp_path: Path) -> None:
    path = write(tmp_path, line(0))

    async def run() -> int:
        source = ReplaySource(ReplaySpec(str(path), math.inf), lambda bus: None)
        await source.start()
        await source.ended()
        await source.close()
        return source.stats.frames

    assert asyncio.run(run()) == 0


def test_at_the_end_the_bus_is_silent_and_the_source_says_so(tmp_path: Path, boat: Boat) -> None:
    path = write(tmp_path, line(0), "(1.0) can0 123#00")

    async def run() -> None:
        source = ReplaySource(ReplaySpec(str(path), math.inf), boat.sink_of)
        await source.start()
        await source.ended()
        assert (source.stats.state, source.stats.reason) == ("ended", "the log has ended")
        assert source.stats.ignored == 1
        assert not source.send(1, b"")
        await source.close()

    asyncio.run(run())


def test_broken_lines_are_named_three_times_and_then_counted(
    tmp_path: Path, boat: Boat, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, line(0), *["oops"] * 10)
    source = boat.play(path, math.inf)
    assert source.bad_lines == 10
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 4
    assert "line 2: " in warnings[0]


def test_stopping_in_the_middle(tmp_path: Path) -> None:
    path = write(tmp_path, line(0), line(3600))

    async def run() -> str:
        source = ReplaySource(ReplaySpec(str(path)), lambda bus: None)
        await source.close()
        await source.start()
        await asyncio.sleep(0)
        await source.close()
        return source.stats.state

    assert asyncio.run(run()) == "closed"


def test_a_log_that_cannot_be_read_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        asyncio.run(ReplaySource(ReplaySpec(str(tmp_path / "none")), lambda bus: None).start())


def test_a_fault_behind_the_sink_is_loud_and_comes_out_of_ended(tmp_path: Path) -> None:
    def broken(frames: list[TimedFrame]) -> None:
        raise RuntimeError("a fault of ours")

    faults: list[object] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context["message"]))
        source = ReplaySource(ReplaySpec(str(write(tmp_path, line(0))), math.inf), lambda bus: broken)
        await source.start()
        await source.ended()

    with pytest.raises(RuntimeError, match="a fault of ours"):
        asyncio.run(run())
    assert faults == ["task 'replay' failed"]


SPEEDS = [
    ("boat.log", ReplaySpec("boat.log", 1.0)),
    ("boat.log@2", ReplaySpec("boat.log", 2.0)),
    ("boat.log@0.25", ReplaySpec("boat.log", 0.25)),
    ("boat.log@max", ReplaySpec("boat.log", math.inf)),
    ("a@b.log@max", ReplaySpec("a@b.log", math.inf)),
]


@pytest.mark.parametrize(("text", "spec"), SPEEDS)
def test_log_and_speed_in_one_word(text: str, spec: ReplaySpec) -> None:
    assert parse_replay(text) == spec


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("boat.log@0", "'0' is not a speed"),
        ("boat.log@-1", "'-1' is not a speed"),
        ("boat.log@nan", "'nan' is not a speed"),
        ("boat.log@inf", "'inf' is not a speed"),
        ("boat.log@fast", "'fast' is not a speed"),
        ("boat.log@", "'' is not a speed"),
        ("@2", "does not name a log"),
        ("", "does not name a log"),
        ("-", "does not name a log"),
    ],
)
def test_a_wrong_speed_or_no_log_is_said_so(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_replay(text)


def test_a_file_with_an_at_in_its_name_is_found(tmp_path: Path) -> None:
    path = tmp_path / "boat@sea"
    path.write_text("")
    assert parse_replay(str(path)) == ReplaySpec(str(path), 1.0)
    assert parse_replay(f"{path}@max") == ReplaySpec(str(path), math.inf)


def test_a_trace_of_vebus_is_nothing_to_replay(tmp_path: Path) -> None:
    path = write(tmp_path, *["06 FF 4C 03 00 00 00 AC"] * 5)
    with pytest.raises(LogError, match=r"a trace of VE\.Bus, not of a CAN bus"):
        asyncio.run(ReplaySource(ReplaySpec(str(path)), lambda bus: None).start())


def test_the_load_of_a_replay_is_that_of_the_log_at_any_speed(tmp_path: Path, boat: Boat) -> None:
    path = write(tmp_path, *(line(number / 100) for number in range(901)))
    for speed in (1.0, 60.0, math.inf):
        stats = boat.play(path, speed).stats
        assert stats.log_s == pytest.approx(9.0, abs=0.2), speed
        watch = CanWatch([stats])
        frames, stats.frames, stats.log_s = stats.frames, 0, 0.0
        watch.look(0.0)
        stats.frames, stats.log_s = frames, 9.0
        assert watch.look(5.0)["replay"].load == pytest.approx(5.6, abs=0.1)
