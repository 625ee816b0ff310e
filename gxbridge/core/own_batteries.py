"""Our own battery services: which batteries are published, under which identity, with which items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.bus_services import BusServices
from gxbridge.core.cycle import ServiceView
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.held import CountingServices
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.own_bms import own_bms
from gxbridge.core.dvcc.read.devices.services import title_of
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import Items, Value, printable
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.publish.battery_paths import as_published, battery_items, service_name, specs
from gxbridge.core.publish.publication import BATTERY_PREFIX, Publication, verdict
from gxbridge.core.setup import Setup

if TYPE_CHECKING:
    from gxbridge.core.bank.view import BankView

MOST_IDENTITIES = 512
"""Batteries whose instance is remembered: more than two buses can carry."""

Publications = Mapping[str, Publication]
"""Key of a battery that is not lost -> whether it is published, and how."""


class Made(NamedTuple):
    """What was made of a battery, and of what."""

    of: tuple[object, ...]
    items: dict[str, Value]
    bms: Bms


class OwnBatteries:
    """What is known of them from one look to the next."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Value]] = {}
        """Service -> all that is known of its battery, whether or not it is published."""
        self.identities: dict[str, tuple[int, str]] = {}
        """Key of a battery -> device instance and name."""
        self._published: frozenset[str] = frozenset()
        self._made: dict[str, Made] = {}

    def set_identity(self, key: str, instance: int, custom_name: str) -> None:
        """Device instance and name of a battery as the GX's settings (or the configuration) have them."""
        if key not in self.identities and len(self.identities) >= MOST_IDENTITIES:
            del self.identities[next(iter(self.identities))]
        self.identities[key] = (instance, printable(custom_name))

    def publications(
        self,
        batteries: Iterable[Battery],
        setup: Setup,
        bus: BusServices,
        publish_as: Callable[[Battery], str],
        now: float,
    ) -> dict[str, Publication]:
        """Whether each is published, and how; a battery that is lost is not among them. `publish_as`: how the
        configuration has it published."""
        others = {p.SETTINGS: bus.settings_before, **bus.items}
        found = {
            battery.key: verdict(
                *(battery, publish_as(battery), others, setup.ports.get(battery.bus)),
                unread=bus.names.unread,
                now=now,
                published=battery.key in self._published,
            )
            for battery in batteries
            if battery.state != "lost"
        }
        self._published = frozenset(key for key, publication in found.items() if publication.publish != "none")
        return found

    def look(
        self, batteries: Iterable[Battery], publications: Publications, setup: Setup, bus: BusServices
    ) -> tuple[Bms, ...]:
        """Our own batteries for the decision. One battery is one battery: where the vendor publishes it, ours stays
        out."""
        ours: dict[str, dict[str, Value]] = {}
        own: list[Bms] = []
        for battery in batteries:
            publication = publications.get(battery.key)
            if publication is None or publication.published_by:
                continue
            name = service_name(battery)
            instance, custom_name = self._identity(battery, setup)
            ours[name], bms = self._make(battery, name, instance, custom_name, writes=setup.transmit == "writes")
            own.append(bms)
            bus.heard[name] = battery.last_heard
            before = self.items.get(name, {})
            if ours[name] is not before:
                bus.arrivals += [(name, path) for path, value in ours[name].items() if before.get(path) != value]
        self._made = {name: self._made[name] for name in ours}
        for name in [name for name in self.items if name not in ours]:
            bus.heard.pop(name, None)
            bus.arrivals += [(name, path) for path in self.items[name]]
        self.items = ours
        return tuple(own)

    def _make(
        self, battery: Battery, name: str, instance: int, custom_name: str, *, writes: bool
    ) -> tuple[dict[str, Value], Bms]:
        """Its items, and what the decision has of it: the same objects as before while it says nothing else."""
        of = (battery.without_times(), instance, custom_name)
        made = self._made.get(name)
        if made is None or made.of != of:
            items = battery_items(battery, instance, custom_name, transmit_writes=writes)
            made = self._made[name] = Made(of, items, own_bms(battery, name, title_of(items, name), instance))
        return made.items, made.bms

    def views(
        self, batteries: Iterable[Battery], publications: Publications, setup: Setup, decision: Decision
    ) -> Iterator[ServiceView]:
        """Those that are published, as they should be on the bus now."""
        for battery in batteries:
            publication = publications.get(battery.key)
            if publication is None or publication.publish == "none":
                continue
            name, publish = service_name(battery), publication.publish
            instance, _ = self._identity(battery, setup)
            controls = decision.bms_service == name
            reasons = {str(limit.name): limit.sentence for limit in decision.limits} if controls else {}
            yield ServiceView(
                name,
                battery.key,
                battery,
                instance,
                specs(publish, balances=battery.balances, distributors=battery.distributors),
                as_published(self.items[name], publish, reasons),
            )

    def _identity(self, battery: Battery, setup: Setup) -> tuple[int, str]:
        return self.identities.get(battery.key, (setup.instance, setup.custom_name))


@record
class UnnamedBanks:
    """What looks like a bank and is none in the configuration: found when somebody asks, and only then imported."""

    counting: CountingServices
    batteries: Sequence[Battery]
    ours: Mapping[str, Items]
    entries: Sequence[BankEntry]

    def __call__(self) -> tuple[BankView, ...]:
        """Every one that is found: one battery is no bank, and costs nothing."""
        theirs = sum(name.startswith(BATTERY_PREFIX) for name in self.counting.services)
        if len(self.counting.own) + theirs < 2:
            return ()
        from gxbridge.core.bank.banks import recognise
        from gxbridge.core.bank_services import heard_batteries

        return tuple(recognise(heard_batteries(self.counting, self.batteries, self.ours), self.entries))
