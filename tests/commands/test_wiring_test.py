"""`gxbridge wiring-test` with inputs on a real bus and an installer made of a script."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.edge.dbus.service import PublishedService
from tests.edge.dbus_daemon import DBusDaemon

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent.parent
SPECS = {
    "/Type": ItemSpec("u"),
    "/InputState": ItemSpec("u"),
    "/State": ItemSpec("u"),
    "/ProductName": ItemSpec("s"),
}


async def digital_input(address: str, number: int, level: int, kind: int = 10) -> PublishedService:
    values: dict[str, Value] = {"/Type": kind, "/InputState": level, "/State": 8 + level, "/ProductName": "Input"}
    service = PublishedService(address, f"com.victronenergy.digitalinput.input_{number}", SPECS, values)
    await service.start()
    return service


Hands = dict[str, tuple[int, int]]
"""Words of an instruction -> (number of the input, its level after the hand did it)."""

GOOD: Hands = {
    "Pull the wire off the charge": (1, 1),
    "Put the wire back on the charge": (1, 0),
    "Pull the wire off the discharge": (2, 1),
    "Put the wire back on the discharge": (2, 0),
    "Take the wire off the pre-alarm": (3, 0),
    "Put the wire back on the pre-alarm": (3, 1),
}


async def walk(
    bus: DBusDaemon, hands: Hands, *arguments: str, kinds: tuple[int, ...] = (10, 10, 10)
) -> tuple[int, str, str]:
    """Run the command; the installer does what he reads. Returns exit code, standard output, standard error."""
    inputs = {n: await digital_input(bus.address, n, 1 if n == 3 else 0, kinds[n - 1]) for n in (1, 2, 3)}
    command = [sys.executable, "-m", "gxbridge", "wiring-test", "--dbus", bus.address, "--json", *arguments]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
    assert process.stderr is not None
    assert process.stdout is not None
    told = []
    while raw := await process.stderr.readline():
        told.append(raw.decode())
        for words, (number, level) in hands.items():
            if words in told[-1]:
                inputs[number].update({"/InputState": level})
    out = await process.stdout.read()
    code = await process.wait()
    for service in inputs.values():
        await service.close()
    return code, out.decode(), "".join(told)


ALL = ("--charge", "input_1", "--discharge", "2", "--pre-alarm", "com.victronenergy.digitalinput.input_3")


def test_a_good_installation_passes_and_leaves_a_report(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    code, out, err = asyncio.run(
        walk(own_daemon, GOOD, *ALL, "--model", "SmallBMS", "--name", "Bank 1", "--report", str(file))
    )
    assert code == 0, err
    told = json.loads(out)
    assert told["passed"]
    assert [step["result"] for step in told["steps"]] == ["passed"] * 9
    assert "[9/9]" in err
    report = file.read_text()
    assert report.startswith("# Wiring test of Bank 1\n")
    assert "PASSED" in report
    assert report.count("| passed |") == 9
    assert "not fail-safe" in report
    assert str(own_daemon.socket) not in report


def test_swapped_wires_fail_with_their_name(own_daemon: DBusDaemon) -> None:
    swapped = GOOD | {"Pull the wire off the charge": (2, 1)}
    code, out, _ = asyncio.run(walk(own_daemon, swapped, *ALL, "--step-seconds", "2.5", "--report", "-"))
    assert code == 1
    told = json.loads(out)
    assert not told["passed"]
    assert "input_2 changed instead" in told["steps"][1]["remark"]


def test_an_input_of_another_type_and_one_that_is_missing_are_told(own_daemon: DBusDaemon) -> None:
    arguments = ("--charge", "1", "--discharge", "4", "--step-seconds", "0.5", "--report", "-")
    code, out, err = asyncio.run(walk(own_daemon, {}, *arguments, kinds=(4, 10, 10)))
    assert code == 1
    told = json.loads(out)
    assert "not of type 10" in told["steps"][0]["remark"]
    assert "not there" in told["steps"][3]["remark"]
    assert "FAILED: 2 of 6 steps" in err


def test_the_wiring_comes_from_the_configuration(own_daemon: DBusDaemon, tmp_path: Path) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        f"dbus:\n  address: {own_daemon.address}\n"
        "terminals:\n"
        "  - model: Small BMS\n"
        "    name: bank_1\n"
        "    allow_to_charge: com.victronenergy.digitalinput.input_1\n"
    )
    code, out, err = asyncio.run(walk(own_daemon, GOOD, "--config", str(config), "--report", "-"))
    assert code == 0, err
    assert json.loads(out)["name"] == "bank_1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what is wired"),
        (["--pre-alarm", "3"], "neither the charge nor the discharge terminal"),
        (["--charge", "1", "--discharge", "1"], "one input carries one terminal"),
        (["--charge", "1", "--model", "BMS 12/200"], "the BMS 12/200 has no charge terminal"),
        (["--charge", "1", "--model", "BMS 99"], "not a BMS model"),
        (["--charge", "1", "--step-seconds", "0"], "--step-seconds"),
        (["--charge", "1", "--config", "x.yaml"], "either with --config or one by one"),
        (["--config", "/nowhere.yaml"], "cannot be read"),
    ],
)
def test_a_wiring_that_cannot_be_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wiring-test", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "options", "levels"),
    [
        ("", (), [1, 0, 1]),
        ("pre_alarm_level: 0", (), [1, 0, 1]),
        ("pre_alarm_level: 1", (), [0, 1, 0]),
        ("pre_alarm_level: 1", ("--pre-alarm-level", "0"), [1, 0, 1]),
        ("pre_alarm_level: 0", ("--pre-alarm-level", "1"), [0, 1, 0]),
    ],
)
def test_the_level_of_the_pre_alarm_comes_from_the_configuration_unless_it_is_said(
    line: str, options: tuple[str, ...], levels: list[int], own_daemon: DBusDaemon, tmp_path: Path, capsys: Capture
) -> None:
    """No input is there, so that every step fails at once; what it waited for stands in the report."""
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        "terminals:\n  - model: Lynx Smart BMS\n    allow_to_charge: com.victronenergy.digitalinput.input_1\n"
        f"    pre_alarm: com.victronenergy.digitalinput.input_3\n{line and '    ' + line}\n"
    )
    arguments = ["--config", str(config), "--dbus", own_daemon.address, "--step-seconds", "0.1", "--report", "-"]
    assert main(["wiring-test", *arguments, *options, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [step["expected"] for step in told["steps"] if step["terminal"] == "pre-alarm"] == levels
    assert any("not fail-safe" in remark for remark in told["remarks"]) == (levels[0] == 1)


KEYS = ("allow_to_charge", "allow_to_discharge", "pre_alarm")


@pytest.mark.parametrize("wired", [keys for count in range(4) for keys in itertools.combinations(KEYS, count)])
def test_what_the_check_of_the_configuration_accepts_the_wiring_test_accepts(
    wired: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    config = tmp_path / "gxbridge.yaml"
    lines = [f"    {key}: com.victronenergy.digitalinput.input_{number}" for number, key in enumerate(wired)]
    config.write_text("\n".join(["terminals:", "  - model: Small BMS", *lines, ""]))
    good = bool({"allow_to_charge", "allow_to_discharge"} & set(wired))
    assert main(["config", "check", str(config)]) == (0 if good else 2)
    nowhere = ["--dbus", "unix:path=/nowhere/bus", "--report", "-"]
    assert main(["wiring-test", "--config", str(config), *nowhere]) == (1 if good else 2)
    assert ("write at least one of allow_to_charge" in capsys.readouterr().err) == (not good)
    inputs = [f"--{key.removeprefix('allow_to_').replace('_', '-')}={number}" for number, key in enumerate(wired)]
    assert main(["wiring-test", *inputs, *nowhere]) == (1 if good else 2)


@pytest.mark.parametrize(("where", "why"), [("none/report.md", "does not exist"), ("", "it is a folder")])
def test_a_report_that_cannot_be_written_is_said_before_the_walk(
    where: str, why: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["wiring-test", "--charge", "1", "--report", str(tmp_path / where)]) == 2
    assert why in capsys.readouterr().err


def test_a_report_that_cannot_be_written_after_all_is_shown(
    own_daemon: DBusDaemon, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    report = str(tmp_path / "report.md")
    arguments = ["--charge", "9", "--dbus", own_daemon.address, "--step-seconds", "0.1", "--report", report]
    assert main(["wiring-test", *arguments]) == 1
    out = capsys.readouterr().out
    assert "# Wiring test of BMS" in out
    assert "could not be written" in out
    assert "No space left on device" in out


def test_a_configuration_without_terminals_says_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text("dvcc:\n  mode: monitor\n")
    assert main(["wiring-test", "--config", str(config)]) == 2
    assert "there are: none" in capsys.readouterr().err


def test_without_a_bus_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["wiring-test", "--charge", "1", "--dbus", "unix:path=/nowhere/bus", "--report", "-"]) == 1
    assert "gxbridge wiring-test:" in capsys.readouterr().err
