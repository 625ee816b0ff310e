"""What a wrong or an empty request is answered with: a sentence that helps, never a traceback or a name of ours."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gxbridge import __version__
from gxbridge.cli import main
from gxbridge.config import ConfigError, Overrides, load
from gxbridge.config.interfaces import MULTICAST_GROUP
from tests.commands.gx import Gx
from tests.commands.test_blackbox import box, written
from tests.commands.test_decode import log
from tests.commands.test_status_and_explain import BATTERY, LYNX
from tests.edge.dbus_daemon import DBusDaemon

__all__ = ["box", "log", "written"]

ROOT = Path(__file__).parents[2]


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        code = main([*map(str, arguments)])
    except SystemExit as end:
        code = int(end.code or 0)
    return (code, *capsys.readouterr())


def test_a_replay_of_a_file_that_is_no_log_is_one_line(bus: str, tmp_path: Path) -> None:
    file = tmp_path / "readme.log"
    file.write_text("# This is not a log\n" * 30)
    command = [sys.executable, "-m", "gxbridge", "run", "--replay", str(file), "--dbus", bus]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert f"gxbridge run: {file}" in ended.stderr


def test_the_first_line_of_the_log_says_what_runs_and_a_later_one_the_bms(own_daemon: DBusDaemon, log: Path) -> None:
    command = [sys.executable, "-m", "gxbridge", "run", "--replay", str(log), "--dbus", own_daemon.address]
    with (
        Gx(own_daemon.address, {LYNX: BATTERY}),
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service,
    ):
        assert service.stderr is not None
        lines = [service.stderr.readline()]
        while lines[-1] and "the BMS in control is" not in lines[-1]:
            lines.append(service.stderr.readline())
        service.terminate()
    version = re.escape(__version__)
    assert re.search(rf"gxbridge {version}, mode monitor, profile strict, on replay$", lines[0].strip())
    assert lines[-1].strip().endswith("the BMS in control is Lynx Smart BMS 500")


def test_a_register_and_a_pgn_may_be_named(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "candb", "show", "BMS_IO")[1] == said(capsys, "candb", "show", "VE_REG_BMS_IO")[1] != ""
    for option, name, number in (("--vreg", "BMS_ERROR", "0x0390"), ("--pgn", "battery_status", "127508")):
        by_name, by_number = (said(capsys, "decode", log, option, value) for value in (name, number))
        assert by_name == by_number
    for option, kind in (("--vreg", "register"), ("--pgn", "pgn")):
        code, _, error = said(capsys, "decode", log, option, "zz")
        assert code == 2
        assert f"no {kind} is called 'zz'" in error
    assert "no register is called 'battery_status'" in said(capsys, "decode", log, "--vreg", "battery_status")[2]


def test_filters_that_match_nothing_say_so(log: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nothing = "no message passes the filters"
    assert nothing in said(capsys, "decode", log, "--source", 77)[2]
    assert nothing in said(capsys, "decode", log, "--source", 77, "--stats")[2]
    assert nothing not in said(capsys, "decode", log, "--source", 0x29)[2]
    scenarios = tmp_path / "few.json"
    scenarios.write_text(json.dumps([{"name": "pelio"}]))
    code, _, error = said(capsys, "dvcc", "replay", scenarios, "--only", "lynx")
    assert (code, "no scenario's name contains 'lynx'" in error) == (2, True)


@pytest.mark.parametrize(
    "arguments", [("doctor", "--seconds", "x"), ("doctor", "--seconds", "nan"), ("wiring-test", "--step-seconds", "x")]
)
def test_no_name_of_a_function_is_shown(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = said(capsys, *arguments)
    assert code == 2
    assert "_seconds" not in error


def test_an_advertisement_that_is_none_is_said_before_its_key_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "hexadecimal" in said(capsys, "readout", "zz")[2]
    assert "key" in said(capsys, "readout", "1002e5a3")[2]


@pytest.mark.parametrize("action", ["show", "replay"])
def test_a_reader_of_a_black_box_may_leave(action: str, box: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "gxbridge", "blackbox", action, str(box)]
    ended = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_multicast_needs_no_group_and_has_a_name() -> None:
    groups = {
        "udp_multicast": MULTICAST_GROUP,
        "udp_multicast:": MULTICAST_GROUP,
        "udp_multicast:239.1.2.3": "239.1.2.3",
    }
    for text, group in groups.items():
        (spec,) = load(None, Overrides((text,))).can
        assert (spec.interface, spec.channel, spec.name) == ("udp_multicast", group, "udp_multicast")
    for text, example in (
        ("socketcan", "socketcan:vecan0"),
        ("slcan", "slcan:CHANNEL"),
        ("gxsocket:", "gxsocket:CHANNEL"),
    ):
        with pytest.raises(ConfigError, match=f"INTERFACE:CHANNEL; write for example {example}"):
            load(None, Overrides((text,)))


def test_a_file_needs_no_group_for_multicast_and_a_channel_for_every_other_bus(tmp_path: Path) -> None:
    file = tmp_path / "gxbridge.yaml"
    for order in ("interface: udp_multicast", "name: x\n    interface: udp_multicast"):
        file.write_text(f"can:\n  - {order}\n", encoding="utf-8")
        (spec,) = load(str(file)).can
        assert (spec.interface, spec.channel) == ("udp_multicast", MULTICAST_GROUP)
    file.write_text("can:\n  - interface: slcan\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="channel: is missing"):
        load(str(file))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("transmit:\n  level: zz\n  allow_mode: yes\n", ["2:transmit.level"]),
        ("can:\n  - chanel: x\nbattery:\n  known:\n    - bus: x\n      address: 1\n      unique_number: 1\n"
         "      product_id: 0xA3E5\n", ["2:can[0].chanel"]),
        ("dvcc:\n  nominal_voltage_v: 48\nterminals:\n  - model: Smart BMS CL 12/100\n    "
         "allow_to_charge: com.victronenergy.digitalinput.input_1\n", ["4:terminals[0].nominal_voltage_v"]),
    ],
)  # fmt: skip
def test_a_fault_is_told_once_and_with_a_line(tmp_path: Path, text: str, problems: list[str]) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(str(file))
    found = [f"{problem.line}:{problem.key}" for problem in raised.value.problems]
    assert found == problems


def test_nobody_is_told_to_install_what_is_not_published() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("gxbridge/**/*.py")]
    found = {str(page) for page in pages if re.search(r"pip install\s+'?gxbridge", page.read_text(encoding="utf-8"))}
    assert not found
