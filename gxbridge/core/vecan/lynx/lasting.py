"""What a Lynx Smart BMS says that outlives a silence: identity, settings and history (gui-v2@3b94597 ve_regs.h)."""

from __future__ import annotations

from gxbridge.core.model import conversions as convert
from gxbridge.core.vecan.quantities import Quantity, QuantityKind, QuantitySource, pgn, register

BATTERY_CONFIGURATION = 127513


def _q(name: str, kind: QuantityKind, unit: str, text: str, *sources: QuantitySource) -> Quantity:
    return Quantity(name, kind, unit, text, sources)


IDENTITY = (
    _q("hardware_revision", "identity", "", "hardware revision", register(0x0101, "hw_revision")),
    _q("group_id", "identity", "", "group", register(0x0104, "group_id")),
)

SETTINGS = (
    _q("battery_count", "setting", "", "number of batteries", register(0x0380, "batteries")),
    _q("cells_per_battery", "setting", "", "cells in each battery", register(0x0380, "cells_per_battery")),
    _q("batteries_parallel", "setting", "", "batteries in parallel",
       register(0x0380, "parallel"), register(0x0387, "battery_parallel")),
    _q("batteries_series", "setting", "", "batteries in series", register(0x0380, "series"),
       register(0x0388, "battery_series")),
    _q("capacity_ah", "setting", "Ah", "capacity of the bank",
       register(0x1000, "battery_capacity", unit="Ah"), pgn(BATTERY_CONFIGURATION, "capacity", unit="Ah")),
    _q("nominal_voltage_v", "setting", "V", "nominal voltage",
       register(0xEDEF, "bat_voltage", convert.volts, "V"),
       pgn(BATTERY_CONFIGURATION, "nominal_voltage", convert.nominal_v)),
    _q("min_soc_percent", "setting", "%", "discharge floor", register(0x210B, "min_soc", convert.percent, "%")),
    _q("use_pre_alarm", "setting", "", "pre-alarm in use", register(0x2103, "use_pre_alarm")),
    _q("pre_alarm_continuous", "setting", "", "pre-alarm continuous, else intermittent",
       register(0x2103, "continuous_alarm")),
    _q("follow_remote", "setting", "", "follows the remote input", register(0x2103, "follow_remote")),
    _q("pre_alarm_dcl_zero", "setting", "", "discharge limit 0 during pre-alarm",
       register(0x2103, "pre_alarm_dcl_zero")),
    _q("dvcc_enabled", "setting", "", "asks for DVCC", register(0x2103, "enable_dvcc")),
    _q("relay_mode", "setting", "", "relay mode (0 alarm, 1 alternator ATC)", register(0x2104, "bms_relay_mode")),
    _q("standby_timeout_h", "setting", "h", "standby timeout", register(0x2105, "standby_timeout", unit="h")),
)  # fmt: skip

HISTORY = (
    _q("deepest_discharge_ah", "history", "Ah", "deepest discharge, zero or negative",
       register(0x0300, "hist_deepest_discharge", convert.discharged, "Ah")),
    _q("last_discharge_ah", "history", "Ah", "last discharge, zero or negative",
       register(0x0301, "hist_last_discharge", convert.discharged, "Ah")),
    _q("average_discharge_ah", "history", "Ah", "average discharge, zero or negative",
       register(0x0302, "hist_average_discharge", convert.discharged, "Ah")),
    _q("charge_cycles", "history", "", "charge cycles", register(0x0303, "hist_nr_of_charge_cycles", unit="count")),
    _q("full_discharges", "history", "", "full discharges",
       register(0x0304, "hist_nr_of_full_discharges", unit="count")),
    _q("total_drawn_ah", "history", "Ah", "total charge drawn",
       register(0x0305, "hist_cumulative_ah", convert.drawn, "Ah")),
    _q("history_min_voltage_v", "history", "V", "lowest voltage ever", register(0x0306, "hist_min_voltage", unit="V")),
    _q("history_max_voltage_v", "history", "V", "highest voltage ever", register(0x0307, "hist_max_voltage", unit="V")),
    _q("time_since_full_charge_s", "history", "s", "time since the last full charge",
       register(0x0308, "hist_secs_since_last_full_charge", convert.whole, "s")),
    _q("automatic_syncs", "history", "", "automatic synchronisations",
       register(0x0309, "hist_nr_of_auto_syncs", unit="count")),
    _q("low_voltage_alarms", "history", "", "low voltage alarms",
       register(0x030A, "hist_nr_of_low_voltage_alarms", unit="count")),
    _q("high_voltage_alarms", "history", "", "high voltage alarms",
       register(0x030B, "hist_nr_of_high_voltage_alarms", unit="count")),
    _q("discharged_energy_kwh", "history", "kWh", "energy discharged", register(0x0310, "hist_kwh_out", unit="kWh")),
    _q("charged_energy_kwh", "history", "kWh", "energy charged", register(0x0311, "hist_kwh_in", unit="kWh")),
    _q("history_max_temperature_c", "history", "°C", "highest temperature ever",
       register(0x0312, "hist_max_temperature", convert.celsius, "K")),
    _q("history_min_temperature_c", "history", "°C", "lowest temperature ever",
       register(0x0313, "hist_min_temperature", convert.celsius, "K")),
    _q("history_min_cell_voltage_v", "history", "V", "lowest cell voltage ever",
       register(0x0384, "min_voltage", unit="V")),
    _q("history_max_cell_voltage_v", "history", "V", "highest cell voltage ever",
       register(0x0384, "max_voltage", unit="V")),
    _q("shutdowns_due_error", "history", "", "shut-downs because of an error",
       register(0xEEFC, "lynx_ion_shutdowns_due_error", unit="count")),
)  # fmt: skip

_ERROR_FIELDS = ("error_1_latest", "error_2", "error_3", "error_4_oldest")

LAST_ERRORS = tuple(
    _q(f"last_error_{n}", "history", "", f"last error, {n} back", register(0x2110, field))
    for n, field in enumerate(_ERROR_FIELDS, 1)
) + tuple(
    _q(f"last_error_{n}_time", "history", "s", f"moment of the last error, {n} back (Unix seconds)",
       register(0x2110 + n, f"bms_last_error{n}_time", convert.epoch, "s (UTC epoch)"))
    for n in range(1, 5)
)  # fmt: skip


LASTING_QUANTITIES = IDENTITY + SETTINGS + HISTORY + LAST_ERRORS
