"""`gxbridge candb`: what a person sees."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cantools
import pytest

from gxbridge.cli import main
from gxbridge.commands import candb
from tests.candb.small import SMALL, write


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["candb", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_a_register_is_shown_with_bits_texts_samples_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "show", "0x2108")
    assert (code, err) == (0, "")
    assert "register 0x2108 VE_REG_BMS_IO" in out
    assert "bits 0-1     contactor_closed  unsigned  not available: 0x0" in out
    assert "lynx_yes_no: 0 not available, 1 yes, 2 no" in out
    assert "1CEFFF29#6699082195150000" in out
    assert "written in can_db/vreg/bms.yaml:" in out


@pytest.mark.parametrize("what", ["127508", "0x1F214", "battery_status", " BATTERY_STATUS "])
def test_a_pgn_is_found_by_number_and_name(capsys: pytest.CaptureFixture[str], what: str) -> None:
    code, out, _ = ran(capsys, "show", what)
    assert code == 0
    assert out.startswith("PGN 127508 battery_status\n")
    assert "0x1F214; single frame, priority 6, every 1500 ms; confidence CONFIRMED" in out
    assert "voltage  signed  0.01 V  not available: 0x7FFE, 0x7FFF" in out


def test_a_register_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "show", "ve_reg_bms_io")[1] == ran(capsys, "show", "0x2108")[1]


def test_a_hexadecimal_number_without_a_register_is_a_pgn(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "show", "0xEE00")[1].startswith("PGN 60928 address_claim")


def test_all_layouts_of_a_register_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, "show", "0xEEFF")
    assert out.count("register 0xEEFF") == 2
    assert "only for: vebus-interface" in out


def test_offsets_fast_packets_and_commands_have_their_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 W -2000000000" in ran(capsys, "show", "65013")[1]
    assert "0.002 +1" in ran(capsys, "show", "127513")[1]
    assert "fast packet or single frame" in ran(capsys, "show", "127513")[1]
    assert "fast packet, PGN 126720; access R" in ran(capsys, "show", "0x010A")[1]
    assert "bits 0-end" in ran(capsys, "show", "0x010A")[1]
    assert "  no payload\n" in ran(capsys, "show", "0x1030")[1]


def test_an_enumeration_is_shown_with_its_users(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "show", "bms_state")
    assert code == 0
    assert "  9 (0x9) running" in out
    assert "used by: 0x0371 VE_REG_LYNX_ION_BMS_STATE, 0x2102 VE_REG_BMS_STATE" in out
    assert "used by: nothing" in ran(capsys, "show", "battery_status_bit")[1]


def test_a_product_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "show", "0xA3E5")[1] == "product 0xA3E5 Lynx Smart BMS 500, family lynx-smart-bms\n"
    shown = ran(capsys, "show", "0xA3E7")[1]
    assert shown == "product 0xA3E7 Lynx Smart BMS 1000 NG, reported as Lynx Smart BMS NG, family lynx-smart-bms-ng\n"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("0x7777", "0x7777 is not in the database (how to add one: docs/adding-a-message.md)"),
        ("2108", "for the register write 0x2108"),
        ("61184", "carries registers"),
        ("nonsense", "nonsense is not in the database"),
    ],
)
def test_what_is_not_there_is_answered_with_the_next_step(
    capsys: pytest.CaptureFixture[str], what: str, words: str
) -> None:
    code, out, err = ran(capsys, "show", what)
    assert (code, out) == (1, "")
    assert words in err


def test_the_search_looks_into_names_titles_fields_and_texts(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "search", "contactor")
    assert code == 0
    assert "0x2108   VE_REG_BMS_IO" in out
    assert "[warn_bad_contactor]" in out
    assert [line[:6] for line in ran(capsys, "search", "Cell", "temperature", "lowest")[1].splitlines()] == ["0x0386"]


def test_all_words_must_be_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "search", "contactor", "perpetuum")
    assert (code, out) == (1, "")
    assert "no message contains contactor and perpetuum" in err


def test_check_counts_what_is_sound(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "check")
    assert code == 0
    assert out.endswith("no rule is broken\n")


def test_check_prints_every_breach(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write(tmp_path, SMALL.replace("unit: V}", "unit: Volt}").replace("title: Label", "titel: Label"))
    code, out, err = ran(capsys, "check", str(folder))
    assert code == 1
    assert [line.split(":")[2] for line in out.splitlines()] == ["R10", "R03", "R02"]
    assert "3 problems" in err


def test_check_finds_what_cannot_be_compiled(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Text that does not begin on a byte."""
    text = SMALL.replace("value: {type: text}", "fields:\n    - {reserved: 4}\n    - {name: label, type: text}")
    text = text.replace("says: {label: Wecker}", "says: {label: null}").replace(
        "    - {reserved: 4}\n    - {name: label", "    - {name: a, type: u4}\n    - {name: label"
    )
    text = text.replace("says: {label: null}", "says: {a: 7}")
    code, out, _ = ran(capsys, "check", str(write(tmp_path, text)))
    assert code == 1
    assert "must be aligned to whole bytes" in out


def test_check_without_the_yaml_says_where_it_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in an installed wheel."""
    monkeypatch.setattr(candb, "FOLDER", tmp_path / "can_db")
    code, _, err = ran(capsys, "check")
    assert code == 2
    assert "run it in the source tree" in err
    code, out, _ = ran(capsys, "show", "0x2108")
    assert code == 0
    assert "samples" not in out


def test_the_rules_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ran(capsys, "check", "--rules")
    assert out.splitlines()[0].startswith("R01  A file is YAML")


def test_a_stale_compiled_form_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(candb, "FOLDER", write(tmp_path))
    assert "run `make build`" in ran(capsys, "search", "contactor")[2]


def test_json_holds_everything(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = ran(capsys, "export", "--json")
    whole = json.loads(out)
    assert code == 0
    io = next(message for message in whole["registers"] if message["register"] == "0x2108")
    assert (io["name"], io["pgn"], io["access"]) == ("VE_REG_BMS_IO", 61184, "R")
    assert io["fields"][0]["enumeration"] == "lynx_yes_no"
    assert whole["enumerations"]["bms_state"]["9"] == "running"
    assert {
        "product_id": 0xA3E7, "name": "Lynx Smart BMS 1000 NG", "reported_as": "Lynx Smart BMS NG",
        "family": "lynx-smart-bms-ng",
    } in whole["products"]  # fmt: skip
    target = tmp_path / "candb.json"
    assert ran(capsys, "export", "--json", str(target))[:2] == (0, "")
    assert json.loads(target.read_text(encoding="utf-8")) == whole


def decoded(dbc: Path, can_id: int, data: str) -> dict[str, object]:
    """As a user of cantools reads it, with the source address masked out."""
    database = cantools.database.load_file(dbc, frame_id_mask=0x1FFFFF00)
    message = database.get_message_by_frame_id(can_id)
    return {name: getattr(value, "name", value) for name, value in message.decode(bytes.fromhex(data)).items()}


def test_a_dbc_decodes_registers_and_pgns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    dbc = tmp_path / "gx.dbc"
    code, out, _ = ran(capsys, "export", "--dbc", str(dbc))
    assert code == 0
    assert "127506 dc_detailed_status: fast packet" in out
    assert "0x010A VE_REG_SERIAL_NUMBER: fast packet" in out
    assert "0x1030 VE_REG_CLEAR_HISTORY: a command without payload" in out
    assert "0xEEFF VE_REG_MK2CAN_VEBUS_ERROR: second layout of the register, for vebus-interface" in out
    io = decoded(dbc, 0x1CEFFF29, "6699082195150000")
    assert (io["bms_io_contactor_closed"], io["bms_io_user_relay_active"]) == ("yes", "no")
    assert decoded(dbc, 0x1CEFFF29, "6699900318150000")["battery_limit_charge_voltage"] == 54.0
    assert decoded(dbc, 0x1CEFFF29, "66999003FFFFFFFF")["battery_limit_charge_voltage"] == "not available"
    status = decoded(dbc, 0x19F21429, "004F0AA2FFFFFF07")
    assert (status["voltage"], status["current"], status["temperature"]) == (26.39, -9.4, "not available")


def test_a_dbc_without_cantools_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [*(name for name in sys.modules if name.startswith("cantools.")), "cantools"]:
        monkeypatch.setitem(sys.modules, name, None)
    code, _, err = ran(capsys, "export", "--dbc", str(tmp_path / "gx.dbc"))
    assert code == 2
    assert "pip install 'cantools>=39'" in err


def test_a_target_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = ran(capsys, "export", "--json", str(tmp_path / "no" / "such.json"))
    assert code == 2
    assert "such.json: No such file or directory" in err


def test_a_missing_compiled_form_says_make_build(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gxbridge.core.nmea2000.database._database", None)
    monkeypatch.setitem(sys.modules, "gxbridge._candb", None)
    monkeypatch.delattr("gxbridge._candb", raising=False)
    code, _, err = ran(capsys, "show", "0x2108")
    assert code == 2
    assert "make build" in err
