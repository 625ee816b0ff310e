"""The directory bus: between processes, with dead and slow participants, and as python-can sees it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.edge.can import gxsocket
from gxbridge.edge.can.gxsocket import SocketDirBus, pack, unpack
from gxbridge.edge.logs.reader import open_log

ROOT = Path(__file__).parents[3]


def message(number: int = 0, size: int = 8) -> can.Message:
    return can.Message(arbitration_id=0x1CEFFF24, data=number.to_bytes(size, "little"), is_extended_id=True)


def numbers(bus: SocketDirBus, timeout_s: float = 0.3) -> list[int]:
    """Everything that arrives until it is quiet."""
    heard = []
    while (got := bus.recv(timeout_s)) is not None:
        heard.append(int.from_bytes(got.data, "little"))
    return heard


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[SocketDirBus, SocketDirBus]]:
    with SocketDirBus(tmp_path) as one, SocketDirBus(tmp_path) as two:
        yield one, two


def test_everybody_else_hears_a_frame_and_the_sender_does_not(tmp_path: Path) -> None:
    with SocketDirBus(tmp_path) as one, SocketDirBus(tmp_path) as two, SocketDirBus(tmp_path) as three:
        one.send(message(7))
        assert (numbers(one), numbers(two), numbers(three)) == ([], [7], [7])


def test_the_channel_of_a_frame_has_no_blank_so_that_a_log_of_it_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "a bus  here"
    folder.mkdir()
    log = tmp_path / "seen.log"
    with SocketDirBus(folder) as one, SocketDirBus(folder) as two, can.CanutilsLogWriter(log) as writer:
        one.send(message(7))
        heard = two.recv(1.0)
        assert heard is not None
        writer(heard)
    with open_log(str(log)) as reader:
        assert [(bus, data[0]) for _, bus, _, data in reader] == [("a_bus_here", 7)]


def test_who_joins_later_hears_what_is_sent_from_then_on(tmp_path: Path) -> None:
    with SocketDirBus(tmp_path) as one:
        one.send(message(1))
        with SocketDirBus(tmp_path) as two:
            one.send(message(2))
            assert numbers(two) == [2]


def test_a_frame_between_two_processes(tmp_path: Path) -> None:
    code = (
        "import sys, can\nfrom gxbridge.edge.can.gxsocket import SocketDirBus\n"
        "with SocketDirBus(sys.argv[1]) as bus:\n"
        "    bus.send(can.Message(arbitration_id=0x123, data=b'hi', is_extended_id=False))\n"
        "    answer = bus.recv(10)\n"
        "    print(answer.arbitration_id, bytes(answer.data))\n"
    )
    with SocketDirBus(tmp_path) as bus:
        with subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as other:
            heard = bus.recv(20)
            assert heard is not None
            assert (heard.arbitration_id, heard.is_extended_id, bytes(heard.data)) == (0x123, False, b"hi")
            bus.send(message(5, 2))
            assert other.communicate(timeout=20)[0] == f"{0x1CEFFF24} b'\\x05\\x00'\n"
        assert os.listdir(tmp_path) == [Path(bus.path).name]


def test_the_socket_of_a_dead_participant_is_swept_away(tmp_path: Path) -> None:
    code = (
        "import sys, os\nfrom gxbridge.edge.can.gxsocket import SocketDirBus\n"
        "bus = SocketDirBus(sys.argv[1])\nos._exit(1)\n"
    )
    with SocketDirBus(tmp_path) as one, SocketDirBus(tmp_path) as two:
        one.send(message(1))
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
        assert len(os.listdir(tmp_path)) == 3
        one.send(message(2))
        assert len(os.listdir(tmp_path)) == 2
        assert numbers(two) == [1, 2]


def test_a_participant_that_dies_while_known_is_swept_away_with_the_next_frame(tmp_path: Path) -> None:
    with SocketDirBus(tmp_path) as one:
        other = SocketDirBus(tmp_path)
        one.send(message(1))
        other.socket.close()  # as the kernel does for a process that was killed: the file stays
        one.send(message(2))
        assert os.listdir(tmp_path) == [Path(one.path).name]
        other.shutdown()


def test_a_slow_receiver_gets_everything_in_order_and_the_sender_never_waits(
    pair: tuple[SocketDirBus, SocketDirBus],
) -> None:
    one, two = pair
    for number in range(500):
        one.send(message(number))
    one.send(message(500))
    assert numbers(two) == list(range(501))
    assert one.dropped == 0


def test_a_receiver_that_never_reads_costs_counted_frames(
    pair: tuple[SocketDirBus, SocketDirBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    monkeypatch.setattr(gxsocket, "BACKLOG", 20)
    monkeypatch.setattr(gxsocket, "FAREWELL_S", 0.05)
    for number in range(1000):
        one.send(message(number))
    assert 0 < one.dropped < 1000
    before = one.dropped
    one.shutdown()
    assert one.dropped == before + 20
    heard = numbers(two)
    assert heard == list(range(len(heard)))
    assert len(heard) == 1000 - one.dropped


def test_leaving_passes_on_what_is_still_waiting(tmp_path: Path) -> None:
    code = (
        "import sys, can\nfrom gxbridge.edge.can.gxsocket import SocketDirBus\n"
        "with SocketDirBus(sys.argv[1]) as bus:\n"
        "    for i in range(300): bus.send(can.Message(arbitration_id=1, data=i.to_bytes(2, 'little')))\n"
    )
    with SocketDirBus(tmp_path) as bus:
        with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) as other:
            heard = [bus.recv(20) for _ in range(300)]
            assert other.wait(20) == 0
        assert [int.from_bytes(got.data, "little") for got in heard if got] == list(range(300))


def test_a_missing_directory_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(can.CanInitializationError, match="No such file or directory"):
        SocketDirBus(tmp_path / "missing")


def test_a_path_too_long_for_a_socket_is_said_so(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    with pytest.raises(can.CanInitializationError, match="longer than a socket name may be"):
        SocketDirBus(deep)
    assert list(deep.iterdir()) == []


def test_a_directory_that_vanishes_is_an_error_of_the_bus(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir()
    with SocketDirBus(folder) as bus:
        os.unlink(bus.path)
        folder.rmdir()
        with pytest.raises(can.CanOperationError, match="No such file or directory"):
            bus.send(message())


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with SocketDirBus(tmp_path) as bus:
        bus.send(message())
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_nothing_to_hear_is_none_after_the_timeout(pair: tuple[SocketDirBus, SocketDirBus]) -> None:
    begin = time.monotonic()
    assert pair[0].recv(0.05) is None
    assert time.monotonic() >= begin + 0.05
    assert pair[0].recv(0) is None


def test_rubbish_in_the_socket_is_no_message(pair: tuple[SocketDirBus, SocketDirBus]) -> None:
    one, two = pair
    one.socket.sendto(b"short", two.path)
    one.socket.sendto(bytes(17), two.path)
    one.send(message(3))
    assert [two.recv(0), two.recv(0)] == [None, None]
    assert numbers(two) == [3]


def test_can_fd_is_refused(pair: tuple[SocketDirBus, SocketDirBus]) -> None:
    with pytest.raises(ValueError, match="classic CAN"):
        pair[0].send(can.Message(arbitration_id=1, is_fd=True, data=bytes(12)))


def test_python_can_finds_it_by_the_entry_point_of_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["can.interface"]
    module, _, name = declared["gxsocket"].partition(":")
    assert getattr(importlib.import_module(module), name) is SocketDirBus


@given(st.integers(0, 0x1FFFFFFF), st.booleans(), st.booleans(), st.booleans(), st.binary(max_size=8))
def test_a_frame_survives_the_way_through_the_struct(
    can_id: int, extended: bool, remote: bool, error: bool, data: bytes
) -> None:
    if not extended:
        can_id &= 0x7FF
    sent = can.Message(
        arbitration_id=can_id, is_extended_id=extended, is_remote_frame=remote, is_error_frame=error,
        data=None if remote else data, dlc=len(data),
    )  # fmt: skip
    got = unpack(pack(sent))
    assert got is not None
    assert got.equals(sent, timestamp_delta=None, check_channel=False)


def test_a_length_beyond_8_is_no_frame() -> None:
    assert unpack(b"\0\0\0\0\x09" + bytes(11)) is None
