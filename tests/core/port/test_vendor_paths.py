"""The tables of a port against the vendor's services, row by row.

`data/vecan_paths.csv`: the rows of our path table research for the kinds that a port serves, from recorded services
(venus-docker simulations, dbus-recorder), services that gui-v2 was recorded with, and what consumers read: path, type
(`?`: that of a sibling), a recorded value with its text, whether it can be written, what feeds it, and how it was seen.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gxbridge.core.model.items import Value
from gxbridge.core.port.tables import VECAN_DEVICE, PortRow, service_table
from gxbridge.core.publish.battery_rows import FirmwareSpec
from tests.core.port.port_boat import ALTERNATOR_SERVICE, MULTI_SERVICE, SOLAR_SERVICE, PortBoat
from tests.core.port.test_fleet import CHARGER_SERVICE, INVERTER_SERVICE, sailed
from tests.port.fleet import FLEET

DATA = Path(__file__).parent / "data" / "vecan_paths.csv"
VENDOR = list(csv.DictReader(DATA.read_text(encoding="utf-8").splitlines()))
KINDS = sorted({row["service"] for row in VENDOR})
Row = dict[str, str]

NOT_ON_VECAN = {
    "alternator": {
        *("/Dc/In/I", "/Dc/In/P"),
        *(f"/Link/{name}" for name in ("BatteryCurrent", "ChargeCurrent", "ChargeVoltage", "CurrentSenseActive")),
        *(f"/Link/{name}" for name in ("NetworkMode", "TemperatureSense", "TemperatureSenseActive", "VoltageSense")),
        "/Link/VoltageSenseActive",
    },
    "charger": {"/NrOfTrackers"},
    "inverter": {f"/Link/{name}" for name in ("BatteryCurrent", "ChargeVoltage", "TemperatureSense", "VoltageSense")},
    "multi": {"/Alarms/LowTemperature"},
    "solarcharger": {
        *(f"/Link/{name}" for name in ("BatteryCurrent", "TemperatureSense", "VoltageSense")),
        *("/Load/I", "/Load/State"),
    },
}
"""No recorded service on VE.Can has these: those of other buses do, or one page of gui-v2 reads them for all."""

OLDER = "/Settings/Alarms/"
"""What `/Settings/AlarmLevel/` was called before."""

READ_ONLY = {
    ("alternator", "/Mode"),
    ("multi", "/Ess/AcPowerSetpoint"),
    ("solarcharger", "/Link/ChargeVoltage"),
    ("solarcharger", "/Settings/BmsPresent"),
    ("tank", "/Capacity"),
    ("tank", "/FluidType"),
    ("temperature", "/TemperatureType"),
}
"""The vendor's can be written. Here a voltage is told by the port's service, an ESS gets no power at once, and nobody
knows which senders take what a user writes."""


def key(path: str) -> str:
    """Trackers after the first lack what the first lacks."""
    return re.sub(r"^/Pv/\d", "/Pv/0", path)


def served(kind: str) -> dict[str, PortRow]:
    rows = {row.path: row for row in service_table(kind).rows}
    if kind == "vecan":
        rows |= {f"/Devices/<id>{row.path}": row for row in service_table(VECAN_DEVICE).rows}
    return rows


def both(kind: str) -> Iterator[tuple[Row, PortRow]]:
    rows = served(kind)
    return ((row, rows[row["path"]]) for row in VENDOR if row["service"] == kind and row["path"] in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_of_the_vendor_is_served_or_named_as_left_out(kind: str) -> None:
    theirs = {row["path"] for row in VENDOR if row["service"] == kind}
    left = {path for path in theirs - served(kind).keys() if not path.startswith(OLDER)}
    lacks = set(service_table(kind).lacks)
    assert {key(path) for path in left - NOT_ON_VECAN.get(kind, set())} == lacks & {key(path) for path in theirs}
    assert lacks <= {key(path) for path in theirs}


@pytest.mark.parametrize("kind", KINDS)
def test_what_nobody_knows_the_source_of_is_not_shown(kind: str) -> None:
    shown = {row["path"] for row, ours in both(kind) if row["feed"] == "unknown" and ours.feeds}
    assert shown <= {"/Alarms/HighVoltage", "/Alarms/LowVoltage"}, "of a charger by 0x031E, not by PGN 127501"


@pytest.mark.parametrize("kind", KINDS)
def test_types_are_the_vendors(kind: str) -> None:
    for row, ours in both(kind):
        types = set(re.findall(r"\b[dinqsuy]\b", row["type"].replace("invalid (ai)", "")))
        if isinstance(ours.spec, FirmwareSpec):
            assert types <= {"u", "s"}, "text where the device is of another maker"
        elif (kind, ours.path) == ("multi", "/Settings/Ess/MinimumSocLimit"):
            assert ours.spec.signature == "d", "the register has tenths"
        elif (kind, ours.path) == ("charger", "/DeviceInstance"):
            assert types == {"y"}, "of a driver of 2019"
        elif types:
            assert ours.spec.signature in types, (kind, ours.path)
        guessed = row["seen"] != "recorded" or "?" in row["type"] or row["type"].startswith("invalid")
        assert not ours.sibling or guessed, (kind, ours.path)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_the_vendors(kind: str) -> None:
    for row, ours in both(kind):
        if not row["text"] or (isinstance(ours.spec, FirmwareSpec) and not row["value"].isdigit()):
            continue
        raw, signature = row["value"], ours.spec.signature
        value: Value = raw if signature == "s" else float(raw) if signature == "d" else int(float(raw))
        if (kind, ours.path) not in {("multi", "/Dc/0/Current"), ("multi", "/Dc/0/Power")}:  # recorded a moment later
            assert ours.spec.text_of(value) == row["text"], (kind, ours.path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_vendor_lets_clients_write_can_be_written(kind: str) -> None:
    refused = {(kind, row["path"]) for row, ours in both(kind) if row["writable"] == "yes" and not ours.write}
    assert refused == {pair for pair in READ_ONLY if pair[0] == kind}


OTHER_BUS = re.compile(r"or 127501 .*|127501 .* or |127501 .*, or |or 0xD400, internal")
BY_REGISTER_ONLY = re.compile(r"/Ac/(In/1|Out)/L\d/.|/Ac/Out/L[23]/.")
"""Which connection number of PGN 127744 to 127749 is an input is not known; the inverter has one line."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "vecan"])
def test_each_path_is_fed_by_its_register_or_message(kind: str) -> None:
    for row, ours in both(kind):
        if not ours.feeds:
            continue
        known = OTHER_BUS.sub("", re.sub(r"write 0x\w{4}", "", row["feeds"]))
        registers, groups = (set(re.findall(number, known)) for number in (r"0x[0-9A-F]{4}", r"\b1[23]\d{4}\b"))
        feeds = " ".join(ours.feeds)
        if not (BY_REGISTER_ONLY.fullmatch(ours.path) and "127" not in feeds):
            assert groups == set(re.findall(r"\b1[23]\d{4}\b", feeds)), (kind, ours.path)
        extra = {"0x031C"} if "0x031E" in registers else {"0xD400"} if "0x0244" in registers else set()
        assert registers | extra == set(re.findall(r"0x[0-9A-F]{4}", feeds)) | extra, (kind, ours.path)


# --- the values of the recordings, from frames ------------------------------------------------------------------------

SERVICES = {
    "alternator": ALTERNATOR_SERVICE,
    "charger": CHARGER_SERVICE,
    "inverter": INVERTER_SERVICE,
    "multi": MULTI_SERVICE,
    "solarcharger": SOLAR_SERVICE,
    "tank": "_uc855_di2",
}
OURS = {"/Mgmt/ProcessName", "/Mgmt/ProcessVersion", "/DeviceInstance", "/Devices/0/DeviceInstance", "/Devices/0/Nad"}
OURS |= {"/Devices/0/Gateway"}
"""Of this program, or of this bus."""
ELSEWHERE = {
    ("charger", "/Alarms/HighVoltage"): "it is not known what the recorded one said it by",
    ("charger", "/Alarms/LowVoltage"): "it is not known what the recorded one said it by",
    ("charger", "/Devices/0/FirmwareVersion"): "two recordings of two versions",
    ("multi", "/Ac/In/1/L1/I"): "0.12 A in steps of the register; the vendor shows tenths, from a message",
    ("solarcharger", "/Alarms/HighVoltage"): "a register of newer devices",
    ("solarcharger", "/Alarms/LowVoltage"): "a register of newer devices",
}


@pytest.fixture(scope="module")
def fleet() -> PortBoat:
    return sailed(FLEET, seconds=16)


@pytest.mark.parametrize("kind", SERVICES)
def test_simulated_devices_show_every_value_of_the_recordings(fleet: PortBoat, kind: str) -> None:
    name = next(name for name in fleet.views if f".{kind}." in name and name.endswith(SERVICES[kind]))
    values = fleet.values(name)
    compared = 0
    for row, ours in both(kind):
        if not row["value"] or ours.path in OURS or (kind, ours.path) in ELSEWHERE or ours.path not in values:
            continue
        value, compared = values[ours.path], compared + 1
        wanted = row["value"] if isinstance(value, str) else pytest.approx(float(row["value"]), rel=1e-5)
        assert value == wanted, (kind, ours.path)
    assert compared == {
        "alternator": 16, "charger": 25, "inverter": 100, "multi": 122, "solarcharger": 28, "tank": 13,
    }[kind]  # fmt: skip
