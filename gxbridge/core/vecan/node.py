"""One device on one bus: its NAME and address, who it says it is, and what it said last."""

from __future__ import annotations

from typing import Literal

from gxbridge.core.model.battery import LOST_S, SILENT_S, State
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.device_state import DeviceState, QuantityTable
from gxbridge.core.vecan.error_counters import COUNTED, ErrorCounters
from gxbridge.core.vecan.identity import LEARNT, Identity
from gxbridge.core.vecan.readings import MessageKind, ReadingKey, Readings, message_kind, names, said

ReservedAs = Literal["", "bms", "charger"]


def provisional_key(bus: str, address: int | None) -> str:
    """How a device is called until its NAME is known."""
    return f"{bus}/{'-' if address is None else address}"


class Node:
    """A device. `key` is its NAME without the instances, or bus and address while the NAME is not known."""

    __slots__ = (
        "address",
        "balances",
        "belief",
        "bus",
        "distributors",
        "error_counters",
        "first_heard",
        "forgotten",
        "identity",
        "last_heard",
        "live_since",
        "messages",
        "name",
        "product_id",
        "readings",
        "reserved",
        "silences",
        "wanted",
    )

    def __init__(self, bus: str, address: int | None, name: Name | None, now: float) -> None:
        self.bus = bus
        self.address = address
        """None after it lost its address and before it claimed another."""
        self.name = name
        self.first_heard = now
        self.live_since = now
        self.last_heard = now
        self.messages = 0
        self.silences = 0
        """How often it fell silent."""
        self.forgotten = False
        self.identity = Identity()
        self.product_id: int | None = None
        """Register 0x0100, else the product code if it is a known product, else what was configured."""
        self.readings = Readings()
        self.reserved: ReservedAs = ""
        """The BMSes and chargers of a bus that nothing displaces; "" for every other device."""
        self.belief: DeviceState | None = None
        self.wanted: frozenset[MessageKind] = frozenset()
        """What its own D-Bus service is made of, where its port is served wholly: kept as long as there is room."""
        self.balances = False
        """It has said at least once whether it balances: that D-Bus path stays."""
        self.distributors = ""
        """Letters of the distributors it has ever reported: their D-Bus paths stay."""
        self.error_counters = ErrorCounters()

    @property
    def key(self) -> str:
        return provisional_key(self.bus, self.address) if self.name is None else self.name.identity

    def state(self, now: float) -> State:
        """Live, silent after 10 s without a frame, lost after 60 s."""
        if now < self.last_heard + SILENT_S:
            return "live"
        return "silent" if now < self.last_heard + LOST_S else "lost"

    def settle(self, now: float) -> None:
        """If it fell silent, forget everything but identity, settings and history, once."""
        if self.forgotten or self.state(now) == "live":
            return
        self.silences += 1
        self.mistrust(now)

    def mistrust(self, now: float) -> None:
        """Forget everything but identity, settings and history: it is silent, or another one speaks at its address."""
        if self.forgotten:
            return
        self.forgotten = True
        if self.belief is None:
            self.readings = Readings()
        else:
            self.belief.forget(now)

    def touch(self, now: float) -> bool:
        """A frame of it came; whether it had been silent, in which case nothing passing is remembered."""
        if not self.forgotten and now < self.last_heard + SILENT_S:  # nearly always
            if now > self.last_heard:
                self.last_heard = now
            return False
        self.settle(now)
        self.forgotten, self.live_since = False, now
        self.last_heard = max(self.last_heard, now)
        return True

    def take(self, message: Message, now: float) -> tuple[MessageKind, bool] | None:
        """File a value this device sent, and let it say who the device is.

        Returns what the message says and whether it is new, or None when there was no room.
        """
        self.messages += 1
        filed = self.readings.put(message, now)
        if filed is None:  # who it is must be known before there can be room for the rest
            layout, _, _, values, _ = message
            kind = message_kind(layout)
            known = self.identity.learn(kind, dict(zip(names(layout), values, strict=False)))
            return (kind, True) if known else None
        key, what, new = filed
        if new:
            if what in LEARNT and (reading := self.readings.get(key)) is not None:
                self.identity.learn(what, reading.fields)
            if what in COUNTED:
                self._count(message, now)
        if self.belief is not None:
            self.belief.heard(what, new=new)
        return what, new

    def _count(self, message: Message, now: float) -> None:
        register, count = message[0].register, message[3][0]
        if register is not None and isinstance(count, int):
            self.error_counters.tell(register, count, now)

    def believe(self, table: QuantityTable, now: float) -> None:
        """Its family is known (or another one): make its quantities from everything heard so far."""
        before = None if self.belief is None else self.belief.gave
        self.belief = DeviceState(table, self.readings, now, before)

    def bound(self, limit: int) -> None:
        """Hold no more bytes of what it said than that."""
        belief, wanted = self.belief, self.wanted

        def used(key: ReadingKey) -> bool:
            return said(key) in wanted or (belief is not None and belief.table.uses(key))

        gone = self.readings.bound(2 * limit if wanted else limit, used)
        if belief is not None:
            for key in gone:
                belief.heard(said(key))

    def absorb(self, other: Node, now: float) -> None:
        """The other was this device all along, known by its address only."""
        self.identity.update(other.identity)
        self.readings.absorb(other.readings)
        self.messages += other.messages
        if self.belief is not None:
            if other.belief is not None:
                for name, labels in other.belief.gave.items():
                    self.belief.gave.setdefault(name, set()).update(labels)
            self.believe(self.belief.table, now)
