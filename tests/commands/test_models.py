"""`gxbridge models`: the comparison, one model with all it offers, and the same as JSON."""

from __future__ import annotations

import json

import pytest

from gxbridge.cli import main
from gxbridge.models import catalogue


def test_the_comparison_has_every_row_and_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    whole = catalogue()
    for row in whole.feature_rows:
        assert f"\n{row}\n" in "\n" + out
    for model in whole.models:
        assert out.count(f"  {model.name} ") >= len(whole.feature_rows)
    assert "At most 20 batteries" in out
    assert max(map(len, out.splitlines())) < 130


def test_json_carries_the_names_of_the_overview(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in told] == list(catalogue().names())
    assert told[0]["names"] == ["Small BMS", "SmallBMS", "SmallBMS with pre-alarm"]
    assert told[3]["features"]["Alternator port"] == "Yes (Alternator ATC mode)"
    assert told[3]["product_ids"] == ["0xA3E5"]
    assert [model["successor"] for model in told if model["end_of_life"]] == ["VE.Bus BMS V2", "Smart BMS 12/200"]


@pytest.mark.parametrize("text", [name for model in catalogue().models for name in model.all_names])
def test_one_model_by_any_of_its_names(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", text]) == 0
    out = capsys.readouterr().out
    assert "Channels to a GX device" in out
    assert "What works, and how that is proven" in out
    assert main(["models", text, "--json"]) == 0
    assert text in json.loads(capsys.readouterr().out)["names"]


def test_a_variant_is_shown_with_its_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "0xA3E4"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Lynx Smart BMS")
    assert "Lynx Smart BMS NG 500: for Lithium NG batteries" in out
    assert "at most 50" in out


@pytest.mark.parametrize(("text", "successor"), [("VE.Bus BMS", "VE.Bus BMS V2"), ("BMS 12/200", "Smart BMS 12/200")])
def test_a_model_at_its_end_names_its_successor(text: str, successor: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["models", text])
    assert f"END OF LIFE: use a {successor} instead" in capsys.readouterr().out


def test_an_unknown_model_lists_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "BMS 99"]) == 2
    captured = capsys.readouterr()
    assert "unknown model 'BMS 99'" in captured.err
    assert "Lynx Smart BMS" in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(("asked", "variant"), [("0xA3E4", "Lynx Smart BMS NG 500"), ("Lynx Smart BMS", None)])
def test_json_names_the_variant_that_was_asked_for(
    asked: str, variant: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["variant"]) == ("Lynx Smart BMS", variant)
