"""`gxbridge demo`, for real: the whole story once, and every way to end it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.console import Console

from gxbridge.demo import boat, cabin, main
from gxbridge.demo.cast import ALTERNATOR, BATTERY, CAN, DIRECT, GXBRIDGE, MULTI
from gxbridge.demo.checks import NoPath, NoService, Seen
from gxbridge.demo.keeper import environment
from gxbridge.demo.lines import Lines
from gxbridge.demo.screen import Screen
from gxbridge.demo.show import Scene, Wishes
from gxbridge.demo.watch import Change

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gxbridge", "demo"]
PATIENCE_S = 120.0


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
def story() -> Ended:
    started = time.monotonic()
    process = demo("--plain")
    out, err = process.communicate(timeout=PATIENCE_S)
    return Ended(process.returncode, out, err, time.monotonic() - started)


def test_the_story_ends_as_it_must(story: Ended) -> None:
    assert story.code == 0, story.out + story.err
    assert "The story ended as it must." in story.out
    assert story.err == ""


@pytest.mark.parametrize("act", [*boat.acts(full=False), *cabin.ACTS], ids=lambda act: act.title)
def test_each_act_was_played_and_ended_as_it_must(story: Ended, act: object) -> None:
    title = re.escape(act.title)  # type: ignore[attr-defined]
    assert re.search(rf"==  act \d of \d: {title}", story.out)
    assert re.search(rf"{title} +\d+\.\d s  as it must", story.out)


def test_every_change_has_a_line(story: Ended) -> None:
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
        assert re.search(line.replace("(CCL)", r"\(CCL\)"), story.out), line


def test_it_says_how_to_watch_along(story: Ended) -> None:
    assert re.search(r"DBUS_SYSTEM_BUS_ADDRESS=unix:path=\S+ dbus-spy", story.out)
    assert re.search(r"busctl --address=unix:path=\S+ introspect com\.victronenergy\.", story.out)
    assert re.search(r"gxbridge explain --dbus unix:path=\S+", story.out)


def test_it_has_left_nothing_behind(story: Ended) -> None:
    assert left_over(story.out) == []


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


def test_a_service_that_dies_fails_the_story_with_its_last_words() -> None:
    process = demo("--plain")
    out = read_until(process, "act 1 of")
    found = re.search(r"unix:path=(\S+/boat)/bus", out)
    assert found is not None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and f"run\0--config\0{found.group(1)}" in read(entry / "cmdline"):
            os.kill(int(entry.name), signal.SIGKILL)
    rest, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert "The story did NOT end as it must. the service ended by itself with code -9" in rest
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
    assert not main.wants_screen(Wishes())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main.wants_screen(Wishes())
    assert not main.wants_screen(Wishes(plain=True))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not main.wants_screen(Wishes())
    assert "gxbridge[tui]" in capsys.readouterr().out


class FakeStage:
    """Somebody to draw."""

    address = "unix:path=/tmp/x/bus"

    def __init__(self, values: dict[tuple[str, str], Seen]) -> None:
        self.values = values

    def value(self, role: str, path: str) -> Seen:
        known = any(each == role for each, _ in self.values)
        return self.values.get((role, path), NoPath if known else NoService)

    def service(self, role: str) -> str:
        return f"service of {role}"


VALUES: dict[tuple[str, str], Seen] = {
    (BATTERY, "/Dc/0/Voltage"): 26.67,
    (BATTERY, "/Dc/0/Current"): -79.5,
    (BATTERY, "/Dc/0/Temperature"): None,
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


def drawn(width: int, height: int, *scenes: Scene) -> str:
    console = Console(width=width, height=height, record=True, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    screen = Screen(console)
    for scene in scenes:
        screen.enter(scene)
    screen.line(1.5, "boat", "->", "the sun comes out")
    console.print(screen.picture())
    console.file.close()
    return console.export_text()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (130, 45)])
def test_the_screen_shows_limits_with_reasons_and_what_each_charger_does(width: int, height: int) -> None:
    acts = boat.acts(full=False)
    scene = Scene("boat", FakeStage(VALUES), None, acts, acts[2])  # type: ignore[arg-type]
    picture = drawn(width, height, scene)
    for text in (
        "act 3 of 8",
        "recovery",
        "26.67 V",
        "may discharge unknown",
        "60 A",
        "said by the Lynx",
        "its sh",
        "12.5 A at –",
        "-80.0 A, inverting",
        "ERROR 67",
        "the sun comes out",
    ):
        assert text in picture, text
    assert ("somebody should know" in picture) == (height >= 34)
    assert len(picture.splitlines()) <= height


def test_the_screen_shows_a_second_scene_while_it_plays() -> None:
    acts = boat.acts(full=False)
    scene = Scene("boat", FakeStage(VALUES), None, acts, acts[5])  # type: ignore[arg-type]
    other = Scene("cabin", FakeStage({(MULTI, "/Dc/0/Current"): 70.0}), None, cabin.ACTS)  # type: ignore[arg-type]
    assert "cabin" in drawn(120, 50, scene, other)
    other.over = True
    assert "cabin" not in drawn(120, 50, scene, other)


def test_before_anything_is_there_the_screen_says_what_is_being_started() -> None:
    assert "private D-Bus" in drawn(80, 24)


def lines_of(changes: list[Change]) -> list[str]:
    said: list[str] = []
    lines = Lines(lambda at, scene, mark, text: said.append(text))
    for change in changes:
        lines.change("boat", change)
    return said


SOLAR, BANK = "com.victronenergy.solarcharger.ttyO2", "com.victronenergy.battery.gxbridge_can0_uc1"


def walk(service: str, path: str, *values: Seen) -> list[Change]:
    pairs: Iterator[tuple[Seen, Seen]] = zip((None, *values), values, strict=False)
    return [Change(float(at), service, path, old, new) for at, (old, new) in enumerate(pairs)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (walk(BANK, "/Info/MaxChargeCurrent", None, 200.0, 60.0), [
            "battery charge current limit (CCL): 200 A", "battery charge current limit (CCL): 200 A -> 60 A",
        ]),
        (walk(BANK, "/Info/MaxChargeCurrent", 200.0, None), [
            "battery charge current limit (CCL): 200 A", "battery charge current limit (CCL): unknown",
        ]),
        (walk(SOLAR, "/Link/ChargeCurrent", None, 50.0, 49.0, 40.0, 0.0), [
            "MPPT 100/50 told: charge current: 50 A",
            "MPPT 100/50 told: charge current: 50 A -> 40 A",
            "MPPT 100/50 told: charge current: 40 A -> 0 A",
        ]),
        (walk(SOLAR, "/State", 0, 252), ["MPPT 100/50 state: external control"]),
        (walk(SOLAR, "/Nothing", 0, 1), []),
        (walk("com.victronenergy.settings", "/State", 0, 1), []),
        (walk(SOLAR, "", "here", None), [
            f"MPPT 100/50 is on the bus: {SOLAR}", f"MPPT 100/50 has left the bus: {SOLAR}",
        ]),
        (walk("com.victronenergy.settings", "", "here"), []),
    ],
)  # fmt: skip
def test_one_line_for_each_change_that_is_worth_one(changes: list[Change], said: list[str]) -> None:
    assert lines_of(changes) == said


def test_the_folder_is_short_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp/" + "long" * 20)
    with main._folder() as path:
        assert len(str(path)) < 40
        assert path.is_dir()
    assert not path.exists()
