"""The banks as the bridge has them: read from what counts, made a battery of the decision, and put on D-Bus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gxbridge.core.bank.banks import Banks, BanksLook
from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bank.member import MemberCandidate
from gxbridge.core.bank.view import bank_bms
from gxbridge.core.bank.words import members_text
from gxbridge.core.cycle import ServiceView
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.held import CountingServices
from gxbridge.core.dvcc.read.devices.bank import is_totals
from gxbridge.core.dvcc.read.devices.bms import Bms, read_bms
from gxbridge.core.dvcc.read.devices.installation import titles
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.remembered import BankMember
from gxbridge.core.model.wording import utc_text
from gxbridge.core.publish.bank_items import bank_items, bank_published, bank_specs
from gxbridge.core.publish.battery_paths import service_name
from gxbridge.core.publish.publication import BATTERY_PREFIX, PARALLEL_PREFIX, unchosen

PUBLISHED = ("bms", "bms-neutral")
"""Ways of publishing with limits: a bank has them then, and its members have not."""

IdentityOf = Callable[[str, str], tuple[int, str]]
"""Key and title of a bank -> its device instance and its name."""


class BankServices:
    """Time is monotonic seconds. With no bank in the configuration none of it is asked."""

    def __init__(self, entries: Sequence[BankEntry], remembered: Iterable[BankMember], publish: str) -> None:
        self.banks = Banks(entries, remembered)
        self.publish = publish
        self.own: tuple[Bms, ...] = ()
        """The banks that stand for their members, for the decision."""
        self.items: dict[str, dict[str, Value]] = {}
        """Their services, whether or not they are published."""
        self.findings: tuple[Finding, ...] = ()
        self._leading = frozenset(entry.name for entry in entries)
        """Banks whose members are published without limits."""

    def published_as(self, battery: Battery) -> str:
        """How the configuration has a battery published: a member of a bank that the GX takes is a monitor beside
        it."""
        member = self.publish in PUBLISHED and self._leading and self.banks.claims(battery, self._leading)
        return "monitor" if member else self.publish

    def left_open(self, batteries: Iterable[Battery]) -> frozenset[str]:
        """Services of batteries that have gone silent, and whose last word was that their contactor is open."""
        silent = (battery for battery in batteries if battery.state == "silent")
        return frozenset(service_name(battery) for battery in silent if self.banks.left_open(battery))

    def look(
        self,
        counting: CountingServices,
        batteries: Sequence[Battery],
        ours: Mapping[str, Items],
        services: Mapping[str, Items],
        settings: Items,
        unread: Iterable[str],
        identity_of: IdentityOf,
        now: float,
        epoch: float,
    ) -> list[tuple[str, str]]:
        """Look at every bank; the services and paths of banks whose value is another now. `counting`: the batteries as
        they count; `ours`: the items of our own; `services`: those of others, as they are on the bus."""
        heard = heard_batteries(counting, batteries, ours)
        totals = tuple(one for one in heard if is_totals(one.bms))
        waits = tuple(name for name in unread if name.startswith(PARALLEL_PREFIX))
        self.banks.look(heard, BanksLook(now, epoch, totals, waits, utc_text))
        before, self.items, own, leading, findings = self.items, {}, [], set(), [*self.banks.findings]
        for view in self.banks.views:
            entry = view.entry
            if view.role == "empty" and entry.name in self._leading:
                leading.add(entry.name)  # the first of its members that is heard is a monitor from the start
            if not view.stands:
                continue
            instance, name = identity_of(entry.key, entry.called)
            own.append(bank_bms(view, name, instance))
            self.items[entry.service] = bank_items(view, instance, name, members_text(view))
            other = unchosen(instance, services, settings) if self.publish in PUBLISHED else None
            if other is None:
                leading.add(entry.name)
            elif p.SYSTEM in services:
                who = (
                    f"{other}, instance {services[other].get(p.DEVICE_INSTANCE)}"
                    if other in services
                    else "none of them"
                )
                findings.append(finding("bank-not-chosen", entry.service, now, bank=name, other=who, instance=instance))
        self.own, self.findings = tuple(own), tuple(findings)
        self._leading = frozenset(leading)
        return news(before, self.items)

    def unpublished(self) -> frozenset[str]:
        """Services of banks that are not on the bus, or without limits there."""
        return frozenset() if self.publish in PUBLISHED else frozenset(self.items)

    def services(self, identity_of: IdentityOf) -> Iterator[ServiceView]:
        """The banks as they are to be published."""
        if self.publish == "none":
            return
        for view in self.banks.views:
            if view.stands:
                entry = view.entry
                instance, _ = identity_of(entry.key, entry.called)
                items = bank_published(self.items[entry.service], self.publish)
                yield ServiceView(
                    entry.service, entry.key, None, instance, bank_specs(self.publish), items, entry.called
                )


def heard_batteries(
    counting: CountingServices, batteries: Iterable[Battery], ours: Mapping[str, Items]
) -> tuple[MemberCandidate, ...]:
    """Every battery, with all that it shows."""
    known = {service_name(battery): battery for battery in batteries}
    own = [
        MemberCandidate(bms, ours.get(bms.name, {}), known[bms.name].bus, known[bms.name].state == "live")
        for bms in counting.own
        if bms.name in known
    ]
    others = [
        MemberCandidate(read_bms(name, items), items, live=items.get(p.CONNECTED, 1) == 1)
        for name, items in counting.services.items()
        if name.startswith(BATTERY_PREFIX)
    ]
    names = titles([one.bms for one in (*own, *others)])
    return tuple(one._replace(bms=one.bms._replace(title=names[one.bms.name])) for one in (*own, *others))


def news(before: Mapping[str, Items], after: Mapping[str, Items]) -> list[tuple[str, str]]:
    """Service and path of every item that is another now."""
    gone = [(name, path) for name in before if name not in after for path in before[name]]
    return gone + [
        (name, path)
        for name, items in after.items()
        for path, value in items.items()
        if before.get(name, {}).get(path) != value
    ]
