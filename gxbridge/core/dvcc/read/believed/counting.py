"""The services as they count: with what batteries say on CAN while others publish them, and what was said before."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.can_word import CanWords, PublishedElsewhere, hear_can
from gxbridge.core.dvcc.read.believed.held import (
    CountingServices,
    Held,
    held_findings,
    read_permissions,
    update_held,
    with_held,
)
from gxbridge.core.dvcc.read.snapshot import Arrival
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.named_tuple import NamedTuple


class Believed(NamedTuple):
    """`held`: what holds although nobody says it now; `on_can`: what batteries say on CAN while others publish them.

    `services`: all as they count; `arrivals`: what counts otherwise than at the last look; `findings` about both.
    """

    held: Held = Held()
    on_can: CanWords = CanWords()
    services: CountingServices = CountingServices({}, ())
    arrivals: tuple[Arrival, ...] = ()
    findings: tuple[Finding, ...] = ()


def believe(
    before: Believed,
    there: CountingServices,
    elsewhere: Iterable[PublishedElsewhere],
    opened: Collection[str],
    now: float,
    *,
    strict: bool,
) -> Believed:
    """What counts now; `opened`: services of batteries that say on CAN that their contactor is open. In profile
    `vendor` it is said what would count, and nothing is changed."""
    on_can = hear_can(before.on_can, elsewhere, there.services, now)
    if not strict:
        held = update_held(before.held, read_permissions(*there), there.services)
        return Believed(held, on_can, there, (), on_can.silences)
    there = there._replace(services=on_can.applied(there.services))
    said = read_permissions(*there)
    held = update_held(before.held, said, there.services)
    findings = (*on_can.findings, *held_findings(said, held, now))
    counting = with_contactors(with_held(there, held, said), opened)
    return Believed(held, on_can, counting, tuple(on_can.news(before.on_can)), findings)


def with_contactors(there: CountingServices, opened: Collection[str]) -> CountingServices:
    """The services with the contactors that are open."""
    if not opened:
        return there
    services = {
        name: {**items, p.CONTACTOR_CLOSED: 0} if name in opened else items for name, items in there.services.items()
    }
    own = (bms._replace(contactor_closed=0) if bms.name in opened else bms for bms in there.own)
    return CountingServices(services, tuple(own))
