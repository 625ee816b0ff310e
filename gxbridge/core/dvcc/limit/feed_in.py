"""What solar may make beyond the charge current limit while DC-coupled PV is fed into the grid (`feed_in_obeys_ccl`).

That is what leaves for loads and the grid now, as it is measured, and a headroom: without it solar would follow every
cloud down and never come back. The battery's own current says whether the headroom is fed in or charged. Ours; users
ask the vendor for it (victronenergy/venus#950, #1358).
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.dvcc.limit.voltage import feeds_in
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import RsSystem, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.model.named_tuple import NamedTuple

HEADROOM_A: Final = 2.0
HEADROOM_PART: Final = 0.05
"""The headroom is the larger of this, and this part of what solar may make by its own settings."""
OVER_S: Final = 3.0
"""It is taken back when the battery is charged above its limit for so long and what is fed in does not grow."""
TOLERANCE: Final = 0.1
"""This part of the headroom is no charge above the limit: sensors differ."""
GROWS: Final = 0.25
"""What is fed in grows when it is this part of the headroom more."""
ENDS_S: Final = 10.0
"""So long after feed-in has ended the loads are still followed from second to second: they fall away with it."""
AGAIN_S: Final = 30.0
"""Where the headroom was taken back twice at the same feed-in, or the battery stays above its limit, so long nothing
more is tried."""
IDLE: Final = (0, 1, 2, 8, 9)
"""`/State` of a Multi that feeds nothing in: off, low power, fault, passthru, inverting (gui-v2@2ffcc3c enums.h)."""


class FeedIn(NamedTuple):
    """What is remembered (A, monotonic s).

    `over_since`: since when the battery is charged above its limit and what leaves has not grown from `from_a`.
    `given`: there was a headroom. `tried_a`: what left when it was last taken back. `again_at`: none is given before.
    `fed_at`: when solar was last fed in.
    """

    over_since: float | None = None
    from_a: float = 0.0
    given: bool = False
    tried_a: float | None = None
    again_at: float = 0.0
    fed_at: float = 0.0


class Surplus(NamedTuple):
    """What solar may make beyond the limit and what VE.Bus takes (A).

    `rs_a`: what a Multi RS system takes out of the battery now. `held`: why there is no headroom, "" where there is
    one. `blind`: there is none because something is not known. `takes_a`: what that system would have to take out by
    what the battery shows; 0 where that is far from its limit.
    """

    rs_a: float
    headroom_a: float
    held: str = ""
    blind: bool = False
    takes_a: float = 0.0


BLIND: Final = {
    "battery": "the battery current is not known",
    "multi": "what the Multi takes out of the battery is not known",
}
CHARGED: Final = "the battery was charged above its limit, and what is fed in did not grow"


def feeding_system(inputs: Inputs) -> RsSystem | None:
    """A Multi RS system that may feed in and says how much its battery side can take."""
    for system in inputs.installation.rs_systems:
        if system.known_instance == 0 and system.no_feed_in_reason == 0 and system.discharge_capacity_a is not None:
            return system
    return None


def may_feed_in(inputs: Inputs) -> bool:
    """May DC-coupled PV be fed in, by whomever?"""
    return feeds_in(inputs.multi, inputs.settings) or feeding_system(inputs) is not None


def obeys(inputs: Inputs) -> bool:
    """Is solar fed in, and held to the charge current limit? Where nothing can be fed in, it is shared as without."""
    if not inputs.options.feed_in_obeys_ccl:
        return False
    if feeding_system(inputs) is not None:
        return True
    multi, settings = inputs.multi, inputs.settings
    return multi is not None and feeds_in(multi, settings) and can_export(multi, settings.most_feed_in_w)


def rs_current(inputs: Inputs, rs: RsSystem) -> float | None:
    """The battery current of a Multi RS system (A, + = into the battery): its own word, else that of its members."""
    if rs.current_a is not None:
        return rs.current_a
    members = [one.current_a for one in inputs.installation.inverters if one.kind == p.MULTI]
    known = [current for current in members if current is not None]
    return sum(known) if known and len(known) == len(members) else None


def headroom(inputs: Inputs, rs: RsSystem | None) -> float:
    """The whole headroom (A); beside a Multi RS system only solar chargers feed in through the battery side."""
    plant = inputs.installation
    told = (
        charger.own_limit_a or 0.0
        for charger in (plant.solar_side if rs is None else plant.solar)
        if p.CHARGE_CURRENT in charger.paths and not charger.n2k_instance
    )
    return max(HEADROOM_A, HEADROOM_PART * sum(told))


def can_export(multi: VebusSystem, most_w: float) -> bool:
    """Does nothing say that the Multi feeds nothing in? What it really takes is measured."""
    has_ac = multi.connected == 1 and multi.active_input in (0, 1)
    return has_ac and multi.state not in IDLE and multi.not_fed_in != 1 and most_w != 0


def surplus(
    inputs: Inputs, before: FeedIn | None, limit_a: float, battery_a: float | None, now: float
) -> tuple[Surplus, FeedIn]:
    """What solar may make beyond the limit now. `battery_a`: the battery current (+ = into it)."""
    rs, multi = feeding_system(inputs), inputs.multi
    whole_a, most_rs_a = headroom(inputs, rs), 0.0
    taken = multi.current_a if multi is not None and multi.connected == 1 else None
    leaves_a, rs_a = max(-(taken or 0.0), 0.0), 0.0
    if rs is not None:
        taken = rs_current(inputs, rs)
        most_rs_a = max(rs.discharge_capacity_a or 0.0, 0.0)
        rs_a = min(max(-(taken or 0.0), 0.0), most_rs_a)
        leaves_a += rs_a
    over_a = 0.0 if battery_a is None else battery_a - limit_a
    seen = watch(FeedIn() if before is None else before, leaves_a, whole_a, over_a, now)._replace(fed_at=now)
    if battery_a is None or taken is None:
        why = BLIND["battery" if battery_a is None else "multi"]
        return Surplus(rs_a, 0.0, why, blind=True), seen._replace(given=False)
    takes_a = rs_a + min(over_a, whole_a) if over_a >= -whole_a else 0.0
    if not seen.given:
        return Surplus(rs_a, 0.0, CHARGED, takes_a=takes_a), seen
    return Surplus(rs_a, whole_a if rs is None else min(whole_a, most_rs_a - rs_a), takes_a=takes_a), seen


def still_watched(before: FeedIn | None, now: float) -> FeedIn | None:
    """What is kept while nothing is fed in: feed-in that flickers does not begin anew."""
    return before._replace(given=False) if before is not None and now - before.fed_at < ENDS_S else None


def watch(before: FeedIn, leaves_a: float, whole_a: float, over_a: float, now: float) -> FeedIn:
    """Is the headroom given now? `leaves_a`: what leaves the battery side (A); `over_a`: by how much the battery is
    charged above its limit.

    What is fed in follows with a lag: while it grows, the charge above the limit is what makes it grow. That is no
    excuse for more than the headroom. A battery that shows a little too much, because sensors differ or another charges
    it, is never back at its limit: there it is asked again after a while, or after a cloud.
    """
    since, from_a, given, tried_a, again_at, _ = before
    if tried_a is not None and leaves_a < tried_a - whole_a:  # a cloud, or a load that has gone: all is new after it
        since, given, tried_a, again_at = None, given or over_a <= whole_a, None, 0.0
    elif not given and since is not None and now - since > OVER_S + AGAIN_S and over_a <= whole_a:
        since, given = None, True
    if over_a <= TOLERANCE * whole_a:
        return FeedIn(None, 0.0, now >= again_at, tried_a, again_at)
    if since is None or (leaves_a >= from_a + GROWS * whole_a and over_a <= whole_a):
        begins = given or over_a <= whole_a  # who begins with too much has none until that is over
        return FeedIn(now, leaves_a, begins and now >= again_at, tried_a, again_at)
    if now - since < OVER_S:
        return before._replace(given=given and now >= again_at, tried_a=tried_a, again_at=again_at)
    if given:
        if tried_a is not None and leaves_a < tried_a + GROWS * whole_a:
            again_at = now + AGAIN_S
        tried_a = leaves_a
    return FeedIn(since, from_a, False, tried_a, again_at)
