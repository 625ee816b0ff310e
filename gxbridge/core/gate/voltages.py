"""Charge voltages as the last gate bounds them, and what of the DC bus is measured: its voltage and its loads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from gxbridge.core.gate.counted_bmses import CountedBmses
from gxbridge.core.gate.grid_feed_in import feeds_in
from gxbridge.core.gate.raw_words import WINDOWS, RawWords, finite, limit, lowest, of_class
from gxbridge.core.model.items import Items
from gxbridge.core.setup import Setup

HUB_OFFSET_V: Final = 0.4
SOLAR_OFFSET_V: Final = 0.4
FEED_IN_V: Final = 0.1
"""What may be added to a charge voltage: with an ESS hub voltage, for the sun by an inverter RS, with feed-in."""
CHARGING: Final = (3, 4, 5)
"""`/State` of a Multi: bulk, absorption, float."""
CLASSES: Final = ((18.0, 12.0), (36.0, 24.0), (100.0, 48.0))
"""A measured voltage below this is that of a battery of this nominal voltage."""
LEAST_V: Final = 8.0
"""What is below is not the voltage of the DC bus."""
NEAR: Final = 0.8
"""Voltages of one DC bus are within this part of the highest."""


def class_of_voltage(voltage_v: float | None) -> float | None:
    """The nominal voltage of a battery that measures this."""
    if voltage_v is None or voltage_v < LEAST_V:
        return None
    return next((nominal for below, nominal in CLASSES if voltage_v < below), None)


def low_voltage(limits: Iterable[float | None], nominal_v: float | None) -> float | None:
    """The highest low-voltage limit that is one for this battery."""
    most = (nominal_v or WINDOWS[-1][0]) * 16 / 12
    return max((low_v for low_v in limits if low_v is not None and low_v <= most), default=None)


def plausible(voltage_v: float, nominal_v: float | None) -> bool:
    """Is it a charge voltage for a battery of this nominal voltage (None: for any)?"""
    if nominal_v:
        return nominal_v * 10 / 12 <= voltage_v <= nominal_v * 16 / 12
    return any(low <= voltage_v <= high for _, low, high in WINDOWS)


def voltages(
    words: RawWords, setup: Setup, bank: CountedBmses, base_v: float | None, user_v: float | None
) -> tuple[float | None, float | None, float | None]:
    """The BMS's charge voltage with the user's and the installer's limit, and what may be added for the solar side."""
    hub_v = None
    for multi in of_class(words, "vebus"):
        said = limit(multi.get("/Hub/ChargeVoltage"))
        if said is not None:
            more_v = FEED_IN_V if feeds_in(multi, words, setup) and multi.get("/State") in CHARGING else 0.0
            hub_v, measured_v = max(hub_v or 0.0, said + more_v), finite(multi.get("/Dc/0/Voltage"))
    if bank.limiting:
        if base_v is None:
            return None, None, None
        if hub_v is not None:
            led_v = min(base_v + HUB_OFFSET_V, hub_v)
            return base_v, led_v, led_v
        return base_v, base_v + max((offset(rs) for rs in leaders(words)), default=0.0), base_v
    ceilings = (user_v, setup.options.max_charge_voltage_v)
    led = hub_v
    if hub_v is None:
        points = [(finite(rs.get("/Link/ChargeVoltageSetpoint")), offset(rs), rs) for rs in leaders(words)]
        led = max((point + more for point, more, _ in points if point is not None), default=None)
        measured_v = next((finite(rs.get("/Dc/0/Voltage")) for _, _, rs in points), None)
    if led is None or not plausible(led, setup.options.nominal_voltage_v or class_of_voltage(measured_v)):
        return None, None, None
    led = lowest(led, *ceilings)
    return None, led, None if hub_v is None else led


def leaders(words: RawWords) -> Iterator[Items]:
    """Inverter/chargers of this bank that may lead the solar chargers."""
    for kind in ("multi", "inverter"):
        yield from (rs for rs in of_class(words, kind) if rs.get("/N2kDeviceInstance") == 0)


def offset(rs: Items) -> float:
    """What it asks for solar above the charge voltage, within what is known of them."""
    return min(limit(rs.get("/Link/ChargeVoltageSolarOffset")) or 0.0, SOLAR_OFFSET_V)


# --- loads ------------------------------------------------------------------------------------------------------------


def loads(words: RawWords, battery_v: float | None) -> tuple[float, float]:
    """What metered DC systems take now, and what Multis take out of the battery (A); unknown is 0."""
    multis, systems = list(of_class(words, "vebus")), list(of_class(words, "dcsystem"))
    measured = [battery_v, *(finite(items.get("/Dc/0/Voltage")) for items in (*multis, *systems))]
    highest = battery_v or max((volts for volts in measured if volts is not None), default=0.0)
    near = [volts for volts in measured if volts is not None and volts >= max(NEAR * highest, LEAST_V)]
    watts = sum(finite(items.get("/Dc/0/Power")) or 0.0 for items in systems)
    drawn = (finite(multi.get("/Dc/0/Current")) or 0.0 for multi in multis if multi.get("/Connected") == 1)
    return max(watts / min(near), 0.0) if near else 0.0, sum(max(-current, 0.0) for current in drawn)
