"""Error #67: a charger was told of a BMS before and hears of none any more. What ends it depends on its mode.

An Orion XS charges the main battery (`com.victronenergy.alternator`, with the link), or it charges another battery or
is a power supply (`com.victronenergy.dcdc`, without it). It arms the error whenever it is told a limit, and keeps it
when it is set to another battery (victronenergy/gui-v2#2026, #2190, victronenergy/venus#1462).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import SUN, Charger

ORION_XS: Final = range(0xA3F0, 0xA400)
"""Product ids of the Orion XS (victronenergy/gui-v2#738)."""

ChargerMode: TypeAlias = Literal["linked", "orion", "other-battery", "power-supply", "other-network", "unlinked"]
"""linked: it is told limits; orion: an Orion XS that is; other-battery, power-supply: an Orion XS that charges another
battery or nothing; other-network: it is on another battery; unlinked: it takes no limits."""

RESET: Final = (
    "Reset it: VictronConnect, the charger, Settings, Battery, BMS control off; or on the GX: the charger, "
    "Networked operation, BMS controlled, Reset."
)
RESET_ORION: Final = (
    "Reset it: on the GX (Venus OS v3.60 or newer) the charger's page, BMS controlled, Reset; or in VictronConnect "
    "switch its function to power supply and back to charger."
)
RESETS: Final[Mapping[ChargerMode, str]] = {
    "linked": RESET,
    "orion": RESET_ORION,
    "other-battery": "It charges another battery now, to which a GX passes no BMS, and keeps the error from before. "
    f"{RESET_ORION} If it charges the main battery after all: on its page set Output battery to it.",
    "power-supply": "As a power supply it is told of no BMS. "
    "In VictronConnect switch its function to charger and back to power supply.",
    "other-network": "Its N2K device instance is not 0, so it is told nothing here. Set it to 0 if it charges this "
    "battery; else its own network's BMS has to speak.",
    "unlinked": RESET,
}
"""What ends the error where no BMS will speak to it."""
NOT_HEARD: Final = (
    "It should be told the BMS's limits every few seconds, and hears nothing: check that DVCC is on, where "
    "gxbridge serves its port that its words are sent (`gxbridge link`), its cable and its VE.Direct or VE.Can port, "
    "then switch the charger off and on."
)


def mode_of(charger: Charger) -> ChargerMode:
    """How a charger is used."""
    linked = any(path in charger.paths for path in (p.NETWORK_MODE, p.CHARGE_VOLTAGE, p.CHARGE_CURRENT))
    orion = charger.product_id in ORION_XS
    if not linked:
        if orion and charger.kind == p.DCDC:
            return "other-battery" if charger.output_battery == 1 else "power-supply"
        return "unlinked"
    if charger.kind in SUN and charger.n2k_instance:
        return "other-network"
    return "orion" if orion else "linked"
