"""The bridge: frames and D-Bus changes in; battery services, our own service, charger writes and findings out.

It is the whole service without its edges: no clock, no socket. `gxbridge/runtime/app.py` feeds it and carries out
what it says; a test or a replay feeds it the same way and gets the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gxbridge.core.channels.other_channels import OtherChannels, OtherChannelsView
from gxbridge.core.channels.terminals.terminals_text import OBSERVED, SWITCHED_OFF
from gxbridge.core.channels.vebus.evidence import evidence
from gxbridge.core.cycle import Cycle, ServiceView
from gxbridge.core.dvcc.explain.master_watch import MasterWatch, watch_master
from gxbridge.core.dvcc.explain.pre_alarm import with_countdown
from gxbridge.core.dvcc.read.chargers import charging_titles
from gxbridge.core.dvcc.read.held import held_findings, keep, recall, update_held, with_held
from gxbridge.core.dvcc.read.paths import BATTERY as BATTERY_CLASS
from gxbridge.core.dvcc.read.paths import CONTACTOR_CLOSED
from gxbridge.core.dvcc.read.services import sort_services, titles
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_limits import (
    keep_limits,
    last_limits,
    limit_findings,
    limits_in_force,
    recall_limits,
    unheard_limits,
)
from gxbridge.core.dvcc.run.bus_life import BusLife, watch_life
from gxbridge.core.dvcc.run.bus_names import BusNames
from gxbridge.core.dvcc.run.can_word import CanWords, PublishedElsewhere, hear_can
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.run.masters import (
    MAY_MASTER,
    Standing,
    apart_chargers,
    may_leave,
    owed,
    standing,
    system_controls,
    unjudged,
)
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.dvcc.run.orders_of_a_day import OrdersOfADay
from gxbridge.core.dvcc.run.read_back import disturbs
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate import GateMemory, may_send, pass_on
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.finding_log import FindingLog
from gxbridge.core.model.findings_in_monitor import in_monitor
from gxbridge.core.model.items import Value, plain_items, printable
from gxbridge.core.model.permission import Stop
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.model.wording import counted
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.publish.battery_paths import battery_items, distributors_of, service_name, specs
from gxbridge.core.publish.explanation import BatteryNote, Situation
from gxbridge.core.publish.own_items import CanView, OwnItems
from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.core.publish.publication import Publication, publishers, verdict
from gxbridge.core.raw_words import RawWords
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry, Change
from gxbridge.core.vecan.transmitter import Transmitter

SETTINGS = "com.victronenergy.settings"
BOL = "/Settings/Services/Bol"
BATTERY = "com.victronenergy.battery."

MOST_IDENTITIES = 512
"""Batteries whose instance is remembered: more than two buses can carry."""

URGENT_PREFIXES = (
    "/Info/",
    "/Io/",
    "/Bms/",
    "/InputState",
    "/Alarms/Bms",
    "/N2kUniqueNumber",
    "/Serial",
    "/Settings/Canbus/",
)
"""Paths whose change may lower a limit, withdraw a permission or show a battery that others publish too: looked at when
they arrive, not at the next second."""

Frames = Iterable[tuple[float, int, bytes]]
"""(monotonic seconds, 29-bit id, data) of each received frame."""


class Bridge:
    """Holds what is known between two looks. Time is monotonic seconds; input never makes it raise."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        # Who may ask need not believe what is remembered; and a product that is believed would not be asked for.
        self.registry = BatteryRegistry(
            setup.configured, remembered=setup.remembered.identities, believe=setup.transmit == "off"
        )
        self.finding_log = FindingLog()
        self.channels = OtherChannels(setup.wirings, setup.readout_keys, setup.readout_names)
        self._other_channels = OtherChannelsView()
        self._evidence: tuple[str, ...] = ()
        self.transmitter = Transmitter(setup.transmit, setup.own_number, mode_switch=setup.allow_mode)
        self._decoders = {bus: Decoder() for bus in setup.buses}
        self._services: dict[str, dict[str, Value]] = {}
        self._heard: dict[str, float] = {}
        self._arrivals: list[tuple[str, str]] = []
        self._ours: dict[str, dict[str, Value]] = {}
        self._memory = Memory()
        self._decision = Decision()
        self._standing = Standing(overruled=setup.remembered.overruled)
        self._gate = GateMemory()
        self._bus_names = BusNames()
        self._disturbed: dict[str, float] = {}
        """When something last happened to a service that makes what it shows say nothing for a while."""
        self._orders = OrdersOfADay()
        self._round: dict[tuple[str, str], Value] = {}
        """What the last round decided, and what was decided since, whether or not we were in control."""
        self._unpublished: frozenset[str] = frozenset()
        self._published: frozenset[str] = frozenset()
        self._master_watch = MasterWatch()
        self._held = recall(setup.remembered.latches)
        """What holds although nobody says it now."""
        self._can_words = CanWords()
        """What batteries say on CAN while others publish them."""
        self._bus_life = BusLife()
        """Whether the BMSes that others publish are alive."""
        self._held_findings: tuple[Finding, ...] = ()
        self._limits_since: dict[tuple[str, str], tuple[object, float]] = {}
        self._identities: dict[str, tuple[int, str]] = {}
        self._user_limits: Mapping[str, float] = recall_limits(setup.remembered.limits)
        """The user's limits as the settings service said them last, maybe before the program was started."""
        self._unheard_since: float | None = None
        """Since when one of them is not heard."""
        self._settings_before: Mapping[str, Value] = {}
        """The settings as they were when their service left: a port's profile holds until another is known."""
        self._bms_name = ("", "")
        self._unfollowed_since: dict[str, float] = {}
        self._own = OwnItems(setup.version, setup.buses)
        self._reported: tuple[Finding, ...] = ()

    # --- what comes in ---------------------------------------------------------------------------------------------

    def hear(self, bus: str, frames: Frames) -> bool:
        """Take received frames; True when a limit or permission changed, so that `react` should follow at once."""
        decoder = self._decoders.get(bus) or self._decoders.setdefault(bus, Decoder())
        registry, transmitter = self.registry, self.transmitter if self.setup.transmit != "off" else None
        urgent = False
        for at, can_id, data in frames:
            message = decoder.feed(can_id, data, at)
            if message is None:
                registry.alive(bus, can_id & 0xFF, at)
                continue
            if registry.hear(bus, message, at) is Change.URGENT:
                urgent = True
            if transmitter is not None:
                transmitter.hear(bus, message, at)
        return urgent

    def service_named(self, name: str, now: float, *, appeared: bool = True) -> bool:
        """A D-Bus name of others has an owner, whose items are not known yet; `appeared`: it came while we looked."""
        self._bus_names = self._bus_names.named(name, now, appeared=appeared)
        return name.startswith(MAY_MASTER)

    def hold_name(self, ours: bool) -> None:
        """Whether our own D-Bus name is ours."""
        self._bus_names = replace(self._bus_names, ours=ours)

    def service_added(self, name: str, items: Mapping[str, Value], now: float) -> bool:
        """A D-Bus service of others was read, with all its items."""
        fresh = plain_items(items)
        if self._bus_life.awaits(name) and fresh == self._services.get(name):
            self._bus_life = self._bus_life.unchanged(name, now)
            self._arrivals += [(name, path) for path in fresh]
            return True
        self._bus_names = self._bus_names.without(name)
        self._disturbed[name] = now
        self._services[name] = fresh
        return self._arrived(name, items, now)

    def service_changed(self, name: str, changes: Mapping[str, Value], now: float) -> bool:
        """Items of a known service arrived; True when `react` should follow at once."""
        items, fresh = self._services.setdefault(name, {}), plain_items(changes)
        if any(disturbs(path, items.get(path), value) for path, value in fresh.items()):
            self._disturbed[name] = now
        items.update(fresh)
        return self._arrived(name, changes, now)

    def service_removed(self, name: str, now: float) -> bool:
        """A D-Bus service left the bus."""
        known = self._services.pop(name, None)
        self._bus_names = self._bus_names.without(name)
        self._heard.pop(name, None)
        self._disturbed.pop(name, None)
        if name == SETTINGS and known is not None:
            self._settings_before = known
        urgent = known is not None and self._arrived(name, known, now)
        return urgent or name.startswith(MAY_MASTER)

    def _arrived(self, name: str, changes: Mapping[str, Value], now: float) -> bool:
        self._heard[name] = now
        self._arrivals += [(name, path) for path in changes]
        return any(path.startswith(URGENT_PREFIXES) for path in changes)

    def advertised(self, address: str, data: bytes, now: float) -> bool:
        """A Bluetooth advertisement came; True when what it stops changed, so that `react` should follow at once."""
        receiver = self.channels.receiver
        before = receiver.restriction(address, now)
        self.channels.hear(address, data, now)
        return receiver.restriction(address, now) != before

    def write_register(self, battery: Battery, register: int, data: bytes, now: float) -> bool:
        """Have a register of a battery written; False when it may not be or cannot be sent."""
        node = None if battery.address is None else self.registry.network(battery.bus).at(battery.address)
        if node is None or node.name is None or not may_send(register, data):
            return False
        return self.transmitter.write(battery.bus, node.name, register, data, now)

    def not_delivered(self, keys: Iterable[tuple[str, str]]) -> None:
        """These of our writes (service, path) were refused or still wait: a device that shows something else there has
        no other master for that."""
        self._standing = unjudged(self._standing, keys)

    def may_write(self, write: Write, sent: Value, now: float) -> bool:
        """Whether a write that waited may go out this moment; `sent` is what went to its path last."""
        return may_leave(write, sent, self._standing, self._on_bus(), self._unpublished, self._bus_names, now)

    def reset_master(self) -> None:
        """Somebody has seen to the other master: forget that there was one."""
        self._standing = replace(self._standing, overruled="", apart={}, told={})

    def set_identity(self, key: str, instance: int, custom_name: str) -> None:
        """Device instance and name of a battery as the GX's settings (or the configuration) have them."""
        if key not in self._identities and len(self._identities) >= MOST_IDENTITIES:
            del self._identities[next(iter(self._identities))]
        self._identities[key] = (instance, printable(custom_name))

    @property
    def effective(self) -> str:
        """What holds since the last look: off, monitor or control."""
        return self._standing.effective

    def remember(self, before: Remembered, since: float) -> Remembered:
        """What is to be known at the next start, when `before` is; `since`: now, in seconds since 1970."""
        learnt = before.learn(self.registry.identities(since))
        limits = keep_limits(before.limits, self._user_limits, since)
        latches = keep(before.latches, self._held, since)
        if (limits, latches) != (learnt.limits, learnt.latches):
            learnt = replace(learnt, limits=limits, latches=latches)
        return learnt.overrule(self._standing.overruled, since, self.setup.boot)

    def report(self, findings: Iterable[Finding]) -> None:
        """What whoever feeds the bridge has found out itself; it holds until the next report."""
        self._reported = tuple(findings)

    # --- what goes out ---------------------------------------------------------------------------------------------

    def react(self, now: float, epoch_offset: float = 0.0, can: Mapping[str, CanView] | None = None) -> Cycle:
        """Look at what cannot wait: call it when one of the inputs said so."""
        return self._look(now, epoch_offset, can, timers=False)

    def tick(self, now: float, epoch_offset: float = 0.0, can: Mapping[str, CanView] | None = None) -> Cycle:
        """Look at everything: call it every whole second."""
        return self._look(now, epoch_offset, can, timers=True)

    def _look(self, now: float, epoch_offset: float, can: Mapping[str, CanView] | None, *, timers: bool) -> Cycle:
        batteries = self.registry.batteries(now)
        others = {SETTINGS: self._settings_before, **self._services}
        publications = {
            battery.key: verdict(
                *(battery, self.setup.publish, others, self.setup.ports.get(battery.bus)),
                unread=self._bus_names.unread,
                now=now,
                published=battery.key in self._published,
            )
            for battery in batteries
            if battery.state != "lost"
        }
        self._published = frozenset(key for key, publication in publications.items() if publication.publish != "none")
        raw = self._services_with_ours(batteries, publications)
        read_anew: tuple[str, ...] = ()
        if self.setup.options.profile == "strict":
            on_can = {
                name
                for battery in batteries
                if battery.state == "live"
                for name, _ in publishers(battery, self._services)
            }
            theirs = {name: items for name, items in self._services.items() if name not in on_can}
            self._bus_life, read_anew = watch_life(self._bus_life, theirs, self._heard, now)
            dead = self._bus_life.dead
            raw = {name: items for name, items in raw.items() if name not in dead}
        services = self._as_they_count(raw, batteries, now)
        self._other_channels = self.channels.look(
            *(services, batteries, now),
            observed=self._observed(),
            lowers_discharge=self._decision.bms_service.startswith(BATTERY),
        )
        without_limits = frozenset(
            service_name(battery)
            for battery in batteries
            if battery.key in publications and publications[battery.key].publish in ("none", "monitor")
        )
        words = self._raw_words(raw, batteries, without_limits)
        writes = self._decide(services, words, without_limits, now, timers=timers)
        views = tuple(
            self._view(battery, publications[battery.key])
            for battery in batteries
            if battery.key in publications and publications[battery.key].publish != "none"
        )
        findings = (
            *self.registry.findings(now),
            *(finding for publication in publications.values() for finding in publication.findings),
            *self._decision.findings,
            *self._other_channels.findings,
            *self._standing.findings,
            *self._gate.findings,
            *self._bus_names.findings(now),
            *self._bus_life.findings(now),
            *self._master_watch.findings,
            *self._held_findings,
            *self._reported,
        )
        if self._standing.effective != "control":
            findings = tuple(map(in_monitor, findings))
        findings = with_countdown(findings, self.finding_log, services, now)
        began, ended = self.finding_log.update(findings, now)
        devices = self.registry.devices(now) if timers else None
        if devices is not None:
            if self.setup.transmit != "off":
                self.transmitter.ask(batteries, self.registry.provisional(now), devices, now)
            self._evidence = evidence(devices, any(seen.had_bms for seen in self._other_channels.vebus))
        situation = self._situation(batteries, publications, now)
        own = self._own.render(
            situation, lambda: self.registry.devices(now) if devices is None else devices, can or {}, now, epoch_offset
        )
        return Cycle(self._decision, writes, views, own, situation, epoch_offset, began, ended, read_anew)

    def _services_with_ours(
        self, batteries: Iterable[Battery], publications: Mapping[str, Publication]
    ) -> dict[str, Mapping[str, Value]]:
        """All services DVCC may look at. One battery is one battery: where the vendor publishes it, ours stays out."""
        ours: dict[str, dict[str, Value]] = {}
        for battery in batteries:
            publication = publications.get(battery.key)
            if publication is None or publication.published_by:
                continue
            name = service_name(battery)
            instance, custom_name = self._identities.get(battery.key, (self.setup.instance, self.setup.custom_name))
            ours[name] = battery_items(battery, "bms", instance, custom_name)
            self._heard[name] = battery.last_heard
            before = self._ours.get(name, {})
            self._arrivals += [(name, path) for path, value in ours[name].items() if before.get(path) != value]
        for name in [name for name in self._ours if name not in ours]:
            self._heard.pop(name, None)
            self._arrivals += [(name, path) for path in self._ours[name]]
        self._ours = ours
        return self._on_bus()

    def _on_bus(self) -> dict[str, Mapping[str, Value]]:
        """The services as they are on the bus, or would be if ours were published."""
        theirs = {name: items for name, items in self._services.items() if name not in (SETTINGS, OWN_NAME)}
        return {**theirs, **self._ours}

    def _as_they_count(
        self, services: Mapping[str, Mapping[str, Value]], batteries: Iterable[Battery], now: float
    ) -> Mapping[str, Mapping[str, Value]]:
        """The services with what batteries say on CAN while others publish them, and what holds although it is not said
        now (profile `strict`)."""
        elsewhere = (
            PublishedElsewhere(battery, name, self.registry.others_heard(battery, now))
            for battery in batteries
            for name, _ in publishers(battery, self._services)
            if name in services
        )
        before, self._can_words = self._can_words, hear_can(self._can_words, elsewhere, services, now)
        if self.setup.options.profile != "strict":  # it is said, and changes nothing
            self._held, self._held_findings = update_held(self._held, services), self._can_words.silences
            return services
        self._arrivals += self._can_words.news(before)
        services = self._can_words.applied(services)
        self._held = update_held(self._held, services)
        self._held_findings = (*self._can_words.findings, *held_findings(services, self._held, now))
        services = with_held(services, self._held)
        away = [battery for battery in batteries if battery.state == "live" and battery.get("contactor_closed") == 0]
        names = {name for battery in away for name, _ in publishers(battery, self._services)}
        names = (names | {service_name(battery) for battery in away}) & services.keys()
        if not names:
            return services
        return {name: {**items, CONTACTOR_CLOSED: 0} if name in names else items for name, items in services.items()}

    def _raw_words(
        self, services: Mapping[str, Mapping[str, Value]], batteries: Iterable[Battery], unpublished: frozenset[str]
    ) -> RawWords:
        """What the last gate reads."""
        channels = self._other_channels
        return RawWords(
            *(services, batteries, self._services.get(SETTINGS, {})),
            stops=channels.charge_stops,
            discharge_stops=[stop for stop in channels.discharge_stops if stop.refused],
            discharge_unknown=[stop for stop in channels.discharge_stops if not stop.refused],
            permits=channels.charge_permits,
            unpublished=unpublished,
            other_banks=self.setup.options.other_banks,
        )

    def _decide(
        self,
        services: Mapping[str, Mapping[str, Value]],
        words: RawWords,
        unpublished: frozenset[str],
        now: float,
        *,
        timers: bool,
    ) -> tuple[Write, ...]:
        if self.setup.mode == "off":
            self._arrivals.clear()
            off = "DVCC is off in the configuration."
            self._standing = Standing(effective="off", reason=off, overruled=self._standing.overruled)
            return ()
        heard = self._services.get(SETTINGS, {})
        self._user_limits = last_limits(heard, self._user_limits)
        settings = {**self.setup.user_settings, **heard, BOL: 1}
        if self.setup.options.profile == "strict":
            settings |= limits_in_force(heard, self._user_limits, self.setup.user_settings)
            unheard = unheard_limits(heard, self._user_limits)
            self._unheard_since = (self._unheard_since or now) if unheard else None
            self._held_findings += tuple(limit_findings(unheard, self._unheard_since, now))
        configured = self.setup.user_settings
        snapshot = Snapshot(
            services,
            settings,
            self.setup.platform,
            dict(self._heard),
            self.setup.options,
            (*self._other_channels.charge_stops, *self._unfollowed(now)),
            self._other_channels.discharge_stops,
            self._other_channels.charge_permits,
            apart_chargers(self._standing),
            frozenset(path for path in configured if path not in heard and settings[path] == configured[path]),
            bms_awaited=bool(self.registry.provisional(now)),
            another_master=system_controls(self.setup.mode, self._on_bus(), unpublished, self._bus_names),
        )
        writes: tuple[Write, ...] = ()
        for arrivals in ([tuple(self._arrivals)] if self._arrivals else []) + ([()] if timers else []):
            self._decision, self._memory = decide(snapshot, self._memory, now, arrivals)
            writes += self._decision.writes
            self._orders.note(self._decision.writes, now)
            before = {} if self._decision.round_done else self._round
            self._round = {**before, **{(service, path): value for service, path, value in self._decision.writes}}
        self._arrivals.clear()
        if self._standing.effective != "control":
            writes = owed(self._round, self._standing.told, services.keys(), now)
        told = self._gate.told
        asked = writes if self.setup.mode == "control" else ()
        writes, self._gate = pass_on(
            *(asked, words, self._gate, self.setup, now), own_name=self._bus_names.ours, one_bound=True
        )
        self._unpublished = unpublished
        self._standing, writes = standing(
            self.setup.mode,
            replace(snapshot, services=self._on_bus()),
            self._standing,
            frozenset(self._ours),
            unpublished=unpublished,
            names=self._bus_names,
            disturbed=self._disturbed,
            writes=writes,
            now=now,
        )
        if self._standing.effective == "monitor" and self._standing.master:
            self._master_watch = watch_master(
                *(self._master_watch, self._decision.limits, self._decision.effective_v),
                *(snapshot, self._standing.master, now),
            )
        else:
            self._master_watch = MasterWatch()
        if self._standing.effective == "control":
            return writes
        self._gate = self._gate._replace(told=told, findings=())  # nothing leaves, so nothing was held back
        return ()

    def _unfollowed(self, now: float) -> Iterable[Stop]:
        """BMSes for which there is no room have not spoken: nobody knows whether they allow charging."""
        for bus, count in self.registry.unfollowed(now).items():
            since = self._unfollowed_since.setdefault(bus, now)
            yield Stop(bus, "", since, f"{counted(count, 'device')} on {bus} that may be BMSes cannot be followed")

    def _observed(self) -> str:
        """Why a stop of wired terminals is not enforced, if so."""
        if self._standing.effective != "control":
            return OBSERVED
        return "" if self.setup.options.other_bms_stops else SWITCHED_OFF

    def _view(self, battery: Battery, publication: Publication) -> ServiceView:
        name = service_name(battery)
        publish = publication.publish
        assert publish != "none"  # noqa: S101 - the caller has asked
        instance, custom_name = self._identities.get(battery.key, (self.setup.instance, self.setup.custom_name))
        distributors = distributors_of(battery)
        reasons = (
            {limit.name: limit.sentence for limit in self._decision.limits}
            if self._decision.bms_service == name
            else {}
        )
        return ServiceView(
            name,
            battery,
            instance,
            specs(publish, balances=battery.balances, distributors=distributors),
            battery_items(
                battery,
                publish,
                instance,
                custom_name,
                transmit_writes=self.setup.transmit == "writes",
                reasons=reasons,
                distributors=distributors,
                known=self._ours.get(name, {}),
            ),
        )

    def _situation(
        self, batteries: Iterable[Battery], publications: Mapping[str, Publication], now: float
    ) -> Situation:
        since: dict[tuple[str, str], tuple[object, float]] = {}
        for limit in self._decision.limits:
            key = (limit.name, limit.subject)
            value, at = self._limits_since.get(key, (None, now))
            since[key] = (limit.value, at) if value == limit.value and key in self._limits_since else (limit.value, now)
        self._limits_since = since
        notes = []
        for battery in batteries:
            publication = publications.get(
                battery.key, Publication("none", "silent for a minute: its service is closed")
            )
            published = publication.publish != "none"
            notes.append(
                BatteryNote(
                    battery, service_name(battery) if published else "", publication.publish, publication.reason
                )
            )
        every = {**self._services, **self._ours}
        names = {name: name_for_people(name, items) for name, items in every.items()}
        plant = sort_services(every)
        told_apart = charging_titles(plant) | titles(plant.of(BATTERY_CLASS))
        names |= {name: text for name, text in told_apart.items() if text.startswith(names[name])}
        service = self._decision.bms_service
        if service in names:
            self._bms_name = (service, names[service])
        else:  # when it is lost people still want to know who it was
            names[service] = self._bms_name[1] if service == self._bms_name[0] else ""
        return Situation(
            mode=self.setup.mode,
            effective=self._standing.effective,
            profile=self.setup.options.profile,
            master=self._standing.master,
            master_reason=self._standing.reason,
            decision=self._decision,
            since={key: at for key, (_, at) in since.items()},
            names=names,
            batteries=tuple(notes),
            provisional=self.registry.provisional(now),
            other_channels=self._other_channels,
            evidence=self._evidence,
            findings=self.finding_log.current,
            orders=self._orders,
        )


def name_for_people(service: str, items: Mapping[str, Value]) -> str:
    """What a person calls the service: its custom name, else its product name, else the service's name."""
    for path in ("/CustomName", "/ProductName"):
        value = items.get(path)
        if isinstance(value, str) and value.strip():
            return value
    return service
