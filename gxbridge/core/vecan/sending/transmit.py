"""Everything gxbridge may ever send on a CAN bus. Off unless the configuration says otherwise.

Level `requests`: our address claim, what a node owes the others (`own_node.py`), ISO requests and register requests.
Level `link`: also the registers of `LINKABLE`, as `core/vecan/link` orders them. Level `writes`: also those of
`SENDABLE` and `SETTABLE`, and the device instance of a NAME, never another. Before an address is claimed nothing but
the ISO request for claims is sent, from the null address. Requests and writes are at least 100 ms apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Literal, Protocol

from gxbridge.core.model.battery import SILENT_S
from gxbridge.core.model.record import record
from gxbridge.core.nmea2000 import vreg
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.encode import Frame, pgn_frames, vreg_frames
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST, NULL_ADDRESS, identifier
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.network import ADDRESS_CLAIM
from gxbridge.core.vecan.sending.alert_output import ALERT, ALERT_TEXT, AlertOutput
from gxbridge.core.vecan.sending.claim import Claim
from gxbridge.core.vecan.sending.own_node import GROUP_FUNCTION, ISO_REQUEST, OwnNode
from gxbridge.core.vecan.sending.plotter_output import GROUPS, PlotterOutput

TransmitLevel = Literal["off", "requests", "link", "writes"]

MODE = 0x0200
DESCRIPTION = 0x010C
CAPACITY = 0x1000
NOMINAL_VOLTAGE = 0xEDEF
AC_LIMITS = (0x0214, 0x0224)
"""Current limits of the two AC inputs of an inverter/charger, from outside."""
CHARGE_CURRENT_LIMIT = 0xEDF0
ALARM_LEVELS = 0x0333
RELAY = 0x034E
ESS_SETTINGS = (0xD050, 0xD053)
"""Mode and lowest state of charge of the ESS of an RS."""
SENDABLE = frozenset({MODE, DESCRIPTION, CAPACITY, NOMINAL_VOLTAGE})
"""The only registers that may ever be written to a battery (Victron, VE.Can registers public, v20)."""
SETTABLE = frozenset({MODE, DESCRIPTION, *AC_LIMITS, CHARGE_CURRENT_LIMIT, ALARM_LEVELS, RELAY, *ESS_SETTINGS})
"""The only ones of another device, on a port that is served wholly."""

LINKABLE: Final = frozenset({0x2001, 0x2002, 0x2003, 0x200A, 0x200E, 0x2015, 0x2017, 0x201C})
"""The only registers that chargers are told by LINK (ve_regs.h of gui-v2@3b94597)."""

LINK_LEVELS: Final = ("link", "writes")
"""The levels that send LINK registers."""

GROUP_COMMAND: Final = 1
"""The function of a group function (126208) that sets fields of a PGN."""
GROUP_REQUEST: Final = b"\0"
"""Its first byte when it asks for a PGN; plotters ask so for the text of an alert (victronenergy/venus#1241)."""

KEEP_PRIORITY: Final = 0xF8
"""In a command: the message keeps its priority, and four reserved bits (canboat@01d0dc3, PGN 126208)."""
INSTANCES: Final = range(254)
"""Device instances that may be given; 254 and 255 are reserved."""

PACE_S = 0.1
"""Between two requests: bursts to many nodes slow the bus down (victronenergy/venus#1641)."""

MOST_WAITING = 64
"""Requests and writes that wait at most; more are refused and counted."""

ECHO_S = 10.0
"""So long after we sent a LINK register may an adapter give it back; an equal one is no news."""

LONGEST_WAIT_S = 30.0
"""What could not be sent for this long is not sent any more: nobody expects it then."""


@record
class TransmitOrder:
    """One thing to send: an ISO request for `pgn`, a request for or write to `register`, or a new device `instance`."""

    to: Name | int
    """A write goes to a NAME, wherever it is when it is sent; a request may go to an address (255: everybody)."""
    pgn: int | None = None
    register: int | None = None
    data: bytes | None = None
    """None: a request; else the value to write."""
    mask: int = vreg.ONE_REGISTER
    """Of a request: which bits of a register's number must be those of `register`."""
    instance: int | None = None
    """What the device is to put in its NAME: 0 to 253."""


class LinkSource(Protocol):
    """What stands for the chargers of a bus. It is asked at the moment at which something can be sent, so that nothing
    old waits in a queue."""

    def hear(self, message: Message, own: int | None, now: float) -> None: ...

    def presses(self, now: float) -> bool: ...

    def next(self, now: float, address_of: Callable[[Name], int | None]) -> TransmitOrder | None: ...

    def deadline(self, now: float) -> float: ...


class BusTransmitter:
    """Sends for one bus. Feed it every message, ask `frames` when `next_deadline` is due or something was ordered."""

    def __init__(
        self,
        level: TransmitLevel,
        name: Name,
        now: float,
        *,
        mode_switch: bool = False,
        link: LinkSource | None = None,
        version: str = "",
        plotter: PlotterOutput | None = None,
        alerts: AlertOutput | None = None,
    ) -> None:
        self.level = level
        self._link = link if level in LINK_LEVELS else None
        self._waiting_first = True
        self._now = now
        """The last moment that is known."""
        self._mode_switch = mode_switch
        self._claim = Claim(name, now)
        sends = (*(() if plotter is None else GROUPS), *(() if alerts is None else (ALERT, ALERT_TEXT)))
        self._node = OwnNode(name.unique_number, version, now, sends)
        self.plotter, self.alerts = plotter, alerts
        self._waiting: deque[tuple[TransmitOrder, float]] = deque()
        self._free_at = now
        self._asked_for_claims = False
        self._heard_at = now
        self._sequence = 0
        self._told: dict[tuple[int, int, bytes], float] = {}
        """LINK registers that we sent (source, destination, payload), and when. Bounded: by the pace."""
        self.refused = 0
        """Orders not taken: level too low, register not in the list, queue full."""
        self.expired = 0
        """Orders not sent because there was no address, ours or the receiver's, for too long."""
        self.sent = 0

    @property
    def state(self) -> str:
        """off, listening, claiming, claimed or silent."""
        return "off" if self.level == "off" else self._claim.state

    @property
    def address(self) -> int | None:
        """Our address while we may use it."""
        return self._claim.address if self.level != "off" and self._claim.usable else None

    def hear(self, message: Message, now: float) -> None:
        """Take a message of the bus: claims, and requests for ours."""
        if self.level == "off":
            return
        layout, source, destination, _, payload = message
        if now - self._heard_at >= SILENT_S:
            self._asked_for_claims = False  # meanwhile another device may have come to an address
        self._now = self._heard_at = now
        if self._link is not None and not self._ours(message, now):
            self._link.hear(message, self._claim.address, now)
        if layout.pgn == ADDRESS_CLAIM:
            name = Name.from_payload(payload)
            if name is not None:
                self._claim.heard_claim(source, name, now)
            return
        self._claim.heard(source)
        if self.plotter is not None and source != self._claim.address:
            self.plotter.hear(message, now)
        if self.alerts is not None and source != self._claim.address:
            self.alerts.hear(message, self._claim.name_at(source), now)
        if layout.pgn == ISO_REQUEST and destination in (BROADCAST, self._claim.address):
            wanted = int.from_bytes(payload[:3], "little")
            if wanted == ADDRESS_CLAIM:
                self._claim.asked()
            elif not self._said_on_request(wanted, now):
                self._node.asked(wanted, source, alone=destination != BROADCAST)
        elif layout.pgn == GROUP_FUNCTION and destination == self._claim.address and payload[:1] == GROUP_REQUEST:
            self._said_on_request(int.from_bytes(payload[1:4], "little"), now)

    def order(self, order: TransmitOrder, now: float) -> bool:
        """Have something sent; False when it is not allowed or there is no room. The same order waits only once."""
        if not self._allowed(order) or len(self._waiting) >= MOST_WAITING:
            self.refused += 1
            return False
        if all(waiting != order for waiting, _ in self._waiting):
            self._waiting.append((order, now))
        return True

    def frames(self, now: float) -> list[Frame]:
        """What is to be sent now, in order."""
        if self.level == "off":
            return []
        self._now = now
        frames: list[Frame] = []
        if not self._asked_for_claims:
            self._asked_for_claims = True
            frames.append(_iso_request(ADDRESS_CLAIM, NULL_ADDRESS, BROADCAST))
        claim = self._claim
        claim.tick(now)
        if claim.say and claim.address is not None:
            claim.say = False
            frames.append((identifier(ADDRESS_CLAIM, claim.address), claim.name.payload))
        if self.plotter is not None and claim.usable and claim.address is not None:
            frames += self.plotter.due(claim.address, now)
        if self.alerts is not None and claim.usable and claim.address is not None:
            frames += self.alerts.due(claim.address, now)
        if claim.usable and claim.address is not None and now >= self._free_at:
            frames += self._presence(claim.address, now) or self._next(claim.address, now)
        self._expire(now)
        self.sent += len(frames)
        return frames

    def next_deadline(self) -> float | None:
        """When `frames` has to be asked again, unless something is heard or ordered before."""
        if self.level == "off":
            return None
        deadline = self._claim.deadline
        if self._claim.usable and deadline is not None:
            deadline = min(deadline, max(self._free_at, self._node.deadline()))
            if self.plotter is not None:
                deadline = min(deadline, self.plotter.next_at)
            if self.alerts is not None:
                deadline = min(deadline, self.alerts.next_at)
            if self._link is not None:
                deadline = min(deadline, max(self._free_at, self._link.deadline(self._now)))
        if not self._waiting:
            return deadline
        sendable = self._claim.usable and any(self._target(order) is not None for order, _ in self._waiting)
        due = self._free_at if sendable else self._waiting[0][1] + LONGEST_WAIT_S
        return due if deadline is None else min(due, deadline)

    def _allowed(self, order: TransmitOrder) -> bool:
        if self.level == "off":
            return False
        if order.data is None and order.instance is None:
            return True
        named = isinstance(order.to, Name)
        return (
            self.level == "writes"
            and named
            and (order.instance in INSTANCES if order.data is None else order.register in SENDABLE | SETTABLE)
            and (self._mode_switch or order.register != MODE)
        )

    def _ours(self, message: Message, now: float) -> bool:
        """Whether a message came from us: what another device sends from our address is none of ours."""
        layout, source, destination, _, payload = message
        own = source == self._claim.address
        if layout.pgn not in vreg.VREG_PGNS or payload[:2] != vreg.HEADER:
            return own
        if own and int.from_bytes(payload[2:4], "little") not in vreg.LINK_PAGE:
            return True
        return now - self._told.get((source, destination, bytes(payload)), float("-inf")) < ECHO_S

    def _said_on_request(self, pgn: int, now: float) -> bool:
        """Whether a PGN that somebody asked for is one of those for plotters, which are then said soon."""
        return (self.plotter is not None and self.plotter.asked(pgn, now)) or (
            self.alerts is not None and self.alerts.asked(pgn, now)
        )

    def _presence(self, address: int, now: float) -> list[Frame]:
        frames = self._node.due(address, now)
        if frames:
            self._free_at = now + PACE_S
        return frames

    def _target(self, order: TransmitOrder) -> int | None:
        return order.to if isinstance(order.to, int) else self._claim.address_of(order.to)

    def _next(self, address: int, now: float) -> list[Frame]:
        """The frames of the next order: of LINK and of what waits in turn, where both have one; a charger that is told
        something new does not wait behind questions."""
        presses = self._link is not None and self._link.presses(now)
        self._waiting_first = not (self._waiting_first or presses)
        ways = (self._next_waiting, self._next_link) if self._waiting_first else (self._next_link, self._next_waiting)
        return ways[0](address, now) or ways[1](address, now)

    def _next_link(self, address: int, now: float) -> list[Frame]:
        """What the chargers are to be told now."""
        order = None if self._link is None else self._link.next(now, self._claim.address_of)
        if order is None or order.register not in LINKABLE:
            return []
        to = self._target(order)
        if to is None:
            return []
        frames = self._frames_of(order, address, to, now)
        self._told = {key: at for key, at in self._told.items() if now - at < ECHO_S}
        self._told |= {(address, to, data): now for _, data in frames}
        return frames

    def _next_waiting(self, address: int, now: float) -> list[Frame]:
        """The first order whose receiver can be found."""
        for index, (order, _) in enumerate(self._waiting):
            to = self._target(order)
            if to is None:
                continue
            del self._waiting[index]
            return self._frames_of(order, address, to, now)
        return []

    def _frames_of(self, order: TransmitOrder, address: int, to: int, now: float) -> list[Frame]:
        self._free_at = now + PACE_S
        if order.pgn is not None:
            return [_iso_request(order.pgn, address, to)]
        self._sequence += 1
        if order.instance is not None:
            return list(_instance_command(order.instance, address, to, self._sequence))
        register = order.register or 0
        payload = vreg.request(register, order.mask) if order.data is None else vreg.payload(register, order.data)
        return list(vreg_frames(payload, address, to, self._sequence))

    def _expire(self, now: float) -> None:
        while self._waiting and now - self._waiting[0][1] >= LONGEST_WAIT_S:
            self._waiting.popleft()
            self.expired += 1


def _instance_command(instance: int, source: int, destination: int, sequence: int) -> tuple[Frame, ...]:
    """The device instance of a NAME has two fields, the third and fourth of PGN 60928: three bits and five."""
    parts = bytes((KEEP_PRIORITY, 2, 3, instance & 7, 4, instance >> 3))
    values: dict[str, FieldValue] = {"function_code": GROUP_COMMAND, "pgn": ADDRESS_CLAIM, "parameters": parts}
    return pgn_frames(GROUP_FUNCTION, values, source, destination, sequence)


def _iso_request(pgn: int, source: int, destination: int) -> Frame:
    return identifier(ISO_REQUEST, source, destination), pgn.to_bytes(3, "little")
