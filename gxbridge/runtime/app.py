"""The service: joins the pure bridge with the edges, and owns the tasks and the clock. Nothing is decided here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle, ServiceView
from gxbridge.core.dvcc.read.paths import VECAN
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.finding import Finding, stopped
from gxbridge.core.model.items import Value, plain_items
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000.frame import TimedFrame
from gxbridge.core.publish.explanation import as_json, as_text
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, EXPLAIN_TEXT
from gxbridge.core.setup import Setup
from gxbridge.core.stall_guard import HoldUp
from gxbridge.edge.can.can_stats import CanStats, OnFrames
from gxbridge.edge.dbus.bus import BusError, BusUnreachable
from gxbridge.edge.dbus.busitem import MakeText
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.service import NameTaken
from gxbridge.edge.machine import followable
from gxbridge.runtime.can_speaker import CanSpeaker, FrameSender
from gxbridge.runtime.can_watch import CanWatch
from gxbridge.runtime.client_writes import ClientWrites
from gxbridge.runtime.edge_findings import CanTroubles, SettingsTroubles, write_findings
from gxbridge.runtime.identities import Identities
from gxbridge.runtime.publisher import Publisher
from gxbridge.runtime.time_zone import boat_zone_s
from gxbridge.runtime.writer import SetValue, Writer

if TYPE_CHECKING:
    from gxbridge.core.link_control import LinkControl
    from gxbridge.runtime.blackbox_writer import BlackboxWriter
    from gxbridge.runtime.bluetooth_scanner import Scanner
    from gxbridge.runtime.link_tries import LinkTries
    from gxbridge.runtime.notifier import GetValue, Notifier
    from gxbridge.runtime.state_writer import StateWriter

log = logging.getLogger("gxbridge")

TICK_S = 1.0
SCAN_S = 3.0
"""How long the first cycle may wait for the services that are already on the bus."""
CLOCK_STEP_S = 2.0
"""A wall clock that moved more than this against the monotonic one was set: moments are published anew."""
SLOW_WRITE_S = 0.5
"""What a device that answers more slowly shows is no sign of another master."""
CLOSE_S = 1.5
"""An end must be over within 2 s, also when the bus does not answer."""


class FrameSource(FrameSender, Protocol):
    """A CAN bus or a replayed log."""

    stats: CanStats

    async def start(self) -> None: ...

    async def close(self) -> None: ...


Hearer = Callable[[str], OnFrames]
"""Name of a bus -> what takes its frames."""
OnAdvertised = Callable[[str, bytes], None]
"""Takes the address of a Bluetooth device and the data of its advertisement."""
MakeNotifier = Callable[[SetValue, "GetValue"], "Notifier"]


@record
class BoxPlace:
    """Where and how black boxes are kept."""

    folder: str
    max_bytes: int
    keep: int


def boxed(setup: Setup, box: BoxPlace) -> BlackboxWriter:
    """A keeper with a bridge that remembers; what it needs is imported only where it is wanted."""
    from gxbridge.core.blackbox.recorder import RecordingBridge
    from gxbridge.runtime.blackbox_writer import BlackboxWriter

    return BlackboxWriter(RecordingBridge(setup, box.max_bytes), box.folder, box.max_bytes, box.keep)


def link_tries(state: StateWriter, link: LinkControl | None) -> LinkTries:
    """What answers `gxbridge link try`, which asks by files beside the state."""
    from gxbridge.runtime.link_tries import LinkTries

    return LinkTries(state.file, link)


class App:
    """One running service. `make_sources` gets what takes the frames of a bus, by the name of the bus.

    `configured` is what the configuration gives rise to: it is reported all the time. `time_zone`: of the boat, as the
    configuration names it.
    """

    def __init__(
        self,
        setup: Setup,
        bus: str,
        make_sources: Callable[[Hearer], Sequence[FrameSource]],
        box: BoxPlace | None = None,
        make_scanner: Callable[[OnAdvertised], Scanner] | None = None,
        state: StateWriter | None = None,
        configured: tuple[Finding, ...] = (),
        make_notifier: MakeNotifier | None = None,
        time_zone: str | None = None,
    ) -> None:
        self._state = state
        self._box = None if box is None else boxed(setup, box)
        self.bridge = Bridge(setup) if self._box is None else self._box.bridge
        self._setup = setup
        self._configured = configured
        self._time_zone = time_zone
        self._publisher = Publisher(bus, self._written_by_others)
        self._monitor = Monitor(
            *(bus, self._added, self._changed, self._removed),
            wanted=lambda name: name not in self._publisher.names,
            on_named=self._named,
            on_left=self._removed,
        )
        self._writer = Writer(self._publisher.set_value, self._not_written, self._may_send)
        set_value, get_value = self._publisher.set_value, self._publisher.get_value
        self._link_tries = None if state is None else link_tries(state, self.bridge.link)
        self._notifier = None if make_notifier is None else make_notifier(set_value, get_value)
        self._identities = Identities(self._monitor, setup.instance, setup.custom_name, self._react_soon)
        self._sources = {source.stats.name: source for source in make_sources(self._hearer)}
        self._scanner = None if make_scanner is None else make_scanner(self._advertised)
        self._speaker = CanSpeaker(self.bridge.transmitter, self._sources, silent=setup.transmit == "off")
        speak, show = self._speaker.speak, self._publisher.show
        self._client_writes = ClientWrites(setup, self.bridge, self._identities, show, speak)
        self._cycle: Cycle | None = None
        self._epoch_offset = time.time() - time.monotonic()
        self._hold_up = HoldUp()
        self._can = CanWatch(source.stats for source in self._sources.values())
        self._can_troubles = CanTroubles()
        self._settings_troubles = SettingsTroubles()
        self._reaction: asyncio.Handle | None = None
        self._ready = False
        self._bms: Value = ""
        self._failed: asyncio.Future[None] | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> int:
        """Run until `stop` is set. Returns the exit code: 0, or 1 when there is no bus or another gxbridge."""
        self._failed = asyncio.get_running_loop().create_future()
        setup = self._setup
        buses = ", ".join(self._sources) or "no CAN bus"
        log.info("gxbridge %s, mode %s, profile %s, on %s", setup.version, setup.mode, setup.options.profile, buses)
        try:
            first = self.bridge.tick(time.monotonic(), self._epoch_offset)
            await self._publisher.start(first.own, self._on_request(first))
            await self._monitor.start()
            await asyncio.gather(*(source.start() for source in self._sources.values()))
            if self._scanner is not None:
                self._scanner.start()
            await self._monitor.scanned(SCAN_S)
            self._ready = True
            await self._tick_until(stop)
        except (BusUnreachable, NameTaken) as error:
            log.error("%s", error)
            return 1
        except BusError as error:
            log.error("the D-Bus connection failed while starting: %s", error)
            return 1
        except Exception as error:
            if self._box is not None:
                self._box.last_words(time.monotonic(), f"the program ends with {type(error).__name__}: {error}")
            raise
        finally:
            self._ready = False
            await self._close()
        return 0

    def keep_box(self) -> None:
        """Write the black box now, because somebody asked for it."""
        if self._box is None:
            log.warning("there is no black box: blackbox.folder is not set, or blackbox.enabled is no")
        else:
            self._box.command(time.monotonic())

    async def _tick_until(self, stop: asyncio.Event) -> None:
        assert self._failed is not None  # noqa: S101 - set by run
        next_at = time.monotonic()
        stopped: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
        failed: asyncio.Future[Any] = self._failed
        try:
            while True:
                self._look(timers=True, at=next_at)
                next_at += TICK_S
                late_s = time.monotonic() - next_at
                if late_s > TICK_S:  # the process was held up: the seconds that were missed are not made up for
                    next_at += late_s // TICK_S * TICK_S
                done, _ = await asyncio.wait(
                    {stopped, failed},
                    timeout=max(0.0, next_at - time.monotonic()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if failed in done:
                    failed.result()
                if stopped in done:
                    return
        finally:
            stopped.cancel()

    async def _close(self) -> None:
        """Nothing more is written to chargers; names leave the bus; buses are released. Bounded in time."""
        self._speaker.cancel()
        if self._reaction is not None:
            self._reaction.cancel()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._writer.close()
                if self._notifier is not None:
                    await self._notifier.close()
                await asyncio.gather(*(source.close() for source in self._sources.values()), return_exceptions=True)
                await self._identities.close()
                await self._publisher.close()
                await self._monitor.close()
                if self._box is not None:
                    await self._box.close()
                    self._box.last_words(time.monotonic())
                if self._state is not None:
                    await self._state.close(time.monotonic())
                if self._scanner is not None:  # last, as the Bluetooth service may hang
                    await self._scanner.close()
        except TimeoutError:
            log.warning("stopping took longer than %.1f s and was cut short", CLOSE_S)

    # --- what comes in ---------------------------------------------------------------------------------------------

    def _hearer(self, bus: str) -> OnFrames:
        def hear(frames: list[TimedFrame]) -> None:
            if self.bridge.hear(bus, frames):
                self._react_soon()
            self._speaker.speak()

        return hear

    def _advertised(self, address: str, data: bytes) -> None:
        if self.bridge.advertised(address, data, time.monotonic()):
            self._react_soon()

    def _named(self, name: str, appeared: bool) -> None:
        if self.bridge.service_named(name, time.monotonic(), appeared=appeared):
            self._react_soon()

    def _added(self, name: str, items: Mapping[str, WireValue]) -> None:
        self._identities.added(name)
        if self.bridge.service_added(name, plain_items(items), time.monotonic()):
            self._react_soon()

    def _changed(self, name: str, changes: Mapping[str, WireValue]) -> None:
        self._identities.changed(name, changes)
        if self.bridge.service_changed(name, plain_items(changes), time.monotonic()):
            self._react_soon()

    def _removed(self, name: str) -> None:
        self._writer.forget(name)
        self._identities.removed(name)
        if self._notifier is not None:
            self._notifier.removed(name)
        if self.bridge.service_removed(name, time.monotonic()):
            self._react_soon()

    def _may_send(self, write: Write, sent: Value) -> bool:
        """Asked at the moment at which a write would leave."""
        return self._monitor.sees and self._publisher.owns_name and self.bridge.may_write(write, sent, time.monotonic())

    def _not_written(self, service: str, path: str) -> None:
        self.bridge.not_delivered([(service, path)])

    def _written_by_others(self, service: str, path: str, value: Value) -> int:
        return self._client_writes.write(service, path, value)

    # --- what goes out ---------------------------------------------------------------------------------------------

    def _react_soon(self) -> None:
        """One reaction for all that arrives in one turn of the loop."""
        if self._ready and self._reaction is None:
            self._reaction = asyncio.get_running_loop().call_soon(self._react)

    def _react(self) -> None:
        self._reaction = None
        try:
            self._look(timers=False, at=time.monotonic())
        except Exception as error:  # the one broad except: who waits for `_failed` lets it end the program
            if self._failed is not None and not self._failed.done():
                self._failed.set_exception(error)

    def _look(self, *, timers: bool, at: float) -> None:
        if not self._hold_up.over(time.monotonic()):
            return
        offset = time.time() - time.monotonic()
        if abs(offset - self._epoch_offset) > CLOCK_STEP_S:
            log.info("the clock was set by %+.0f s", offset - self._epoch_offset)
            self._epoch_offset = offset
        buses = self._can.look(at)
        self.bridge.not_delivered(self._writer.under_way(SLOW_WRITE_S))
        self.bridge.report(
            (
                *self._configured,
                *write_findings(
                    (*self._writer.refusals(), *self._client_writes.refused(at)), self._client_writes.untold, at
                ),
                *self._can_troubles.findings(buses, at),
                *self._settings_troubles.findings(self._identities.refused, at),
                *(() if self._box is None else self._box.findings(at)),
                *(() if self._state is None else self._state.findings()),
                *(() if self._scanner is None else self._scanner.findings()),
                *(() if self.bridge.link is None else self.bridge.link.findings),
            )
        )
        self.bridge.hold_name(self._publisher.owns_name)
        if timers and self._setup.options.rules.asks_the_clock:
            self.bridge.set_zone(boat_zone_s(self._time_zone, self._monitor.services, at + self._epoch_offset))
        if timers and self._state is not None and self._state.reset_asked():
            log.info("reset: the other master is gone; control as configured")
            self.bridge.reset_master()
        if timers and self._link_tries is not None:
            self._link_tries.look()
        run_cycle = self.bridge.tick if timers else self.bridge.react
        cycle = run_cycle(at, self._epoch_offset, buses)
        self._client_writes.say_what_is_told(at)
        self._carry_out(cycle, at)

    def _on_request(self, first: Cycle) -> dict[str, MakeText]:
        """What is made only when somebody asks: of the latest cycle."""

        def explanation() -> dict[str, Any]:
            return (self._cycle or first).explanation()

        def dated() -> dict[str, Any]:
            return {"version": self._setup.version, "time": round(time.time()), **explanation()}

        return {EXPLAIN_JSON: lambda: as_json(dated()), EXPLAIN_TEXT: lambda: as_text(explanation())}

    def _carry_out(self, cycle: Cycle, at: float) -> None:
        if self.bridge.effective != "control":
            self._writer.drop()
        self._cycle = cycle
        self._writer.write(cycle.writes)
        for name in cycle.read_anew:
            self._monitor.read_anew(name)
        self._speaker.speak()
        settled = self._identified(cycle.batteries)
        self._client_writes.views = {view.name: view for view in settled}
        self._publisher.refresh(settled, at)
        self._publisher.refresh_own(cycle.own)
        bms = cycle.decision.bms_service
        if cycle.decision.bms_state == "live" and bms != self._bms:
            self._bms = bms
            log.info("the BMS in control is %s", cycle.own.get("/Bms/Name") or bms)
        for finding in cycle.began:
            say(finding)
        for finding in cycle.ended:
            log.info("over: %s", finding.text)
        if self._notifier is not None:
            self._notifier.look(cycle.began, cycle.ended, at)
        if self._box is not None:
            self._box.look(at)
        if self._state is not None:
            self._state.keep(self.bridge.remember(self._state.remembered, at + self._epoch_offset), at)

    def _identified(self, views: Sequence[ServiceView]) -> list[ServiceView]:
        """Views whose device instance is settled. The bridge knows a new one in the next cycle, which then follows."""
        settled = []
        for view in views:
            if view.kind == VECAN:
                settled.append(view)
                continue
            identity = self._identities.of(view)
            if identity is None:
                continue
            self.bridge.set_identity(view.key, *identity)
            if identity[0] == view.instance:
                settled.append(view)
            else:
                self._react_soon()
        return settled


def say(finding: Finding) -> None:
    """One line in the log when a finding begins."""
    level = {"alarm": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}[finding.severity]
    log.log(level, "%s: %s %s", finding.id, stopped(finding.text), followable(stopped(finding.advice)))
