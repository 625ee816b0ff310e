"""`gxbridge status` and `gxbridge explain`: one screen, one limit, one line, JSON; true in monitor and in control."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.commands.status import WIDTH, screen
from gxbridge.core.model.finding import finding
from gxbridge.core.model.items import Value
from gxbridge.edge import machine
from tests.commands.gx import Gx
from tests.core.bank.fleet import EPOCH, Fleet, afloat
from tests.core.boat import MULTI, SOLAR, Boat, multi, solar

SYSTEM = "com.victronenergy.system"
OWN = "com.victronenergy.gxbridge"
LYNX = "com.victronenergy.battery.socketcan_can0_vi0_uc167120"
BATTERY: dict[str, Value] = {
    "/DeviceInstance": 1, "/ProductId": 0xA3E5, "/ProductName": "Lynx Smart BMS 500", "/Connected": 1,
    "/Info/MaxChargeVoltage": 28.4, "/Info/MaxChargeCurrent": 50.0, "/Info/MaxDischargeCurrent": 200.0,
    "/Io/AllowToCharge": 1, "/Io/AllowToDischarge": 1, "/Dc/0/Voltage": 26.4, "/Dc/0/Current": 12.34, "/Soc": 87.0,
    "/Dc/0/Temperature": 21.0, "/System/MinCellVoltage": 3.31, "/System/MaxCellVoltage": 3.34,
}  # fmt: skip


def boat(mode: str = "monitor", **items: Value) -> tuple[dict[str, Any], dict[str, dict[str, Value]]]:
    """What the service explains, and the services; in monitor the GX has told the charger 40 A."""
    services = {
        LYNX: BATTERY | items,
        SOLAR: solar(limit_a=60.0, current_a=38.24) | {"/Link/ChargeCurrent": 40.0},
        MULTI: multi(),
    }
    if mode == "monitor":
        services[SYSTEM] = {"/Control/Dvcc": 1}
    installation = Boat(mode=mode)
    for name, values in services.items():
        installation.add(name, values)
    explained = installation.tick(6, speaking=False).explanation()
    return {"version": "0.1.0", "time": 1_700_000_000, **explained}, services


def shown(mode: str = "monitor", *, colour: bool = False, **items: Value) -> list[str]:
    explained, services = boat(mode, **items)
    return screen(explained, services, 1_700_000_000, colour=colour)


def test_in_monitor_it_says_what_the_gx_told_and_what_gxbridge_would() -> None:
    lines = "\n".join(shown())
    assert "GX told 40 A, gxbridge would tell 50 A; makes 38.2 A" in lines
    assert "26.4 V   +12.3 A   SoC 87 %   cells 3.31 V to 3.34 V   +21 °C" in lines
    assert "CCL       50 A  said by the Lynx Smart BMS 500" in lines


def test_in_control_it_says_what_was_told() -> None:
    lines = "\n".join(shown("control"))
    assert "told 40 A, makes 38.2 A" in lines
    assert "would" not in lines


def test_what_a_charger_on_a_port_of_ours_shows_nobody_need_have_told_it() -> None:
    for mode, line in (
        ("monitor", "shows 40 A as its limit, gxbridge would tell 50 A; makes 38.2 A"),
        ("control", "shows 40 A as its limit, makes 38.2 A"),
    ):
        explained, services = boat(mode)
        services[SOLAR]["/Mgmt/ProcessName"] = "gxbridge"
        text = " ".join("\n".join(screen(explained, services, 1_700_000_000, colour=False)).split())
        assert line in text
        assert "told 40 A" not in text


@pytest.mark.parametrize("act", [True, False])
def test_a_storage_profile_that_holds_nothing_is_shown_as_such(act: bool) -> None:
    explained, services = boat("control" if act else "monitor")
    explained["rules"] = {"act": act, "storing": True, "charging_full": False, "items": []}
    line = next(line for line in screen(explained, services, EPOCH, colour=False) if line.startswith("storage"))
    assert line == "storage profile: on" + ("" if act else ", shown only: it acts while gxbridge is in control")


def test_it_is_one_screen_with_the_worst_finding_first() -> None:
    explained, services = boat()
    words = "x" * 30 + " and a long name of a device that a person gave it " * 8
    explained["findings"] = [
        {"severity": severity, "text": f"{severity} {words}"} for severity in ("info", "warning", "alarm") * 3
    ]
    explained["limits"][3]["subject_name"] = words
    lines = screen(explained, services, 1_700_000_000, colour=False)
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) <= 24
    assert lines[2].startswith("ALARM: alarm") or lines[1].startswith("ALARM")
    assert "and 6 more: gxbridge explain --short" in lines


def test_a_bank_stands_below_the_bms_with_its_members() -> None:
    fleet = afloat(2)
    fleet.lynxes[1].quiet = True
    fleet.pass_s(30)
    assert fleet.cycle is not None
    explained = {"version": "0.1.0", **fleet.cycle.explanation()}
    lines = screen(explained, {}, fleet.now + EPOCH, colour=False)
    assert "Bank House: 1 of 2 batteries in it" in lines
    assert any(line.startswith("  Bank 1: in the bank; 26.4 V, +10.0 A, SoC 99.2 %") for line in lines)
    assert "  Bank 2: gone for 20 s" in lines
    coloured = screen(explained, {}, fleet.now + EPOCH, colour=True)
    assert "\x1b[31;1m  Bank 2: gone for 20 s\x1b[0m" in coloured
    recognised = Fleet(2, banks=())
    shown_too = recognised.pass_s(10).explanation()
    lines = screen({"version": "0.1.0", **shown_too}, {}, recognised.now + EPOCH, colour=False)
    assert any(line.endswith("2 of 2 batteries in it, and nothing stands for them") for line in lines)


def test_what_is_unknown_is_a_dash_and_never_yes() -> None:
    lines = "\n".join(shown(**{"/Soc": None, "/Dc/0/Current": None, "/Dc/0/Temperature": None, "/Io/AllowToCharge": 7}))
    assert "26.4 V   – A   SoC –   cells 3.31 V to 3.34 V   –" in lines
    assert "allows charging: unknown; allows discharging: yes" in lines


def test_without_a_bms_and_with_a_device_that_is_silent_it_says_so() -> None:
    explained, services = boat()
    explained["bms"] |= {"state": "none"}
    del services[SOLAR]
    lines = screen(explained, services, 1_700_000_000, colour=False)
    assert "no BMS in control" in lines
    assert any(line.endswith("does not answer") for line in lines)


def test_colour_is_only_colour() -> None:
    plain, coloured = shown(**{"/Info/MaxChargeCurrent": 0.0}), shown(colour=True, **{"/Info/MaxChargeCurrent": 0.0})
    assert plain != coloured
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured] == plain


# --- on a bus --------------------------------------------------------------------------------------------------------


def on_bus(bus: str) -> Gx:
    explained, services = boat()
    return Gx(bus, services | {OWN: {"/Explain/Json": json.dumps(explained)}})


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_status_and_explain_ask_the_running_service(bus: str, capsys: pytest.CaptureFixture[str]) -> None:
    with on_bus(bus):
        code, out, _ = asked(capsys, "status", "--dbus", bus)
        assert (code, "GX told 40 A, gxbridge would tell 50 A" in out, "\x1b" in out) == (0, True, False)
        code, out, _ = asked(capsys, "status", "--json", "--dbus", bus)
        data = json.loads(out)
        assert (data["format"], data["version"], data["time"]) == (1, "0.1.0", 1_700_000_000)
        assert data["measured"][SOLAR]["/Dc/0/Current"] == 38.24
        code, out, _ = asked(capsys, "explain", "CCL", "--short", "--dbus", bus)
        assert out == "CCL 50 A: said by the Lynx Smart BMS 500.\n"
        code, out, _ = asked(capsys, "explain", "ttyO2", "--dbus", bus)
        assert out.startswith("Charger ")
        assert out.count("Charger ") == 1
        code, out, _ = asked(capsys, "explain", "ccl", "--json", "--dbus", bus)
        assert [limit["name"] for limit in json.loads(out)["limits"]] == ["CCL"]
        code, out, _ = asked(capsys, "explain", "--short", "--dbus", bus)
        assert (code, out.splitlines()[0][:4]) == (0, "CVL ")
        code, out, err = asked(capsys, "explain", "Orion", "--dbus", bus)
        assert (code, out) == (2, "")
        assert "there is nothing called Orion; there are: Charge voltage (CVL), Charge current (CCL)" in err


@pytest.mark.parametrize("command", ["status", "explain"])
def test_without_the_service_the_advice_can_be_followed(
    command: str, bus: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "gxbridge"
    installed.touch()
    monkeypatch.setattr(machine, "GX_COMMAND", str(installed))
    code, _, err = asked(capsys, command, "--dbus", bus)
    assert code == 1
    assert f"or start it: {installed} run --config FILE" in err


def test_a_command_is_named_as_it_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "Run `gxbridge master reset`; while gxbridge runs, gxbridge explain tells more (/opt/gxbridge run)"
    monkeypatch.setattr(machine, "GX_COMMAND", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    typed = tmp_path / "bin" / "gxbridge"
    monkeypatch.setattr(machine.sys, "argv", [str(typed)])
    found = machine.followable(said)
    assert found.count(" -m gxbridge ") == 2
    assert "while gxbridge runs" in found
    typed.parent.mkdir()
    typed.touch(0o700)
    assert machine.followable(said).startswith(f"Run `{typed} master reset`; while gxbridge runs, {typed} explain")
    (tmp_path / "gxbridge").touch()
    os.chmod(tmp_path / "gxbridge", 0o700)
    assert machine.followable(said) == said


def test_every_command_is_known_where_advice_is_made_followable() -> None:
    from gxbridge.cli import COMMANDS

    for command in set(COMMANDS) - {"demo", "dvcc"}:
        assert machine.COMMANDS.search(f"gxbridge {command} X"), command
    row = finding("overruled", "s", 0.0, device="a", path="b", shown="1", wanted="2", master="m", found="1", told="2",
                  value="1", other="x")  # fmt: skip
    assert machine.COMMANDS.search(row.advice)


@pytest.mark.parametrize("option", ["--log", "--csv", "--every", "--config"])
def test_the_status_takes_no_log(option: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["status", option, "1"])
    assert ended.value.code == 2


@pytest.mark.parametrize("often", ["-5", "0", "x"])
def test_values_of_a_log_are_repeated_after_a_time_above_0(often: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["explain", "--log", "boat.log", "--every", often])
    assert ended.value.code == 2
