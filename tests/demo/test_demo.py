"""`gxbridge demo`, for real: all acts once, and every way to end it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from gxbridge.demo import main
from gxbridge.demo.acts import Act, ActPlayer, read_acts
from gxbridge.demo.lines import ChangeText
from gxbridge.demo.processes import environment
from gxbridge.demo.roles import ALTERNATOR, BATTERY, CAN, DIRECT, GXBRIDGE, MULTI
from gxbridge.demo.screen import Screen
from gxbridge.demo.simulation import NoItem, SeenValue
from gxbridge.edge.dbus.parse import WireValue

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gxbridge", "demo"]
PATIENCE_S = 120.0
BOAT_ACTS = [act for act in read_acts("boat") if act.only != "full"]
CABIN_ACTS = read_acts("cabin")


class Ended(NamedTuple):
    """A run of the demo that is over."""

    code: int
    out: str
    err: str
    took_s: float


def demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT, text=True
    )


def left_over(out: str) -> list[str]:
    """Processes and folders that a run has left behind, by the folder it named."""
    found = re.search(r"unix:path=(\S+?/gxbridge-demo-[^/]+)/", out)
    if found is None:
        return []
    folder = found.group(1)
    left = [folder] if Path(folder).exists() else []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            left += [command] if folder in command else []
    return left


@pytest.fixture(scope="module")
def played() -> Ended:
    started = time.monotonic()
    process = demo("--plain")
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, out, err, time.monotonic() - started)


def test_every_act_passes(played: Ended) -> None:
    assert played.code == 0, played.out + played.err
    assert "All acts passed." in played.out
    assert played.err == ""


@pytest.mark.parametrize("act", [*BOAT_ACTS, *CABIN_ACTS], ids=lambda act: act.title)
def test_each_act_was_played_and_passed(played: Ended, act: Act) -> None:
    title = re.escape(act.title)
    assert re.search(rf"==  act \d of \d: {title}", played.out)
    assert re.search(rf"{title} +\d+\.\d s  passed", played.out)


def test_every_change_has_a_line(played: Ended) -> None:
    for line in (
        "battery charge current limit (CCL): 200 A",
        "battery allowed to charge: yes -> no|battery allowed to charge: no",
        "battery allowed to discharge: no",
        "battery low cell voltage: warning",
        "MPPT 100/50 told: charge current: .* -> 0 A",
        "MPPT 150/70 told: charge current: .* -> 0 A",
        "Orion XS told: charge current: .* -> 0 A",
        "MultiPlus told: charge current: .* -> 0 A",
        "MultiPlus state: inverting",
        "MultiPlus VE.Bus BMS: allowed to charge: no",
        "service why: .*",
    ):
        assert re.search(line.replace("(CCL)", r"\(CCL\)"), played.out), line


def test_it_says_how_to_watch_along(played: Ended) -> None:
    assert re.search(r"DBUS_SYSTEM_BUS_ADDRESS=unix:path=\S+ dbus-spy", played.out)
    assert re.search(r"busctl --address=unix:path=\S+ introspect com\.victronenergy\.", played.out)
    assert re.search(r"gxbridge explain --dbus unix:path=\S+", played.out)


def test_it_has_left_nothing_behind(played: Ended) -> None:
    assert left_over(played.out) == []


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    assert process.stdout is not None
    out = ""
    for line in process.stdout:
        out += line
        if wanted in line:
            return out
    raise AssertionError(f"{wanted!r} never came: {out}{process.stderr.read() if process.stderr else ''}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_and_leaves_nothing(number: signal.Signals) -> None:
    process = demo("--plain")
    out = read_until(process, "act 1 of")
    process.send_signal(number)
    rest, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 128 + number
    assert "Traceback" not in rest + err
    assert "everything it started has ended" in err
    assert left_over(out) == []


def test_a_reader_that_leaves_ends_it_without_noise() -> None:
    process = demo("--plain")
    out = read_until(process, "act 1 of")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(PATIENCE_S) == 128 + signal.SIGPIPE
    assert err == ""
    assert left_over(out) == []


def test_a_service_that_dies_fails_the_demo_with_its_last_words() -> None:
    process = demo("--plain")
    out = read_until(process, "act 1 of")
    found = re.search(r"unix:path=(\S+/boat)/bus", out)
    assert found is not None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"run\0--config\0{found.group(1)}" in read(entry / "cmdline"):
            os.kill(int(entry.name), signal.SIGKILL)
    rest, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "The demo FAILED. gxbridge ended with code -9" in rest
    assert left_over(out) == []


def read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def test_without_a_dbus_daemon_it_says_so_in_one_line() -> None:
    process = demo("--plain", "--dbus-daemon", "/no/such/daemon")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (1, "")
    assert err == "gxbridge demo: there is no program /no/such/daemon (--dbus-daemon)\n"


def test_a_live_screen_needs_a_terminal_and_rich(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not main.wants_screen(Namespace(plain=False))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main.wants_screen(Namespace(plain=False))
    assert not main.wants_screen(Namespace(plain=True))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not main.wants_screen(Namespace(plain=False))
    assert "rich>=13" in capsys.readouterr().out


class FakeInstallation:
    """Somebody to draw."""

    address = "unix:path=/tmp/x/bus"

    def __init__(self, name: str, values: dict[tuple[str, str], SeenValue]) -> None:
        self.name, self.values = name, values

    def value(self, role: str, path: str) -> SeenValue:
        known = any(each == role for each, _ in self.values)
        return self.values.get((role, path), NoItem.PATH if known else NoItem.SERVICE)

    def service(self, role: str) -> str:
        return f"service of {role}"


VALUES: dict[tuple[str, str], SeenValue] = {
    (BATTERY, "/Dc/0/Voltage"): 26.67,
    (BATTERY, "/Dc/0/Current"): -79.5,
    (BATTERY, "/Dc/0/Temperature"): None,
    (BATTERY, "/System/MinCellVoltage"): 3.29,
    (BATTERY, "/System/MaxCellVoltage"): 3.58,
    (BATTERY, "/Io/AllowToCharge"): 1,
    (BATTERY, "/Io/AllowToDischarge"): None,
    (GXBRIDGE, "/Bms/State"): "live",
    (GXBRIDGE, "/Limits/Ccl/Value"): 60.0,
    (GXBRIDGE, "/Limits/Ccl/Reason"): "said by the Lynx",
    (GXBRIDGE, "/Limits/Charger/0/Service"): f"service of {CAN}",
    (GXBRIDGE, "/Limits/Charger/0/Reason"): "its sh",
    (GXBRIDGE, "/Findings/0/Id"): "x",
    (GXBRIDGE, "/Findings/0/Text"): "somebody should know",
    (MULTI, "/Dc/0/Current"): -80.0,
    (MULTI, "/State"): 9,
    (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"): 600,
    (DIRECT, "/Dc/0/Current"): 0.0,
    (DIRECT, "/ErrorCode"): 67,
    (CAN, "/Dc/0/Current"): 12.5,
    (CAN, "/Link/ChargeCurrent"): 12.5,
    (CAN, "/State"): 252,
    (ALTERNATOR, "/Dc/0/Current"): None,
}


def player(name: str, values: dict[tuple[str, str], SeenValue], acts: Sequence[Act], number: int = 0) -> ActPlayer:
    return ActPlayer(FakeInstallation(name, values), acts, lambda mark, text: None, None, number=number)  # type: ignore[arg-type]


def drawn(width: int, height: int, *players: ActPlayer) -> str:
    console = Console(width=width, height=height, record=True, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    screen = Screen(console)
    for each in players:
        screen.started(each)
    screen.line(1.5, "boat", "->", "the sun comes out")
    console.print(screen.picture())
    console.file.close()
    return console.export_text()


CABIN_VALUES: dict[tuple[str, str], SeenValue] = {
    (MULTI, "/Dc/0/Current"): 70.0,
    (DIRECT, "/Dc/0/Current"): 41.5,
    (GXBRIDGE, "/Limits/Ccl/Value"): 10000.0,
    (GXBRIDGE, "/Limits/Ccl/Reason"): "the VE.Bus BMS allows charging",
}


@pytest.mark.parametrize(("width", "height"), [(80, 24), (130, 45)])
@pytest.mark.parametrize("reason", ["said by the Lynx", "said by the Lynx " * 9], ids=["short", "long"])
def test_the_screen_shows_all_that_matters_in_whole_boxes(width: int, height: int, reason: str) -> None:
    values = VALUES | {(GXBRIDGE, f"/Limits/{limit}/Reason"): reason for limit in ("Cvl", "Ccl", "Dcl")}
    boat = player("boat", values, BOAT_ACTS, 3)
    cabin = player("cabin", CABIN_VALUES, CABIN_ACTS)
    for pictured in (drawn(width, height, boat), drawn(width, height, boat, cabin)):
        for text in (
            "act 3 of 8",
            "recovery",
            "26.67 V",
            "3.29-3.58 V",
            "may discharge unknown",
            "CVL",
            "60 A",
            "DCL",
            "said by the Lynx",
            "its sh",
            "12.5 A at –",
            "-80 A, inverting",
            "ERROR 67",
            "the sun comes out",
        ):
            assert text in pictured, text
        rows = pictured.splitlines()
        assert len(rows) <= height
        boxes = "".join(rows)
        assert boxes.count("╭") == boxes.count("╰") == boxes.count("╯"), "every box is closed"
        assert ("somebody should know" in pictured) == (height >= 34)
    assert "41.5 A" in pictured
    assert "no limit" in pictured


def test_the_screen_shows_the_cabin_only_while_it_plays() -> None:
    boat, cabin = player("boat", VALUES, BOAT_ACTS, 6), player("cabin", CABIN_VALUES, CABIN_ACTS)
    assert "cabin" in drawn(120, 50, boat, cabin)
    cabin.over = True
    assert "cabin" not in drawn(120, 50, boat, cabin)


def test_before_anything_is_there_the_screen_says_what_is_being_started() -> None:
    assert "private D-Bus" in drawn(80, 24)


def lines_of(role: str, path: str, *values: WireValue) -> list[str]:
    texts = ChangeText()
    return [text for value in values if (text := texts.text(role, path, value))]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((BATTERY, "/Info/MaxChargeCurrent", None, 200.0, 60.0), [
            "battery charge current limit (CCL): 200 A", "battery charge current limit (CCL): 200 A -> 60 A",
        ]),
        ((BATTERY, "/Info/MaxChargeCurrent", 200.0, None), [
            "battery charge current limit (CCL): 200 A", "battery charge current limit (CCL): unknown",
        ]),
        ((DIRECT, "/Link/ChargeCurrent", None, 50.0, 49.0, 40.0, 0.0), [
            "MPPT 100/50 told: charge current: 50 A",
            "MPPT 100/50 told: charge current: 50 A -> 40 A",
            "MPPT 100/50 told: charge current: 40 A -> 0 A",
        ]),
        ((BATTERY, "/Info/MaxDischargeCurrent", 10000.0, 9969.0), ["battery discharge current limit (DCL): no limit"]),
        ((BATTERY, "/Dc/0/Temperature", 3.0), ["battery temperature: 3 °C"]),
        ((DIRECT, "/State", 0, 252), ["MPPT 100/50 state: external control"]),
        ((DIRECT, "/Nothing", 0, 1), []),
        ((DIRECT, "", "com.x.tty2", None), [
            "MPPT 100/50 is on the bus: com.x.tty2", "MPPT 100/50 has left the bus",
        ]),
    ],
)  # fmt: skip
def test_one_line_for_each_change_that_is_worth_one(change: tuple[str, str, WireValue], said: list[str]) -> None:
    assert lines_of(*change) == said


def test_the_folder_is_short_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp/" + "long" * 20)
    with main._folder() as path:
        assert len(path) < 40
        assert Path(path).is_dir()
    assert not Path(path).exists()
