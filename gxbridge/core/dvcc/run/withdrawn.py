"""Was anything taken back since the last round? Then it is not left waiting for the next one."""

from __future__ import annotations

from math import inf

from gxbridge.core.dvcc.limit.permissions import Word, battery_word, vebus_word
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.inputs import Scene
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.run.memory import Grants, Memory

NOTHING: float = -1.0
"""Lower than any limit: nothing is granted because nothing is known."""
WORDS: dict[Word, float] = {"yes": 1, "not offered": 1, "no": 0, "unknown": 0}


def granted(scene: Scene, memory: Memory) -> Grants:
    """What the BMSes and the user grant now."""
    bms = scene.bms

    def limit(path: str) -> float:
        value = None if bms is None else number(bms.items, path)
        return NOTHING if value is None else value

    user_a, user_v = scene.settings.max_current_a, scene.settings.max_voltage_v
    return Grants(
        cvl=limit(p.CVL),
        ccl=limit(p.CCL),
        dcl=limit(p.DCL),
        charge=WORDS[battery_word(scene, p.ALLOW_CHARGE, memory.gave)],
        discharge=WORDS[battery_word(scene, p.ALLOW_DISCHARGE, memory.gave)],
        vebus=WORDS[vebus_word(scene)],
        voltage=float(sensible(scene)),
        user_a=user_a if user_a >= 0 else inf,
        user_v=user_v if user_v > 0 else inf,
        charge_stops=-float(len(scene.charge_stops)),
        discharge_stops=-float(len(scene.discharge_stops)),
    )


def sensible(scene: Scene) -> bool:
    """Does what the BMS says about the charge voltage fit the battery?"""
    bms, options = scene.bms, scene.options
    cvl = None if bms is None else number(bms.items, p.CVL)
    if bms is None or cvl is None or not options.voltage_window:
        return True
    return implausible(cvl, nominal_voltage(bms.items, options, scene.voltage_v)) is None


def taken_back(before: Grants | None, now: Grants) -> bool:
    """Is any of them lower than it was?"""
    return before is not None and any(new < old for new, old in zip(now, before, strict=True))
