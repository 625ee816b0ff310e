"""Was anything taken back since the last round? Then it is not left waiting for the next one."""

from __future__ import annotations

from math import inf
from operator import lt
from typing import Final

from gxbridge.core.dvcc.limit.bank_caps import limiting, permissions
from gxbridge.core.dvcc.limit.permissions import PermissionWord, battery_permission, vebus_permission
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import ALONE
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.rules.rule import RuledLimit
from gxbridge.core.dvcc.run.memory import Granted, Memory

NOTHING: float = -1.0
"""Lower than any limit: nothing is granted because nothing is known."""
NO_LIMITS: Final = (NOTHING, NOTHING, NOTHING)
WORDS: dict[PermissionWord, float] = {"yes": 1, "not offered": 1, "no": 0, "unknown": 0}
DISCHARGE_WORDS: dict[PermissionWord, float] = WORDS | {"unknown": 0.5}
"""Unknown is withheld only; a "no" after it is 0 A."""


def read_granted(inputs: Inputs, memory: Memory) -> Granted:
    """What the BMSes and the user grant now."""
    bms = inputs.bms
    cvl, ccl, dcl = NO_LIMITS if bms is None else limits_of(bms)
    bank = NO_BANK if inputs.bank == ALONE else granted_by_bank(inputs, memory)
    bank_cvl, bank_ccl, bank_dcl, refusals = bank
    user_a, user_v = inputs.settings.max_current_a, inputs.settings.max_voltage_v
    return Granted(
        cvl=cvl,
        ccl=ccl,
        dcl=dcl,
        charge=WORDS[battery_permission(inputs, p.ALLOW_CHARGE, memory.gave)],
        discharge=DISCHARGE_WORDS[battery_permission(inputs, p.ALLOW_DISCHARGE, memory.gave)],
        vebus=WORDS[vebus_permission(inputs)],
        voltage=float(sensible(inputs)),
        user_a=user_a if user_a >= 0 else inf,
        user_v=user_v if user_v > 0 else inf,
        charge_stops=-float(len(inputs.charge_stops)),
        discharge_stops=-float(sum([1 + stop.refused for stop in inputs.discharge_stops])),
        bank_cvl=bank_cvl,
        bank_ccl=bank_ccl,
        bank_dcl=bank_dcl,
        bank_refusals=refusals,
        rules_cvl=least_allowed(inputs, "CVL"),
        rules_ccl=least_allowed(inputs, "CCL"),
        rules_dcl=least_allowed(inputs, "DCL"),
    )


def limits_of(bms: Bms) -> tuple[float, float, float]:
    """CVL, CCL and DCL of a BMS; what is not said grants nothing."""
    cvl, ccl, dcl = bms.max_charge_voltage_v, bms.max_charge_current_a, bms.max_discharge_current_a
    return NOTHING if cvl is None else cvl, NOTHING if ccl is None else ccl, NOTHING if dcl is None else dcl


NO_BANK: Final = (inf, inf, inf, -0.0)


def granted_by_bank(inputs: Inputs, memory: Memory) -> tuple[float, float, float, float]:
    """The least CVL, CCL and DCL of the other batteries of the bank, and how many refuse or do not say, as a negative
    number."""
    limits = [limits_of(bms) for bms in limiting(inputs)]
    cvl, ccl, dcl = map(min, zip(*limits, strict=True)) if limits else (inf, inf, inf)
    words = [word for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE) for _, word in permissions(inputs, path, memory.gave)]
    return cvl, ccl, dcl, -float(len(words) + words.count("no"))


def least_allowed(inputs: Inputs, name: RuledLimit) -> float:
    """The least that the user's rules allow of a limit."""
    if not inputs.rules:
        return inf
    allowed = [verdict.value for verdict in inputs.rules if verdict.limits == name]
    return min([NOTHING if value is None else value for value in allowed], default=inf)


def sensible(inputs: Inputs) -> bool:
    """Does what the BMS says about the charge voltage fit the battery?"""
    bms, options = inputs.bms, inputs.options
    cvl = None if bms is None else bms.max_charge_voltage_v
    if cvl is None or not options.voltage_window:
        return True
    return implausible(cvl, nominal_voltage(bms, options, inputs.voltage_v)) is None


def withdrawn(before: Granted | None, now: Granted) -> bool:
    """Is any of them lower than it was?"""
    return before is not None and any(map(lt, now, before))
