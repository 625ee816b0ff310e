"""What a Lynx Smart BMS says about now: measurements, states, permissions, limits, alarms. All of it dies with silence.

Which register stands behind what: D-Bus recordings of the vendor's service next to the register header
(gui-v2@3b94597 ve_regs.h, regs_payload.h; venus-docker simulations; dbus-ble-sensors@9ad6311 victron-lsbms.c).
"""

from __future__ import annotations

from gxbridge.core.model import conversions as convert
from gxbridge.core.vecan.quantities import Derived, Quantity, QuantityKind, QuantitySource, pgn, register

BATTERY_STATUS = 127508
DC_STATUS = 127506

A_BATTERY = ("dc_type", frozenset((0, None)))
"""PGN 127506 also reports alternators, solar panels and wind generators."""


def _q(name: str, kind: QuantityKind, unit: str, text: str, *sources: QuantitySource) -> Quantity:
    return Quantity(name, kind, unit, text, sources)


MEASUREMENTS = (
    _q("voltage_v", "measurement", "V", "battery voltage",
       pgn(BATTERY_STATUS, "voltage", unit="V"),
       register(0xED8D, "dc_channel1_voltage", unit="V")),
    _q("current_a", "measurement", "A", "battery current, positive into the battery",
       pgn(BATTERY_STATUS, "current", unit="A"),
       register(0xED8C, "dc_channel1_current_ma", unit="A"),
       register(0xED8F, "dc_channel1_current", unit="A")),
    Quantity("power_w", "measurement", "W", "battery power, positive into the battery",
             (register(0xED8E, "dc_channel1_power", unit="W"),),
             derived=Derived(("voltage_v", "current_a"), convert.power_w, "voltage x current")),
    _q("temperature_c", "measurement", "°C", "battery temperature",
       pgn(BATTERY_STATUS, "temperature", convert.celsius, "K"),
       register(0xEDEC, "bat_temperature", convert.celsius, "K")),
    _q("soc_percent", "measurement", "%", "state of charge",
       register(0x0FFF, "soc", convert.percent, "%"),
       pgn(DC_STATUS, "state_of_charge", convert.percent, "%", A_BATTERY)),
    _q("soh_percent", "measurement", "%", "state of health",
       pgn(DC_STATUS, "state_of_health", convert.percent, "%", A_BATTERY)),
    _q("consumed_ah", "measurement", "Ah", "charge taken out since full, zero or negative",
       register(0x0FFC, "consumed_ah", convert.discharged, "Ah"),
       register(0xEEFF, "bmv_ce", convert.discharged, "Ah")),
    _q("time_to_go_s", "measurement", "s", "time until empty at this load",
       register(0x0FFE, "ttg", convert.seconds, "min"),
       pgn(DC_STATUS, "time_remaining", convert.seconds, "min", A_BATTERY)),
    _q("ripple_voltage_v", "measurement", "V", "ripple voltage",
       pgn(DC_STATUS, "ripple_voltage", unit="V", where=A_BATTERY),
       register(0xED8B, "dc_channel1_ripple_voltage", unit="V")),
    _q("min_cell_voltage_v", "measurement", "V", "lowest cell voltage", register(0x0385, "min_voltage", unit="V")),
    _q("max_cell_voltage_v", "measurement", "V", "highest cell voltage", register(0x0385, "max_voltage", unit="V")),
    _q("min_cell_temperature_c", "measurement", "°C", "lowest battery temperature",
       register(0x0386, "min_temperature", convert.celsius, "K")),
    _q("max_cell_temperature_c", "measurement", "°C", "highest battery temperature",
       register(0x0386, "max_temperature", convert.celsius, "K")),
)  # fmt: skip

STATES = (
    _q("bms_state", "state", "", "state of the BMS (9 running, 10 error, 14 standby, 18 pending)",
       register(0x2102, "bms_state"), register(0x0371, "lynx_ion_bms_state")),
    _q("bms_error", "state", "", "error of the BMS, 0 none", register(0x2101, "bms_error")),
    _q("mode", "state", "", "mode (3 on, 252 standby, 4 off)", register(0x0200, "device_mode")),
    _q("device_state", "state", "", "device state (249 on)", register(0x0201, "device_state")),
    _q("contactor_closed", "state", "", "contactor closed", register(0x2108, "contactor_closed", convert.yes_no)),
    _q("remote_enabled", "state", "", "remote input enabled", register(0x2108, "remote_enabled", convert.yes_no)),
    _q("relay_active", "state", "", "programmable relay active", register(0x2108, "user_relay_active", convert.yes_no)),
    _q("aux_on", "state", "", "AUX output on", register(0x2108, "aux_output_enabled", convert.yes_no)),
    _q("balancer_status", "state", "", "balancer (1 balanced, 2 balancing, 3 imbalance)",
       register(0xEA15, "balancer_status")),
    _q("balancing", "state", "", "balancing now", register(0x2100, "balancing")),
)  # fmt: skip

PERMISSIONS = (
    Quantity("allow_to_charge", "permission", "", "charging allowed (ATC)",
             (register(0x2108, "allowed_to_charge", convert.yes_no), register(0x2100, "allowed_to_charge")),
             restrictive=True),
    Quantity("allow_to_discharge", "permission", "", "discharging allowed (ATD)",
             (register(0x2108, "allowed_to_discharge", convert.yes_no), register(0x2100, "allowed_to_discharge")),
             restrictive=True),
    _q("alternator_allow_to_charge", "permission", "", "alternator charging allowed",
       register(0x2108, "alternator_allowed_to_charge", convert.yes_no)),
)  # fmt: skip

LIMITS = (
    _q("charge_voltage_limit_v", "limit", "V", "charge voltage limit (CVL)",
       register(0x0390, "battery_limit_charge_voltage", convert.limit_v, "V")),
    _q("charge_current_limit_a", "limit", "A", "charge current limit (CCL)",
       register(0x0391, "battery_limit_charge_current", convert.limit_a, "A")),
    _q("low_voltage_limit_v", "limit", "V", "discharge voltage limit",
       register(0x0392, "battery_limit_discharge_voltage", convert.limit_v, "V")),
    _q("discharge_current_limit_a", "limit", "A", "discharge current limit (DCL)",
       register(0x0393, "battery_limit_discharge_current", convert.limit_a, "A")),
)  # fmt: skip
"""The network registers 0x2001, 0x2015, 0x2017, 0x201B are orders on their way to chargers, never a limit."""


def _reported(field: str) -> QuantitySource:
    """0x2107 settles an alarm: what it calls unsupported is not looked for elsewhere, as in the vendor's service."""
    return register(0x2107, field, convert.severity, decisive=True)


def _raised(field: str) -> QuantitySource:
    return register(0x210A, field, convert.alarm_if_yes, partial=True)


def _warned(field: str) -> QuantitySource:
    return register(0x2109, field, convert.yes_no)


def _not_raised(field: str) -> QuantitySource:
    return register(0x210A, field, convert.ok_if_no, partial=True)


ALARMS = (
    _q("low_cell_voltage_alarm", "alarm", "", "cell voltage low",
       _reported("low_cell_voltage"), _raised("low_cell_voltage"), _warned("low_cell_voltage"),
       register(0x2100, "discharged almost_discharged", convert.alarm_or_warning)),
    _q("high_current_alarm", "alarm", "", "current too high",
       _reported("high_current"), _raised("high_current"),
       register(0x2109, "high_charge_current high_discharge_current", convert.any_yes), _not_raised("high_current"),
       register(0x2100, "alarm_high_current warn_charge_current warn_discharge_current", convert.alarm_or_warning)),
    _q("high_bms_temperature_alarm", "alarm", "", "BMS too hot",
       _reported("high_bms_temperature"), _warned("high_bms_temperature")),
    _q("contactor_alarm", "alarm", "", "contactor fault",
       _reported("contactor"), _warned("high_contactor_resistance"), register(0x2100, "warn_bad_contactor",
                 convert.warning)),
    _q("bms_cable_alarm", "alarm", "", "BMS cable", _reported("bms_cable"), _raised("bms_cable_disconnected"),
       _not_raised("bms_cable_disconnected")),
    _q("low_soc_alarm", "alarm", "", "state of charge low", _reported("low_soc"),
       register(0x2100, "low_soc", convert.warning)),
    _q("high_temperature_alarm", "alarm", "", "battery too hot",
       _reported("high_temperature"), register(0x2100, "alarm_over_temperature warn_over_temperature",
                 convert.alarm_or_warning)),
    _q("unknown_alarm_bits", "alarm", "", "register 0x2107 without the bits whose meaning is known, when one warns",
       register(0x2107, "bits_14_15 bits_18_31", convert.unknown_alarms)),
    _q("load_disconnect_alarm", "alarm", "", "load disconnect: 1 is the pre-alarm, 2 disconnected",
       _reported("load_disconnect"), register(0x210A, "pre_alarm", convert.yes_no),
       register(0x2100, "pre_alarm", convert.warning)),
)  # fmt: skip

LIVE = MEASUREMENTS + STATES + PERMISSIONS + LIMITS + ALARMS
