"""What the BMS in control says, after the guards and the quirk of its product."""

from __future__ import annotations

from gxbridge.core.dvcc.read.devices.plausible import sane
from gxbridge.core.dvcc.read.devices.quirks import QuirkLimits
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.numbers import least
from gxbridge.core.model.named_tuple import NamedTuple


class BmsLimits(NamedTuple):
    """`cvl`, `ccl`, `dcl`, `low_v` as said; `cvl_used` and `ccl_used` after the quirk. `regulator_v`: its memory."""

    cvl: float | None
    ccl: float | None
    dcl: float | None
    low_v: float | None
    cvl_used: float | None
    ccl_used: float | None
    regulator_v: float


NO_LIMITS = (None, None, None, None, None, None)


def read_bms_limits(inputs: Inputs, regulator_v: float) -> BmsLimits:
    """Read the BMS in control."""
    bms, options = inputs.bms, inputs.options
    if bms is None:
        return BmsLimits(*NO_LIMITS, regulator_v)
    cvl = bms.max_charge_voltage_v  # one below 0 is refused by the window, which says more than "unknown"
    if not options.voltage_window:
        cvl = sane(cvl, options)
    ccl, dcl = sane(bms.max_charge_current_a, options), sane(bms.max_discharge_current_a, options)
    low_v = sane(bms.low_voltage_v, options)
    adjust = inputs.quirk.adjust
    if cvl is None or adjust is None:
        return BmsLimits(cvl, ccl, dcl, low_v, cvl, ccl, regulator_v)
    told = adjust(bms, QuirkLimits(cvl, ccl, regulator_v))
    cvl_used, ccl_used = told.cvl, told.ccl
    if options.quirks_never_raise:
        cvl_used, ccl_used = min(cvl_used, cvl), least(ccl_used, ccl)
    return BmsLimits(cvl, ccl, dcl, low_v, cvl_used, ccl_used, told.regulator_v)
