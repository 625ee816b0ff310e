"""`gxbridge watch`: on a pipe, on a terminal, on a bus of sockets, and its log."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.doctor import gather
from gxbridge.edge.can.gxsocket import SocketDirBus
from gxbridge.live import terminal
from gxbridge.live.terminal import RichMissing, require_rich
from tests.live.speaker import speaking

LOGS = Path(__file__).parents[1] / "faults" / "logs"
LOG = LOGS / "bms-cable.log"
COMMAND = [sys.executable, "-m", "gxbridge", "watch"]
WITHIN_S = 30.0
CCL = bytes.fromhex("669991034E000000")


def watch(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["watch", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def sender(folder: Path, pause_s: float = 0.01) -> AbstractContextManager[SocketDirBus]:
    """A device that says its CCL again and again."""
    return speaking(folder, [(0x1CEFFF29, CCL)], pause_s)


def test_on_a_pipe_a_log_gives_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = watch(capsys, "--replay", f"{LOG}@max")
    assert (code, err) == (0, "")
    assert "replay: ended, 59 frames" in out
    assert out.count("can0 41: Lynx Smart BMS 500, battery, NAME 167120, v1.06") == 1
    assert re.search(r"0\.\d s 0x0391 BATTERY_LIMIT_CHARGE_CURRENT +200\.0 A", out)
    assert "\x1b" not in out


def test_the_dump_of_a_log_is_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for log in sorted(LOGS.glob("*.log")):
        dump = tmp_path / log.name
        code, _, err = watch(capsys, "--replay", f"{log}@max", "--dump", str(dump), "--vreg", "0x0391")
        assert code == 0
        assert f"wrote {dump}" in err
        assert frames_of(capsys, dump) == frames_of(capsys, log)


def frames_of(capsys: pytest.CaptureFixture[str], log: Path) -> str:
    main(["decode", "--format", "json", str(log)])
    return capsys.readouterr().out


def test_the_dump_is_never_written_over_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dump = tmp_path / "mine"
    dump.write_text("mine")
    code, _, err = watch(capsys, "--replay", f"{LOG}@max", "--dump", str(dump))
    assert (code, dump.read_text()) == (2, "mine")
    assert "already exists" in err


def test_a_log_that_cannot_be_read_leaves_no_dump(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, dump = tmp_path / "no.log", tmp_path / "dump"
    log.write_text("no log at all\n")
    code, _, err = watch(capsys, "--replay", str(log), "--dump", str(dump))
    assert (code, dump.exists()) == (2, False)
    assert "look like any log format known" in err


def test_where_the_dump_cannot_be_made_it_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = watch(capsys, "--replay", str(LOG), "--dump", str(tmp_path / "none" / "dump"))
    assert code == 2
    assert "none/dump: No such file or directory" in err


def test_a_full_disk_ends_it_with_the_file_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--replay", f"{LOG}@max", "--dump", str(tmp_path / "dump")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"{tmp_path / 'dump'}: File too large" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing:here"], "unknown interface 'nothing'"),
        (["--replay", "/nowhere.log"], "/nowhere.log cannot be read"),
        (["can0", "--replay", str(LOG)], "give a log or buses, not both"),
        (["can0", "socketcan:can0"], "two buses are called can0"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    code, _, err = watch(capsys, *arguments)
    assert code == 2
    assert words in err


def test_a_bus_that_is_missing_says_why_and_nothing_heard_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = watch(capsys, "gxsocket:/nowhere", "--seconds", "0.3")
    assert code == 1
    assert "nowhere: waiting" in out
    assert "No such file or directory" in " ".join(out.split())
    assert "nothing is heard yet" in out


def test_without_a_bus_it_is_that_of_the_configuration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text("can:\n- {interface: gxsocket, channel: /nowhere, name: boat}\n")
    assert "boat: waiting" in watch(capsys, "--config", str(config), "--seconds", "0.1")[1]
    monkeypatch.setattr(gather, "USUAL_CONFIG", config)
    assert "boat: waiting" in watch(capsys, "--seconds", "0.1")[1]
    monkeypatch.setattr(gather, "USUAL_CONFIG", tmp_path / "none")
    assert "vecan0: " in watch(capsys, "--seconds", "0.1")[1]


def test_two_buses_are_heard_and_nothing_is_sent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a0", "a1")]
    for folder in folders:
        folder.mkdir()
    dump = tmp_path / "both.log"
    with sender(folders[0]) as first, sender(folders[1]) as second:
        code, out, _ = watch(
            capsys, *(f"gxsocket:{folder}" for folder in folders), "--seconds", "3", "--dump", str(dump)
        )  # fmt: skip
        assert first.recv(0) is None
        assert second.recv(0) is None
    assert code == 0
    for bus in ("a0", "a1"):
        assert re.search(rf"{bus}: open, \d+ frames/s, load \d+ %", out)
        assert f"{bus} 41: unknown product" in out
        assert f" {bus} 1CEFFF29#669991034E000000\n" in dump.read_text()
    assert out.count("7.8 A") == 2


@contextmanager
def on_a_terminal(*arguments: str, rows: int = 24, columns: int = 80, **environment: str) -> Iterator[tuple[int, int]]:
    """The command on a terminal of its own: its process and the other end."""
    pid, handle = pty.fork()
    if pid == 0:
        environment = {**os.environ, "TERM": "xterm-256color", **environment}
        os.execve(COMMAND[0], [*COMMAND, *arguments], environment)  # noqa: S606 - what is tested
    fcntl.ioctl(handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        yield pid, handle
    finally:
        os.close(handle)


def read_until(handle: int, words: str) -> str:
    """What the terminal shows until it shows the words, or to the end."""
    text, deadline = "", time.monotonic() + WITHIN_S
    while words not in text and time.monotonic() < deadline:
        if not select.select([handle], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(handle, 65536)
        except OSError:  # its end is closed: the program has ended
            break
        text += part.decode(errors="replace")
    return text


def ended(pid: int, handle: int) -> int:
    read_until(handle, "\0never")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_on_a_terminal_keys_turn_the_pages_and_end_it() -> None:
    with on_a_terminal("--replay", f"{LOG}@max") as (pid, handle):
        first = read_until(handle, "page 1 of 2")
        assert "\x1b[?1049h" in first
        assert "Lynx Smart BMS 500" in first
        assert "fluid level" not in first
        os.write(handle, b" ")
        assert "fluid level" in read_until(handle, "page 2 of 2")
        os.write(handle, b"p")
        assert "page 1 of 2" in read_until(handle, "page 1 of 2")
        os.write(handle, b"q")
        assert ended(pid, handle) == 0


@pytest.mark.parametrize(("environment", "colour"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour(environment: dict[str, str], colour: bool, tmp_path: Path) -> None:
    with on_a_terminal(f"gxsocket:{tmp_path / 'no'}", **environment) as (pid, handle):
        text = read_until(handle, "nothing is heard")
        assert ("\x1b[1;31m" in text) == colour
        os.kill(pid, signal.SIGTERM)
        assert ended(pid, handle) == 1, "nothing was heard"


def test_ctrl_c_ends_it_clean_with_every_frame_in_the_log(tmp_path: Path) -> None:
    bus, dump = tmp_path / "bus", tmp_path / "dump.log"
    bus.mkdir()
    with sender(bus), on_a_terminal(f"gxsocket:{bus}", "--dump", str(dump)) as (pid, handle):
        read_until(handle, "7.8 A")
        os.write(handle, b"\x03")
        text = read_until(handle, "wrote ")
        assert "\x1b[?1049l" in text
        assert ended(pid, handle) == 0
    written = dump.read_text().splitlines()
    assert written
    assert all(re.fullmatch(r"\(\d{10}\.\d{6}\) bus 1CEFFF29#669991034E000000", line) for line in written)


def test_a_reader_that_has_gone_ends_it_quietly_and_the_log_is_whole(tmp_path: Path) -> None:
    dump = tmp_path / "dump.log"
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "--replay", f"{LOG}@max", "--dump", str(dump)],
        stdout=writer, stderr=subprocess.PIPE, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert len(dump.read_text().splitlines()) == 59


def test_without_rich_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(RichMissing, match=r"pip install 'rich>=13'.*--plain"):
        require_rich()


def test_a_table_can_be_printed_without_rich(tmp_path: Path) -> None:
    """On a GX there is none."""
    code = "import sys; sys.modules['rich'] = None; from gxbridge.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "watch", "--replay", f"{LOG}@max", "--plain"],
        capture_output=True, text=True, timeout=WITHIN_S, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Lynx Smart BMS 500" in done.stdout
