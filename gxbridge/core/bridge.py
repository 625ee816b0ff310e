"""The bridge: frames and D-Bus changes in; battery services, our own service, charger writes and findings out.

It is the whole service without its edges: no clock, no socket. `gxbridge/runtime/app.py` feeds it and carries out
what it says; a test or a replay feeds it the same way and gets the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gxbridge.core.bus_services import BusServices
from gxbridge.core.channels.other_channels import OtherChannels, OtherChannelsView
from gxbridge.core.channels.terminals.terminals_text import OBSERVED, SWITCHED_OFF
from gxbridge.core.channels.vebus.evidence import evidence
from gxbridge.core.client_orders import ClientOrders
from gxbridge.core.control import Control
from gxbridge.core.cycle import Cycle
from gxbridge.core.dvcc.explain.pre_alarm import with_countdown
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.can_word import PublishedElsewhere
from gxbridge.core.dvcc.read.believed.counting import Believed, believe
from gxbridge.core.dvcc.read.believed.held import (
    CountingServices,
    keep,
    recall,
)
from gxbridge.core.dvcc.read.believed.user_limits import UserLimits, keep_limits, recall_limits, user_settings
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.clock import local_clock
from gxbridge.core.dvcc.rules.kept_storage import keep_storage, recall_storage
from gxbridge.core.dvcc.run.masters.masters import Standing, apart_chargers, system_controls
from gxbridge.core.dvcc.tell.switches import keep_switched, recall_switched
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.gate.raw_words import RawWords
from gxbridge.core.model.battery import Battery, Provisional
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.finding_log import FindingLog
from gxbridge.core.model.findings_in_monitor import in_monitor
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.permission import Stop
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.model.wording import counted
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.own_batteries import OwnBatteries, UnnamedBanks
from gxbridge.core.plotters import plot_alerts, plot_battery
from gxbridge.core.publish.battery_paths import service_name
from gxbridge.core.publish.battery_writes import Answer
from gxbridge.core.publish.explanation import Situation
from gxbridge.core.publish.own_items import CanView, OwnItems
from gxbridge.core.publish.own_writes import judge_own_write
from gxbridge.core.publish.publication import Publication, publishers
from gxbridge.core.publish.situations import LimitsSince, ServiceNames, battery_notes, device_instances
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.battery_registry import BatteryRegistry, Change
from gxbridge.core.vecan.sending.transmit import LINK_LEVELS
from gxbridge.core.vecan.sending.transmitter import Transmitter

BATTERY_NAME = f"{p.PREFIX}{p.BATTERY}."
"""How the name of a battery service begins."""

if TYPE_CHECKING:
    from gxbridge.core.bank_services import BankServices
    from gxbridge.core.link_control import LinkControl
    from gxbridge.core.port_services import PortServices

Frames = Iterable[tuple[float, int, bytes]]
"""(monotonic seconds, 29-bit id, data) of each received frame."""


class Seen(NamedTuple):
    """What is there in one look, before anything is decided."""

    batteries: tuple[Battery, ...]
    """From CAN."""
    provisional: tuple[Provisional, ...]
    publications: Mapping[str, Publication]
    on_bus: Mapping[str, Items]
    """Every service with its items, our batteries and banks among them."""
    live: Mapping[str, Items]
    """The same without those that have stopped to change: `BusLife.dead`."""
    left_open: frozenset[str]
    """Services of batteries that are silent, and whose last word was that their contactor is open."""
    without_limits: frozenset[str]
    """Services of our batteries and banks that are not on the bus, or without limits there."""
    read_anew: tuple[str, ...]
    """See `Cycle`."""


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
        self.link: LinkControl | None = None
        if setup.transmit in LINK_LEVELS and setup.mode == "control":
            from gxbridge.core.link_control import LinkControl

            self.link = LinkControl(setup, self.registry)
        self.transmitter = Transmitter(
            *(setup.transmit, setup.own_number),
            mode_switch=setup.allow_mode,
            link=None if self.link is None else self.link.out.bus,
            version=setup.version,
            plotter_bus=setup.plotter_bus,
            plotter_instance=setup.plotter_instance,
            plotter_alerts=setup.plotter_alerts,
        )
        self._decoders = {bus: Decoder() for bus in setup.buses}
        self._services = BusServices()
        self._own_batteries = OwnBatteries()
        latches = setup.remembered.latches
        self._control = Control(setup.remembered.overruled, recall_storage(latches), recall_switched(latches))
        self._zone_s: float | None = None
        self._believed = Believed(recall(setup.remembered.latches))
        self._limits_since = LimitsSince()
        self._service_names = ServiceNames()
        self._user_limits = UserLimits(recall_limits(setup.remembered.limits))
        self._unfollowed_since: dict[str, float] = {}
        self._own = OwnItems(setup.version, setup.buses)
        self._reported: tuple[Finding, ...] = ()
        remembered = setup.remembered.members
        self._banks: BankServices | None = None
        if setup.banks:  # a start without any is as it was
            from gxbridge.core.bank_services import BankServices

            self._banks = BankServices(setup.banks, remembered, setup.publish)
        self._port: PortServices | None = None
        if setup.serve:
            from gxbridge.core.port_services import PortServices

            self._port = PortServices()

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
        urgent = self._services.named(name, now, appeared=appeared)
        self._give_way(now)
        return urgent

    def hold_name(self, ours: bool) -> None:
        """Whether our own D-Bus name is ours."""
        self._services.hold_name(ours)
        if self.link is not None and not ours:
            self.link.shut()

    def service_added(self, name: str, items: Mapping[str, Value], now: float) -> bool:
        """A D-Bus service of others was read, with all its items."""
        urgent = self._services.added(name, items, now)
        self._give_way(now)
        return urgent

    def service_changed(self, name: str, changes: Mapping[str, Value], now: float) -> bool:
        """Items of a known service arrived; True when `react` should follow at once."""
        urgent = self._services.changed(name, changes, now)
        if name == p.SETTINGS:  # a port may have got another profile
            self._give_way(now)
        return urgent

    def _give_way(self, now: float) -> None:
        """The chargers of what another program serves by now are told nothing more from this moment on."""
        for target in () if self._port is None else self._port.withdraw(self.setup, self._services, now):
            if self.link is not None:
                self.link.out.end(target)

    def service_removed(self, name: str, now: float) -> bool:
        """A D-Bus service left the bus."""
        return self._services.removed(name, now)

    def advertised(self, address: str, data: bytes, now: float) -> bool:
        """A Bluetooth advertisement came; True when what it stops changed, so that `react` should follow at once."""
        receiver = self.channels.receiver
        before = receiver.restriction(address, now)
        self.channels.hear(address, data, now)
        return receiver.restriction(address, now) != before

    def not_delivered(self, keys: Iterable[tuple[str, str]]) -> None:
        """These of our writes (service, path) were refused or still wait: a device that shows something else there has
        no other master for that."""
        self._control.not_delivered(keys)

    def may_write(self, write: Write, sent: Value, now: float) -> bool:
        """Whether a write that waited may go out this moment; `sent` is what went to its path last."""
        bus = self._services
        return self._control.may_write(write, sent, bus.on_bus(self._own_batteries.items), bus, now)

    def reset_master(self) -> None:
        """Somebody has seen to the other master: forget that there was one."""
        self._control.reset_master()

    def set_identity(self, key: str, instance: int, custom_name: str) -> None:
        """Device instance and name of a battery as the GX's settings (or the configuration) have them."""
        self._own_batteries.set_identity(key, instance, custom_name)

    def set_zone(self, zone_s: float | None) -> None:
        """Local time minus UTC (s); None: the time zone is not known."""
        self._zone_s = zone_s

    def switch_storage(self, on: bool) -> None:
        """A client switches the storage profile of the user's rules on, or off again."""
        self._control.switch_storage(on=on)

    def judge_own_write(self, path: str, value: Value, epoch: float) -> Answer:
        """What to do with a write by a client to our own service."""
        clock = local_clock(epoch, self._zone_s)
        return judge_own_write(path, value, self.setup.options.rules.storage, clock, self.setup.mode)

    @property
    def orders(self) -> ClientOrders:
        """Has written to devices on CAN what clients want."""
        return ClientOrders(self.setup, self.registry, self.transmitter, self.link, self._port)

    @property
    def owns_name(self) -> bool:
        """Whether our own D-Bus name is ours."""
        return self._services.names.ours

    @property
    def standing(self) -> Standing:
        """Who is master since the last look."""
        return self._control.standing

    @property
    def effective(self) -> str:
        """What holds since the last look: off, monitor or control."""
        return self._control.standing.effective

    def remember(self, before: Remembered, since: float) -> Remembered:
        """What is to be known at the next start, when `before` is; `since`: now, in seconds since 1970."""
        learnt = before.learn(self.registry.identities(since))
        members = () if self._banks is None else self._banks.banks.remembered()
        if members != learnt.members:
            learnt = replace(learnt, members=members)
        limits = keep_limits(before.limits, self._user_limits.last, since)
        latches = keep(before.latches, self._believed.held, since)
        if self.setup.options.switch_alternators:
            latches = keep_switched(latches, self._control.switched_off, since)
        if self.setup.options.rules.storage is not None:
            latches = keep_storage(latches, self._control.storage, since)
        if self.link is not None:
            latches = self.link.keep(latches, since)
        if (limits, latches) != (learnt.limits, learnt.latches):
            learnt = replace(learnt, limits=limits, latches=latches)
        return learnt.overrule(self._control.standing.overruled, since, self.setup.boot)

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
        seen = self._see(now, now + epoch_offset, timers=timers)
        writes: tuple[Write, ...] = ()
        if self.setup.mode == "off":
            self._control.rest()
        else:
            writes = self._decide(seen, now, epoch_offset, timers=timers)
        self._services.arrivals.clear()
        batteries = seen.batteries
        views = tuple(self._own_batteries.views(batteries, seen.publications, self.setup, self._control.decision))
        if self._banks is not None:
            views += tuple(self._banks.services(self._bank_identity))
        if self._port is not None:
            views += self._port.views
        began, ended = self.finding_log.update(self._findings(seen, now), now)
        plot_alerts(self.transmitter, self.setup, self.finding_log.current, batteries, now)
        devices = self.registry.devices(now) if timers else None
        if devices is not None:
            if self.setup.transmit != "off":
                port = self._port
                questions = () if port is None else port.questions(self.setup, self.registry, now)
                self.transmitter.ask(batteries, seen.provisional, devices, now, questions)
            self._evidence = evidence(devices, any(one.had_bms for one in self._other_channels.vebus))
        situation = self._situation(seen, now)
        own = self._own.render(
            situation, lambda: self.registry.devices(now) if devices is None else devices, can or {}, now, epoch_offset
        )
        return Cycle(self._control.decision, writes, views, own, situation, epoch_offset, began, ended, seen.read_anew)

    def _see(self, now: float, epoch: float, *, timers: bool) -> Seen:
        """Read what is there, and what of it is believed; `epoch`: seconds since 1970."""
        batteries, provisional = self.registry.batteries(now), self.registry.provisional(now)
        bus, ours, banks = self._services, self._own_batteries, self._banks
        if self._port is not None and timers:
            shown = None if self.link is None else self.link.out.shown
            self._port.look(self.setup, self.registry, bus, ours.identities, now, shown)
        publications = ours.publications(batteries, self.setup, bus, self._publish_as, now)
        own_batteries = ours.look(batteries, publications, self.setup, bus)
        elsewhere = [(battery, name) for battery in batteries for name, _ in publishers(battery, bus.items)]
        strict = self.setup.options.profile == "strict"
        on_can = {name for battery, name in elsewhere if battery.state == "live"}
        if self._port is not None:
            on_can |= self._port.names
        read_anew = bus.watch_life(on_can, now) if strict else ()
        on_bus, dead = bus.on_bus(ours.items), bus.life.dead
        live = {name: items for name, items in on_bus.items() if name not in dead}
        theirs = {name: items for name, items in live.items() if name not in ours.items}
        heard = (
            PublishedElsewhere(battery, name, self.registry.others_heard(battery, now))
            for battery, name in elsewhere
            if name in theirs
        )
        away = [battery for battery in batteries if battery.state == "live" and battery.get("contactor_closed") == 0]
        opened = {service_name(battery) for battery in away} | {name for battery, name in elsewhere if battery in away}
        left_open: frozenset[str] = frozenset() if banks is None else banks.left_open(batteries)
        there = CountingServices(theirs, own_batteries)
        self._believed = believe(self._believed, there, heard, opened | left_open, now, strict=strict)
        bus.arrivals += self._believed.arrivals
        if banks is not None:
            bus.arrivals += banks.look(
                *(self._believed.services, batteries, ours.items, theirs),
                *({**self.setup.user_settings, **bus.settings}, bus.names.unread, self._bank_identity),
                *(now, epoch),
            )
            on_bus, live = {**on_bus, **banks.items}, {**live, **banks.items}
        self._other_channels = self.channels.look(
            *(self._believed.services.services, batteries, now),
            observed=self._observed(),
            lowers_discharge=self._control.decision.bms_service.startswith(BATTERY_NAME),
        )
        without_limits = frozenset(
            service_name(battery)
            for battery in batteries
            if battery.key in publications and publications[battery.key].publish in ("none", "monitor")
        )
        if banks is not None:
            without_limits |= banks.unpublished()
        return Seen(batteries, provisional, publications, on_bus, live, left_open, without_limits, read_anew)

    def _decide(self, seen: Seen, now: float, epoch_offset: float, *, timers: bool) -> tuple[Write, ...]:
        """Decide, and hand what is told by D-Bus to whoever writes, what is told by LINK to its bus."""
        awaited, remembered = bool(seen.provisional), self.registry.remembered_only(self.setup.options.other_banks)
        words = self._raw_words(seen, awaited=awaited or remembered)
        snapshot = self._snapshot(seen, now, epoch_offset, awaited=awaited, remembered=remembered)
        writes = self._control.look(self.setup, snapshot, words, seen.on_bus, self._services, now, timers=timers)
        if self.link is not None:
            self.link.look(words, self._control.gate, now, own_name=self._services.names.ours)
        return writes

    def _findings(self, seen: Seen, now: float) -> tuple[Finding, ...]:
        """What everybody has found, in words that are true in the mode that holds."""
        bus = self._services
        findings: tuple[Finding, ...] = (
            *self.registry.findings(now),
            *(finding for publication in seen.publications.values() for finding in publication.findings),
            *self._control.decision.findings,
            *self._other_channels.findings,
            *self._control.findings,
            *bus.names.findings(now),
            *bus.life.findings(now),
            *self._control.master_findings,
            *self._believed.findings,
            *(() if self._banks is None else self._banks.findings),
            *(() if self._port is None else self._port.findings),
            *self._user_limits.findings(now),
            *self._reported,
            *plot_battery(self.transmitter, self.setup, self._control.decision, self._known, seen.batteries, now),
        )
        if self.effective != "control":
            findings = tuple(map(in_monitor, findings))
        return with_countdown(findings, self.finding_log, DbusState(self._believed.services.services), now)

    def _raw_words(self, seen: Seen, *, awaited: bool) -> RawWords:
        """What the last gate reads."""
        channels = self._other_channels
        return RawWords(
            *(seen.live, seen.batteries, self._services.settings),
            stops=channels.charge_stops,
            discharge_stops=[stop for stop in channels.discharge_stops if stop.refused],
            discharge_unknown=[stop for stop in channels.discharge_stops if not stop.refused],
            permits=channels.charge_permits,
            unpublished=seen.without_limits,
            opened=seen.left_open,
            other_banks=self.setup.options.other_banks,
            awaited=awaited,
        )

    def _snapshot(self, seen: Seen, now: float, epoch_offset: float, *, awaited: bool, remembered: bool) -> Snapshot:
        """What the decision looks at."""
        bus, counting, channels = self._services, self._believed.services, self._other_channels
        configured, strict = self.setup.user_settings, self.setup.options.profile == "strict"
        self._user_limits, settings = user_settings(self._user_limits, bus.settings, configured, now, strict=strict)
        another = system_controls(self.setup.mode, DbusState(seen.on_bus), seen.without_limits, bus.names)
        return Snapshot(
            counting.services,
            {**settings, p.SET_DVCC: 1},
            self.setup.platform,
            dict(bus.heard),
            self.setup.options,
            (*channels.charge_stops, *self._unfollowed(now)),
            channels.discharge_stops,
            channels.charge_permits,
            apart_chargers(self._control.standing),
            self.link.gone(seen.on_bus, now) if strict and self.link is not None else {},
            frozenset(path for path in configured if path not in bus.settings and settings[path] == configured[path]),
            bms_awaited=awaited,
            bms_remembered=remembered,
            another_master=another,
            shown_still=self._believed.on_can.shown_still,
            batteries=counting.own if self._banks is None else (*counting.own, *self._banks.own),
            clock=local_clock(now + epoch_offset, self._zone_s),
            controls=self.setup.mode == "control" and not another,
        )

    def _unfollowed(self, now: float) -> Iterable[Stop]:
        """BMSes for which there is no room have not spoken: nobody knows whether they allow charging."""
        counts = self.registry.unfollowed(now)
        self._unfollowed_since = {bus: self._unfollowed_since.get(bus, now) for bus in counts}
        for bus, count in counts.items():
            text = f"{counted(count, 'device')} on {bus} that may be BMSes cannot be followed"
            yield Stop(bus, "", self._unfollowed_since[bus], text)

    def _observed(self) -> str:
        """Why a stop of wired terminals is not enforced, if so."""
        if self._control.standing.effective != "control":
            return OBSERVED
        return "" if self.setup.options.other_bms_stops else SWITCHED_OFF

    def _bank_identity(self, key: str, title: str) -> tuple[int, str]:
        """Device instance and name of a bank."""
        return self._own_batteries.identities.get(key, (self.setup.instance, title))

    def _publish_as(self, battery: Battery) -> str:
        """How the configuration has a battery published."""
        return self.setup.publish if self._banks is None else self._banks.published_as(battery)

    def _known(self) -> Mapping[str, Items]:
        """Every service that is there: those of others, our batteries, our banks."""
        banks = {} if self._banks is None else self._banks.items
        return {**self._services.items, **self._own_batteries.items, **banks}

    def _situation(self, seen: Seen, now: float) -> Situation:
        return Situation(
            mode=self.setup.mode,
            effective=self._control.standing.effective,
            profile=self.setup.options.profile,
            master=self._control.standing.master,
            master_reason=self._control.standing.reason,
            decision=self._control.decision,
            since=self._limits_since.look(self._control.decision, now),
            instances=device_instances(self._services.items, self._control.decision),
            names=self._service_names.look(self._known(), self._control.decision),
            batteries=battery_notes(seen.batteries, seen.publications),
            provisional=seen.provisional,
            other_channels=self._other_channels,
            evidence=self._evidence,
            findings=self.finding_log.current,
            orders=self._control.orders,
            banks=() if self._banks is None else self._banks.banks.views,
            recognised=UnnamedBanks(
                self._believed.services, seen.batteries, self._own_batteries.items, self.setup.banks
            ),
        )
