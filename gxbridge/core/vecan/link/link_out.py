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
from gxbridge.core.vecan.link.controllers import regulator, title
from gxbridge.core.vecan.link.link_bus import LinkBus, LinkLine
from gxbridge.core.vecan.link.registers import DEVICE_ROWS, PORT_ROWS, ROWS, LinkRow, number_of
from gxbridge.core.vecan.link.trial import Trial, report_of
from gxbridge.core.vecan.network import Network

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


class LinkOut:
    """`network`: the devices of a bus; `may_leave`: the last gate, by register and bytes; `broadcast`: also where an
    alternator regulator is on the bus; `confirmed`: rows that are confirmed, and by what."""

    def __init__(
        self,
        network: Callable[[str], Network],
        may_leave: Callable[[int, bytes], bool],
        confirmed: Mapping[str, str],
        *,
        broadcast: bool,
    ) -> None:
        self.confirmed = dict(confirmed)
        self.report: tuple[str, ...] = ()
        """What the last try came to, line by line."""
        self._network = network
        self._may_leave = may_leave
        self._broadcast = broadcast
        self._buses: dict[str, LinkBus] = {}
        self._findings: tuple[Finding, ...] = ()

    def bus(self, bus: str) -> LinkBus:
        """What stands for a bus: the transmitter asks it."""
        found = self._buses.get(bus)
        if found is None:
            found = self._buses[bus] = LinkBus(self._network(bus), self.confirmed, self._may_leave)
        return found

    # --- what comes in ---------------------------------------------------------------------------------------------

    def write(self, target: LinkTarget, path: str, value: Value, now: float) -> LinkAnswer:
        """A client wrote to a path of `/Link/*`: kept with its time, or refused. None ends it at once.

        What is kept but held back is refused too, so that nobody who reads something else there takes it for another
        master's; a try can send it.
        """
        row = (PORT_ROWS if target.name is None else DEVICE_ROWS).get(path)
        if row is None:
            return LinkAnswer(NOT_WRITABLE, f"{path} has no register that gxbridge knows how to send")
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

    def judge(self, passed: Mapping[tuple[str, str], Value], now: float) -> None:
        """The verdicts of the gate, in every cycle; and what holds each bus back."""
        for bus in self._buses.values():
            bus.judge(passed, now)
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
            other = bus.others.other(now)
            bus.stopped = other is not None
            if other is not None:
                sender, register = other
                yield finding("link-other-controller", name, now, bus=name, sender=sender, register=register)
            lock = None if self._broadcast else regulator(bus.network.devices)
            bus.quiet = lock is not None
            to_all = any(line.name is None for line in bus.lines.values())
            if lock is not None and to_all:
                yield finding("link-broadcast-held", name, now, bus=name, regulator=title(lock))
            not_sent = sorted({f"0x{line.row.register:04X}" for line in bus.lines.values() if bus.unconfirmed(line)})
            if not_sent:
                yield finding("link-unconfirmed", name, now, bus=name, registers=", ".join(not_sent))
            for line in bus.lines.values():
                yield from _line_findings(line, now)
            self._end_trial(bus)

    @property
    def trying(self) -> bool:
        """Whether a try is not over yet."""
        return any(bus.trial is not None for bus in self._buses.values())

    # --- a try -----------------------------------------------------------------------------------------------------

    def try_device(self, word: str) -> str:
        """Begin to try what stands for a device, named by its unique number, NAME or D-Bus service; why not, if so."""
        found = [(bus, line) for bus in self._buses.values() for line in bus.lines.values() if _is(line, word)]
        if not found:
            return f"Nothing is written to /Link of {word}: a try sends only what stands on D-Bus now."
        bus, first = found[0]
        if self.trying:
            return "Another try is not over yet."
        if bus.stopped:
            return "Another controller steers the chargers of this bus: nothing is sent there."
        name = first.name
        assert name is not None  # noqa: S101 - by `_is`
        rows = [row for row in ROWS if not row.confirmed and bus.line_of(_to(row, name), row.register) is not None]
        self.report = (f"{word}: {len(rows)} registers are tried.",)

        def lawful(row: LinkRow, at: float) -> int | None:
            """Of what stands at this moment: a word may have ended meanwhile, and the device may have moved."""
            line = bus.line_of(_to(row, name), row.register)
            return None if line is None or bus.where(name, at) is None else bus.lawful(line, at)

        bus.trial = Trial(name, rows, lawful)
        return ""

    def _end_trial(self, bus: LinkBus) -> None:
        trial = bus.trial
        if trial is None or not (trial.over or bus.stopped):
            return
        bus.trial = None
        for tried in trial.rows:
            if tried.outcome == "confirmed":
                self.confirmed[tried.row.key] = f"device {trial.name.unique_number} showed it"
        self.report = tuple(report_of(tried) for tried in trial.rows)


def _to(row: LinkRow, name: Name) -> Name | None:
    """Who is told by a row: this device, or everybody."""
    return name if row.way == "addressed" else None


def _is(line: LinkLine, word: str) -> bool:
    name = line.name
    return name is not None and word in (f"{name.unique_number}", name.identity, line.service)


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
