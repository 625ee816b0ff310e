"""The limits of chargers and Multi as they are explained: value, caps, sentence."""

from __future__ import annotations

from collections.abc import Sequence

from gxbridge.core.dvcc import paths as p
from gxbridge.core.dvcc.caps import Capped
from gxbridge.core.dvcc.chargers import Told, own_limit
from gxbridge.core.dvcc.current import Currents
from gxbridge.core.dvcc.decision import Cap, Limit
from gxbridge.core.dvcc.firmware import too_old
from gxbridge.core.dvcc.reasons import amount, cap, limit, plain
from gxbridge.core.dvcc.scene import Scene


def system_limits(cvl: Capped, ccl: Capped, dcl: Capped, terms: Sequence[Cap]) -> list[Limit]:
    """CVL, CCL and DCL."""
    return [
        limit("CVL", "", cvl.value, "V", cvl.caps),
        limit("CCL", "", ccl.value, "A", (*ccl.caps, *terms)),
        limit("DCL", "", dcl.value, "A", dcl.caps),
    ]


def charger_limits(told: Sequence[Told], ccl: Capped, terms: Sequence[Cap]) -> list[Limit]:
    """One limit for each charger."""
    system = ccl.caps[0]
    return [charger_limit(one, system, terms) for one in told]


def charger_limit(told: Told, system: Cap, terms: Sequence[Cap]) -> Limit:
    """Why a charger is told what it is told; `system` is the winner among the caps of CCL."""
    device = told.device
    words = {}
    if told.why in ("share", "rest", "asleep"):
        words["system"] = amount(told.system_a, "A")
    elif told.why == "stopped":
        words["why"] = system.text
    caps = [cap(told.why, told.current_a, "A", device.name, p.CHARGE_CURRENT, **words)]
    own = own_limit(device)
    if own is not None:
        setting = cap("own-limit", own, "A", device.name, p.CHARGE_LIMIT_SETTING)
        # A charger that may do all it can is limited by its own setting, whatever its share is called.
        caps.insert(0 if told.current_a == own and told.why != "stopped" else 1, setting)
    if told.why in ("share", "rest", "asleep") and system.value is not None:
        caps.append(system)
    if told.extra_a:
        caps.append(cap("rs-feed-in", None, "A", added=plain(told.extra_a)))
    if too_old(device):
        caps.append(cap("firmware", None, "A", device.name, p.FIRMWARE))
    if told.why in ("share", "asleep"):
        caps += terms
    return limit("charger", device.name, told.current_a, "A", caps)


def multi_limit(scene: Scene, rest_a: float | None, ccl: Capped, amps: Currents) -> Limit:
    """Why the Multi gets what it gets."""
    multi = scene.multi
    if multi is None:
        return limit("multi", "", None, "A", (cap("no-multi", None, "A"),))
    if rest_a is None:
        return limit("multi", multi.name, None, "A", (cap("no-limit", None, "A"),))
    system = ccl.caps[0]
    if amps.limit_a is None:
        return limit("multi", multi.name, rest_a, "A", (cap("charge-power", rest_a, "A"),))
    if amps.stop or ccl.value == 0:
        caps = [cap("stopped", rest_a, "A", multi.name, p.BOL_CHARGE_CURRENT, why=system.text)]
    else:
        words = {"system": amount(amps.limit_a, "A")}
        caps = [cap("multi-rest", rest_a, "A", multi.name, p.BOL_CHARGE_CURRENT, **words)]
        if system.value is not None:
            caps.append(system)
    return limit("multi", multi.name, rest_a, "A", caps)


def same_reason(reason: Cap, scene: Scene, told: Sequence[Told]) -> list[Limit]:
    """Every limit with one and the same reason: a lost BMS, or DVCC off. Only charging may have a value."""
    nothing = reason._replace(value=None)
    multi = scene.multi
    return [
        limit("CVL", "", None, "V", (nothing._replace(unit="V"),)),
        limit("CCL", "", reason.value, "A", (reason,)),
        limit("DCL", "", None, "A", (nothing,)),
        *(limit("charger", one.device.name, one.current_a, "A", (reason,)) for one in told),
        limit("multi", "" if multi is None else multi.name, reason.value, "A", (reason,)),
    ]
