"""What another master really told, against what we would tell: for monitor mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.dvcc.limit.decision import Decision, Limit
from gxbridge.core.dvcc.limit.reasons import plain
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.services import Device, kind_of, title
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.finding import Finding, finding

MORE_A: Final = 1.0
MORE_PART: Final = 0.05
"""A current told is more than ours when it is above it by this part and this much: masters round differently."""
MORE_V: Final = 0.05


def more(theirs: float | None, ours: float | None) -> bool:
    """Is a current clearly more than ours?"""
    return theirs is not None and ours is not None and theirs > ours * (1 + MORE_PART) + MORE_A


def compare_with_master(
    decision: Decision, snapshot: Snapshot, now: float, master: str = p.SYSTEM
) -> tuple[Finding, ...]:
    """Where the other master allows more than we would. Call it in monitor mode, while another master is there."""
    return tuple(differences(decision, snapshot, now, master))


def differences(decision: Decision, snapshot: Snapshot, now: float, master: str) -> Iterator[Finding]:
    """One after the other."""
    limits = {(limit.name, limit.subject): limit for limit in decision.limits}
    ccl, cvl, dcl = (limits.get((name, "")) for name in ("CCL", "CVL", "DCL"))
    together = 0.0
    for limit in decision.limits:
        items = snapshot.services.get(limit.subject, {})
        device = Device(limit.subject, kind_of(limit.subject), items)
        if limit.name == "charger":
            theirs = number(items, p.CHARGE_CURRENT)
            together += theirs or 0.0
            if limit.value == 0 and more(theirs, 0.0):
                yield difference_finding(now, "told-despite-stop", master, device, theirs, limit)
            volts, ours_v = number(items, p.CHARGE_VOLTAGE), effective(decision)
            if cvl is not None and volts is not None and ours_v is not None and volts > ours_v + MORE_V:
                yield difference_finding(now, "told-more-voltage", master, device, volts, cvl._replace(value=ours_v))
        elif limit.name == "multi" and dcl is not None:
            theirs = number(items, p.BOL_DISCHARGE_CURRENT)
            if more(theirs, dcl.value):
                yield difference_finding(now, "told-more-discharge", master, device, theirs, dcl)
    if ccl is not None and ccl.value and more(together, allowed(decision, ccl.value)):
        yield difference_finding(now, "told-over-limit", master, Device("", "", {}), together, ccl, feeding(decision))


def allowed(decision: Decision, ccl: float) -> float:
    """What the chargers may get together: what we would tell them, or the limit, if that is more."""
    ours = [limit.value or 0.0 for limit in decision.limits if limit.name == "charger"]
    fed = any(c.name == "feed-in" for limit in decision.limits for c in limit.caps)
    return ccl if fed else max(sum(ours), ccl)


def feeding(decision: Decision) -> str:
    """Why the other master may tell more: feed-in, if it is on."""
    caps = (c for limit in decision.limits for c in limit.caps)
    return next((c.text for c in caps if c.name in ("feed-in", "rs-feed-in")), "")


def effective(decision: Decision) -> float | None:
    """The voltage we would tell the chargers."""
    return number(decision.published, p.CONTROL_EFFECTIVE_VOLTAGE)


def difference_finding(
    now: float, name: str, master: str, device: Device, theirs: float | None, ours: Limit, why: str = ""
) -> Finding:
    """The finding for one difference."""
    return finding(
        name,
        device.name or master,
        now,
        master=master,
        device=title(device),
        theirs=plain(theirs or 0.0),
        ours=plain(ours.value or 0.0),
        why=why or ours.caps[0].text,
    )
