"""What the sun may make beyond the charge current limit because it is fed into the grid, as the last gate reads it."""

from __future__ import annotations

from typing import Final

from gxbridge.core.gate.counted_bmses import CountedBmses
from gxbridge.core.gate.gx_settings import setting
from gxbridge.core.gate.raw_words import BATTERY, RawWords, finite, limit, lowest, of_class
from gxbridge.core.model.items import Items
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.setup import Setup

ESS: Final = 5
"""`/Hub4/AssistantId`."""
GENSET: Final = 2
HEADROOM_A: Final = 2.0
HEADROOM_PART: Final = 0.05
"""With feed-in, what the sun may make beyond what leaves: this, or this part of its own limits."""


def feeds_in(multi: Items, words: RawWords, setup: Setup) -> bool:
    """May the sun be fed into the grid by this Multi?"""
    if multi.get("/Hub4/AssistantId") != ESS or multi.get("/Ac/ActiveIn/Connected") != 1:
        return False
    if setting(words, setup, "/Settings/CGwacs/OvervoltageFeedIn", 0) != 1:
        return False
    source = finite(multi.get("/Ac/ActiveIn/ActiveInput"))
    return source not in (0, 1) or setting(words, setup, f"AcInput{source + 1:.0f}", source + 1) != GENSET


class Feeder(NamedTuple):
    """Who feeds the sun into the grid: whether by a Multi RS, and its battery current (A, + = into the battery)."""

    rs: bool
    current_a: float | None
    most_a: float
    """The most that it says that it takes out of the battery."""


def fed_by(words: RawWords, setup: Setup) -> Feeder | None:
    """Who feeds in, if anybody may."""
    for system in of_class(words, "acsystem"):
        most_a = finite(system.get("/Ess/BatteryDischargeCapacity"))
        if system.get("/DeviceInstance") == 0 and system.get("/Ac/NoFeedInReason") == 0 and most_a is not None:
            whole = finite(system.get("/Dc/0/Current"))
            if whole is None:
                members = [finite(rs.get("/Dc/0/Current")) for rs in of_class(words, "multi")]
                whole = sum(amps or 0.0 for amps in members) if members and None not in members else None
            return Feeder(True, whole, max(most_a, 0.0))
    for multi in of_class(words, "vebus"):
        if feeds_in(multi, words, setup) and multi.get("/Ac/ActiveIn/ActiveInput") in (0, 1):
            connected = multi.get("/Connected") == 1
            return Feeder(False, finite(multi.get("/Dc/0/Current")) if connected else None, 0.0)
    return None


def headroom(words: RawWords, feeder: Feeder) -> float:
    """How much more the sun may make than leaves now, so that what is fed in can grow."""
    kinds = ("solarcharger",) if feeder.rs else ("solarcharger", "multi", "inverter")
    sun = [items for kind in kinds for items in of_class(words, kind) if "/Link/ChargeCurrent" in items]
    return max(
        HEADROOM_A, HEADROOM_PART * sum(limit(items.get("/Settings/ChargeCurrentLimit")) or 0.0 for items in sun)
    )


def fed(feeder: Feeder, room_a: float) -> float:
    """What the sun may make beside the limit and what VE.Bus takes, which counts as a load; unknown is nothing."""
    if feeder.current_a is None:
        return 0.0
    return min(max(-feeder.current_a, 0.0) + room_a, feeder.most_a) if feeder.rs else room_a


def charged(words: RawWords, bank: CountedBmses) -> float | None:
    """What the batteries that limit are charged with together (A), else any battery; None where nobody measures it."""
    limiting = {bms.name for bms in bank.limiting}
    batteries = {name: items for name, items in words.services.items() if name.startswith(BATTERY)}
    shown = {name: finite(items.get("/Dc/0/Current")) for name, items in batteries.items()}
    counting = [amps for name, amps in shown.items() if amps is not None and name in limiting]
    return sum(counting) if counting else lowest(*shown.values())
