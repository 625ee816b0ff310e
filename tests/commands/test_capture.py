"""`gxbridge capture`: buses, D-Bus and recorded logs as one anonymous file, and what it says is in it."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.core.capture.remarks import remark, remark_of
from gxbridge.edge.can.gxsocket import SocketDirBus
from gxbridge.live import capture_file, capturing
from gxbridge.live.capture_file import capture_lines
from tests.commands.gx import WITHIN_S, Gx
from tests.core.capture.test_frame_anonymiser import LYNX, NAME, NUMBER, SERIAL
from tests.edge.dbus_fakes import Answer, fake, value
from tests.live.speaker import speaking

LOGS = Path(__file__).parents[1] / "faults" / "logs"
COMMAND = [sys.executable, "-m", "gxbridge", "capture"]
BATTERY = f"com.victronenergy.battery.socketcan_can0_vi0_uc{NUMBER}"
SERVICES: dict[str, dict[str, Any]] = {
    BATTERY: {"/Soc": 87.0, "/Serial": SERIAL, "/CustomName": NAME, "/ProductName": "Lynx Smart BMS 500"},
    "com.victronenergy.settings": {"/Settings/Services/Wifi": SERIAL, "/Settings/Vrm/Token": "secret-token"},
    "com.victronenergy.system": {"/Dc/Battery/Voltage": 26.4, "/Dc/Battery/BatteryService": BATTERY},
}
ORIGINALS = (SERIAL, NAME, "Vega", str(NUMBER), "secret", SERIAL.encode().hex(), NUMBER.to_bytes(3, "little").hex())


def capture(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["capture", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def said_in(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The remarks of a capture, by what they are about."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in capture_lines(str(path)):
        if (said := remark_of(line)) is not None:
            about = next(key for key in ("capture", "service", "device", "end") if key in said)
            found.setdefault(about, []).append(said)
    return found


def boat(folder: Path) -> AbstractContextManager[SocketDirBus]:
    """A Lynx that says everything again and again."""
    folder.mkdir(exist_ok=True)
    return speaking(folder, LYNX, 0.05)


def log_of_the_boat(folder: Path) -> Path:
    log = folder / "boat.log"
    log.write_text("".join(f"({100 + at / 100:.6f}) can0 {i:08X}#{d.hex()}\n" for at, (i, d) in enumerate(LYNX * 3)))
    return log


def test_frames_and_d_bus_values_are_in_one_file_without_the_originals(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, bus: str
) -> None:
    file = tmp_path / "boat.log.gz"
    with boat(tmp_path / "can0") as wire, Gx(bus, SERVICES):
        code, out, err = capture(
            capsys, f"gxsocket:{tmp_path / 'can0'}", "--dbus", bus, "--minutes", "0.07", "-o", str(file)
        )  # fmt: skip
        assert wire.recv(0) is None, "something was sent"
    assert code == 0, err
    text = gzip.decompress(file.read_bytes()).decode()
    for original in ORIGINALS:
        assert original.lower() not in text.lower()
    said = said_in(file)
    items = {remark["service"]: remark["items"] for remark in said["service"]}
    battery = BATTERY.replace(str(NUMBER), "999999")
    assert items == {
        battery: {
            "/Soc": 87.0, "/Serial": "serial-0001", "/CustomName": "name-000002", "/ProductName": "Lynx Smart BMS 500"
        },
        "com.victronenergy.system": {"/Dc/Battery/Voltage": 26.4, "/Dc/Battery/BatteryService": battery},
    }  # fmt: skip
    device = said["device"][0]["device"]
    assert (device["product"], device["serial"], device["name"], device["unique_number"]) == (
        "Lynx Smart BMS 500", "serial-0001", "name-000002", 999999,
    )  # fmt: skip
    first = float(text.partition("\n(")[2].partition(")")[0])
    assert all(abs(remark["t"] - first) < 60 for remark in said["service"])
    assert said["end"][0]["end"]["values"] == 6
    assert "can0 41: Lynx Smart BMS 500, serial-0001, name-000002" in out
    assert f"{battery}: 4 paths" in out
    assert "Look through it before you send it" in out


def test_a_recorded_log_is_made_anonymous_and_decodes_as_before(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log, file = log_of_the_boat(tmp_path), tmp_path / "out.log"
    assert capture(capsys, "--replay", str(log), "-o", str(file))[0] == 0
    rows = []
    for path in (log, file):
        main(["decode", "--format", "json", str(path)])
        rows.append([json.loads(line) for line in capsys.readouterr().out.splitlines()])
    assert [(row["t"], row["name"]) for row in rows[0]] == [(row["t"], row["name"]) for row in rows[1]]
    assert [row for row in rows[0] if row["name"] == "battery_status"] == [
        row for row in rows[1] if row["name"] == "battery_status"
    ]
    assert not any(original in json.dumps(rows[1]) for original in ORIGINALS)


@pytest.mark.parametrize("log", sorted(LOGS.glob("*.log")), ids=lambda log: log.stem)
def test_a_capture_of_a_log_explains_as_the_log(capsys: pytest.CaptureFixture[str], tmp_path: Path, log: Path) -> None:
    """But for devices that only say what nobody knows: nothing of these is left."""
    file = tmp_path / "out.log.gz"
    assert capture(capsys, "--replay", str(log), "-o", str(file))[0] == 0
    texts = []
    for path in (log, file):
        main(["explain", "--log", str(path), "--json"])
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        texts.append([(row["t"], row["kind"], row["name"], row["value"]) for row in rows if row["kind"] != "device"])
    assert texts[0] == texts[1]


def test_a_capture_of_a_capture_is_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, second = tmp_path / "1.log", tmp_path / "2.log"
    capture(capsys, "--replay", str(log_of_the_boat(tmp_path)), "-o", str(first))
    assert capture(capsys, "--replay", str(first), "-o", str(second))[0] == 0
    frames = [[line for line in capture_lines(str(path)) if line[0] == "("] for path in (first, second)]
    assert [line.partition("#")[0] for line in frames[0]] == [line.partition("#")[0] for line in frames[1]]


def test_changes_of_values_have_their_moments_and_a_service_that_goes_is_gone(tmp_path: Path, bus: str) -> None:
    file = tmp_path / "boat.log"
    (tmp_path / "can0").mkdir()
    name = "com.victronenergy.solarcharger.ttyO1"

    def answer(path: str, member: str, _body: list[Any]) -> Answer:
        good = (path, member) == ("/", "GetItems")
        return ("a{sa{sv}}", [{"/Yield/Power": value("d", 100.0)}]) if good else "org.freedesktop.DBus.Error.Failed"

    async def scenario() -> None:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, f"gxsocket:{tmp_path / 'can0'}", "--dbus", bus, "-o", str(file), stdout=subprocess.DEVNULL
        )
        async with fake(bus, name, answer) as charger:
            await until(lambda: '"/Yield/Power":100.0' in file.read_text())
            charger.signal("/", "ItemsChanged", "a{sa{sv}}", {"/Yield/Power": value("d", 250.0)})
            await until(lambda: '"/Yield/Power":250.0' in file.read_text())
            await charger.disown(name)
            await until(lambda: '"gone":true' in file.read_text())
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 1, "no frame was heard"

    async def until(holds: Any) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not (file.exists() and holds()):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.05)

    asyncio.run(scenario())
    said = said_in(file)
    assert [remark.get("items", remark.get("gone")) for remark in said["service"]] == [
        {"/Yield/Power": 100.0}, {"/Yield/Power": 250.0}, True,
    ]  # fmt: skip
    assert [remark["t"] for remark in said["service"]] == sorted(remark["t"] for remark in said["service"])
    assert len(said["end"]) == 1


def test_ctrl_c_leaves_a_whole_file(tmp_path: Path) -> None:
    file = tmp_path / "boat.log.gz"
    with boat(tmp_path / "can0"):
        process = subprocess.Popen(
            [*COMMAND, f"gxsocket:{tmp_path / 'can0'}", "--no-dbus", "-o", str(file)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Recording can0 for 5 min")
        deadline = time.monotonic() + WITHIN_S
        while (not file.exists() or file.stat().st_size < 500) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, err
    assert "Lynx Smart BMS 500" in out
    assert len(said_in(file)["end"]) == 1


def test_what_nobody_knows_is_left_out_unless_wanted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = tmp_path / "in.log"
    log.write_text("(1.0) can0 1CEFFF29#66993412DEADBEEF\n(1.1) can0 19FEFA29#2003020103FFFFFF\n")
    code, out, err = capture(capsys, "--replay", str(log), "-o", str(tmp_path / "a.log"))
    assert code == 1
    assert "no frame was heard that could be recorded" in err
    assert "left out: 2 messages that gxbridge does not know" in out
    assert "register 0x1234 (1)" in out
    code, out, _ = capture(capsys, "--replay", str(log), "-o", str(tmp_path / "b.log"), "--keep-unknown")
    assert code == 0
    assert "1 frame of can0" in out
    assert "--keep-unknown" in out
    assert "DEADBEEF" in (tmp_path / "b.log").read_text()
    assert "DEADBEEF" not in (tmp_path / "a.log").read_text()


def test_a_file_is_never_overwritten_and_none_is_left_where_nothing_could_be_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    mine, log = tmp_path / "mine.gz", tmp_path / "no.log"
    mine.write_text("mine")
    log.write_text("no log\n")
    code, _, err = capture(capsys, "--replay", str(log_of_the_boat(tmp_path)), "-o", str(mine))
    assert (code, mine.read_text()) == (2, "mine")
    assert "is not overwritten; choose another with -o" in err
    code, _, err = capture(capsys, "--replay", str(log), "-o", str(tmp_path / "out"))
    assert (code, (tmp_path / "out").exists()) == (2, False)
    assert "look like any log format known" in err
    code, _, err = capture(capsys, "--replay", str(log), "-o", str(tmp_path / "none" / "out"))
    assert code == 2
    assert "none/out: No such file or directory" in err


@pytest.mark.parametrize("name", ["out.log", "out.log.gz"])
def test_a_full_disk_is_said_and_leaves_no_file(tmp_path: Path, name: str) -> None:
    log = tmp_path / "long.log"
    log.write_text("".join(f"({at}.0) can0 19F21429#{at * 7919 % 65536:04X}500A64005F73\n" for at in range(1, 20_000)))
    done = subprocess.run(
        [*COMMAND, "--replay", str(log), "-o", str(tmp_path / name)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True, text=True, timeout=2 * WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"{tmp_path / name}: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / name).exists()


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    log = log_of_the_boat(tmp_path)
    log.write_text(log.read_text() + "(1.0) can0 nonsense\n")
    done = subprocess.run(
        [*COMMAND, "--replay", str(log), "-o", str(tmp_path / "out.log")],
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{log}: line {3 * len(LYNX) + 1}: " in done.stderr
    assert "1 line could not be read" in done.stderr


def test_without_a_name_it_is_called_by_the_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_of_the_boat(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert capture(capsys, "--replay", str(log))[0] == 0
    (file,) = tmp_path.glob("gxbridge-capture-*.log.gz")
    assert file.stat().st_mode & 0o777 == 0o600


def test_where_python_cannot_pack_it_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GX device, perhaps."""
    log = log_of_the_boat(tmp_path)
    monkeypatch.setattr(capture_file, "find_spec", lambda _name: None)
    assert capture_file.usual_ending() == ".log"
    monkeypatch.setitem(sys.modules, "gzip", None)
    code, _, err = capture(capsys, "--replay", str(log), "-o", str(tmp_path / "out.gz"))
    assert code == 2
    assert "cannot compress with gzip; choose a name without .gz" in err
    assert not (tmp_path / "out.gz").exists()


def test_a_bus_that_is_not_there_is_said_at_once_and_recorded_when_it_comes(tmp_path: Path) -> None:
    file, folder = tmp_path / "boat.log", tmp_path / "can0"
    process = subprocess.Popen(
        [*COMMAND, f"gxsocket:{folder}", "--no-dbus", "-o", str(file)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Recording")
    assert process.stderr.readline().startswith("gxbridge capture: can0: waiting: cannot be opened")
    with boat(folder):
        while (line := process.stderr.readline()).startswith("gxbridge capture: can0: waiting"):
            pass
        assert line == "gxbridge capture: can0: open\n"
        threading.Event().wait(1.0)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0, err


def test_without_a_d_bus_it_records_the_bus_alone_and_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with boat(tmp_path / "can0"):
        code, _, err = capture(
            capsys, f"gxsocket:{tmp_path / 'can0'}", "--dbus", "unix:path=/nowhere", "--minutes", "0.02",
            "-o", str(tmp_path / "out.log"),
        )  # fmt: skip
    assert code == 0
    assert "no D-Bus values: " in err


def test_show_refuses_what_is_no_capture(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = log_of_the_boat(tmp_path)
    for path, words in ((log, "is not a gxbridge capture"), (tmp_path / "none", "No such file")):
        code, _, err = capture(capsys, "--show", str(path))
        assert code == 2
        assert words in err


def test_show_tells_of_a_capture_that_was_cut_off(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log, file = log_of_the_boat(tmp_path), tmp_path / "out.log"
    capture(capsys, "--replay", str(log), "-o", str(file))
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:9]))
    code, out, _ = capture(capsys, "--show", str(file))
    assert code == 0
    assert "cut off" in out
    file.write_text(lines[0])
    assert capture(capsys, "--show", str(file))[0] == 2
    file.write_text(lines[0] + remark({"capture": 1}) + remark({"end": []}))
    assert capture(capsys, "--show", str(file))[0] == 2
    packed = gzip.compress("".join(lines).encode())
    file.write_bytes(packed[: len(packed) // 2])
    code, _, err = capture(capsys, "--show", str(file))
    assert code == 2
    assert "end-of-stream" in err


def test_one_in_which_nothing_was_heard_is_a_log_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "can0").mkdir()
    file = tmp_path / "out.log"
    code, out, err = capture(
        capsys, f"gxsocket:{tmp_path / 'can0'}", "--no-dbus", "--minutes", "0.01", "-o", str(file)
    )  # fmt: skip
    assert code == 1
    assert "no frames" in out
    assert "no frame was heard" in err
    assert main(["decode", str(file)]) == 0


def test_a_fault_of_ours_while_a_log_is_played_is_loud_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(capturing.Capturing, "_record", fail)
    with pytest.raises(ZeroDivisionError):
        main(["capture", "--replay", str(log_of_the_boat(tmp_path)), "-o", str(tmp_path / "out.log")])
    assert not (tmp_path / "out.log").exists()
