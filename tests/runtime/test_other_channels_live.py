"""For each of the seven models a story: what comes in raw goes through the whole bridge, and a charger is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gxbridge.config import load
from gxbridge.core.blackbox.bridge_state import capture, names_of, restore
from gxbridge.core.blackbox.classes import codec
from gxbridge.core.channels.readout.advertisement import DeviceKey
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.items import Value
from gxbridge.core.publish.explanation import as_text
from gxbridge.models import catalogue
from gxbridge.models.installation import InstalledBms, check_installation
from gxbridge.runtime.assembly import setup_of
from tests.core.boat import ALL_WELL, LYNX_SERVICE, MULTI, NO_CHARGE, SOLAR, Boat, multi, solar
from tests.core.channels.test_readout import seal
from tests.core.channels.test_vebus import V1_RECORDED, V2

CHARGE = "com.victronenergy.digitalinput.input_1"
DISCHARGE = "com.victronenergy.digitalinput.input_2"
PRE_ALARM = "com.victronenergy.digitalinput.input_3"
ADDRESS = "C0:FF:EE:00:00:01"
KEY = DeviceKey(b"k" * 16)
CURRENT, MODE, MULTI_CURRENT, MULTI_DISCHARGE = (
    (SOLAR, "/Link/ChargeCurrent"),
    (SOLAR, "/Link/NetworkMode"),
    (MULTI, "/Dc/0/MaxChargeCurrent"),
    (MULTI, "/BatteryOperationalLimits/MaxDischargeCurrent"),
)
WITH_BMS, WITHOUT_BMS = 13, 5
"""Network modes a charger is told; the first makes it stop by itself when nothing more comes (error #67)."""

SMART_BMS = bytes.fromhex("000000e804e704bf040018251100")
LYNX_LOW_CELL = bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")
LOW_VOLTAGE_FLAGS = (1 << 25 | 1 << 27).to_bytes(4, "little") + bytes(2)
"""A lithium battery that says: not allowed to discharge, and pre-alarm."""
CHARGE_FLAGS = (1 << 26).to_bytes(4, "little") + bytes(2)
"""And one that says: not allowed to charge."""


def boat_with(vebus: dict[str, Value] | None = None, model: str = "", pre_alarm: str | None = None) -> Boat:
    """In control beside a solar charger and a Multi; `model` is wired to the inputs, Bluetooth is heard."""
    wirings = (Wiring("Bank", model, CHARGE, DISCHARGE, pre_alarm),) if model else ()
    boat = Boat(
        user_settings={"/Settings/Services/Bol": 1},
        wirings=wirings,
        readout_keys={ADDRESS: KEY},
        readout_names={ADDRESS: "Aft"},
    )
    for wiring in wirings:
        for service in wiring.inputs.values():
            boat.add(service, {"/Type": 10, "/InputState": int(service == PRE_ALARM)})
    boat.add(MULTI, multi(**(vebus or {})))
    boat.add(SOLAR, solar())
    return boat


def advertise(boat: Boat, record: int, plain: bytes, nonce: int = 1) -> None:
    boat.bridge.advertised(ADDRESS, seal(record, plain, nonce=nonce), boat.now)


def level(boat: Boat, service: str, value: Value) -> None:
    """An input changes, and whoever may be stopped by it is told at once."""
    assert boat.set(service, **{"/InputState": value})
    boat.react()


def reasons(cycle: Cycle) -> str:
    return as_text(cycle.explanation())


def findings(boat: Boat) -> set[str]:
    return {finding.id for finding in boat.bridge.finding_log.current}


def by_terminals(model: str) -> None:
    """Levels are all there is: fine, full, the wire that breaks, the input that vanishes."""
    boat = boat_with(model=model, pre_alarm=PRE_ALARM)
    cycle = boat.tick(7, speaking=False)
    assert boat.links == {CURRENT: 35.0, MODE: WITHOUT_BMS}, "its own limit, no voltage, no BMS to rely on, no Multi"
    assert f"Bank ({model}): charging allowed" in reasons(cycle)
    assert "set by Bank, allowed-to-charge terminal at input_1" in reasons(cycle)
    level(boat, CHARGE, 1)
    assert (boat.links[CURRENT], boat.links[MODE], boat.links[MULTI_CURRENT]) == (0, WITHOUT_BMS, 0)
    cycle = boat.tick(4, speaking=False)
    assert "allowed-to-charge terminal at input_1: open, which is stop (BMS, wire or fuse)" in reasons(cycle)
    assert cycle.batteries == ()
    level(boat, CHARGE, 0)
    assert boat.links[CURRENT] == 0, "a permission must settle"
    cycle = boat.tick(5, speaking=False)
    assert (boat.links[CURRENT], boat.links[MULTI_CURRENT]) == (35.0, 10000.0), "the end of a stop is told too"
    assert cycle.own["/Limits/Ccl/Value"] == 10000.0
    boat.bridge.service_removed(CHARGE, boat.now)
    boat.links.clear()
    cycle = boat.tick(4, speaking=False)
    assert (boat.links[CURRENT], boat.links[MULTI_CURRENT]) == (0, 0)
    assert "unknown (the input is not there), which counts as stop" in reasons(cycle)
    assert "terminal-charge-vanished" in findings(boat)
    level(boat, PRE_ALARM, 0)
    assert "terminal-pre-alarm" in findings(boat)
    level(boat, DISCHARGE, 1)
    cycle = boat.tick(14, speaking=False)  # it is said of what lasts
    assert "allowed-to-discharge terminal at input_2: open, which is stop" in reasons(cycle)
    assert "observed, not enforced: no battery service gives a discharge limit" in reasons(cycle)
    assert "discharge-not-enforced" in findings(boat)
    assert not [path for _, path in boat.links if "ischarge" in path or path == "/Mode"], "nobody is told"
    assert cycle.own["/Limits/Dcl/Value"] is None


def small_bms() -> None:
    by_terminals("Small BMS")


def smart_bms(model: str) -> None:
    """Terminals decide; what comes by Bluetooth is three voltages that change no permission."""
    by_terminals(model)
    boat = boat_with(model=model)
    boat.tick(7, speaking=False)
    advertise(boat, 0x0E, SMART_BMS)
    reading = boat.bridge.channels.receiver.reading(ADDRESS, boat.now)
    assert reading is not None
    assert (reading.values["v1_v"], reading.values["v2_v"], reading.values["v3_v"]) == (12.56, 12.55, 12.15)
    boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 35.0
    level(boat, CHARGE, 1)
    advertise(boat, 0x0E, SMART_BMS, nonce=2)
    boat.links.clear()
    boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 0, "Bluetooth lifts no stop"


def bms_12_200() -> None:
    """No terminal to read: refused in the configuration, nothing is told. Its batteries' advertisements may stop."""
    wired = InstalledBms("BMS 12/200", 12, 2, terminals=("charge",))
    (problem,) = check_installation(wired, catalogue())
    assert "no charge terminal" in str(problem)
    boat = boat_with()
    cycle = boat.tick(30, speaking=False)
    assert boat.links == {}, "nothing is known of it, and nothing is told"
    assert cycle.own["/Bms/State"] == "none"
    advertise(boat, 0x05, LOW_VOLTAGE_FLAGS)
    cycle = boat.tick(14, speaking=False)  # it is said of what lasts
    assert "Aft advertises that it does not allow discharging" in reasons(cycle)
    assert "readout-pre-alarm" in findings(boat)
    assert CURRENT not in boat.links
    assert "discharge-not-enforced" in findings(boat)
    advertise(boat, 0x05, CHARGE_FLAGS, nonce=2)
    cycle = boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 0
    assert "Aft advertises that it does not allow charging" in reasons(cycle)
    cycle = boat.tick(61, speaking=False)
    assert boat.links[MULTI_CURRENT] == 10000.0, "the inverter/charger is let go; the chargers' links have ended"
    assert cycle.own["/Limits/Ccl/Value"] is None, "silence of a Bluetooth device is no stop, and never was a grant"


def vebus_bms(items: dict[str, Value], mode: int) -> None:
    """D-Bus values: charging, a full cell (ATC 0), back, unknown, the connection lost, the service gone."""
    boat = boat_with(items)
    cycle = boat.tick(7, speaking=False)
    assert (boat.links[CURRENT], boat.links[MODE]) == (35.0, mode)
    assert "It only says yes or no and gives no current limits" in reasons(cycle)
    assert cycle.batteries == (), "it is no second battery"
    for change, word in (
        ({"/Bms/AllowToCharge": 0}, "charging refused"),
        ({"/Bms/AllowToCharge": None}, "charging unknown"),
        ({"/Alarms/BmsConnectionLost": 2}, "the connection to the BMS is lost"),
        ({"/Bms/Error": 5}, "the BMS reports an error"),
    ):
        boat.set(MULTI, **change)
        cycle = boat.tick(4, speaking=False)
        assert boat.links[CURRENT] == 0, change
        assert word in reasons(cycle)
        boat.set(MULTI, **{path: items.get(path, 0) for path in change})
        boat.tick(4, speaking=False)
        assert boat.links[CURRENT] == 35.0, change
    boat.set(MULTI, **{"/Bms/AllowToDischarge": 0})
    cycle = boat.tick(4, speaking=False)
    assert "discharging refused" in reasons(cycle)
    assert "the inverter/charger obeys it by itself" in reasons(cycle)
    assert (boat.links[CURRENT], MULTI_DISCHARGE in boat.links) == (35.0, False)
    boat.bridge.service_removed(MULTI, boat.now)
    cycle = boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 0
    assert "has vanished: its permissions are unknown" in reasons(cycle)
    assert "vebus-service-gone" in findings(boat)


def vebus_bms_v2() -> None:
    vebus_bms(dict(V2), WITH_BMS)


def vebus_bms_v1() -> None:
    vebus_bms(dict(V1_RECORDED), WITHOUT_BMS)


def lynx() -> None:
    """Frames: charging, ATC withdrawn, the charger told 0; then a stuck contact and Bluetooth as second opinions."""
    boat = boat_with(model="Lynx Smart BMS")
    boat.tick(7)
    assert (boat.links[CURRENT], boat.links[MODE]) == (35.0, WITH_BMS)
    assert boat.say(io=NO_CHARGE)
    boat.react()
    boat.tick(4)
    assert boat.links[CURRENT] == 0
    boat.say(io=ALL_WELL)
    boat.tick(4)
    assert boat.links[CURRENT] == 35.0
    level(boat, CHARGE, 1)
    assert boat.links[CURRENT] == 0, "the most restrictive permission wins"
    cycle = boat.tick(15)
    assert "channels-disagree-charge" in findings(boat)
    level(boat, CHARGE, 0)
    cycle = boat.tick(4)
    assert boat.links[CURRENT] == 35.0
    assert cycle.own["/Limits/Dcl/Value"] == 600.0
    assert "not enforced" not in reasons(cycle)
    level(boat, DISCHARGE, 1)
    assert boat.links[MULTI_DISCHARGE] == 0, "a battery service gives a discharge limit, which is lowered"
    level(boat, DISCHARGE, 0)
    boat.tick(5)
    assert boat.links[MULTI_DISCHARGE] == 600.0
    for nonce in range(1, 20):
        advertise(boat, 0x0A, LYNX_LOW_CELL, nonce)
        cycle = boat.tick(1)
    assert cycle.own["/Limits/Dcl/Value"] == 0
    assert "channels-disagree-discharge" in findings(boat)
    assert [view.name for view in cycle.batteries] == [LYNX_SERVICE]


STORIES: dict[str, Callable[[], None]] = {
    "Small BMS": small_bms,
    "VE.Bus BMS V2": vebus_bms_v2,
    "VE.Bus BMS": vebus_bms_v1,
    "Lynx Smart BMS": lynx,
    "Smart BMS CL 12/100": lambda: smart_bms("Smart BMS CL 12/100"),
    "Smart BMS 12/200": lambda: smart_bms("Smart BMS 12/200"),
    "BMS 12/200": bms_12_200,
}


def test_every_model_of_the_catalogue_has_its_story() -> None:
    assert tuple(STORIES) == catalogue().names()


@pytest.mark.parametrize("model", STORIES)
def test_the_story_of(model: str) -> None:
    STORIES[model]()


UNKNOWN_CHARGE = ALL_WELL & ~0x0C
"""The IO status of a Lynx with nothing in the two bits of the permission to charge."""
VECAN: dict[str, int | None] = {"absent": None, "yes": ALL_WELL, "no": NO_CHARGE, "unknown": UNKNOWN_CHARGE}
WIRE: dict[str, Value] = {"absent": None, "yes": 0, "no": 1, "unknown": "no level"}
VEBUS: dict[str, dict[str, Value]] = {
    "absent": {},
    "yes": V2,
    "no": V2 | {"/Bms/AllowToCharge": 0},
    "unknown": V2 | {"/Bms/AllowToCharge": None},
}
AIR: dict[str, bytes | None] = {"absent": None, "yes": (3 << 25).to_bytes(4, "little") + bytes(2), "no": CHARGE_FLAGS}
WORD = ("absent", "yes", "no", "unknown")


@pytest.mark.parametrize("vecan", WORD)
@pytest.mark.parametrize("vebus", WORD)
def test_the_most_restrictive_of_all_channels_counts(vecan: str, vebus: str) -> None:
    """Four channels, each in every state: only where all that may allow do allow, and the air does not refuse."""
    for wire in WORD:
        for air in AIR:
            boat = boat_with(VEBUS[vebus], model="" if wire == "absent" else "Small BMS")
            if wire != "absent":
                boat.set(CHARGE, **{"/InputState": WIRE[wire]})
            io = VECAN[vecan]
            if io is not None:
                boat.say(io=io)
            if (advertisement := AIR[air]) is not None:
                advertise(boat, 0x05, advertisement)
            boat.tick(7, speaking=io is not None)
            words = {vecan, vebus, wire} - {"absent"}
            told = 35.0 if words == {"yes"} and air != "no" else 0 if words or air == "no" else None
            assert boat.links.get(CURRENT) == told, (vecan, vebus, wire, air)


@pytest.mark.parametrize("model", ["VE.Bus BMS V2", "VE.Bus BMS"])
def test_the_contacts_of_a_vebus_bms_stop_too_and_are_a_second_opinion(model: str) -> None:
    boat = boat_with(dict(V2 if model.endswith("V2") else V1_RECORDED), model)
    boat.tick(7, speaking=False)
    assert boat.links[CURRENT] == 35.0
    level(boat, CHARGE, 1)
    assert boat.links[CURRENT] == 0
    boat.tick(15, speaking=False)
    assert "channels-disagree-charge" in findings(boat)


@pytest.mark.parametrize("items", [{"/Bms/AllowToCharge": 0}, {"/Bms/AllowToCharge": None}, {"/Bms/Error": 1}])
def test_a_two_signal_bms_stops_the_chargers_too_and_lets_them_go(items: dict[str, Value]) -> None:
    """DVCC looks at VE.Bus BMSes only (type 2); a refusal at the two signals of type 1 must not be lost for that."""
    allowed: dict[str, Value] = {
        "/Bms/BmsType": 1,
        "/Bms/AllowToCharge": 1,
        "/Bms/AllowToDischarge": 1,
        "/Bms/Error": 0,
    }
    boat = boat_with(allowed)
    cycle = boat.tick(7, speaking=False)
    assert (boat.links[CURRENT], boat.links[MODE], MULTI_CURRENT in boat.links) == (35.0, WITHOUT_BMS, False)
    assert "set by the two-signal BMS" in reasons(cycle)
    boat.set(MULTI, **items)
    boat.react()
    assert (boat.links[CURRENT], boat.links[MULTI_CURRENT]) == (0, 0)
    boat.set(MULTI, **{path: allowed[path] for path in items})
    boat.tick(4, speaking=False)
    assert (boat.links[CURRENT], boat.links[MULTI_CURRENT]) == (35.0, 10000.0)
    boat.bridge.service_removed(MULTI, boat.now)
    cycle = boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 0
    assert "has vanished" in reasons(cycle)


MULTI_OFF: dict[str, Value] = {"/Mode": 4, "/State": 0, "/Devices/Bms/Version": None}
GONE = ("/Bms/AllowToCharge", "/Bms/AllowToDischarge", "/Alarms/BmsPreAlarm", "/Bms/Error")


@pytest.mark.parametrize(
    ("items", "change", "current", "mode", "finding"),
    [
        # The V2 goes on talking while the inverter/charger is off, and only its version is not known.
        (V2, MULTI_OFF, 35.0, WITH_BMS, "vebus-bms-assumed"),
        # The V1 is off with it: what it allows is not known.
        (V1_RECORDED, MULTI_OFF | dict.fromkeys(GONE), 0, WITHOUT_BMS, "vebus-bms-unknown"),
        # The cable is pulled: the vendor's alarm, beside permissions that stay as they were.
        (V2, {"/Alarms/BmsConnectionLost": 2}, 0, WITH_BMS, "vebus-bms-connection-lost"),
        (V2, {"/Interfaces/Mk2/ProductName": "MK2 20Mhz"}, 35.0, WITHOUT_BMS, "vebus-bms-needs-mk3"),
        # NG, as far as it is known: a newer number than the V2's.
        (V2, {"/Devices/Bms/Version": 1149100}, 35.0, WITH_BMS, ""),
        (V2, {"/Alarms/BmsPreAlarm": 1}, 35.0, WITH_BMS, "vebus-bms-pre-alarm"),
        (V2, {"/VebusError": 7}, 35.0, WITH_BMS, "vebus-assistant-missing"),
    ],
)
def test_what_becomes_of_a_vebus_bms(
    items: dict[str, Value], change: dict[str, Value], current: float, mode: int, finding: str
) -> None:
    boat = boat_with(dict(items))
    boat.tick(7, speaking=False)
    assert boat.links[CURRENT] == 35.0
    boat.set(MULTI, **change)
    boat.tick(6, speaking=False)
    assert (boat.links[CURRENT], boat.links[MODE]) == (current, mode)
    assert finding in findings(boat) if finding else not {f for f in findings(boat) if f.startswith("vebus")}
    boat.set(MULTI, **{path: items.get(path) for path in change})
    boat.tick(6, speaking=False)
    assert boat.links[CURRENT] == 35.0


def test_a_vebus_bms_that_refuses_to_discharge_lowers_the_limit_that_a_battery_gives() -> None:
    boat = boat_with(dict(V2))
    boat.tick(7)
    assert boat.links[MULTI_DISCHARGE] == 600.0
    boat.set(MULTI, **{"/Bms/AllowToDischarge": 0, "/Bms/AllowToCharge": 0})
    boat.react()
    assert (boat.links[MULTI_DISCHARGE], boat.links[CURRENT]) == (0, 0)


@pytest.mark.parametrize("bms", [{}, V2, {"/Bms/BmsType": 1, "/Bms/AllowToCharge": 1, "/Bms/AllowToDischarge": 0}])
def test_all_that_a_family_says_fits_into_the_black_box(bms: dict[str, Value]) -> None:
    boat = boat_with(bms, "Lynx Smart BMS", PRE_ALARM)
    boat.tick(7)
    for nonce in range(15):
        level(boat, DISCHARGE, 1)
        advertise(boat, 0x0A, LYNX_LOW_CELL, nonce)
        boat.tick(1)
    view = boat.bridge._other_channels
    assert view.charge_permits
    assert view.discharge_stops
    assert view.terminals
    assert view.findings
    kept = codec()
    plain = json.loads("".join(capture(boat.bridge, names_of(boat.bridge), kept)))
    assert restore(boat.bridge.setup, plain, kept.fields, kept)._other_channels == view


def test_under_another_master_terminals_are_observed_and_nothing_is_told() -> None:
    boat = boat_with(model="Small BMS")
    boat.add("com.victronenergy.system", {"/Control/Dvcc": 1})
    boat.tick(4, speaking=False)
    boat.links.clear()
    level(boat, CHARGE, 1)
    cycle = boat.tick(4, speaking=False)
    assert boat.links == {}
    assert "Observed, not enforced: gxbridge does not control the chargers" in reasons(cycle)


@pytest.mark.parametrize(("line", "quiet"), [("", 1), ("pre_alarm_level: 0", 1), ("pre_alarm_level: 1", 0)])
def test_the_level_of_the_pre_alarm_comes_from_the_configuration(line: str, quiet: int, tmp_path: Path) -> None:
    path = tmp_path / "gxbridge.yaml"
    path.write_text(
        "terminals:\n  - model: Lynx Smart BMS\n"
        f"    allow_to_charge: {CHARGE}\n    pre_alarm: {PRE_ALARM}\n{line and '    ' + line}\n"
    )
    boat = Boat(wirings=setup_of(load(str(path))).wirings)
    boat.add(CHARGE, {"/Type": 10, "/InputState": 0})
    boat.add(PRE_ALARM, {"/Type": 10, "/InputState": quiet})
    boat.tick(12, speaking=False)
    assert "terminal-pre-alarm" not in findings(boat)
    level(boat, PRE_ALARM, 1 - quiet)
    assert "terminal-pre-alarm" in findings(boat)
