"""What a chart plotter is shown of a battery service."""

from __future__ import annotations

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Items
from gxbridge.core.vecan.sending.plotter_output import PlottedBattery


def plotted_battery(items: Items) -> PlottedBattery:
    """The measurements of a battery; what is not a sensible number is not known."""
    return PlottedBattery(
        voltage_v=number(items, p.VOLTAGE),
        current_a=number(items, p.CURRENT),
        temperature_c=number(items, p.TEMPERATURE),
        soc_percent=number(items, p.SOC),
        time_to_go_s=number(items, p.TIME_TO_GO),
        capacity_ah=number(items, p.INSTALLED_CAPACITY),
        nominal_v=number(items, p.NOMINAL_VOLTAGE),
    )
