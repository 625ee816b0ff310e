"""Was anything taken back since the last round? Then it is not left waiting for the next one."""

from __future__ import annotations

from math import inf

from gxbridge.core.dvcc.limit.bank_caps import limiting, permissions
from gxbridge.core.dvcc.limit.permissions import PermissionWord, battery_permission, vebus_permission
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.plausible import implausible, nominal_voltage
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.rules.rule import RuledLimit
from gxbridge.core.dvcc.run.memory import Granted, Memory

NOTHING: float = -1.0
"""Lower than any limit: nothing is granted because nothing is known."""
WORDS: dict[PermissionWord, float] = {"yes": 1, "not offered": 1, "no": 0, "unknown": 0}
DISCHARGE_WORDS: dict[PermissionWord, float] = WORDS | {"unknown": 0.5}
"""Unknown is withheld only; a "no" after it is 0 A."""


def read_granted(inputs: Inputs, memory: Memory) -> Granted:
    """What the BMSes and the user grant now."""
    bms = inputs.bms

    def limit(value: float | None) -> float:
        return NOTHING if value is None else value

    bank = [
        (limit(bms.max_charge_voltage_v), limit(bms.max_charge_current_a), limit(bms.max_discharge_current_a))
        for bms in limiting(inputs)
    ]
    bank_cvl, bank_ccl, bank_dcl = map(min, zip(*bank, strict=True)) if bank else (inf, inf, inf)
    user_a, user_v = inputs.settings.max_current_a, inputs.settings.max_voltage_v
    return Granted(
        cvl=limit(bms and bms.max_charge_voltage_v),
        ccl=limit(bms and bms.max_charge_current_a),
        dcl=limit(bms and bms.max_discharge_current_a),
        charge=WORDS[battery_permission(inputs, p.ALLOW_CHARGE, memory.gave)],
        discharge=DISCHARGE_WORDS[battery_permission(inputs, p.ALLOW_DISCHARGE, memory.gave)],
        vebus=WORDS[vebus_permission(inputs)],
        voltage=float(sensible(inputs)),
        user_a=user_a if user_a >= 0 else inf,
        user_v=user_v if user_v > 0 else inf,
        charge_stops=-float(len(inputs.charge_stops)),
        discharge_stops=-float(sum(1 + stop.refused for stop in inputs.discharge_stops)),
        bank_cvl=bank_cvl,
        bank_ccl=bank_ccl,
        bank_dcl=bank_dcl,
        bank_refusals=-float(
            sum(
                1 + (word == "no")
                for path in (p.ALLOW_CHARGE, p.ALLOW_DISCHARGE)
                for _, word in permissions(inputs, path, memory.gave)
            )
        ),
        rules_cvl=least_allowed(inputs, "CVL"),
        rules_ccl=least_allowed(inputs, "CCL"),
        rules_dcl=least_allowed(inputs, "DCL"),
    )


def least_allowed(inputs: Inputs, name: RuledLimit) -> float:
    """The least that the user's rules allow of a limit."""
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
    return before is not None and any(new < old for new, old in zip(now, before, strict=True))
