"""What the numbers and bits of Instant Readout records are called, and how raw fields become what is shown.

Sources: Victron, "Extra manufacturer data" (2022-12-14); for the battery flags the registers 0x2100 and 0xEC80
(regs_payload.h, gui-v2@5488aed9); off reasons: register 0x0207 of Victron's public VE.Direct documents.
"""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.channels.readout.record_fields import Plain, RecordValue

STATES = {
    0: "off", 1: "low power", 2: "fault", 3: "bulk", 4: "absorption", 5: "float", 6: "storage", 7: "equalise",
    8: "passthrough", 9: "inverting", 10: "assisting", 11: "power supply", 245: "starting up",
    246: "repeated absorption", 247: "automatic equalise", 248: "battery safe", 249: "active", 252: "external control",
}  # fmt: skip
OFF_REASONS = (
    *("no input power", "switched off", "switched off by register", "remote input", "protection active"),
    *("pay-as-you-go", "BMS", "engine not running", "analysing input voltage"),
)
MONITOR_ALARMS = (
    *("low voltage", "high voltage", "low state of charge", "low starter voltage", "high starter voltage"),
    *("low temperature", "high temperature", "midpoint deviation", "overload", "DC ripple"),
    *("low AC output voltage", "high AC output voltage", "short circuit", "BMS lockout"),
)
BATTERY_FLAGS = {
    9: "over-voltage alarm", 10: "over-voltage warning", 11: "under-voltage alarm", 12: "under-voltage warning",
    15: "over-temperature alarm", 16: "over-temperature warning", 17: "low temperature for charge warning",
    18: "low temperature for charge alarm", 19: "low temperature for discharge warning",
    20: "low temperature for discharge alarm", 21: "low state of charge", 22: "low temperature", 23: "short circuit",
    24: "hardware fault", 28: "bad contactor", 29: "high current",
}  # fmt: skip
CHARGE_BIT, DISCHARGE_BIT, PRE_ALARM_BIT = 25, 26, 27
BATTERY_ERRORS = {
    0: "balancer failure", 1: "communication", 2: "cell voltages of neighbours differ",
    3: "cell voltages of neighbours differ",
    4: "balancer update failed", 5: "balancer update failed", 6: "balancer update failed", 7: "settings invalid",
    8: "overlapping voltage", 9: "update", 10: "wrong product",
}  # fmt: skip
BALANCER = {0: "unknown", 1: "balanced", 2: "balancing", 3: "imbalance"}
AC_INPUTS = {0: "AC input 1", 1: "AC input 2", 2: "not connected"}


def _whole(raw: RecordValue) -> int | None:
    return raw if isinstance(raw, int) else None


def name_number(values: Plain, name: str, words: Mapping[int, str]) -> None:
    """A number becomes its word; one without a word stays visible as a number in words."""
    raw = _whole(values[name])
    if raw is not None:
        values[name] = words.get(raw, f"unknown ({raw})")


def name_bits(values: Plain, name: str, words: Mapping[int, str] | tuple[str, ...]) -> None:
    """A bit mask becomes the words of its bits."""
    mask = _whole(values[name])
    if mask is not None:
        table = words if isinstance(words, Mapping) else dict(enumerate(words))
        found = (table.get(bit, f"bit {bit}") for bit in range(mask.bit_length()) if mask >> bit & 1)
        values[name] = tuple(dict.fromkeys(found))


def state(values: Plain) -> None:
    name_number(values, "state", STATES)


def converter(values: Plain) -> None:
    state(values)
    name_bits(values, "off_reason", OFF_REASONS)


def monitor(values: Plain) -> None:
    """The auxiliary input is a starter voltage, a midpoint voltage or a temperature, as its mode says."""
    name_bits(values, "alarm", MONITOR_ALARMS)
    raw, mode = _whole(values.pop("aux_raw")), _whole(values.pop("aux_mode"))
    names = ("starter_voltage_v", "midpoint_voltage_v", "temperature_c")
    values |= dict.fromkeys(names)
    if raw is not None and mode is not None and mode < len(names):
        signed = raw - 0x10000 if mode == 0 and raw & 0x8000 else raw
        values[names[mode]] = round(raw / 100 - 273.15, 2) if mode == 2 else signed / 100


def battery(values: Plain) -> None:
    flags = _whole(values["flags"])
    for name, bit in (
        ("allowed_to_charge", CHARGE_BIT),
        ("allowed_to_discharge", DISCHARGE_BIT),
        ("pre_alarm", PRE_ALARM_BIT),
    ):
        values[name] = None if flags is None else bool(flags >> bit & 1)
    if flags is not None:
        values["flags"] = flags & ~(1 << CHARGE_BIT | 1 << DISCHARGE_BIT | 1 << PRE_ALARM_BIT)
    name_bits(values, "flags", BATTERY_FLAGS)
    name_bits(values, "errors", BATTERY_ERRORS)
    name_number(values, "balancer", BALANCER)
    cells = [_whole(values.pop(f"cell_{n}")) for n in range(8)]
    # Code 0 is "below 2.61 V" and 126 "above 3.85 V": shown as 2.60 and 3.86, as the same rule gives.
    values["cells_v"] = tuple(None if c is None else (260 + c) / 100 for c in cells)


def vebus(values: Plain) -> None:
    state(values)
    name_number(values, "ac_input", AC_INPUTS)


def lynx(values: Plain) -> None:
    load = values["load_disconnect_alarm"]
    # The vendor's warning here means that loads will be disconnected soon; its alarm that they are.
    values["pre_alarm"] = None if load is None else load == 1


def protect(values: Plain) -> None:
    converter(values)
    name_number(values, "output_state", {1: "on", 4: "off"})
    name_bits(values, "alarm", MONITOR_ALARMS)
    name_bits(values, "warning", MONITOR_ALARMS)
