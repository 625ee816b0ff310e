"""Each path of the vendor's service for a Lynx, by type and text, on the running service fed with frames.

`data/lynx_500.csv` and `data/lynx_ng.csv` are what was recorded; a reader on dbus-python in its own process asks.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from gxbridge import __version__
from gxbridge.core.publish.battery_paths import specs
from tests.contract.lynx import LYNX_NG, STATUS, Lynx
from tests.contract.scene import INVALID, LYNX_SERVICE, NG_SERVICE, UNKNOWN_OBJECT, Backdrop, Scene, battery_name, scene

DATA = Path(__file__).parent / "data"
TYPES = {"s": "String", "u": "UInt32", "q": "UInt16", "y": "Byte", "i": "Int32", "d": "Double", "ai": "Array i"}
SERVICES = {"500": LYNX_SERVICE, "ng": NG_SERVICE}


ABSENT = "/Battery/Request/Id"
"""Recorded, and absent with us: the data behind it is not known, and the GUI shows a page for what exists."""


def recorded(model: str) -> list[dict[str, str]]:
    lines = (DATA / f"lynx_{model}.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row["path"] != ABSENT]


ROWS = [pytest.param(model, row, id=f"{model} {row['path']}") for model in SERVICES for row in recorded(model)]


@pytest.fixture(scope="module")
def scanned(quiet: Scene) -> dict[str, Any]:
    return {model: quiet.consumer("items", service) for model, service in SERVICES.items()}


@pytest.mark.parametrize(("model", "row"), ROWS)
def test_the_row_has_the_vendor_s_type_and_text(model: str, row: dict[str, str], scanned: dict[str, Any]) -> None:
    entry = scanned[model][row["path"]]
    text = __version__ if row["text"] == "*" else row["text"]
    assert (entry["Value"][0], entry["Text"]) == (TYPES[row["type"]], ["String", text])


@pytest.mark.parametrize("model", SERVICES)
def test_each_row_answers_the_same_when_it_is_asked_by_itself(
    model: str, scanned: dict[str, Any], quiet: Scene
) -> None:
    service = SERVICES[model]
    root, texts = quiet.consumer("get", service, "/"), quiet.consumer("get", service, "/", "GetText")
    for row in recorded(model):
        path, entry = row["path"], scanned[model][row["path"]]
        assert quiet.consumer("get", service, path) == entry["Value"] == root[1][path[1:]], path
        assert quiet.consumer("get", service, path, "GetText") == entry["Text"] == texts[1][path[1:]], path


@pytest.mark.parametrize("model", SERVICES)
def test_there_is_nothing_else_but_what_is_ours_and_no_boolean_anywhere(model: str, scanned: dict[str, Any]) -> None:
    more = scanned[model].keys() - {row["path"] for row in recorded(model)}
    reasons = {f"/Info/{name}Reason" for name in ("MaxChargeVoltage", "MaxChargeCurrent", "MaxDischargeCurrent")}
    assert more == reasons | {"/Io/AlternatorAllowToCharge"}
    assert scanned[model].keys() == specs("bms", balances=True).keys()
    assert all(entry["Value"][0] in TYPES.values() for entry in scanned[model].values())
    assert all(entry["Text"] == ["String", ""] for entry in scanned[model].values() if entry["Value"] == INVALID)


def test_what_nobody_can_say_is_absent_and_not_invalid(quiet: Scene) -> None:
    assert quiet.consumer("get", NG_SERVICE, ABSENT)["error"] == UNKNOWN_OBJECT


def test_what_the_bms_says_changes_what_is_shown(tmp_path: Path, shared: Backdrop) -> None:
    """State 18, alarms, permissions, distributors: as the frames say, and back."""
    lynx = Lynx(478868, "HQ2437XXP7K", LYNX_NG, 0x2A, STATUS)
    service = battery_name(478868)
    limits = [
        f"/Info/{name}" for name in ("MaxChargeVoltage", "MaxChargeCurrent", "MaxDischargeCurrent", "BatteryLowVoltage")
    ]
    with scene(tmp_path, shared, lynx) as stage:
        reader = stage.consumer
        stage.start()
        reader.until(service, "/Info/MaxChargeVoltage", 27.4)

        # Pending, as the recorded parallel BMS that waits (venus-docker lpp/bms_b.dat): no limit is valid, all else is.
        stage.wire.say(lynx, x2102="12", x2108="AA 29", x0201="03", x2100="00 00 00 00", x2107="56 55 01 00")
        reader.until(service, "/State", 18)
        seen = reader("items", service)
        assert [seen[path]["Value"] for path in limits] == [INVALID] * 4
        pending = {
            path: seen[path]["Value"][1]
            for path in ("/Io/AllowToCharge", "/Io/AllowToDischarge", "/SystemSwitch", "/DeviceState")
        }
        assert pending == {"/Io/AllowToCharge": 0, "/Io/AllowToDischarge": 0, "/SystemSwitch": 0, "/DeviceState": 3}
        assert seen["/Alarms/LowCellVoltage"]["Value"] == ["UInt32", 1]
        assert seen["/Dc/0/Voltage"]["Value"] == ["Double", 26.39]
        stage.wire.say(lynx, x2102="09", x2108="95 15", x0201="F9", x2100="00 00 00 06", x2107="57 55 01 00")
        reader.until(service, "/Info/MaxChargeVoltage", 27.4)
        assert reader.value(service, "/Alarms/LowCellVoltage") == 2

        # What a BMS calls unsupported or not available is invalid, never 0.
        stage.wire.say(lynx, x2107="54 14 00 00", x0385="FF FF FF FF")
        reader.until(service, "/Alarms/LowCellVoltage", None)
        reader.until(service, "/System/MinCellVoltage", None)
        assert reader.value(service, "/Alarms/BmsCable") is None

        # An error: its number, as the notifications want it.
        stage.wire.say(lynx, x2101="24")
        reader.until(service, "/ErrorCode", 36)

        # Distributors A and B appear when they are reported, and stay.
        assert reader("get", service, "/Distributor/A/Status")["error"] == UNKNOWN_OBJECT
        reader("heard")
        lynx.said[0x2160] = (b"Inverter\0").hex()
        stage.wire.say(lynx, 0x2160, x2150="09 00", x2152="7A 00", x2153="AA AA")
        reader.until(service, "/NrOfDistributors", 2)
        reader.until(service, "/Distributor/A/Fuse/0/Name", "Inverter")
        seen = reader("items", service)
        assert {path.split("/")[2] for path in seen if path.startswith("/Distributor/")} == {"A", "B"}
        assert len([path for path in seen if path.startswith("/Distributor/A/")]) == 2 + 8 * 3
        shown = {path.removeprefix("/Distributor/"): entry["Value"] for path, entry in seen.items()}
        assert (shown["A/Status"], shown["A/Alarms/ConnectionLost"]) == (["UInt32", 1], ["UInt32", 0])
        assert (shown["B/Status"], shown["B/Alarms/ConnectionLost"]) == (["UInt32", 2], ["UInt32", 0])
        assert (shown["A/Fuse/2/Status"], shown["A/Fuse/2/Alarms/Blown"]) == (["UInt32", 3], ["UInt32", 2])
        assert shown["A/Fuse/0/Name"] == ["String", "Inverter"]
        announced = {path for kind, *_, items in reader("heard") if kind == "ItemsChanged" for path in items}
        assert "/Distributor/A/Fuse/0/Name" in announced
        assert "/Distributor/B" in reader("tree", service)
