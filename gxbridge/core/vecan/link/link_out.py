"""LINK out of all buses: the one entry for what is written to `/Link/*`, what holds it back, and what to say about it.

`write` takes a word of D-Bus, `words` gives what stands to the last gate, `judge` takes its verdicts, and the
transmitter of each bus asks its `LinkBus` for the next order. Without verdicts nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.link_hold import LinkHold
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.controllers import is_charger, regulator, title
from gxbridge.core.vecan.link.link_bus import ONCE_S, LinkBus
from gxbridge.core.vecan.link.link_line import Awaited, LinkLine
from gxbridge.core.vecan.link.registers import DEVICE_ROWS, NETWORK_MODE, PORT_ROWS, ROWS, LinkRow, number_of
from gxbridge.core.vecan.link.trial import IN_VAIN, Trial, WhyHeld, report_of
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.node import Node

TAKEN, NOT_WRITABLE, NOT_TAKEN = 0, 1, 2
"""Answers to a write, as velib gives them."""


class LinkTarget(NamedTuple):
    """Whose `/Link/*` it is: of the port (`name` None) or of a device, and the D-Bus service it is shown as."""

    bus: str
    name: Name | None
    service: str


class LinkAnswer(NamedTuple):
    """`code` for the writer, and the reason for the log."""

    code: int
    text: str


class LinkOutcome(NamedTuple):
    """What was written to a path of `/Link/*`, and what whoever is meant was told of it (None: nothing)."""

    asked: float
    sent: float | None


class LinkOut:
    """`network`: the devices of a bus; `may_leave`: the last gate, by register and bytes; `confirmed`: rows that are
    confirmed, and by what; `tried`: rows that were tried in vain, and what came of it; `judge_anew`: has the gate look
    at what stands, by what it knows of everybody since its last look; `broadcast`: also where an alternator regulator
    is on the bus."""

    def __init__(
        self,
        network: Callable[[str], Network],
        may_leave: Callable[[int, bytes], bool],
        confirmed: Mapping[str, str],
        tried: Mapping[str, str],
        *,
        judge_anew: Callable[[float], None],
        broadcast: bool,
    ) -> None:
        self.confirmed, self.tried = dict(confirmed), dict(tried)
        self.report: tuple[str, ...] = ()
        """What the last try came to, line by line."""
        self._needless: tuple[str, ...] = ()
        """Of the try that goes on: what is confirmed already."""
        self._network = network
        self._may_leave = may_leave
        self._judge_anew = judge_anew
        self._broadcast = broadcast
        self._buses: dict[str, LinkBus] = {}
        self._findings: tuple[Finding, ...] = ()

    def bus(self, bus: str) -> LinkBus:
        """What stands for a bus: the transmitter asks it."""
        found = self._buses.get(bus)
        if found is None:
            found = self._buses[bus] = LinkBus(self._network(bus), self.confirmed, self._may_leave, self._judge_anew)
        return found

    # --- what comes in ---------------------------------------------------------------------------------------------

    def write(self, target: LinkTarget, path: str, value: Value, now: float) -> LinkAnswer:
        """A client wrote to a path of `/Link/*`: kept with its time, or refused. None ends it at once.

        What is kept but held back is refused too, so that nobody who reads something else there takes it for another
        master's; a try can send it.
        """
        row = (PORT_ROWS if target.name is None else DEVICE_ROWS).get(path)
        if row is None:
            return LinkAnswer(NOT_WRITABLE, f"{path} is not sent: it is not known how devices are told it")
        if value is None:
            self.bus(target.bus).drop(row, target.name)
            return LinkAnswer(TAKEN, f"{path} is not sent any more")
        if target.name is not None and target.name.device_instance:
            return LinkAnswer(
                NOT_TAKEN, f"{path} is not sent: only devices with N2K device instance 0 are told anything"
            )
        number = number_of(row, value)
        if number is None:
            return LinkAnswer(NOT_TAKEN, f"{path} does not take {value!r}")
        bus = self.bus(target.bus)
        line = bus.word(row, target.name, target.service, number, now)
        if line is None:
            return LinkAnswer(NOT_TAKEN, f"{path} is not kept: there are too many words for {target.bus}")
        held = bus.held_back(line)
        return LinkAnswer(NOT_TAKEN if held else TAKEN, f"{path} = {number:g}{held}")

    def words(self, now: float) -> list[tuple[str, str, Value]]:
        """What stands and may be sent, for the gate: service, path, value; a whole number where the path takes bits."""
        return [
            (line.service, line.row.path, int(line.value) if line.row.size == 1 else line.value)
            for bus in self._buses.values()
            for line in bus.words(now)
            if not bus.stopped
        ]

    def holds(self, now: float) -> dict[str, LinkHold]:
        """By which current each service that was told one may still charge, be it there any more or not."""
        return {service: hold for bus in self._buses.values() for service, hold in bus.holds(now)}

    def judge(self, passed: Mapping[tuple[str, str], Value], at: float) -> None:
        """The verdicts of the gate by what everybody said `at` that moment."""
        for bus in self._buses.values():
            bus.judge(passed, at)

    def look(self, now: float) -> None:
        """In every cycle: what holds each bus back, and what became of a try."""
        self._findings = tuple(self._look(now))

    def shut(self) -> None:
        """Nothing may leave from this moment on, until the next verdicts."""
        for bus in self._buses.values():
            bus.judge({}, float("-inf"))

    def end(self, target: LinkTarget) -> None:
        """Another program serves the port, or the device, by now: what stood for it is sent no more."""
        self.bus(target.bus).end(target.name)

    # --- what it shows ---------------------------------------------------------------------------------------------

    def shown(self, target: LinkTarget, path: str, now: float) -> Value:
        """What a path shows: of the port the word that stands, of a device what the device said last."""
        row = (PORT_ROWS if target.name is None else DEVICE_ROWS).get(path)
        if row is None:
            return None
        bus = self.bus(target.bus)
        if target.name is not None:
            raw = bus.shown.get((target.name.identity, row.register))
            return None if raw is None else row.value(raw)
        return next((line.value for line in bus.words(now) if line.name is None and line.row is row), None)

    def told(self, service: str, path: str) -> LinkOutcome | None:
        """What became of the word that stands at a path; None: none stands, or it has not left yet."""
        line = self._standing(service, path)
        if line is None or (line.sent != line.passed and not line.held):
            return None
        return LinkOutcome(line.value, None if line.passed is None else line.row.value(line.passed))

    def stands(self, service: str, path: str) -> bool:
        """Whether a word stands at a path."""
        return self._standing(service, path) is not None

    def _standing(self, service: str, path: str) -> LinkLine | None:
        lines = (line for bus in self._buses.values() for line in bus.lines.values())
        return next((one for one in lines if one.service == service and one.row.path == path), None)

    def take_log(self) -> list[tuple[float, str, str, float, str]]:
        """What was told and shown since this was asked last; see `LinkBus.log`."""
        found = [entry for bus in self._buses.values() for entry in bus.log]
        for bus in self._buses.values():
            bus.log.clear()
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a person should know, since the last verdicts."""
        return self._findings

    def _look(self, now: float) -> Iterator[Finding]:
        for name, bus in self._buses.items():
            bus.note_waits(now)
            other = bus.others.other(now)
            bus.stopped = other is not None
            lock = None if self._broadcast else regulator(bus.network.devices)
            bus.quiet = lock is not None
            if other is not None:
                yield finding("link-other-controller", name, now, bus=name, sender=other[0], register=other[1])
            else:
                yield from self._standing_findings(name, bus, lock, now)
            self._keep_trial(bus, now)

    def _standing_findings(self, name: str, bus: LinkBus, lock: Node | None, now: float) -> Iterator[Finding]:
        """Of a bus that we may speak on; `lock`: the regulator that keeps us from broadcasting."""
        if lock is not None and any(line.name is None for line in bus.lines.values()):
            yield finding("link-broadcast-held", name, now, bus=name, regulator=title(lock))
        unmet = [line for line in bus.lines.values() if bus.lacks(line)] if _has_chargers(bus) else []
        untried = {f"0x{line.row.register:04X}" for line in unmet if line.row.key not in self.tried}
        if untried:
            yield finding("link-unconfirmed", name, now, bus=name, registers=", ".join(sorted(untried)))
        # What is only measured chargers do without.
        in_vain = {line.row for line in unmet if line.row.key in self.tried and line.row.limits}
        for row in sorted(in_vain):
            said = {"register": f"0x{row.register:04X}", "path": row.path}
            yield finding("link-not-taken", f"{name} {row.key}", now, bus=name, **said)
        for line in bus.lines.values():
            yield from _line_findings(line, now)
            if line.awaits is not None and not bus.unconfirmed(line):
                yield _waits(line, line.awaits, now)

    @property
    def trying(self) -> bool:
        """Whether a try is not over yet."""
        return any(bus.trial is not None for bus in self._buses.values())

    # --- a try -----------------------------------------------------------------------------------------------------

    def try_device(self, word: str) -> str:
        """Begin to try what stands for a device and its bus; why not, if so. `word`: its unique number, NAME or D-Bus
        service."""
        found = next(self._named(word), None)
        if found is None:
            return f"No charger of a bus on which something is written to /Link is called {word}."
        bus, name = found
        if self.trying:
            return "Another try is not over yet."
        if bus.stopped:
            return "Another controller may steer the chargers of this bus: nothing is sent there."
        rows = [row for row in ROWS if not row.confirmed and bus.line_of(_to(row, name), row.register) is not None]
        rows.sort(key=lambda row: row.register == NETWORK_MODE)  # when the others are confirmed, and sent to everybody
        if not rows:
            return f"Nothing that is to be confirmed is written to /Link of {word}: a try sends nothing else."
        left = [row for row in rows if row.key not in self.confirmed]
        self._needless = tuple(
            f"{row.title}: confirmed already, as {self.confirmed[row.key]}" for row in rows if row not in left
        )
        self.report = (f"{word} is being tried.",)

        def lawful(row: LinkRow, at: float) -> int | WhyHeld:
            """Of what stands at this moment: a word may have ended meanwhile, and the device may have moved."""
            line = bus.line_of(_to(row, name), row.register)
            if line is None:
                return "ended"
            raw = bus.lawful(line, at)
            if bus.where(name, at) is None:
                return "gone"
            if raw is None and bus.quiet and line.name is None:
                return "quiet"
            if raw is None and row.way == "once" and at - line.at >= ONCE_S:
                return "past"
            if raw is not None and bus.in_turn(line, at) is None:
                return "waits"
            return "held" if raw is None else raw

        bus.trial = Trial(name, left, lawful)
        return ""

    def _named(self, word: str) -> Iterator[tuple[LinkBus, Name]]:
        """Who is called so: of those that are told something, then of the chargers beside them."""
        for bus in self._buses.values():
            for line in bus.lines.values():
                if line.name is not None and word in (f"{line.name.unique_number}", line.name.identity, line.service):
                    yield bus, line.name
        for bus in self._buses.values():
            for node in bus.network.devices if bus.lines else ():
                if node.name and is_charger(node) and word in (f"{node.name.unique_number}", node.name.identity):
                    yield bus, node.name

    def _keep_trial(self, bus: LinkBus, now: float) -> None:
        """What was confirmed by now is sent from now on; at the end there is a report."""
        trial = bus.trial
        if trial is None:
            return
        who, node = f"device {trial.name.unique_number}", bus.network.node(trial.name.identity)
        for tried in trial.rows:
            key = tried.row.key
            if tried.outcome == "confirmed":
                self.confirmed[key] = f"{who} showed it"
                self.tried.pop(key, None)
            elif tried.outcome in IN_VAIN and node is not None and node.state(now) == "live":
                self.tried[key] = f"{who} {IN_VAIN[tried.outcome]}"
        if trial.over or bus.stopped:
            bus.trial = None
            self.report = (*self._needless, *map(report_of, trial.rows))


def _has_chargers(bus: LinkBus) -> bool:
    """Whether there is anybody to be told and tried."""
    return any(line.name is not None for line in bus.lines.values()) or any(map(is_charger, bus.network.devices))


def _to(row: LinkRow, name: Name) -> Name | None:
    """Who is told by a row: this device, or everybody."""
    return name if row.way == "addressed" else None


def _line_findings(line: LinkLine, now: float) -> Iterator[Finding]:
    row, subject, failure = line.row, f"{line.service} {line.row.path}", line.failure()
    said = {"device": line.service, "path": row.path}
    if failure is None:
        return
    asked = f"{row.value(failure.raw):g}"
    if failure.outcome == "refused":
        yield finding("link-refused", subject, now, **said, value=asked, code=f"0x{failure.code:04X}")
    elif failure.outcome == "other":
        (raw,) = failure.said
        shown = "---" if raw is None else f"{row.value(raw):g}"
        yield finding("link-not-followed", subject, now, **said, value=asked, shown=shown)
    else:
        yield finding("link-silent", subject, now, **said, value=asked)


def _waits(line: LinkLine, awaited: Awaited, now: float) -> Finding:
    path, charger = awaited
    said = {"device": line.service, "path": line.row.path, "value": f"{line.value:g}"}
    return finding("link-mode-waits", f"{line.service} {line.row.path}", now, **said, awaited=path, charger=charger)
