"""From the number in a message to the number of a quantity; None where the number means "not known"."""

from __future__ import annotations

ZERO_C = 273.15
NOMINAL_VOLTAGES = {0: 6, 1: 12, 2: 24, 3: 32, 4: 36, 5: 42, 6: 48}
"""Nominal voltage code of PGN 127513 (canboat@01d0dc3)."""


def same(value: float) -> float:
    return value


def whole(value: float) -> int:
    return int(value)


def celsius(kelvin: float) -> float | None:
    """Degrees Celsius; a raw zero, absolute zero, means "never measured" and not minus 273 degrees."""
    return round(kelvin - ZERO_C, 2) if kelvin > 0 else None


def seconds(minutes: float) -> int:
    return int(minutes * 60)


def discharged(ampere_hours: float) -> float:
    """Zero or negative: firmwares differ in the sign they send."""
    return -abs(ampere_hours) or 0.0


def drawn(ampere_hours: float) -> float:
    """Zero or positive, as the vendor publishes the total of a Lynx."""
    return abs(ampere_hours)


def limit_v(value: float) -> float | None:
    """A voltage limit; 16 set bits (655.35 V) in the 32-bit register are a "not available" of the old width."""
    return value if value < 655.35 else None


def limit_a(value: float) -> float | None:
    """A current limit; 16 set bits (6553.5 A) in the 32-bit register are a "not available" of the old width."""
    return value if value < 6553.5 else None


def percent(value: float) -> float | None:
    return value if value <= 100 else None


def yes_no(code: int) -> int | None:
    """Register 0x2108 and its like: 1 is yes, 2 is no, anything else says nothing (not the NMEA 2000 order)."""
    return {1: 1, 2: 0}.get(code)


def alarm_if_yes(code: int) -> int | None:
    """A yes/no alarm of which only "yes" settles the matter (there may still be a warning)."""
    return 2 if code == 1 else None


def ok_if_no(code: int) -> int | None:
    """A yes/no alarm asked last: "no" means all is well."""
    return 0 if code == 2 else None


def severity(code: int) -> int | None:
    """Register 0x2107: 1 ok, 2 warning, 3 alarm become D-Bus 0, 1, 2; 0 is "not supported"."""
    return {1: 0, 2: 1, 3: 2}.get(code)


def any_yes(*codes: int) -> int | None:
    """A warning if any yes/no code says yes, none if all say no."""
    said = [yes_no(code) for code in codes]
    return 1 if 1 in said else None if None in said else 0


def unknown_alarms(bits_14_15: int, bits_18_31: int) -> int:
    """Register 0x2107 without the bits whose meaning is known, if one of its pairs warns (2, 3); else 0."""
    pairs = bits_14_15 << 14 | bits_18_31 << 18
    return pairs if pairs >> 1 & 0x55555555 else 0


def alarm_or_warning(alarm: int, *warnings: int) -> int:
    """Flags, nonzero = raised: 2 alarm, 1 warning, 0 none."""
    return 2 if alarm else warning(*warnings)


def warning(*flags: int) -> int:
    return int(any(flags))


def count(*states: int | None) -> int:
    """How many of several things are there, where 0 and "not available" mean "not there"."""
    return sum(1 for state in states if state)


def blown(bit: int) -> int:
    """The old one-bit form of a fuse in the codes of the new one: 2 ok, 3 blown."""
    return 3 if bit else 2


def nominal_v(code: int) -> int | None:
    return NOMINAL_VOLTAGES.get(code)


def volts(value: int) -> int | None:
    """A nominal voltage setting; 0 is "not set"."""
    return int(value) or None


def epoch(value: int) -> int | None:
    """A moment in Unix seconds; 0 means "never"."""
    return int(value) or None


def power_w(voltage_v: float, current_a: float) -> int:
    return round(voltage_v * current_a)


def stripped(value: str) -> str | None:
    return value.strip() or None


def blocked(bms_present: int, limit_a: float) -> int:
    """Whether a network that knows of a BMS holds its chargers at zero."""
    return int(bool(bms_present) and limit_a == 0)
