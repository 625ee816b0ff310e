"""The records of Instant Readout as tables: fields packed bit by bit, lowest bit first, in a little-endian number.

Sources: Victron, "Extra manufacturer data" (2022-12-14), offsets without its 32 header bits; for the Lynx flags the
registers 0x2107 and 0x2108 of the vendor's register list (gui-v2@5488aed9, ve_regs.h) and dbus-ble-sensors v0.31; for
the battery flags register 0x2100 (regs_payload.h of the same); for record 0x0E one published sample
(Fabian-Schmidt/esphome-victron_ble#135) and nothing from the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.channels.readout import words as words
from gxbridge.core.channels.readout.record_fields import Record, RecordField, row

STATE = RecordField("state", 0, 8, missing=0xFF)
ERROR = RecordField("error", 8, 8, missing=0xFF)

LYNX_IO = {
    "contactor_closed": 56,
    "allowed_to_charge": 58,
    "allowed_to_discharge": 60,
    "relay_active": 62,
    "aux_output_on": 64,
    "remote_enabled": 66,
    "alternator_allowed": 68,
}
LYNX_ALARMS = {
    "low_cell_voltage_alarm": 72,
    "high_current_alarm": 74,
    "high_bms_temperature_alarm": 76,
    "contactor_alarm": 78,
    "bms_cable_alarm": 80,
    "load_disconnect_alarm": 82,
    "low_soc_alarm": 84,
    "high_temperature_alarm": 88,
}

_MONITOR = (
    RecordField("voltage_v", 16, 16, "signed", 100, missing=0x7FFF),
    RecordField("alarm", 32, 16, missing=0xFFFF),
    RecordField("aux_raw", 48, 16, missing=0xFFFF),
    RecordField("aux_mode", 64, 2),
    RecordField("current_a", 66, 22, "signed", 1000, missing=0x1FFFFF),
)

_ALL = (
    Record(
        0x01,
        "Solar charger",
        (
            STATE,
            ERROR,
            RecordField("voltage_v", 16, 16, "signed", 100, missing=0x7FFF),
            RecordField("current_a", 32, 16, "signed", 10, missing=0x7FFF),
            RecordField("yield_today_kwh", 48, 16, divisor=100, missing=0xFFFF),
            RecordField("pv_power_w", 64, 16, missing=0xFFFF),
            RecordField("load_current_a", 80, 9, divisor=10, missing=0x1FF),
        ),
        words.state,
    ),
    Record(
        0x02,
        "Battery monitor",
        (
            RecordField("time_to_go_min", 0, 16, missing=0xFFFF),
            *_MONITOR,
            RecordField("consumed_ah", 88, 20, divisor=-10, missing=0xFFFFF),
            RecordField("soc_percent", 108, 10, divisor=10, missing=0x3FF),
        ),
        words.monitor,
    ),
    Record(
        0x04,
        "DC/DC converter",
        (
            STATE,
            ERROR,
            RecordField("input_voltage_v", 16, 16, divisor=100, missing=0xFFFF),
            RecordField("output_voltage_v", 32, 16, "signed", 100, missing=0x7FFF),
            RecordField("off_reason", 48, 32, missing=0xFFFFFFFF),
        ),
        words.converter,
    ),
    Record(
        0x05,
        "Lithium battery",
        (
            RecordField("flags", 0, 32, missing=0xFFFFFFFF),
            RecordField("errors", 32, 16, missing=0xFFFF),
            *(RecordField(f"cell_{n}", 48 + 7 * n, 7, missing=0x7F) for n in range(8)),
            RecordField("voltage_v", 104, 12, divisor=100, missing=0xFFF),
            RecordField("balancer", 116, 4, missing=0xF),
            RecordField("temperature_c", 120, 7, add=-40, missing=0x7F),
        ),
        words.battery,
    ),
    Record(
        0x09,
        "Battery protect",
        (
            STATE,
            RecordField("output_state", 8, 8, missing=0xFF),
            RecordField("error", 16, 8, missing=0xFF),
            RecordField("alarm", 24, 16, missing=0xFFFF),
            RecordField("warning", 40, 16, missing=0xFFFF),
            RecordField("input_voltage_v", 56, 16, "signed", 100, missing=0x7FFF),
            RecordField("output_voltage_v", 72, 16, divisor=100, missing=0xFFFF),
            RecordField("off_reason", 88, 32, missing=0xFFFFFFFF),
        ),
        words.protect,
    ),
    Record(
        0x0A,
        "Lynx Smart BMS",
        (
            RecordField("error", 0, 8),
            RecordField("time_to_go_min", 8, 16, missing=0xFFFF),
            RecordField("voltage_v", 24, 16, "signed", 100, missing=0x7FFF),
            RecordField("current_a", 40, 16, "signed", 10, missing=0x7FFF),
            *row("yes-no", LYNX_IO),
            *row("alarm", LYNX_ALARMS),
            RecordField("soc_percent", 90, 10, divisor=10, missing=0x3FF),
            RecordField("consumed_ah", 100, 20, divisor=-10, missing=0xFFFFF),
            RecordField("temperature_c", 120, 7, add=-40, missing=0x7F),
        ),
        words.lynx,
    ),
    Record(
        0x0C,
        "VE.Bus inverter/charger",
        (
            STATE,
            ERROR,
            RecordField("current_a", 16, 16, "signed", 10, missing=0x7FFF),
            RecordField("voltage_v", 32, 14, divisor=100, missing=0x3FFF),
            RecordField("ac_input", 46, 2, missing=3),
            RecordField("ac_input_power_w", 48, 19, "signed", missing=0x3FFFF),
            RecordField("ac_output_power_w", 67, 19, "signed", missing=0x3FFFF),
            RecordField("alarm", 86, 2, missing=3),
            RecordField("temperature_c", 88, 7, add=-40, missing=0x7F),
            RecordField("soc_percent", 95, 7, missing=0x7F),
        ),
        words.vebus,
    ),
    Record(
        0x0D,
        "DC energy meter",
        (RecordField("meter_kind", 0, 16, "signed"), *_MONITOR),
        words.monitor,
    ),
    Record(
        0x0E,
        "Smart BMS (experimental)",
        # Three words that read as battery-like voltages in the one sample; which is which is not known.
        (
            RecordField("v1_v", 24, 16, divisor=100, missing=0xFFFF),
            RecordField("v2_v", 40, 16, divisor=100, missing=0xFFFF),
            RecordField("v3_v", 56, 16, divisor=100, missing=0xFFFF),
        ),
        experimental=True,
    ),
)

RECORDS: Mapping[int, Record] = {record.number: record for record in _ALL}

UNDECODED = {
    0x00: "a test record",
    0x03: "an inverter",
    0x06: "an inverter RS",
    0x07: "a GX device",
    0x08: "an AC charger",
    0x0B: "a Multi RS",
    0x0F: "an Orion XS",
}
