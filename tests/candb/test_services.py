"""The D-Bus services of a port's devices: from YAML to the compiled rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.core.nmea2000.database import Database
from tests.candb.small import judged
from tests.core.handmade import module_of


def rows(tmp_path: Path) -> list[list[str]]:
    model, problems = judged(tmp_path)
    assert model is not None
    assert problems == []
    title, families, lacks, note, text = Database(module_of(model)).services["box"]
    assert (title, families, lacks, note) == ("Box on D-Bus", ("big-box",), ("/Lid",), "")
    return [row.split("\t") for row in text.split("\n")]


def test_rows_have_their_group_first_and_their_own_in_its_place(tmp_path: Path) -> None:
    found = {row[0]: row[1:] for row in rows(tmp_path)}
    assert list(found) == [
        *("/ProductId", "/State", "/Dc/0/Voltage"),
        *("/Box/0/State", "/Box/1/State", "/Box/1/Load", "/Box/2/Load", "/Mode"),
    ]
    assert found["/ProductId"] == ["q", "{}", "", "product_id", "", "", ":", "", "CONFIRMED"]
    assert found["/State"] == ["u", "{}", "0x2002.second", "", "", "", ":", "", "INFERRED"]
    assert found["/Dc/0/Voltage"] == ["d?", "{:.2f}V", "0x2001 127508#0.state_1|flag", "", "", "", ":", "", "SINGLE"]
    assert found["/Mode"][6] == "0x2001:1,4"


def test_a_repeated_row_counts_path_register_field_and_condition(tmp_path: Path) -> None:
    found = {row[0]: row for row in rows(tmp_path)}
    assert found["/Box/1/State"][3] == "0x2002.first"
    assert found["/Box/1/State"][8] == "/State>1"
    assert found["/Box/2/Load"][2:4] == ["{:.1f}W", "127508.state_2"]


def test_a_service_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["candb", "show", "inverter"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("service com.victronenergy.inverter: inverter RS\n")
    assert "  note: types are those of a Multi RS" in out
    assert "127747#0.frequency, 0x2217  INFERRED" in out
    assert "while /NrOfTrackers > 1" in out
    assert "left out: /Pv/0/Name" in out
    assert " 0xEDBB, computed: single_tracker  INFERRED" in out
    assert "/Devices/0/VregLink                      s  always invalid  CONFIRMED" in out
    assert "/IsInverterCharger                       y  1  INFERRED" in out
    assert main(["candb", "show", "tank"]) == 0
    assert " d  computed: tank_remaining  CONFIRMED" in capsys.readouterr().out
    assert main(["candb", "show", "vecan"]) == 0
    out = capsys.readouterr().out
    assert "/Link/ChargeVoltage                      d? what is written  CONFIRMED" in out
    assert "/Link/ChargeVoltageSolarOffset           d? always invalid  CONFIRMED" in out


def test_services_are_exported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["candb", "export", "--json"]) == 0
    multi = json.loads(capsys.readouterr().out)["services"]["multi"]
    assert multi["families"] == ["multi-rs"]
    assert multi["paths"]["/Ac/Out/L2/V"] == {
        "type": "d",
        "of_a_sibling": False,
        "feeds": ["0x2218"],
        "confidence": "INFERRED",
    }
    assert "/Ess/DisableFeedIn" in multi["left_out"]
