"""What stands for one bus, and what of it is sent when: the newest words, verdicts of the gate, repeats and answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from gxbridge.core.model.battery import SILENT_S
from gxbridge.core.model.items import Value
from gxbridge.core.model.link_hold import LinkHold
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.frame import BROADCAST
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import ACK_REGISTER, HEADER, LINK_PAGE, VREG_PGNS
from gxbridge.core.vecan.link.controllers import OtherControllers
from gxbridge.core.vecan.link.exchange import KNOWN, NEW, Exchange
from gxbridge.core.vecan.link.link_holds import LinkHolds
from gxbridge.core.vecan.link.link_line import FRESH_S, Awaited, LinkLine
from gxbridge.core.vecan.link.mode_waits import DEVICE_STATE, ModeWaits
from gxbridge.core.vecan.link.registers import CHARGE_CURRENT, CHARGE_VOLTAGE, NETWORK_MODE, REGISTERS, ROWS, LinkRow
from gxbridge.core.vecan.link.trial import Trial
from gxbridge.core.vecan.network import ADDRESS_CLAIM, Network
from gxbridge.core.vecan.sending.transmit import TransmitOrder

ONCE_S: Final = 10.0
"""What is measured and could not be sent for so long is not sent any more."""
VERDICT_S: Final = 3.0
"""So long the gate's verdict counts: a look is at least every second."""
UNREACHED_S: Final = 1.0
"""Between two looks for a device that has no address, or another instance than 0."""
QUIET_S: Final = 6.0
"""A bus on which nobody was heard for so long may be cut off or off: what is sent then may wait in the driver's queue
and leave long after it was true. Chargers and BMSes send every 1.5 s, or registers every 5 s."""
AWAY_S: Final = 2.0
"""A device that claims its address after so long a silence may have been started anew, and know nothing any more."""
MOST_TOLD: Final = 256
"""Entries of the log that nobody has taken."""
MOST_LINES: Final = 256
"""Words kept for a bus."""
MOST_SHOWN: Final = 1024
"""Values of devices kept for a bus."""
_BY_REGISTER: Final[Mapping[int, LinkRow]] = {row.register: row for row in ROWS}


class LinkBus:
    """One bus. `confirmed`: the keys of rows that this installation has confirmed; `may_leave`: the last gate for a
    frame; `judge_anew`: has the gate look at what stands, by what it knows of everybody since its last look."""

    def __init__(
        self,
        network: Network,
        confirmed: Collection[str],
        may_leave: Callable[[int, bytes], bool],
        judge_anew: Callable[[float], None],
    ) -> None:
        self.network = network
        self.others = OtherControllers(network)
        self.lines: dict[tuple[str, int], LinkLine] = {}
        """By device (its NAME without instances; "": everybody) and register."""
        self.shown: dict[tuple[str, int], int | None] = {}
        """What each device (its NAME without instances) said last of each register."""
        self.trial: Trial | None = None
        self.stopped = False
        """Another one steers: nothing is sent."""
        self.quiet = False
        """Nothing is broadcast."""
        self.held = 0
        """Orders that the gate did not let pass."""
        self.currents = LinkHolds()
        self._modes = ModeWaits(network)
        self.log: deque[tuple[float, str, str, float, str]] = deque(maxlen=MOST_TOLD)
        """What devices were told and showed thereupon, where it was news: moment, service, path, value, and which."""
        self._heard_at = float("-inf")
        self._spoke: dict[int, float] = {}
        """Address -> when it was heard last. Bounded: one byte."""
        self._confirmed = confirmed
        self._may_leave = may_leave
        self._judge_anew = judge_anew
        self._changed = False
        """There is a word at which the gate has not looked yet."""

    # --- what comes in ---------------------------------------------------------------------------------------------

    def word(self, row: LinkRow, name: Name | None, service: str, value: float, now: float) -> LinkLine | None:
        """A word of D-Bus; None when there is no room for it."""
        line = self.line_of(name, row.register)
        if line is None:
            if len(self.lines) >= MOST_LINES:
                return None
            line = self.lines[_key(name, row.register)] = LinkLine(row, name, service, value, now, now)
        if line.value != value or line.service != service or row.way == "once":
            line.passed, line.judged_at, self._changed = None, float("-inf"), True
        line.name, line.service, line.value, line.at, line.due = name, service, value, now, True
        if row.register == CHARGE_CURRENT and name is not None:
            self.currents.stands(name.identity, service, now)
            self._modes.steers(name.identity)
        return line

    def drop(self, row: LinkRow, name: Name | None) -> None:
        """There is no word any more: nothing is repeated."""
        self.lines.pop(_key(name, row.register), None)

    def end(self, name: Name | None) -> None:
        """Nothing of a device (None: of the whole bus) stands any more."""
        identity = None if name is None else name.identity
        self._modes.leaves(identity)
        self.lines = {key: line for key, line in self.lines.items() if identity not in (None, key[0])}
        if self.trial is not None and identity in (None, self.trial.name.identity):
            self.trial.end()

    def words(self, now: float) -> Iterator[LinkLine]:
        """What stands; what is stale is dropped."""
        self.lines = {key: line for key, line in self.lines.items() if now - line.at < FRESH_S}
        yield from self.lines.values()

    def holds(self, now: float) -> Iterator[tuple[str, LinkHold]]:
        """By which current (A) each device that was told one may still charge."""
        row = _BY_REGISTER[CHARGE_CURRENT]
        for service, highest, lowest, evidence in self.currents.holds(now):
            yield service, LinkHold(row.value(highest), row.value(lowest), evidence)

    def judge(self, passed: Mapping[tuple[str, str], Value], now: float) -> None:
        """The verdicts of the gate on what stands, by service and path; what is not there is held back."""
        for line in self.lines.values():
            value = passed.get((line.service, line.row.path))
            line.passed = line.row.raw(value) if isinstance(value, int | float) else None
            line.judged_at = now
        self._changed = False

    def note_waits(self, now: float) -> None:
        """Note how long each mode waits."""
        for line in self.lines.values():
            if line.row.register == NETWORK_MODE:
                line.wait_for(self._awaited(line, now), now)

    def hear(self, message: Message, own: int | None, now: float) -> None:
        """Take a message of somebody else: values of devices, answers to us (`own`: our address), orders of others."""
        layout, source, destination, _, payload = message
        if now - self._heard_at >= QUIET_S:
            self.currents.forget_all(now)
            self._modes.back(self._heard_at, now)
            for line in self.lines.values():
                line.tell_anew()
        silent_s, self._spoke[source] = now - self._spoke.get(source, float("-inf")), now
        self._heard_at = now
        if silent_s >= (AWAY_S if layout.pgn == ADDRESS_CLAIM else SILENT_S):
            self._begins_anew(source, now)
        if layout.pgn not in VREG_PGNS or payload[:2] != HEADER:
            return
        register = int.from_bytes(payload[2:4], "little")
        if register == ACK_REGISTER:
            if destination == own and len(payload) >= 8:
                self._answered(source, payload)
        elif register == DEVICE_STATE and destination == BROADCAST and len(payload) > 4:
            self._modes.state(source, payload[4])
        elif register in LINK_PAGE:
            addressed = destination != BROADCAST
            self.others.hear(source, register, now, own=own, addressed=addressed)
            if register in REGISTERS and not addressed and source != own:
                self._heard(source, register, payload, now)

    def _begins_anew(self, source: int, now: float) -> None:
        """A device is heard for the first time, or may have been started anew: it is told at once, also what is told
        to everybody."""
        self._modes.begins(source, now)
        name = self._name_at(source)
        if name is None:
            return
        device = name.identity
        self.currents.forget(device, now)
        charges = (device, CHARGE_CURRENT) in self.lines or (device, CHARGE_CURRENT) in self.shown
        for line in self.lines.values():
            if device == (line.name and line.name.identity) or (charges and line.row.way == "repeated"):
                line.tell_anew()

    def _heard(self, source: int, register: int, payload: bytes, now: float) -> None:
        name = self._name_at(source)
        if name is None:
            return
        raw = _BY_REGISTER[register].heard(payload[4:])
        key = name.identity, register
        if key in self.shown or len(self.shown) < MOST_SHOWN:
            self.shown[key] = raw
        if register == CHARGE_CURRENT:
            self.currents.said(name.identity, raw, now)
        line = self.line_of(name, register)
        if line is not None and line.exchange is not None:
            if line.exchange.outcome == "followed" and line.exchange.raw != raw:
                line.tell_anew()
            else:
                line.exchange.heard(raw)
                if line.exchange.outcome == "followed" and line.followed != raw:
                    line.followed = raw
                    self._note(line, raw, "showed", now)
        if self.trial is not None and self.trial.name.identity == name.identity:
            self.trial.heard(register, raw)

    def _answered(self, source: int, payload: bytes) -> None:
        name = self._name_at(source)
        if name is None:
            return
        register, code = int.from_bytes(payload[4:6], "little"), int.from_bytes(payload[6:8], "little")
        line = self.line_of(name, register)
        if line is not None and line.exchange is not None:
            line.exchange.answered(code)
        if self.trial is not None and self.trial.name.identity == name.identity:
            self.trial.answered(register, code)

    def _name_at(self, source: int) -> Name | None:
        node = self.network.at(source)
        return None if node is None else node.name

    def line_of(self, name: Name | None, register: int) -> LinkLine | None:
        """What stands for a device (None: everybody), whatever its instances are now."""
        return self.lines.get(_key(name, register))

    # --- what goes out ---------------------------------------------------------------------------------------------

    def next(self, now: float, address_of: Callable[[Name], int | None]) -> TransmitOrder | None:
        """The most urgent order of this moment: of a try, then what is due, lowered values first."""
        if self.stopped or self.others.other(now) is not None:  # it may have spoken since the last look
            self.stopped = True
            return None
        self._settle(now)
        if self.trial is not None and (order := self.trial.next(now)) is not None:
            return None if self.quiet and order.to == BROADCAST else self._gated(order, now)
        due = [line for line in self.lines.values() if line.wait_until() <= now and self._may_send(line, now)]
        for line in sorted(due, key=lambda line: self._urgency(line, now)):
            if line.name is not None and not self._reached(line.name, address_of, now):
                line.again_at = now + UNREACHED_S
                continue
            before = line.sent
            if (order := self._order(line, now)) is not None:
                order = self._gated(order, now)
                if order is not None and line.sent != before:
                    self._note(line, line.sent, "told", now)
                if line.row.register == NETWORK_MODE:
                    self._follow(line, now)
                return order
        return None

    def _follow(self, mode: LinkLine, now: float) -> None:
        """A mode was sent: behind it go the current and the voltage again, or a device would keep it for longer."""
        for line in self.lines.values():
            if line.row.register in (CHARGE_CURRENT, CHARGE_VOLTAGE) and (
                mode.name is None or line.name is None or line.name.identity == mode.name.identity
            ):
                line.mode_at = now

    def presses(self, now: float) -> bool:
        """Whether a limit, voltage or mode waits that was not sent yet, or not behind a mode: before questions."""
        self._settle(now)
        return not self.stopped and any(
            (line.sent != line.passed or line.mode_at > line.sent_at)
            and line.row.way != "once"
            and line.wait_until() <= now
            and self._may_send(line, now)
            for line in self.lines.values()
        )

    def _settle(self, now: float) -> None:
        """A word that has changed does not wait for the gate's next look."""
        if self._changed:
            self._changed = False
            self._judge_anew(now)

    def _note(self, line: LinkLine, raw: int | None, word: str, now: float) -> None:
        self.log.append((now, line.service, line.row.path, line.row.value(raw or 0), word))

    def deadline(self, now: float) -> float:
        """When `next` has something to say, unless something happens before."""
        if self.stopped:
            return float("inf")
        if self._changed:
            return now
        of_trial = float("inf") if self.trial is None or self.trial.over else self.trial.deadline
        for line in sorted(self.lines.values(), key=LinkLine.wait_until):
            if self._may_send(line, now):
                return min(line.wait_until(), of_trial)
        return of_trial

    def held_back(self, line: LinkLine) -> str:
        """Why a word is not sent, whatever the gate says, to be put behind it; "" when nothing holds it back."""
        if self.stopped:
            return " is not sent: another controller may steer the chargers of this bus"
        if self.quiet and line.name is None:
            return " is not sent: an alternator regulator on this bus may obey one sender only"
        if self.unconfirmed(line):
            return " is not sent: nobody has seen here that devices take it"
        if line.awaits is not None:
            path, whose = line.awaits
            return f" is not sent: {path} of {whose} must be sent before it"
        return ""

    def lacks(self, line: LinkLine) -> bool:
        """Whether somebody is not told what stands for him only because nobody has confirmed it."""
        if not self.unconfirmed(line) or (self.quiet and line.name is None):
            return False
        shown = None if line.name is None else self.shown.get((line.name.identity, line.row.register))
        return shown is None or shown != line.row.raw(line.value)

    def unconfirmed(self, line: LinkLine) -> bool:
        """Whether nobody has seen yet that devices take it as it would be sent."""
        return not line.row.confirmed and line.row.key not in self._confirmed

    def lawful(self, line: LinkLine, now: float) -> int | None:
        """The raw number that may be sent now, if any."""
        counts_s = ONCE_S if line.row.way == "once" else FRESH_S
        fresh = now - line.judged_at < VERDICT_S and now - line.at < counts_s
        return line.passed if fresh and not (self.quiet and line.name is None) else None

    def in_turn(self, line: LinkLine, now: float) -> int | None:
        """The same of what does not wait for another word."""
        waits = line.row.register == NETWORK_MODE and self._awaited(line, now) is not None
        return None if waits else self.lawful(line, now)

    def _reached(self, name: Name, address_of: Callable[[Name], int | None], now: float) -> bool:
        address = self.where(name, now)
        return address is not None and address == address_of(name)

    def where(self, name: Name, now: float) -> int | None:
        """Where a device is, while it is in the instance that DVCC steers and nobody else speaks from its address."""
        node = self.network.node(name.identity)
        if node is None or node.name is None or node.name.device_instance or node.address is None:
            return None
        return None if self.network.contested(node.address, now) else node.address

    def _may_send(self, line: LinkLine, now: float) -> bool:
        return (
            self.lawful(line, now) is not None
            and (now - self._heard_at < QUIET_S or self._harmless(line, now))
            and not self.unconfirmed(line)
            and not (self.trial is not None and line.row.register in self.trial.registers)
            and self.in_turn(line, now) is not None  # last: a mode looks at every device
        )

    def _awaited(self, mode: LinkLine, now: float) -> Awaited | None:
        """For which word a network mode waits; not while it is on its way."""
        if mode.exchange is not None and mode.exchange.raw == mode.passed and not mode.exchange.outcome:
            return None
        voltage = self.lines.get(_key(None, CHARGE_VOLTAGE))
        with_voltage = voltage is not None and not self.quiet and not self.unconfirmed(voltage)
        return self._modes.awaited(mode, self.lines, self.shown, with_voltage=with_voltage, now=now)

    def _order(self, line: LinkLine, now: float) -> TransmitOrder | None:
        """The next order of a line that is due."""
        raw = line.passed
        assert raw is not None  # noqa: S101 - what may be sent has a verdict
        if line.name is None:
            line.sent, line.sent_at, line.due = raw, now, False
            return TransmitOrder(BROADCAST, register=line.row.register, data=line.row.data(raw))
        exchange = line.exchange
        if exchange is None or exchange.raw != raw or exchange.outcome:
            line.failed = line.failure()
            known = self.shown.get((line.name.identity, line.row.register)) == raw
            exchange = line.exchange = Exchange(raw, KNOWN if known else NEW)
        step = exchange.act(now)
        if not step:
            return None
        if step == "R":
            return TransmitOrder(line.name, register=line.row.register)
        line.sent, line.sent_at = raw, now
        return TransmitOrder(line.name, register=line.row.register, data=line.row.data(raw))

    def _before(self, line: LinkLine, now: float) -> int | None:
        """The raw number that whoever is told has now; of a charge current the highest, by what was sent and shown."""
        if line.name is None or line.row.register != CHARGE_CURRENT:
            return line.sent
        device = line.name.identity
        raws = (line.sent, self.currents.highest(device, now), self.shown.get((device, CHARGE_CURRENT)))
        return max((raw for raw in raws if raw is not None), default=None)

    def _urgency(self, line: LinkLine, now: float) -> tuple[bool, float]:
        """Lowered values first, as it may be where nothing is known; then who has waited longest."""
        before = self._before(line, now)
        return before is not None and (line.passed is None or line.passed >= before), line.wait_until()

    def _harmless(self, line: LinkLine, now: float) -> bool:
        """Whether a word may leave at any later time, because it lowers a limit: a lower mode lets others charge, and
        what is measured is no limit."""
        if not line.row.limits or line.row.register == NETWORK_MODE:
            return False
        before = self._before(line, now)
        return line.passed == 0 or (before is not None and line.passed is not None and line.passed < before)

    def _gated(self, order: TransmitOrder, now: float) -> TransmitOrder | None:
        """A write that the last gate knows; a read may always leave."""
        if order.data is None:
            return order
        if not self._may_leave(order.register or 0, order.data):
            self.held += 1
            return None
        if order.register == CHARGE_CURRENT and isinstance(order.to, Name):
            self.currents.sent(order.to.identity, int.from_bytes(order.data, "little"), now)
        return order


def _key(name: Name | None, register: int) -> tuple[str, int]:
    return "" if name is None else name.identity, register
