"""What another master really told, against what we would tell: for monitor mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.devices.services import Device, title
from gxbridge.core.model.finding import Finding, finding

MORE_A: Final = 1.0
MORE_PART: Final = 0.05
"""A current told is more than ours when it is above it by this part and this much: masters round differently."""
MORE_V: Final = 0.05


def master_title(master: str) -> str:
    """What a person calls another master, at the beginning of a sentence."""
    return "The GX" if master == p.SYSTEM else master


def more(theirs: float | None, ours: float | None) -> bool:
    """Is a current clearly more than ours?"""
    return theirs is not None and ours is not None and theirs > ours * (1 + MORE_PART) + MORE_A


def compare_with_master(
    limits: Sequence[Limit], effective_v: float | None, bus: DbusState, now: float, master: str = p.SYSTEM
) -> tuple[Finding, ...]:
    """Where the other master allows more than we would. Called in monitor mode, while another master is there.

    `limits` and `effective_v` (the charge voltage for the solar side) are ours.
    """
    return tuple(differences(limits, effective_v, bus, now, master))


def differences(
    limits: Sequence[Limit], effective_v: float | None, bus: DbusState, now: float, master: str
) -> Iterator[Finding]:
    """One after the other."""
    system = {limit.name: limit for limit in limits if not limit.subject}
    ccl, cvl, dcl = (system.get(name) for name in ("CCL", "CVL", "DCL"))
    together = made = 0.0
    for limit in limits:
        if limit.name == "charger":
            charger = bus.charger(limit.subject)
            theirs = None if charger.says_itself else charger.told_current_a
            together += theirs or 0.0
            made += max(charger.current_a or 0.0, 0.0)
            if limit.value == 0 and more(theirs, 0.0):
                yield difference_finding(now, "told-despite-stop", master, charger, theirs, limit)
            volts = None if charger.says_itself else charger.told_voltage_v
            if cvl is not None and volts is not None and effective_v is not None and volts > effective_v + MORE_V:
                ours = cvl._replace(value=effective_v)
                yield difference_finding(now, "told-more-voltage", master, charger, volts, ours)
        elif limit.name == "multi":
            multi = bus.multi(limit.subject)
            theirs, volts, discharge = multi.told_charge_a, multi.told_voltage_v, multi.told_discharge_a
            if ccl is not None and ccl.value is not None and more(theirs, max(ccl.value - made, 0.0)):
                together += theirs or 0.0  # the GX tells it what the others do not make: that is no more than the limit
            if limit.value == 0 and ccl is not None and ccl.value == 0 and more(theirs, 0.0):
                yield difference_finding(now, "told-despite-stop", master, multi, theirs, limit)
            if cvl is not None and cvl.value is not None and volts is not None and volts > cvl.value + MORE_V:
                yield difference_finding(now, "told-more-voltage", master, multi, volts, cvl)
            if dcl is not None and more(discharge, dcl.value):
                yield difference_finding(now, "told-more-discharge", master, multi, discharge, dcl)
    if ccl is not None and ccl.value and more(together, allowed(limits, ccl.value)):
        yield difference_finding(now, "told-over-limit", master, Device("", "", {}), together, ccl, feeding(limits))


def allowed(limits: Sequence[Limit], ccl: float) -> float:
    """What the chargers may get together: what we would tell them, or the limit, if that is more."""
    ours = [limit.value or 0.0 for limit in limits if limit.name == "charger"]
    fed = any(c.name == "feed-in" for limit in limits for c in limit.caps)
    return ccl if fed else max(sum(ours), ccl)


def feeding(limits: Sequence[Limit]) -> str:
    """Why the other master may tell more: feed-in, if it is on."""
    caps = (c for limit in limits for c in limit.caps)
    return next((c.text for c in caps if c.name in ("feed-in", "rs-feed-in")), "")


def difference_finding(
    now: float,
    name: str,
    master: str,
    device: Device,
    theirs: float | None,
    ours: Limit,
    why: str = "",
) -> Finding:
    """The finding for one difference."""
    return finding(
        name,
        device.name or master,
        now,
        master=master_title(master),
        device=title(device),
        theirs=plain(theirs or 0.0),
        ours=plain(ours.value or 0.0),
        why=why or ours.caps[0].text,
    )
