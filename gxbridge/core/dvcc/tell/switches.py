"""Alternators and DC/DC chargers that take no current, but have a switch: off while charging is stopped.

Only where the configuration says so (`dvcc.switch_alternators`). One that was switched off here is switched on again
when charging has been allowed for a minute; one that somebody else switched off stays off. `/Mode`: 1 on, 4 off
(victronenergy/node-red-contrib-victron#357 for the Orion XS).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.remembered import Latch

SWITCH_ON: Final = 1
SWITCH_OFF: Final = 4
AGAIN_S: Final = 60.0
"""A limit that comes and goes does not start and stop an alternator all the time."""
SWITCHED: Final = "switched-off"
"""What the latch is called: the next run of the program switches on what this one has switched off."""

SwitchedOff: TypeAlias = Mapping[str, float]
"""Charger (service) -> when charging was stopped last (monotonic s)."""


def has_switch(charger: Charger) -> bool:
    """Is a switch all that it has?"""
    return p.CHARGE_CURRENT not in charger.paths and charger.mode in (SWITCH_ON, SWITCH_OFF)


def switch(inputs: Inputs, before: SwitchedOff, now: float, *, stopped: bool) -> tuple[list[Write], SwitchedOff]:
    """What is switched now, and what is off because we did so. `stopped`: no charging is granted."""
    if not inputs.controls or not inputs.options.switch_alternators:
        return [], before
    writes: list[Write] = []
    off = dict(before)
    for charger in filter(has_switch, inputs.installation.others):
        name, is_on = charger.name, charger.mode == SWITCH_ON
        if stopped and (is_on or name in off):
            off[name] = now
            if is_on:
                writes.append(Write(name, p.MODE, SWITCH_OFF))
        elif name in off and now - off[name] >= AGAIN_S:
            if is_on:
                del off[name]
            else:
                writes.append(Write(name, p.MODE, SWITCH_ON))
    return writes, before if off == before else off


def recall_switched(latches: Iterable[Latch]) -> SwitchedOff:
    """What an earlier run has switched off."""
    return {latch.subject: 0.0 for latch in latches if latch.name == SWITCHED}


def keep_switched(before: tuple[Latch, ...], off: SwitchedOff, since: float) -> tuple[Latch, ...]:
    """The latches of the state; `since`: now, in seconds since 1970."""
    known = {latch.subject for latch in before if latch.name == SWITCHED}
    if known == off.keys():
        return before
    kept = tuple(latch for latch in before if latch.name != SWITCHED or latch.subject in off)
    return kept + tuple(Latch(SWITCHED, name, since, "charging was stopped") for name in off if name not in known)
