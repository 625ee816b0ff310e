"""The acts on the boat, as a table: what happens, and what must come of it.

The boat has a 24 V Lynx bank of 400 Ah, a MultiPlus (70 A), two solar chargers (50 A, 70 A) and an alternator charger
(50 A).
"""

from __future__ import annotations

from collections.abc import Sequence

from gxbridge.demo.acts import AT_ONCE_S, RAISED_S, ROUND_S, Act, Expect, Happening, Hold, StartOther, StopService
from gxbridge.demo.checks import Check, compare, every, explained, item_is, quiet, renewed, total_within, values
from gxbridge.demo.roles import (
    ALLOW_CHARGE,
    ALLOW_DISCHARGE,
    ALTERNATOR,
    BATTERY,
    BMS_PRESENT,
    BOL_CHARGE,
    BOL_DISCHARGE,
    BOL_VOLTAGE,
    CAN,
    CCL,
    CHARGERS,
    CURRENT,
    DCL,
    DIRECT,
    ERROR,
    GXBRIDGE,
    LINK_CURRENT,
    LINK_VOLTAGE,
    LOW_CELL,
    LYNX,
    MAX_CHARGE,
    MAX_DISCHARGE,
    MAX_VOLTAGE,
    MODE,
    MODE_BMS,
    MULTI,
    OBEYING,
    SOLAR,
    STATE,
    TEMPERATURE,
    VECAN,
    VOLTAGE,
)
from gxbridge.demo.simulation import PRE_ALARM_S

BMS_LOST, INVERTING, OFF = 67, 9, 0
"""An error code of a charger, and states of a Multi."""

DAY: dict[str, dict[str, object]] = {
    DIRECT: {"power_a": 45},
    CAN: {"power_a": 50},
    ALTERNATOR: {"power_a": 30},
    MULTI: {"shore": True, "load_a": 0},
}
NIGHT: dict[str, dict[str, object]] = {
    DIRECT: {"power_a": 0},
    CAN: {"power_a": 0},
    ALTERNATOR: {"power_a": 0},
    MULTI: {"shore": False, "load_a": 80},
}

TOLD_NOTHING: list[Check] = [*every(CHARGERS, LINK_CURRENT, "=", 0), *values(MULTI, {BOL_CHARGE: 0})]
GIVES_NOTHING: list[Check] = every(OBEYING, CURRENT, "<=", 1)
FULL_CHARGE: list[Check] = [
    *values(DIRECT, {LINK_CURRENT: 50}),
    *values(CAN, {LINK_CURRENT: 70}),
    compare(ALTERNATOR, LINK_CURRENT, ">=", 20),
    compare(MULTI, BOL_CHARGE, ">=", 20),
    compare(BATTERY, CURRENT, ">=", 120),
]
BULK = Act(
    "bulk charge",
    "The bank is at 62 %, and everything may charge it.",
    (
        Happening("the Lynx is switched on; sun, shore power and engine are there", {LYNX: {"power": True}, **DAY}),
        Expect(
            "the battery is on D-Bus with its permissions and limits",
            (
                *values(
                    BATTERY,
                    {ALLOW_CHARGE: 1, ALLOW_DISCHARGE: 1, MAX_VOLTAGE: 28.4, MAX_CHARGE: 200, MAX_DISCHARGE: 600},
                ),
            ),
            within_s=15,
        ),
        Expect(
            "all are told the voltage, the BMS mode and a full current, and give it",
            (
                *values(GXBRIDGE, {"/Dvcc/Effective": "control"}),
                *every(CHARGERS, MODE, "=", MODE_BMS),
                *every((DIRECT, ALTERNATOR, VECAN), LINK_VOLTAGE, "=", 28.4),
                *values(MULTI, {BOL_VOLTAGE: 28.4, BOL_DISCHARGE: 600}),
                *every(CHARGERS, BMS_PRESENT, "=", 1),
                *FULL_CHARGE,
                *values(GXBRIDGE, {CCL: 200}),
                *explained("Cvl", "Ccl", "Dcl"),
            ),
            within_s=25,
        ),
    ),
)

HIGH_CELL = Act(
    "cell voltage rises",
    "One cell runs ahead: the BMS lowers its charge current limit, then sets it to 0.",
    (
        Happening("the highest cell climbs to 3.54 V", {LYNX: {"set": {"rise_v": 0.22}, "over_s": 0.5}}),
        Expect(
            "CCL falls, and the chargers share it",
            (
                compare(BATTERY, MAX_CHARGE, "<=", 150),
                compare(BATTERY, MAX_CHARGE, ">=", 50),
                total_within(((GXBRIDGE, CCL),), (BATTERY, MAX_CHARGE)),
                total_within(tuple((role, LINK_CURRENT) for role in SOLAR), (BATTERY, MAX_CHARGE), slack=1),
                total_within(((BATTERY, CURRENT),), (BATTERY, MAX_CHARGE), slack=5),
                *explained("Ccl"),
            ),
            within_s=6,
        ),
        Happening("the highest cell climbs to 3.70 V", {LYNX: {"set": {"rise_v": 0.38}, "over_s": 0}}),
        Expect(
            "CCL is 0: all are told 0 at once",
            (*values(BATTERY, {MAX_CHARGE: 0}), *values(GXBRIDGE, {CCL: 0}), *TOLD_NOTHING),
            within_s=AT_ONCE_S,
        ),
        Expect("and they stop charging", (*GIVES_NOTHING, compare(BATTERY, CURRENT, "<=", 1)), within_s=6),
    ),
)

RECOVERY = Act(
    "recovery",
    "The cells are balanced again.",
    (
        Happening("the highest cell is back at 3.33 V", {LYNX: {"set": {"rise_v": 0.02}, "over_s": 0.5}}),
        Expect(
            "the full limit is given again and used",
            (*values(BATTERY, {MAX_CHARGE: 200}), *FULL_CHARGE),
            within_s=RAISED_S + 4,
        ),
    ),
)

COLD = Act(
    "low temperature",
    "Lithium cells must not be charged when cold.",
    (
        Happening("frost: the battery is at 3 °C", {LYNX: {"set": {"temperature_c": 3.0}, "over_s": 0}}),
        Expect(
            "charging is refused and all are told 0 at once; discharging stays allowed",
            (
                *values(BATTERY, {ALLOW_CHARGE: 0, MAX_CHARGE: 0, ALLOW_DISCHARGE: 1}),
                *TOLD_NOTHING,
                *values(MULTI, {BOL_DISCHARGE: 600}),
            ),
            within_s=AT_ONCE_S,
        ),
        Expect("and they stop charging", (*GIVES_NOTHING, compare(BATTERY, TEMPERATURE, "<=", 5)), within_s=6),
    ),
)

LOW_CELL_ACT = Act(
    "pre-alarm, then discharge refused",
    "Warm again, but night: the inverter feeds the loads until a cell is empty.",
    (
        Happening(
            "no sun, no shore, no engine; the lowest cell sinks to 3.0 V",
            {LYNX: {"set": {"temperature_c": 18.0, "sag_v": 0.30}, "over_s": 0}, **NIGHT},
        ),
        Expect(
            "pre-alarm: a warning, discharging still allowed, and charging too since it is warm",
            (
                *values(BATTERY, {LOW_CELL: 1, ALLOW_DISCHARGE: 1, ALLOW_CHARGE: 1}),
                *values(MULTI, {BOL_DISCHARGE: 600, STATE: INVERTING}),
                compare(BATTERY, CURRENT, "<=", -40),
                compare(MULTI, BOL_CHARGE, ">=", 10),
            ),
            within_s=RAISED_S,
        ),
        Happening("the lowest cell sinks to 2.7 V", {LYNX: {"set": {"sag_v": 0.60}, "over_s": 0}}),
        Expect(
            "discharging is refused, charging is not (it could rescue the battery)",
            (
                *values(BATTERY, {ALLOW_DISCHARGE: 0, MAX_DISCHARGE: 0, LOW_CELL: 2, ALLOW_CHARGE: 1}),
                *values(GXBRIDGE, {DCL: 0}),
                *values(MULTI, {BOL_DISCHARGE: 0}),
                *explained("Dcl"),
            ),
            within_s=AT_ONCE_S + PRE_ALARM_S,
        ),
        Expect(
            "and the inverter stops", (*values(MULTI, {STATE: OFF}), compare(BATTERY, CURRENT, ">=", -1)), within_s=7
        ),
        Happening(
            "morning: sun, shore and engine are back, the cells recover",
            {LYNX: {"set": {"sag_v": 0.02}, "over_s": 0}, **DAY},
        ),
        Expect(
            "everything is allowed again",
            (*values(BATTERY, {ALLOW_DISCHARGE: 1, LOW_CELL: 0}), *values(MULTI, {BOL_DISCHARGE: 600}), *FULL_CHARGE),
            within_s=RAISED_S + 4,
        ),
    ),
)

SILENCE_S = 10
UNKNOWN: list[Check] = [
    item_is(BATTERY, path, "invalid")
    for path in (MAX_VOLTAGE, MAX_CHARGE, MAX_DISCHARGE, ALLOW_CHARGE, ALLOW_DISCHARGE, CURRENT)
]

CABLE = Act(
    "the BMS cable is pulled",
    "After 10 s without a frame nothing is known any more, and unknown is not permission.",
    (
        Happening("the VE.Can cable of the Lynx is pulled out", {LYNX: {"cable": "out"}}),
        StartOther(),
        Expect(
            "limits, permissions and measurements are invalid, and all are told 0",
            (
                *UNKNOWN,
                *values(GXBRIDGE, {"/Bms/State": "silent"}),
                item_is(GXBRIDGE, "/Bms/MultiStopsAt", "valid"),
                *TOLD_NOTHING,
            ),
            within_s=SILENCE_S + 4,
            after_s=SILENCE_S - 1.6,
        ),
        Expect("and they stop charging", GIVES_NOTHING, within_s=SILENCE_S + 9),
        Expect(
            "0 A of charge is written again and again, the discharge limit is not: the Multi's own timer runs",
            (
                quiet(ROUND_S, MULTI, BOL_DISCHARGE),
                renewed(ROUND_S, MULTI, BOL_CHARGE),
                *(renewed(ROUND_S, role, LINK_CURRENT) for role in CHARGERS),
                *TOLD_NOTHING,
            ),
            within_s=SILENCE_S + 12,
        ),
    ),
)

# Times count from the start of this act, some 12 s after the cable was pulled.
LOST = Act(
    "the BMS stays away",
    "At 60 s the battery leaves the bus, and the charge links are left to expire: error 67 another 60 s later.",
    (
        Expect(
            "the battery's service has left the bus",
            (item_is(BATTERY, VOLTAGE, "gone"), *values(GXBRIDGE, {"/Bms/State": "lost"})),
            within_s=60,
            after_s=40,
        ),
        Expect("nothing more is written to chargers and inverter", (quiet(12),), within_s=75),
        Expect(
            "the chargers notice: error 67, BMS lost",
            (*every(CHARGERS, ERROR, "=", BMS_LOST), *GIVES_NOTHING, quiet(50), quiet(90, MULTI, BOL_DISCHARGE)),
            within_s=125,
            after_s=90,
        ),
    ),
)

RETURN = Act(
    "the cable is back",
    "Measurements come first: nothing is granted before a fresh permission and fresh limits.",
    (
        Happening("the cable is plugged in; at first only measurements come", {LYNX: {"cable": "in", "quiet": True}}),
        Expect("the battery is heard again", (item_is(BATTERY, VOLTAGE, "valid"),), within_s=6),
        Hold(
            "nothing is granted",
            (*(item_is(BATTERY, path, "invalid") for path in (MAX_CHARGE, ALLOW_CHARGE)), *GIVES_NOTHING),
            for_s=1.5,
        ),
        Happening("the BMS sends its permission and its limits", {LYNX: {"quiet": False}}),
        Expect(
            "with permission and limits the charge goes on",
            (*values(BATTERY, {ALLOW_CHARGE: 1, MAX_CHARGE: 200}), *every(CHARGERS, MODE, "=", MODE_BMS), *FULL_CHARGE),
            within_s=RAISED_S + 4,
        ),
    ),
)

END = Act("the end", "", (StopService("the service ends cleanly when asked", within_s=4),))


def boat_acts(full: bool) -> Sequence[Act]:
    """The acts in order; `full` waits for error 67."""
    lost = (LOST,) if full else ()
    return (BULK, HIGH_CELL, RECOVERY, COLD, LOW_CELL_ACT, CABLE, *lost, RETURN, END)
