"""The devices, with the values of recorded D-Bus services where there are any. Layouts: Victron, VE.Can registers
public, v20, and the register header of gui-v2@3b94597; NMEA 2000 groups: canboat@01d0dc3.

Values: venus-docker@d0d5cb6 simulations v (Multi RS), a (Skylla-i), bct (Integrel), p (tanks); gui-v2@2ffcc3c mocks
(Inverter RS, Multi RS with two trackers); one user's survey of an MPPT 150/70 rev2 and an MPPT RS 450/200 on VE.Can.
There is no recording of a Lynx Shunt, a temperature sender or a Wakespeed on VE.Can: those values are made up, as are
the unique numbers of these and of the MPPT RS, and classes and makers of the NAMEs of what is not Victron's.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tests.port.node import (
    BATTERY_CURRENT,
    CHARGE_LIMIT,
    DISCHARGE_LIMIT,
    EXTRA_CURRENT,
    MODE,
    OLD_VSET,
    TSENSE,
    VSENSE,
    VSET,
    Device,
    name_of,
)

GENERATION, DISPLAY = 35, 120
SOLAR, INVERTER, CHARGER, BATTERY, ALTERNATOR, HEAD = 160, 153, 160, 170, 141, 130
NOBODY = 2046
"""No manufacturer's code."""
CHARGER_STATUS, ENGINE_RAPID, FLUID, TEMPERATURE, TEMPERATURE_EXTENDED = 127507, 127488, 127505, 130312, 130316
DC_DETAILED, BATTERY_STATUS = 127506, 127508
NO_U16, NO_U32 = 0xFFFF, 0xFFFFFFFF


def u8(number: int) -> bytes:
    return struct.pack("<B", number)


def u16(value: float, step: float = 1) -> bytes:
    return struct.pack("<H", round(value / step))


def s16(value: float, step: float = 1) -> bytes:
    return struct.pack("<h", round(value / step))


def u32(value: float, step: float = 1) -> bytes:
    return struct.pack("<I", round(value / step))


def s32(value: float, step: float = 1) -> bytes:
    return struct.pack("<i", round(value / step))


def text(words: str) -> bytes:
    return words.encode() + b"\0"


def product(product_id: int) -> bytes:
    """0x0100: identifier 0 (the node itself), product id, flags."""
    return struct.pack("<BHB", 0, product_id, 0)


def firmware(version: int) -> bytes:
    """0x0102: identifier 0, three bytes of version."""
    return struct.pack("<I", version << 8)


def battery_status(instance: int, voltage_v: float, current_a: float, kelvin: float | None = None) -> tuple[int, bytes]:
    """127508: 0.01 V, 0.1 A, 0.01 K."""
    raw = NO_U16 if kelvin is None else round(kelvin * 100)
    return BATTERY_STATUS, struct.pack("<BhhHB", instance, round(voltage_v * 100), round(current_a * 10), raw, 0xFF)


def dc_detailed(instance: int, dc_type: int, soc: int, minutes: int, ripple_v: float | None) -> tuple[int, bytes]:
    """127506, nine bytes: SID, instance, type, % charged, health, min, mV."""
    ripple = NO_U16 if ripple_v is None else round(ripple_v * 1000)
    return DC_DETAILED, struct.pack("<BBBBBHH", 0xFF, instance, dc_type, soc, 0xFF, minutes, ripple)


def charger_status(state: int) -> tuple[int, bytes]:
    """127507: charger, battery, state and mode, enabled, time to equalise."""
    return CHARGER_STATUS, struct.pack("<BBBBH", 0, 0, state, 0xFD, NO_U16)


def fluid(instance: int, kind: int, level_percent: float, capacity_l: float) -> tuple[int, bytes]:
    """127505: instance and type in one byte, 0.004 %, 0.1 L."""
    level, capacity = round(level_percent / 0.004), round(capacity_l * 10)
    return FLUID, struct.pack("<BhIB", instance | kind << 4, level, capacity, 0xFF)


def temperature(instance: int, source: int, celsius: float) -> tuple[int, bytes]:
    """130316: SID, instance, source, 0.001 K in three bytes, set temperature."""
    kelvin = round((celsius + 273.15) * 1000).to_bytes(3, "little")
    return TEMPERATURE_EXTENDED, bytes((0xFF, instance, source)) + kelvin + b"\xff\xff"


def old_temperature(instance: int, source: int, celsius: float) -> tuple[int, bytes]:
    """130312: SID, instance, source, 0.01 K, set temperature."""
    return TEMPERATURE, struct.pack("<BBBHHB", 0xFF, instance, source, round((celsius + 273.15) * 100), NO_U16, 0xFF)


def day(
    yield_kwh: float, used_kwh: float, most_v: float, least_v: float, minutes: tuple[int, int, int],
    most_w: int, most_a: float, panel_v: float, number: int,
) -> bytes:  # fmt: skip
    """0x1050 + d."""
    head = struct.pack("<BIIHH", 0, *(round(kwh * 100) for kwh in (yield_kwh, used_kwh)), round(most_v * 100),
                       round(least_v * 100))  # fmt: skip
    rest = struct.pack("<HHHIHHH", *minutes, most_w, round(most_a * 10), round(panel_v * 100), number)
    return head + bytes(5) + rest


def tracker_day(number: int, trackers: tuple[tuple[float, int, float], ...]) -> bytes:
    """0x10A0 + d: (kWh, W, V) of each tracker; what is not there is not available."""
    missing = 4 - len(trackers)
    said = b"".join(
        b"".join(u16(row[column], step) for row in trackers) + missing * b"\xff\xff"
        for column, step in enumerate((0.01, 1, 0.01))
    )
    return struct.pack("<BH", 0, number) + said


def totals(
    errors: tuple[int, int, int, int], user_kwh: float, all_kwh: float, panel_v: float, battery_v: float
) -> bytes:
    """0x104F."""
    yields = u32(user_kwh, 0.01) + u32(all_kwh, 0.01)
    return bytes((0, 0, *errors)) + yields + u16(panel_v, 0.01) + u16(battery_v, 0.01) + u8(2)


def tracker(number: int, voltage_v: float, power_w: float, current_a: float, mode: int) -> dict[int, bytes]:
    """Tracker 1 to 4: 0xECC3, CB, CC, CD and on in steps of 0x10."""
    base = 0xECC0 + 0x10 * (number - 1)
    return {base + 3: u8(mode), base + 0xB: u16(voltage_v, 0.01), base + 0xC: u32(power_w, 0.01),
            base + 0xD: u16(current_a, 0.1)}  # fmt: skip


def lines(base: int, voltage_v: float, current_a: float, power_w: int, frequency_hz: float) -> dict[int, bytes]:
    """One AC line: V, A, W and Hz of 0x2213 and 0x2250."""
    return {base: s16(voltage_v, 0.01), base + 1: s16(current_a, 0.01), base + 2: s32(power_w),
            base + 4: u16(frequency_hz, 0.01)}  # fmt: skip


HEALTH = {register: u32(0) for register in range(0x0130, 0x0136)}
"""CAN error counters."""
NETWORK = {0x200D: u16(0), MODE: u8(0), 0x200F: u8(4), VSET: u16(NO_U16), CHARGE_LIMIT: u16(NO_U16)}
CHARGING = frozenset({VSET, VSENSE, TSENSE, BATTERY_CURRENT, EXTRA_CURRENT, MODE, CHARGE_LIMIT})
COMMON_SETTINGS = {0x0200: ("<B", 1, 5), 0x010C: ("text", 0, 0), 0xEDF0: ("<H", 0, 2000)}
LIVE = frozenset({0x0201, 0x0207, 0xED8D, 0xED8F, 0xEDB3, 0xEDBB, 0xEDBC, 0xEDBD, 0xEDDA, 0x0FFF, 0x200F, CHARGE_LIMIT})
TRACKERS_LIVE = frozenset(0xECC0 + 0x10 * n + k for n in range(4) for k in (3, 0xB, 0xC, 0xD))
AC_LIVE = frozenset(base + k for base in (0x2213, 0x2250) for k in (0, 1, 2, 4))


def identity(product_id: int, version: int, serial: str, group: int, description: str = "") -> dict[int, bytes]:
    said = {0x0100: product(product_id), 0x0102: firmware(version), 0x0104: u8(group), 0x010A: text(serial)}
    return said | {0x010C: text(description)} | HEALTH


MPPT = Device(
    name=name_of(283819, SOLAR, GENERATION),
    address=0x24,
    code=0xA10C,
    texts=("SmartSolar MPPT VE.Can 150/70 rev2", "v3.16", "", "0283819 HQ2240A4CPV"),
    registers=identity(0xA10C, 0x0316FF, "HQ2240A4CPV", 10) | NETWORK | {
        0x0200: u8(1), 0x0201: u8(0), 0x0207: u32(1), 0x0244: u8(1), 0xED8D: s16(52.54, 0.01), 0xED8F: s16(0),
        0xEDB3: u8(0), 0xEDBB: u16(0.21, 0.01), 0xEDBC: u32(0), 0xEDBD: u16(0), 0xEDDA: u8(0), 0xEDE8: u8(0),
        0xEDDC: u32(5752.37, 0.01), 0xEDDD: u32(5752.37, 0.01), 0xEDF0: u16(70.0, 0.1), CHARGE_LIMIT: u16(70.0, 0.1),
        0x104F: totals((0, 0, 0, 0), 5752.37, 5752.37, 104.6, 61.84),
        0x1050: day(0, 0, 52.6, 52.5, (0, 0, 0), 0, 0, 0.3, 813),
        0x1051: day(8.68, 0, 57.6, 51.0, (656, 0, 0), 2065, 37.6, 98.97, 812),
    },
    live=LIVE,
    groups=(battery_status(0, 52.54, 0), charger_status(0)),
    fast=frozenset({CHARGER_STATUS}),
    writable=COMMON_SETTINGS,
    link=CHARGING,
)  # fmt: skip

MPPT_RS = Device(
    name=name_of(300450, SOLAR, GENERATION),
    address=0x25,
    code=0xA111,
    texts=("SmartSolar MPPT RS 450/200", "v1.22", "", "0300450 HQ2301RS200"),
    registers=identity(0xA111, 0x0122FF, "HQ2301RS200", 10) | NETWORK | {
        0x0200: u8(1), 0x0201: u8(3), 0x0207: u32(0), 0x0244: u8(4), 0xED8D: s16(53.1, 0.01), 0xED8F: s16(83.4, 0.1),
        0xEDB3: u8(2), 0xEDBC: u32(4428.5, 0.01), 0xEDDA: u8(0), 0xEDE8: u8(0), 0xEDDC: u32(1204.1, 0.01),
        0xEDDD: u32(1210.55, 0.01), 0xEDF0: u16(200.0, 0.1), CHARGE_LIMIT: u16(NO_U16),
        **tracker(1, 312.4, 1874.5, 6.0, 2), **tracker(2, 287.0, 1430.0, 5.0, 2), **tracker(3, 301.25, 1124.0, 3.7, 2),
        **tracker(4, 1.2, 0, 0, 0),
        0x104F: totals((0, 0, 0, 0), 1204.1, 1210.55, 431.2, 57.9),
        0x1050: day(11.42, 0, 57.6, 51.2, (312, 40, 0), 5120, 96.4, 412.5, 402),
        0x1051: day(19.7, 0, 57.6, 50.9, (480, 55, 10), 6240, 118.0, 431.2, 401),
        0x10A0: tracker_day(402, ((4.2, 1950, 412.5), (3.9, 1800, 398.0), (3.32, 1620, 401.5), (0, 0, 3.1))),
        0x10A1: tracker_day(401, ((7.1, 2340, 431.2), (6.8, 2210, 420.0), (5.8, 1980, 418.7), (0, 0, 2.9))),
    },
    live=LIVE | TRACKERS_LIVE,
    groups=(battery_status(0, 53.1, 83.4), charger_status(1)),
    fast=frozenset({CHARGER_STATUS}),
    writable=COMMON_SETTINGS,
    link=CHARGING,
)  # fmt: skip

RS_ENERGY = (214.82, None, 0.28, None, 0.03, None, 0.38, None, 0.0, 48.39, 0.0, 0.0, 0.0, None)
"""kWh of 0xD5C0 to 0xD5CD as the recorded Multi RS has them."""


def energies(values: tuple[float | None, ...]) -> dict[int, bytes]:
    return {0xD5C0 + n: u32(NO_U32) if kwh is None else u32(kwh, 0.01) for n, kwh in enumerate(values)}


RS_SETTINGS = COMMON_SETTINGS | {0x0214: ("<H", 0, 500), 0xD050: ("<B", 0, 3), 0xD053: ("<H", 0, 1000),
                                 0xD054: ("<h", -32767, 32766), 0x034E: ("<B", 0, 1),
                                 0x0333: ("<I", 0, NO_U32)}  # fmt: skip
ALARMS = {0x031C: u16(0), 0x031E: u16(0), 0x0333: u32(0x02AAAAAA)}

MULTI_RS = Device(
    name=name_of(162268, INVERTER, GENERATION),
    address=0x40,
    code=0xA442,
    texts=("Multi RS Solar 48V/6000VA/100A", "v1.10-beta-05", "", "0162268 HQ2108RHQJZ"),
    registers=identity(0xA442, 0x011005, "HQ2108RHQJZ", 11, "RS 48/6000/100 HQ2108RHQJZ") | NETWORK | ALARMS | {
        0x0200: u8(3), 0x0201: u8(252), 0x0204: u8(0), 0x0207: u32(1024), 0x020B: u8(1), 0x0210: u16(10.0, 0.1),
        0x0211: u16(1.2, 0.1), 0x0212: u16(50.0, 0.1), 0x0214: u16(10.0, 0.1), 0x0215: u8(1), 0x0242: u8(1),
        0x0243: u8(1), 0x0244: u8(1), 0x0245: u8(0), 0x034E: u8(1), 0x034F: u8(2), 0x0FFF: u16(100.0, 0.01),
        0x0FFE: u16(NO_U16), 0x2203: s16(5100), 0xED8B: u16(0.018, 0.001), 0xED8D: s16(54.01, 0.01),
        0xED8F: s16(0.3, 0.1), 0xEDB3: u8(0), 0xEDBB: u16(1.15, 0.01), 0xEDBC: u32(0), 0xEDDA: u8(0), 0xEDE8: u8(1),
        0xEDDC: u32(72.84, 0.01), 0xEDDD: u32(73.49, 0.01), 0xEDF0: u16(100.0, 0.1), CHARGE_LIMIT: u16(100.0, 0.1),
        DISCHARGE_LIMIT: u16(600.0, 0.1), 0xD03D: u8(0), 0xD040: u8(1), 0xD049: u8(0), 0xD04E: u32(0), 0xD050: u8(2),
        0xD053: u16(60.0, 0.1), 0xD054: s16(0),
        **lines(0x2213, 221.4, 0.0, -6, 50.0), **lines(0x2250, 221.4, 0.12, 25, 50.0), **energies(RS_ENERGY),
        0x104F: totals((10, 67, 65, 43), 72.84, 73.49, 2.67, 60.16),
        0x1050: day(0.04, 0, 54.01, 53.99, (419, 0, 0), 0, 0.9, 1.2, 169),
        0x1051: day(0.12, 0, 54.01, 53.99, (1439, 0, 0), 0, 0.7, 1.85, 168),
    },
    live=LIVE | AC_LIVE,
    groups=(battery_status(0, 54.01, 0.3), dc_detailed(0, 0, 100, NO_U16, 0.018)),
    writable=RS_SETTINGS,
    link=CHARGING | {DISCHARGE_LIMIT},
    description="RS 48/6000/100 HQ2108RHQJZ",
)  # fmt: skip

MULTI_RS_2 = Device(
    name=name_of(162269, INVERTER, GENERATION),
    address=0x41,
    code=0xA443,
    texts=("Multi RS Solar 48V/6000VA/100A", "v1.22", "", "0162269 HQ2203RSMRT"),
    registers={
        **MULTI_RS.registers,
        **identity(0xA443, 0x0122FF, "HQ2203RSMRT", 11),
        0x0244: u8(2), 0xEDBB: u16(NO_U16), **tracker(1, 0.49, 0, 0, 0), **tracker(2, 0.52, 0, 0, 0),
        0x10A0: tracker_day(169, ((0, 0, 0.67), (0, 0, 0.83))), 0x10A1: tracker_day(168, ((0, 0, 0.67), (0, 0, 0.84))),
    },
    live=LIVE | AC_LIVE | TRACKERS_LIVE,
    groups=MULTI_RS.groups,
    writable=RS_SETTINGS,
    link=MULTI_RS.link,
)  # fmt: skip

INVERTER_RS = Device(
    name=name_of(87197, INVERTER, GENERATION),
    address=0x42,
    code=0xA401,
    texts=("Inverter RS Solar 48V/6000VA/80A", "v1.22", "", "0087197 HQ2043INVRS"),
    registers=identity(0xA401, 0x0122FF, "HQ2043INVRS", 11) | NETWORK | ALARMS | {
        0x0200: u8(3), 0x0201: u8(9), 0x0207: u32(1024), 0x0244: u8(1), 0x0245: u8(0), 0x034E: u8(1), 0x034F: u8(2),
        0x0FFF: u16(89.77, 0.01), 0x0FFE: u16(NO_U16), 0x2203: s16(5100), 0xED8B: u16(0.016, 0.001),
        0xED8D: s16(53.04, 0.01), 0xED8F: s16(-0.3, 0.1), 0xEDB3: u8(0), 0xEDBB: u16(123.0, 0.01),
        0xEDBC: u32(49.0, 0.01), 0xEDDA: u8(0), 0xEDE8: u8(1), 0xEDDC: u32(0.7, 0.01), 0xEDDD: u32(0.7, 0.01),
        0xEDF0: u16(2.0, 0.1), CHARGE_LIMIT: u16(2.0, 0.1), DISCHARGE_LIMIT: u16(600.0, 0.1), 0xD049: u8(0),
        **lines(0x2213, 231.2, 0.0, -3, 50.0),
        **{register: value for register, value in energies((None,) * 8 + (0.0, 0.0, 0.06, 0.0)).items()
           if register >= 0xD5C8},
        0x104F: totals((10, 53, 10, 53), 0.7, 0.7, 136.23, 59.83),
        0x1050: day(0.06, 0, 55.01, 50.9, (114, 0, 1), 89, 1.1, 136.23, 146),
        0x1051: day(0, 0, 53.84, 52.28, (0, 0, 0), 0, 0.2, 61.49, 145),
    },
    live=LIVE | AC_LIVE,
    groups=(battery_status(0, 53.04, -0.3), dc_detailed(0, 0, 90, NO_U16, 0.016)),
    writable=RS_SETTINGS,
    link=CHARGING | {DISCHARGE_LIMIT},
)  # fmt: skip

SKYLLA = Device(
    name=name_of(15639, CHARGER, GENERATION),
    address=0xA6,
    code=0x0106,
    texts=("Skylla-i 24/100 (3)", "v2.06", "", "HQ12424SLBZ"),
    registers=identity(0x0106, 0x0206, "HQ12424SLBZ", 20) | NETWORK | {
        0x0200: u8(1), 0x0201: u8(6), 0x0210: u16(10.0, 0.1), 0x0214: u16(10.0, 0.1), 0x034E: u8(1),
        0xED8D: s16(26.41, 0.01), 0xED8F: s16(1.1, 0.1), 0xEDDA: u8(0), 0xEDDE: u8(3), 0xEDF0: u16(100.0, 0.1),
        0xEDE8: u8(0),
    },
    live=LIVE,
    groups=(
        battery_status(0, 26.41, 1.1), battery_status(1, 26.44, 0), battery_status(2, 26.42, 1.0), charger_status(5),
        (127744, struct.pack("<BBHi", 0xFF, 0, 11, 0x7FFFFFFF)),
    ),
    fast=frozenset({CHARGER_STATUS}),
    writable=COMMON_SETTINGS | {0x0214: ("<H", 0, 160)},
    link=CHARGING,
)  # fmt: skip

LYNX_SHUNT = Device(
    name=name_of(34567, BATTERY, GENERATION),
    address=0x30,
    code=0x0141,
    texts=("Lynx Shunt 1000 A VE.Can", "v1.08", "", "0034567 HQ1530LSHNT"),
    registers=identity(0x0141, 0x0108, "HQ1530LSHNT", 30) | {
        0x0FFC: s32(-12.4, 0.1), 0x0FFE: u16(2880), 0x0FFF: u16(87.5, 0.01), 0xED8D: s16(26.52, 0.01),
        0xED8F: s16(-14.2, 0.1), 0xED7D: s16(26.5, 0.01), 0x1000: u16(400), 0x2120: u32(0), 0x2121: u32(0),
        0x2122: u8(0), 0x034E: u8(0), 0x0300: s32(-210.5, 0.1), 0x030C: s32(1), 0x030D: s32(0), 0x030E: s32(2310),
        0x030F: s32(2891),
    },
    live=frozenset({0x0FFC, 0x0FFE, 0x0FFF, 0xED8D, 0xED8F, 0x2121, 0x2122}),
    groups=(battery_status(0, 26.52, -14.2, 295.35), dc_detailed(0, 0, 88, 2880, None)),
    writable={0x010C: ("text", 0, 0), 0x1000: ("<H", 0, 9999)},
)  # fmt: skip

INTEGREL = Device(
    name=name_of(430313, ALTERNATOR, GENERATION, NOBODY),
    address=0x50,
    code=0xB092,
    texts=("Integrel E-Power", "1.158", "4.150", "90E9"),
    registers={0x0100: product(0xB092), 0x010C: text("Integrel Generator Port"), 0x0201: u8(252), 0x200F: u8(4)},
    groups=(battery_status(0, 52.42, 0, 322.0), charger_status(7)),
    fast=frozenset({CHARGER_STATUS}),
    description="Integrel Generator Port",
)

WAKESPEED = Device(
    name=name_of(51001, ALTERNATOR, GENERATION, NOBODY),
    address=0x51,
    code=0xB080,
    texts=("WS500", "2.5.0", "", "51001"),
    registers={0x0100: product(0xB080), 0x0201: u8(3), 0xEDDA: u8(0), 0xED8F: s16(0), 0x200F: u8(4)},
    groups=(
        battery_status(0, 27.1, 80.0, 331.15),
        charger_status(1),
        (ENGINE_RAPID, struct.pack("<BHHbH", 0, round(1450 / 0.25), NO_U16, 0x7F, NO_U16)),
    ),
    fast=frozenset({CHARGER_STATUS}),
    link=frozenset({VSET, OLD_VSET, CHARGE_LIMIT}),
    obeys_everybody=True,
)

TANKS = Device(
    name=name_of(855, 190, 80, NOBODY),
    address=0x60,
    code=0xA160,
    texts=("Tank sensor", "v3.0.2V", "VE.Can Resistive Tnk Sndr Adpter", ""),
    groups=(fluid(0, 0, 68.0, 200.0), fluid(1, 1, 45.5, 300.0), fluid(2, 2, 17.184, 113.5)),
)
"""One sender, three tanks: fuel, fresh water, waste water."""

TANKS_ALIKE = Device(
    name=name_of(856, 190, 80, NOBODY),
    address=0x61,
    code=0xA160,
    texts=("Tank sensor", "v3.0.2V", "VE.Can Resistive Tnk Sndr Adpter", ""),
    groups=(fluid(0, 0, 12.0, 100.0), fluid(0, 5, 80.0, 60.0)),
)
"""One sender, two tanks of one instance: fuel and black water."""

THERMOMETERS = Device(
    name=name_of(7007, 130, 75, NOBODY),
    address=0x62,
    code=1001,
    texts=("Temperature sender", "1.0", "A", "7007"),
    groups=(temperature(0, 2, 21.7), temperature(1, 13, -18.25), old_temperature(2, 1, 4.5)),
)
"""Inside and freezer by 130316, outside by 130312."""

OTHER_GX = Device(
    name=name_of(500, HEAD, DISPLAY),
    address=0xE1,
    code=0,
    texts=("Cerbo GX", "v3.60", "", ""),
)
"""Another controller on the network: what it sends is ordered with `say`."""

FLEET: Mapping[str, Device] = {
    "mppt": MPPT, "mppt-rs": MPPT_RS, "multi-rs": MULTI_RS, "multi-rs-2": MULTI_RS_2, "inverter-rs": INVERTER_RS,
    "skylla": SKYLLA, "lynx-shunt": LYNX_SHUNT, "integrel": INTEGREL, "wakespeed": WAKESPEED, "tanks": TANKS,
    "tanks-alike": TANKS_ALIKE, "thermometers": THERMOMETERS, "gx": OTHER_GX,
}  # fmt: skip
