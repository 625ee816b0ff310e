"""A storm: frames and D-Bus events of every kind, in any order, with losses and nonsense, as hypothesis strategies."""

from __future__ import annotations

import math
from collections.abc import Mapping

from hypothesis import strategies as st

from gxbridge.core.model.items import Value
from tests.core.boat import (
    ALL_WELL,
    CCL,
    CELLS,
    CVL,
    DCL,
    ERROR,
    IO,
    LOW,
    MULTI,
    NAME,
    NO_CHARGE,
    NO_DISCHARGE,
    PRODUCT,
    RUNNING,
    SOC,
    SOLAR,
    STATE,
    claim,
    multi,
    solar,
    status,
    vreg,
)

OTHER_SOLAR = "com.victronenergy.solarcharger.ttyO4"
VENDOR_BATTERY = "com.victronenergy.battery.socketcan_vecan0_vi1_uc167120"
OTHER_BATTERY = "com.victronenergy.battery.ttyUSB0"
SYSTEM = "com.victronenergy.system"
SETTINGS = "com.victronenergy.settings"
RIVAL = "com.victronenergy.gxbridge.other"
ALTERNATOR = "com.victronenergy.alternator.can1"
INPUT = "com.victronenergy.digitalinput.input_1"

SECOND_NAME = bytes.fromhex("D18CC22C00AA46C0")
"""Unique number 167121; the rest as the first."""

BATTERY: Mapping[str, Value] = {
    "/DeviceInstance": 1,
    "/Connected": 1,
    "/ProductId": 0xA3E5,
    "/ProductName": "Lynx Smart BMS 500",
    "/N2kUniqueNumber": 167120,
    "/Dc/0/Voltage": 26.4,
    "/Dc/0/Current": 3.0,
    "/Info/MaxChargeVoltage": 28.2,
    "/Info/MaxChargeCurrent": 150.0,
    "/Info/MaxDischargeCurrent": 600.0,
    "/Io/AllowToCharge": 1,
    "/Io/AllowToDischarge": 1,
}
SERVICES: Mapping[str, Mapping[str, Value]] = {
    SOLAR: solar(),
    OTHER_SOLAR: solar(limit_a=50.0, current_a=20.0),
    MULTI: multi(**{"/Bms/AllowToCharge": None, "/Bms/AllowToDischarge": None, "/Bms/BmsType": None}),
    ALTERNATOR: {"/DeviceInstance": 5, "/ProductId": 0xA3F0, "/Connected": 1, "/Link/ChargeCurrent": None},
    VENDOR_BATTERY: BATTERY,
    OTHER_BATTERY: BATTERY | {"/DeviceInstance": 2, "/N2kUniqueNumber": None, "/ProductId": 0xB014},
    SYSTEM: {"/Control/Dvcc": 1},
    SETTINGS: {"/Settings/SystemSetup/MaxChargeCurrent": 50.0, "/Settings/SystemSetup/BatteryService": "default"},
    RIVAL: {"/Dvcc/Mode": "control"},
    INPUT: {"/Type": 10, "/InputState": 0},
}
PEACEFUL = (SOLAR, OTHER_SOLAR, MULTI, ALTERNATOR, INPUT, OTHER_BATTERY)
"""Services that leave us the master."""

CHANGES: Mapping[str, tuple[str, ...]] = {
    name: (*items, "/Link/ChargeCurrent", "/ErrorCode", "/Info/MaxChargeCurrent", "/Hub/ChargeVoltage")
    for name, items in SERVICES.items()
}
VALUES: tuple[Value, ...] = (
    *(None, 0, 1, 2, 3, 67, -1, 28.4, 26.4, 50.0, 200, 1e308, -1e9, math.nan, math.inf, -math.inf),
    *(1 << 62, "", "default", "com.victronenergy.battery/1", "\ud800", "0"),
)

REGISTERS = (*RUNNING, 0x2100, 0x2109, 0x210A, 0x2015, 0x200E, 0x010C, 0xED8D, 0xED8C, 0x1000, 0xFFFF)
WORDS: Mapping[int, tuple[int, ...]] = {
    PRODUCT: (0xA3E500, 0xA3E600, 0xA04200, 0xFFFF00),
    IO: (ALL_WELL, NO_CHARGE, NO_DISCHARGE, 0, 0xFFFFFFFF, 0xFFFF),
    STATE: (9, 10, 14, 18, 255),
    ERROR: (0, 1, 35, 255),
    CVL: (2840, 2700, 0, 0xFFFF, 0x7FFF, 6000),
    CCL: (2000, 500, 100, 0, 0xFFFF, 0x8000),
    DCL: (6000, 100, 0, 0xFFFF),
    LOW: (2160, 0, 0xFFFF),
    CELLS: (335 | 339 << 16, 0xFFFFFFFF),
    SOC: (9920, 0, 0xFFFF),
}

Event = tuple[object, ...]
addresses = st.sampled_from([0x29, 0x29, 0x29, 0x2A, 0xFE])


@st.composite
def frames(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """One frame that a boat may carry, or none that it should."""
    kind = draw(st.sampled_from(["word", "word", "word", "running", "running", "claim", "status", "junk", "fast"]))
    source = draw(addresses)
    if kind == "running":
        return [claim(source), status(source=source), *(vreg(reg, raw, source) for reg, raw in RUNNING.items())]
    if kind == "claim":
        return [claim(source, draw(st.sampled_from([NAME, SECOND_NAME, bytes(8), NAME[:5]])))]
    if kind == "status":
        return [
            status(draw(st.sampled_from([26.4, 13.0, 0.0, 60.0])), draw(st.sampled_from([-50.0, 0.0, 250.0])), source)
        ]
    if kind == "junk":
        return [(draw(st.integers(0, (1 << 32) - 1)), draw(st.binary(max_size=8)))]
    if kind == "fast":
        head = draw(st.sampled_from([0x1DEFFF00, 0x19F01400, 0x19FFE100])) | source
        return [(head, bytes((n,)) + draw(st.binary(min_size=1, max_size=7))) for n in range(draw(st.integers(1, 4)))]
    register = draw(st.sampled_from(REGISTERS))
    words = WORDS.get(register)
    raw = draw(st.sampled_from(words) if words else st.integers(0, 0xFFFFFFFF))
    return [vreg(register, raw, source)]


services = st.sampled_from(sorted(SERVICES))
peaceful = st.sampled_from(PEACEFUL)


@st.composite
def changes(draw: st.DrawFn, names: st.SearchStrategy[str] = services) -> Event:
    """Items of a service that is there or not."""
    name = draw(names)
    paths = draw(st.lists(st.sampled_from(CHANGES[name]), min_size=1, max_size=3))
    return ("change", name, {path: draw(st.sampled_from(VALUES)) for path in paths})


def events(names: st.SearchStrategy[str] = services) -> st.SearchStrategy[Event]:
    """Anything that can happen to the bridge."""
    return st.one_of(
        frames().map(lambda made: ("frames", made)),
        frames().map(lambda made: ("frames", made)),
        names.map(lambda name: ("add", name)),
        changes(names),
        names.map(lambda name: ("remove", name)),
        st.sampled_from([("tick",), ("tick",), ("tick",), ("react",)]),
        st.sampled_from([0.02, 0.3, 1.0, 3.0, 11.0, 61.0, 301.0]).map(lambda s: ("wait", s)),
        st.integers(1, 8).map(lambda n: ("running", n)),
    )
