"""What stands for one bus, and what of it is sent when: the newest words, verdicts of the gate, repeats and answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from gxbridge.core.model.items import Value
from gxbridge.core.model.record import state
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.frame import BROADCAST
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import ACK_REGISTER, HEADER
from gxbridge.core.vecan.link.controllers import OtherControllers
from gxbridge.core.vecan.link.exchange import KNOWN, NEW, Exchange
from gxbridge.core.vecan.link.registers import REGISTERS, ROWS, LinkRow
from gxbridge.core.vecan.link.trial import Trial
from gxbridge.core.vecan.network import Network
from gxbridge.core.vecan.sending.transmit import TransmitOrder

FRESH_S: Final = 60.0
"""So long a word counts; chargers forget after the same time (Venus OS wiki, "dbus")."""
ONCE_S: Final = 10.0
"""What is measured and could not be sent for so long is not sent any more."""
VERDICT_S: Final = 3.0
"""So long the gate's verdict counts: a look is at least every second."""
REPEAT_S: Final = 4.0
"""Between two broadcasts of a voltage or mode."""
RENEW_S: Final = 8.0
"""Between two writes to one device."""
UNREACHED_S: Final = 1.0
"""Between two looks for a device that has no address, or another instance than 0."""
MOST_LINES: Final = 256
"""Words kept for a bus."""
MOST_SHOWN: Final = 1024
"""Values of devices kept for a bus."""
SINGLE_PGN: Final = 61184
CHARGE_CURRENT: Final = 0x2015
_BY_REGISTER: Final[Mapping[int, LinkRow]] = {row.register: row for row in ROWS}


@state
class LinkLine:
    """The word that stands for one path of one service, and what became of it."""

    row: LinkRow
    name: Name | None
    """The device; None: everybody."""
    service: str
    value: float
    at: float
    passed: int | None = None
    """The raw number that the gate let pass; None: nothing."""
    judged_at: float = float("-inf")
    sent: int | None = None
    sent_at: float = float("-inf")
    due: bool = True
    """A word of the kind that is sent once has not been sent yet."""
    exchange: Exchange | None = None
    failed: Exchange | None = None
    """The last one, where the device did not follow it."""
    again_at: float = float("-inf")

    def failure(self) -> Exchange | None:
        """The exchange that the device did not follow, unless it has followed one since."""
        if self.exchange is None or not self.exchange.outcome:
            return self.failed
        return None if self.exchange.outcome == "followed" else self.exchange

    def wait_until(self) -> float:
        """When there is something to send, if it may be sent."""
        if self.row.way == "once":
            return self.again_at if self.due else float("inf")
        if self.row.way == "repeated":
            changed = self.sent != self.passed
            return self.again_at if changed else max(self.again_at, self.sent_at + REPEAT_S)
        exchange = self.exchange
        if exchange is None or exchange.raw != self.passed:
            return self.again_at
        return max(self.again_at, self.sent_at + RENEW_S if exchange.outcome else exchange.deadline)


class LinkBus:
    """One bus. `confirmed`: the keys of rows that this installation has confirmed; `may_leave`: the last gate."""

    def __init__(self, network: Network, confirmed: Collection[str], may_leave: Callable[[int, bytes], bool]) -> None:
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
        self._confirmed = confirmed
        self._may_leave = may_leave

    # --- what comes in ---------------------------------------------------------------------------------------------

    def word(self, row: LinkRow, name: Name | None, service: str, value: float, now: float) -> LinkLine | None:
        """A word of D-Bus; None when there is no room for it."""
        line = self.line_of(name, row.register)
        if line is None:
            if len(self.lines) >= MOST_LINES:
                return None
            line = self.lines[_key(name, row.register)] = LinkLine(row, name, service, value, now)
        if line.value != value or line.service != service or row.way == "once":
            line.passed, line.judged_at = None, float("-inf")
        line.name, line.service, line.value, line.at, line.due = name, service, value, now, True
        return line

    def drop(self, row: LinkRow, name: Name | None) -> None:
        """There is no word any more: nothing is repeated."""
        self.lines.pop(_key(name, row.register), None)

    def words(self, now: float) -> Iterator[LinkLine]:
        """What stands; what is stale is dropped."""
        self.lines = {key: line for key, line in self.lines.items() if now - line.at < FRESH_S}
        yield from self.lines.values()

    def holds(self) -> Iterator[tuple[str, float]]:
        """By which current (A) each charger may still charge for which one stands: what it showed last, or was sent."""
        for (device, register), line in self.lines.items():
            if register == CHARGE_CURRENT:
                yield line.service, line.row.value(max(line.sent or 0, self.shown.get((device, register)) or 0))

    def judge(self, passed: Mapping[tuple[str, str], Value], now: float) -> None:
        """The verdicts of the gate on what stands, by service and path; what is not there is held back."""
        for line in self.lines.values():
            value = passed.get((line.service, line.row.path))
            line.passed = line.row.raw(value) if isinstance(value, int | float) else None
            line.judged_at = now

    def hear(self, message: Message, own: int | None, now: float) -> None:
        """Take a message: values of devices, answers to us (`own`: our address), orders of others."""
        layout, source, destination, _, payload = message
        if layout.pgn != SINGLE_PGN or payload[:2] != HEADER:
            return
        register = int.from_bytes(payload[2:4], "little")
        if register == ACK_REGISTER:
            if destination == own and len(payload) >= 8:
                self._answered(source, payload)
        elif register in REGISTERS:
            if destination != BROADCAST:
                self.others.hear(source, register, now, addressed=True)
                return
            self.others.hear(source, register, now, addressed=False)
            self._heard(source, register, payload)

    def _heard(self, source: int, register: int, payload: bytes) -> None:
        name = self._name_at(source)
        if name is None:
            return
        raw = _BY_REGISTER[register].heard(payload[4:])
        key = name.identity, register
        if key in self.shown or len(self.shown) < MOST_SHOWN:
            self.shown[key] = raw
        line = self.line_of(name, register)
        if line is not None and line.exchange is not None:
            line.exchange.heard(raw)
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
        if self.stopped:
            return None
        if self.trial is not None and (order := self.trial.next(now)) is not None:
            return None if self.quiet and order.to == BROADCAST else self._gated(order)
        due = [line for line in self.lines.values() if self._may_send(line, now) and line.wait_until() <= now]
        for line in sorted(due, key=_urgency):
            if line.name is not None and not self._reached(line.name, address_of, now):
                line.again_at = now + UNREACHED_S
            elif (order := self._order(line, now)) is not None:
                return self._gated(order)
        return None

    def presses(self, now: float) -> bool:
        """Whether a limit, voltage or mode waits that was not sent yet: it goes before questions."""
        return not self.stopped and any(
            line.sent != line.passed
            and line.row.way != "once"
            and self._may_send(line, now)
            and line.wait_until() <= now
            for line in self.lines.values()
        )

    def deadline(self, now: float) -> float:
        """When `next` has something to say, unless something happens before."""
        if self.stopped:
            return float("inf")
        moments = [line.wait_until() for line in self.lines.values() if self._may_send(line, now)]
        if self.trial is not None and not self.trial.over:
            moments.append(self.trial.deadline)
        return min(moments, default=float("inf"))

    def held_back(self, line: LinkLine) -> str:
        """Why a word is not sent, whatever the gate says, to be put behind it; "" when nothing holds it back."""
        if self.stopped:
            return " is not sent: another controller steers the chargers of this bus"
        if self.quiet and line.name is None:
            return " is not sent: an alternator regulator on this bus may obey one sender only"
        return " is not sent: nobody has seen here that devices take it" if self.unconfirmed(line) else ""

    def unconfirmed(self, line: LinkLine) -> bool:
        """Whether nobody has seen yet that devices take it as it would be sent."""
        return not line.row.confirmed and line.row.key not in self._confirmed

    def lawful(self, line: LinkLine, now: float) -> int | None:
        """The raw number that may be sent now, if any."""
        counts_s = ONCE_S if line.row.way == "once" else FRESH_S
        fresh = now - line.judged_at < VERDICT_S and now - line.at < counts_s
        return line.passed if fresh and not (self.quiet and line.name is None) else None

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
            and not self.unconfirmed(line)
            and not (self.trial is not None and line.row.register in self.trial.registers)
        )

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

    def _gated(self, order: TransmitOrder) -> TransmitOrder | None:
        """A write that the last gate knows; a read may always leave."""
        if order.data is None or self._may_leave(order.register or 0, order.data):
            return order
        self.held += 1
        return None


def _key(name: Name | None, register: int) -> tuple[str, int]:
    return "" if name is None else name.identity, register


def _urgency(line: LinkLine) -> tuple[bool, float]:
    """Lowered values first, then who has waited longest."""
    lowered = line.sent is None or (line.passed is not None and line.passed < line.sent)
    return not lowered, line.wait_until()
