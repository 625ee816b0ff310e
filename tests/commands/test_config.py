"""`gxbridge config` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.commands import config
from gxbridge.config import load
from gxbridge.config.keys import KEYS
from gxbridge.config.presets import PRESETS


def test_a_good_file_is_said_to_be_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("publish: none\n")
    assert main(["config", "check", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: no problems\n"


def test_every_problem_is_a_line_on_standard_error_and_the_exit_code_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("publish: nothing\ndvcc:\n  mode: of\n")
    assert main(["config", "check", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(": ")[0] for line in err.splitlines()] == [f"{path}:1:publish", f"{path}:3:dvcc.mode"]


def test_show_prints_what_holds_and_it_can_be_checked_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("dvcc: {mode: off}\n")
    assert main(["config", "show", str(path), "--can", "virtual:x", "--dbus", "session", "--verbose"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"# from {path}")
    for text in ("interface: virtual", "address: session", "level: debug", "mode: 'off'"):
        assert text in shown
    path.write_text(shown)
    assert main(["config", "check", str(path)]) == 0


def test_show_without_a_file_prints_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("# from the defaults")
    assert "channel: vecan0" in shown


def test_show_names_the_log_that_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "boat.log").write_text("")
    assert main(["config", "show", "--replay", f"{tmp_path}/boat.log@max"]) == 0
    assert f"# replays {tmp_path}/boat.log at speed inf in place of the buses" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["config"], ["config", "check"], ["config", "mend", "x"]])
def test_a_wrong_command_line_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: gxbridge config" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("preset", "mode", "transmit"),
    [("listen", "monitor", "off"), ("publish", "monitor", "requests"), ("control", "control", "requests")],
)
def test_a_preset_is_a_whole_configuration(
    preset: str, mode: str, transmit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.yaml"
    command = ["config", "init", "--preset", preset, "--can", "socketcan:can1"]
    assert main([*command, str(file)]) == 0
    loaded = load(str(file))
    assert (loaded.mode, loaded.transmit, loaded.can[0].channel) == (mode, transmit, "can1")
    assert main([*command, str(file)]) == 2, "a file that is there is never written over"
    capsys.readouterr()
    assert main(command) == 0
    assert capsys.readouterr().out == file.read_text()
    assert main(["config", "init", "--can", "nothing"]) == 2


def test_the_presets_offered_are_those_there_are_and_the_default_only_listens() -> None:
    assert tuple(PRESETS) == config.PRESETS


def test_the_schema_for_editors_knows_every_key_and_no_retired_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)

    def paths(node: dict[str, Any], prefix: str) -> set[str]:
        found = set().union(*(paths(choice, prefix) for choice in node.get("anyOf", [])))
        for name, value in node.get("properties", {}).items():
            found |= {f"{prefix}{name}", *paths(value, f"{prefix}{name}.")}
            found |= paths(value.get("items", {}), f"{prefix}{name}[].")
        return found

    assert paths(schema, "") == {key.path for key in KEYS if not key.retired}
    dvcc = schema["properties"]["dvcc"]["properties"]
    assert dvcc["mode"]["enum"] == ["off", "monitor", "control"]
    assert (dvcc["nominal_voltage_v"]["minimum"], dvcc["nominal_voltage_v"]["maximum"]) == (12, 48)
    assert schema["properties"]["terminals"]["items"]["required"] == ["model"]
    bus = schema["properties"]["can"]["items"]
    assert "required" not in bus
    assert bus["anyOf"][0] == {"required": ["channel"]}
    assert bus["anyOf"][1]["properties"] == {"interface": {"const": "udp_multicast"}}
    assert schema["properties"]["readout"]["items"]["properties"]["key"]["type"] == "string"
    assert "no" in schema["properties"]["state"]["properties"]["enabled"]["enum"]
