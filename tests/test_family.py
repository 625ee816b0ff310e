"""For each of the seven models a story: from what comes in raw to what is permitted, and on to a charger."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gxbridge.catalogue import catalogue
from gxbridge.catalogue.check import Installation, check_installation
from gxbridge.core.items import Value
from gxbridge.core.opinion import Disputes, Statement, Verdict, Word, compare, decide, opinion_findings
from gxbridge.core.readout import Key, Reading, open_advertisement
from gxbridge.core.terminals import TerminalBms, Wiring, read
from gxbridge.core.terminals_text import charge_reason
from gxbridge.core.vebus_watch import Watch, follow
from tests.core.boat import ALL_WELL, MULTI, NO_CHARGE, SOLAR, Boat, multi, solar
from tests.core.test_readout import seal
from tests.core.test_vebus import V1_RECORDED, V2

CHARGE = "com.victronenergy.digitalinput.input_1"
DISCHARGE = "com.victronenergy.digitalinput.input_2"
KEY = Key(b"k" * 16)
CURRENT, MODE = (SOLAR, "/Link/ChargeCurrent"), (SOLAR, "/Link/NetworkMode")

SMART_BMS = bytes.fromhex("000000e804e704bf040018251100")
LYNX_LOW_CELL = bytes.fromhex("001e00ce0939fe6525572d25a1a500c1")


def advertised(record: int, plain: bytes) -> Reading:
    reading = open_advertisement(seal(record, plain), KEY)
    assert isinstance(reading, Reading)
    return reading


def at_inputs(model: str, levels: list[tuple[float, Value, Value]]) -> TerminalBms:
    """The terminals after looks of (now, charge level, discharge level)."""
    wiring, bms = Wiring("Bank", model, CHARGE, DISCHARGE), None
    for now, charge, discharge in levels:
        services = {CHARGE: {"/Type": 10, "/InputState": charge}, DISCHARGE: {"/Type": 10, "/InputState": discharge}}
        bms = read(wiring, services, bms, now)
    assert bms is not None
    return bms


def word(bms: TerminalBms) -> Word:
    return Word("terminals", bms.charge_permission, bms.discharge_permission)


def by_terminals(model: str) -> None:
    """Levels are all there is: fine, full, and the wire that breaks."""
    fine = at_inputs(model, [(0.0, 0, 0), (5.0, 0, 0)])
    assert decide([word(fine)]) == Verdict(True, "terminals", True, "terminals")
    full = at_inputs(model, [(0.0, 0, 0), (5.0, 0, 0), (6.0, 1, 0)])
    assert decide([word(full)]).charge is False
    assert charge_reason(full) is not None
    gone = at_inputs(model, [(0.0, 0, 0), (5.0, 0, 0), (6.0, None, 0)])
    assert decide([word(gone)]).charge is None
    assert gone.stops_charge


def small_bms() -> None:
    by_terminals("Small BMS")


def smart_bms(model: str) -> None:
    """Terminals decide; what comes by Bluetooth is three voltages that change no permission."""
    by_terminals(model)
    reading = advertised(0x0E, SMART_BMS)
    assert (reading.values["v1_v"], reading.values["v2_v"], reading.values["v3_v"]) == (12.56, 12.55, 12.15)
    fine = at_inputs(model, [(0.0, 0, 0), (5.0, 0, 0)])
    assert decide([word(fine)], [reading.restriction()]) == decide([word(fine)])


def bms_12_200() -> None:
    """No terminal to read: refused in the configuration. Its batteries' own advertisements may still stop."""
    wired = Installation("BMS 12/200", 12, 2, terminals=("charge",))
    (problem,) = check_installation(wired, catalogue())
    assert "no charge terminal" in str(problem)
    empty = advertised(0x05, (1 << 25 | 1 << 27).to_bytes(4, "little") + bytes(2))
    verdict = decide([], [empty.restriction()])
    assert (verdict.charge, verdict.discharge) == (None, False)
    assert verdict.pre_alarm_by == ("Bluetooth, Lithium battery",)


def boat_with(**items: Value) -> Boat:
    """A Multi with a VE.Bus BMS and one solar charger, in control; no CAN battery speaks."""
    boat = Boat(user_settings={"/Settings/Services/Bol": 1})
    boat.add(MULTI, multi(**items))
    boat.add(SOLAR, solar())
    return boat


def vebus_bms(items: dict[str, Value], mode_with_bms: int) -> None:
    """D-Bus values: charging, a full cell (ATC 0), back, the cable pulled (unknown), the service gone."""
    watch: Watch = {}
    boat = boat_with(**items)
    boat.tick(7, speaking=False)
    assert boat.links[CURRENT] == 35.0
    assert boat.links[MODE] == mode_with_bms
    boat.set(MULTI, **{"/Bms/AllowToCharge": 0})
    watch = follow(watch, {MULTI: items | {"/Bms/AllowToCharge": 0}}, boat.now)
    boat.tick(4, speaking=False)
    assert watch[MULTI].charge is False
    assert boat.links[CURRENT] == 0
    boat.set(MULTI, **{"/Bms/AllowToCharge": 1})
    boat.tick(4, speaking=False)
    assert boat.links[CURRENT] == 35.0
    boat.set(MULTI, **{"/Bms/AllowToCharge": None})
    watch = follow(watch, {MULTI: items | {"/Bms/AllowToCharge": None}}, boat.now)
    boat.tick(4, speaking=False)
    assert watch[MULTI].charge is None
    assert boat.links[CURRENT] == 0
    assert follow(watch, {}, boat.now)[MULTI].discharge is None


def vebus_bms_v2() -> None:
    vebus_bms(dict(V2), mode_with_bms=13)


def vebus_bms_v1() -> None:
    vebus_bms(dict(V1_RECORDED), mode_with_bms=5)


def lynx() -> None:
    """Frames: charging, ATC withdrawn, the charger told 0; then Bluetooth and a stuck contact as second opinion."""
    boat = Boat(user_settings={"/Settings/Services/Bol": 1})
    boat.add(SOLAR, solar())
    boat.tick(7)
    assert boat.links[CURRENT] == 35.0
    boat.say(io=NO_CHARGE)
    boat.tick(4)
    assert boat.links[CURRENT] == 0
    boat.say(io=ALL_WELL)
    boat.tick(4)
    assert boat.links[CURRENT] == 35.0
    can = Word("VE.Can", True, True)
    empty = advertised(0x0A, LYNX_LOW_CELL).restriction()
    assert decide([can], [empty]).discharge_by == "Bluetooth, Lynx Smart BMS"
    stuck = at_inputs("Lynx Smart BMS", [(0.0, 1, 0), (5.0, 1, 0)])
    assert decide([can, word(stuck)]).charge is False
    said = [Statement("VE.Can", "charge", True), Statement("terminals", "charge", stuck.charge_permission)]
    disputes = compare(said, compare(said, Disputes(), 0.0), 10.0)
    (finding,) = opinion_findings("Lynx Smart BMS", disputes, 10.0)
    assert finding.id == "channels-disagree-charge"


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
