"""Banks in the configuration: what arrives, and what is wrong by line, key and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gxbridge.config.pages import show
from gxbridge.core.bank.entry import BankEntry
from gxbridge.runtime.assembly import setup_of
from tests.config.configs import loaded, problems

CAN = "can: [{channel: can0}, {channel: can1}]\n"


def test_without_the_key_there_is_no_bank(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").banks == ()
    assert loaded(tmp_path, "banks: []\n").banks == ()


def test_everything_arrives(tmp_path: Path) -> None:
    text = (
        CAN + "banks:\n"
        "  - name: house\n"
        "    title: House bank\n"
        "    members: [HQ2437XXP7K, 00AA46C02CC28CD0, com.victronenergy.battery.ttyUSB0]\n"
        "    nominal_voltage_v: 24\n"
        "    share: measured\n"
        "    imbalance_percent: 15\n"
        "  - {name: bow, bus: can1, device_instance: 3, current: sum}\n"
    )
    config = loaded(tmp_path, text)
    house = ("HQ2437XXP7K", "uc167120", "com.victronenergy.battery.ttyUSB0")
    assert config.banks == (
        BankEntry("house", "House bank", house, "", 0, 24.0, False, "measured", 0.15),
        BankEntry("bow", "", (), "can1", 3, None, True),
    )
    assert setup_of(config).banks == config.banks
    shown = yaml.safe_load(show(config))["banks"]
    assert shown[0]["members"] == list(house)
    assert loaded(tmp_path, show(config)).banks == config.banks


def test_a_bank_has_the_nominal_voltage_of_the_system(tmp_path: Path) -> None:
    config = loaded(tmp_path, "dvcc: {nominal_voltage_v: 12}\nbanks: [{name: house}]\n")
    assert config.banks == (BankEntry("house", nominal_voltage_v=12.0),)
    assert config.banks[0].called == "house"
    assert config.banks[0].key == "bank_house"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{members: [HQ12345]}", "banks[0].name: is missing; add for example `name: house`"),
        ("{name: a-b}", "banks[0].name: 'a-b' is not a name of letters, digits and _"),
        (
            f"{{name: {'a' * 41}}}",
            "banks[0].name: is longer than 40 letters; write a shorter one, and a longer `title:`",
        ),
        ("{name: a, members: []}", "banks[0].members: is an empty list"),
        (
            "{name: a, members: [12]}",
            "banks[0].members: '12' does not identify a battery; write its serial (HQ2437XXP7K), its NAME",
        ),
        ("{name: a, members: [com.victronenergy.vebus.ttyS1]}", "does not identify a battery"),
        (
            "{name: a, members: [com.victronenergy.battery.gxbridge_bank_a]}",
            "is a bank of gxbridge's own, and no battery",
        ),
        (f"{{name: a, members: [{', '.join(f'HQ{10000 + n}' for n in range(33))}]}}", "has more than 32 batteries"),
        ("{name: a, members: [HQ12345, HQ12345]}", "banks[0].members: HQ12345 is listed twice; keep one of them"),
        ("{name: a}", "banks[0]: does not say on which of several CAN buses its Lynx are; add `bus:` with one of can0"),
        (
            "{name: a, bus: can7}",
            "banks[0].bus: there is no bus called can7; write one of the buses under can: can0, can1",
        ),
        ("{name: a, bus: can0, nominal_voltage_v: 36}", "36 V is not a supported nominal voltage; write 12, 24 or 48"),
        ("{name: a, bus: can0, current: sum, share: measured}", "banks[0].share: says nothing beside `current: sum`"),
        ("{name: a, bus: can0, current: sum, imbalance_percent: 5}", "says nothing beside `current: sum`"),
        ("{name: a, bus: can0, imbalance_percent: 101}", "banks[0].imbalance_percent: 101 is out of range"),
        ("{name: a, bus: can0, current: all}", "is not a valid value"),
    ],
)
def test_what_is_wrong_is_said_with_line_key_and_cure(tmp_path: Path, entry: str, said: str) -> None:
    found = problems(tmp_path, f"{CAN}banks:\n  - {entry}\n")
    assert any(said in line for line in found), found
    assert all(line.startswith("c.yaml:3:") for line in found)


def test_a_battery_is_in_one_bank_only_and_names_differ(tmp_path: Path) -> None:
    text = CAN + "banks:\n  - {name: a, members: [HQ12345]}\n  - {name: a, members: [HQ12345]}\n"
    found = problems(tmp_path, text)
    assert any(
        "banks[1].name: a is the name of another bank too; give each bank a `name:` of its own" in s for s in found
    )
    assert any("banks[1].members: HQ12345 is a member of another bank too; a battery is in one" in s for s in found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("bus: can0", "bus: can0", True),
        ("bus: can0", "bus: can1", False),
        ("bus: can0", "bus: can0, device_instance: 1", False),
        ("bus: can0, nominal_voltage_v: 12", "bus: can0, nominal_voltage_v: 24", False),
        ("bus: can0, nominal_voltage_v: 12", "bus: can0", True),
        ("bus: can0", "members: [HQ12345]", False),
        ("members: [HQ12345]", "bus: can0", False),
    ],
)
def test_two_banks_of_all_the_same_lynx_are_wrong(tmp_path: Path, one: str, other: str, same: bool) -> None:
    text = f"{CAN}banks:\n  - {{name: a, {one}}}\n  - {{name: b, {other}}}\n"
    said = "c.yaml:4:banks[1]: has the same Lynx as the bank a; list the `members:` of each, or remove one"
    more = "" if same else "  - {name: c-c, bus: can0}\n"  # so that there is a problem, and no other
    found = problems(tmp_path, text + more)
    assert (said in found) == same
    assert same or not any("same Lynx as the bank a" in line for line in found if "banks[1]" in line), found


def test_without_a_can_bus_a_named_one_is_wrong(tmp_path: Path) -> None:
    found = problems(tmp_path, "can: []\nbanks: [{name: a, bus: can0}]\n")
    assert any("write one of the buses under can: none is configured" in line for line in found)
