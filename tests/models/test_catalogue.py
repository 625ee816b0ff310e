"""The catalogue of BMS models: what it says agrees with itself, and a wrong file names the wrong place."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from gxbridge.core.nmea2000.database import database
from gxbridge.models import BmsModel, Catalogue, CatalogueError, catalogue, load

ROOT = Path(__file__).parent.parent.parent
TEXT = resources.files("gxbridge.models").joinpath("models.yaml").read_text(encoding="utf-8")
WHOLE = catalogue()
SEVEN = (
    *("Small BMS", "VE.Bus BMS V2", "VE.Bus BMS", "Lynx Smart BMS"),
    *("Smart BMS CL 12/100", "Smart BMS 12/200", "BMS 12/200"),
)
"""As the comparison table of the vendor's overview names its columns."""


def number(text: str) -> int:
    found = re.match(r"(\d+) A$", text)
    return int(found[1]) if found else 0


def test_the_seven_models_and_every_row_of_the_comparison() -> None:
    assert WHOLE.names() == SEVEN
    assert len(WHOLE.feature_rows) == 19
    assert all(tuple(model.features) == WHOLE.feature_rows for model in WHOLE.models)


@pytest.mark.parametrize("model", WHOLE.models, ids=lambda model: model.name)
def test_the_facts_say_what_the_rows_say(model: BmsModel) -> None:
    rows, facts = model.features, model.facts
    assert tuple(int(volts) for volts in re.findall(r"\d+", rows["System voltage"])) == facts.voltages_v
    assert number(rows["System connection"]) == facts.connection_a
    assert number(rows["Alternator port"]) == facts.alternator_a
    alternator = "atc-mode" if "ATC mode" in rows["Alternator port"] else "port" if facts.alternator_a else "none"
    assert alternator == facts.alternator
    assert (rows["Bluetooth"] == "Yes") == facts.bluetooth
    assert (rows["Battery monitor"] == "Yes") == facts.battery_monitor
    assert (rows["Control via GX device (DVCC)"] == "Yes") == facts.dvcc
    has = {
        "discharge": rows["Allowed to discharge terminal(s)"] != "No",
        "charge": rows["Allowed to charge terminal(s)"] != "No",
        "pre-alarm": rows["Pre-alarm terminal(s)"] != "No",
        "remote": rows["Remote on/off terminal"] == "Yes",
    }
    assert {terminal for terminal, there in has.items() if there} == set(facts.terminals)
    assert ("End-of-life" in rows["Remarks"]) == model.end_of_life
    if model.successor:
        assert f"use a {model.successor} instead" in rows["Remarks"]


def test_what_is_at_its_end_is_not_recommended_and_has_a_successor_that_is() -> None:
    for model in WHOLE.models:
        assert (model.advice is None) == model.end_of_life
        if model.successor:
            assert WHOLE.model(model.successor).advice is not None


@pytest.mark.parametrize("model", WHOLE.models, ids=lambda model: model.name)
def test_every_status_names_a_test_that_is_there(model: BmsModel) -> None:
    assert model.status
    assert model.unknown
    for status in model.status:
        assert (ROOT / status.by).exists(), status.by


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Small BMS", "Small BMS"),
        ("smallbms", "Small BMS"),
        ("SmallBMS with pre-alarm", "Small BMS"),
        ("ve.bus bms v2", "VE.Bus BMS V2"),
        ("VE.Bus BMS V1", "VE.Bus BMS"),
        ("VE.Bus BMS NG", "VE.Bus BMS NG"),
        ("lynx smart bms", "Lynx Smart BMS"),
        ("0xA3E5", "Lynx Smart BMS"),
        ("41958", "Lynx Smart BMS 1000"),
        ("0xa3e4", "Lynx Smart BMS NG 500"),
        ("0xA3E7", "Lynx Smart BMS NG 1000"),
        ("0xA3E3", "Lynx Smart BMS in parallel"),
        ("Smart-BMS CL 12/100", "Smart BMS CL 12/100"),
        ("0xA3E8", "Smart BMS 12/200"),
        ("BMS 12/200", "BMS 12/200"),
    ],
)
def test_a_model_is_found_however_it_is_written(text: str, name: str) -> None:
    found = WHOLE.find(text)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("text", ["", "BMS", "0xFFFF", "Lynx"])
def test_what_is_no_model_is_not_found(text: str) -> None:
    assert WHOLE.find(text) is None


def test_the_message_database_says_the_same_of_the_number_of_batteries() -> None:
    known = {number: info.max_batteries for number, info in database().products.items() if info.max_batteries}
    assert set(known) == {0xA3E4, 0xA3E5, 0xA3E6, 0xA3E7}
    for number, most in known.items():
        found = WHOLE.find(hex(number))
        assert found is not None
        assert {volts: found.max_batteries(volts, WHOLE.max_batteries) for volts in most} == most


def test_the_number_of_batteries_depends_on_the_variant_and_the_voltage() -> None:
    found = WHOLE.find("Lynx Smart BMS NG 500")
    assert found is not None
    assert [found.max_batteries(volts, 20) for volts in (12, 24, 48, None)] == [50, 50, 25, 50]
    plain = WHOLE.find("Lynx Smart BMS")
    assert plain is not None
    assert plain.max_batteries(48, 20) == 20


def test_an_exact_name_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        WHOLE.model("smallbms")


def replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [", "models.yaml:"),
        ("[]", "top: expected a mapping"),
        (TEXT + "\nextra: 1\n", "top: extra: unknown key; remove it"),
        (TEXT + "\nmodels: []\n", "key 'models' is set twice, first in line"),
        (replaced("      bluetooth:", "      blue_tooth:"), "bluetooth: is missing; add it (yes or no)"),
        (TEXT + "\nsourc: x\n", "top: sourc: unknown key; did you mean source?"),
        (replaced("voltages_v: [12, 24, 48]", "voltages_v: [12, x]"), "Small BMS: facts: voltages_v[1]"),
        (replaced("      dvcc: false", "      dvcc: maybe"), "Small BMS: facts: dvcc"),
        (replaced("      connection_a: 0", "      connection_a: true"), "connection_a: expected a whole number"),
        (
            replaced("      alternator: none", "      alternator: both"),
            "write one of none, port, atc-mode",
        ),
        (replaced("terminals: [discharge,", "terminals: [dischrge,"), "'dischrge' is not valid"),
        (replaced("      System voltage: 12, 24 or 48 V\n", ""), "Small BMS: features: rows missing"),
        (
            replaced(
                '      System connection: "No"\n      Alternator port: "No"\n',
                '      Alternator port: "No"\n      System connection: "No"\n',
            ),
            "out of order",
        ),
        (replaced('      Bluetooth: "No"', "      Bluetooth: no"), "features: Bluetooth: expected text"),
        (replaced("proven: constructed", "proven: surely"), "'surely' is not valid"),
        (replaced("successor: VE.Bus BMS V2", "successor: VE.Bus BMS V9"), "'VE.Bus BMS V9' is not a model"),
        (replaced("accessories: [m8-cables", "accessories: [m9-cables"), "'m9-cables' is not valid"),
        (replaced("only_if: inverter_charger", "only_if: weather"), "'weather' is not valid"),
        (
            replaced("question: inverter_charger, answer: false", "question: voltage, answer: false"),
            "expected a whole number",
        ),
        (replaced("max_batteries: {12: 50", "max_batteries: {12: many"), "expected a whole number"),
    ],
)
def test_a_wrong_file_names_the_place(text: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(message)):
        load(text)


def test_the_file_as_it_is_loads_the_same_twice() -> None:
    assert isinstance(load(TEXT), Catalogue)
    assert load(TEXT) == WHOLE


def test_a_problem_of_the_file_has_its_line() -> None:
    text = replaced("      connection_a: 0", "      connection_a: many")
    line = text.splitlines().index("      connection_a: many") + 1
    with pytest.raises(CatalogueError) as caught:
        load(text)
    assert str(caught.value).startswith(f"models.yaml:{line}:Small BMS: facts: connection_a: expected a whole number")
