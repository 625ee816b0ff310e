"""The devices of one bus: who is at which address now.

An address is no identity. A device is its NAME; until that was heard it is provisionally "this bus, this address", and
what it said is handed over when the NAME appears. Of two devices that claim one address the smaller NAME keeps it
(velib J1939_acl.c); the loser has no address until it claims another.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping

from gxbridge.core.model.battery import Known
from gxbridge.core.model.record import state
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.node import Node

ADDRESS_CLAIM = 60928
LAST_ADDRESS = 253
"""velib claims 0 to 251, the GX manual says 252, 253 is reserved: senders above are not devices."""

MOST_NODES = 252
"""Devices kept for one bus: as many as have room on it."""

MOST_BMSES, MOST_CHARGERS = 16, 16
"""BMSes that are followed and chargers that are remembered whatever comes, on one bus: more than any boat has."""

CLAIM_WAIT_S = 0.25
"""A device waits this long after its claim before it uses the address, so that the holder can defend it (velib)."""

MOVE_S = 2.0
"""Time for the loser to claim another address: several times what the protocol needs (250 ms, and a random delay)."""

TWICE_S = 10.0
"""What still speaks from the old address so long after a device claimed another is a second device of its NAME."""

DISPUTE_S = 150.0
"""A loser that neither moved nor claimed again for so long has gone: a device repeats its claim about every minute."""


@state
class Conflict:
    """Two live devices claimed `address`; the texts are their NAMEs in hexadecimal."""

    address: int
    winner: Name
    loser: Name
    first: float
    last: float
    count: int = 1
    since: float = 0.0
    """When the present dispute began: an earlier one may have been settled."""
    settled: bool = False
    """The loser said that it has no address."""


class Network:
    """What is heard on one bus, by device. Bounded: at most `MOST_NODES` devices and one conflict per address."""

    def __init__(self, bus: str, known_products: Container[int] = ()) -> None:
        self.bus = bus
        self._known_products = known_products
        self._nodes: dict[str, Node] = {}
        self._at: dict[int, Node] = {}
        self._challengers: dict[int, tuple[Name, float]] = {}
        self._moved: dict[int, tuple[str, float, Mapping[str, Known]]] = {}
        """Address -> which device left it for another, when, and what it had said by then."""
        self.conflicts: dict[int, Conflict] = {}
        self.refused = 0
        """Messages of devices for which there was no room."""
        self.refused_at = float("-inf")

    @property
    def nodes(self) -> dict[int, Node]:
        """The devices that have an address, by address."""
        return dict(self._at)

    @property
    def devices(self) -> tuple[Node, ...]:
        """All devices known, also those without an address, in order of appearance."""
        return tuple(self._nodes.values())

    def node(self, key: str) -> Node | None:
        return self._nodes.get(key)

    def at(self, address: int) -> Node | None:
        return self._at.get(address)

    def alive(self, address: int, now: float) -> Node | None:
        """A frame of `address` came: note that its device lives, getting to know it if need be."""
        node = self._at.get(address)
        if node is not None and node.name is not None and not self.conflicts:  # nearly always
            node.touch(now)
            return node
        if address > LAST_ADDRESS:
            return None
        if node is not None and self.conflicts and self.contested(address, now):
            for one in (node, self._nodes[self.conflicts[address].loser.identity]):  # either may be the one that speaks
                one.mistrust(now)
                one.error_counters.start_anew()
            return None
        if node is not None and node.name is None and node.state(now) != "live":
            self._drop(node)
            node = None
        if node is None:
            node = self._add(Node(self.bus, address, None, now), now)
            if node is None:
                return None
            self._at[address] = node
        node.touch(now)
        return node

    def hear(self, message: Message, now: float) -> Node | None:
        """Take a message; the device that sent it, or None (no address, no room, not a value)."""
        layout, source, _, _, payload = message
        if layout.pgn == ADDRESS_CLAIM:
            name = Name.from_payload(payload)
            return None if name is None else self._claimed(name, source, now)
        return self.alive(source, now)

    def doubles(self, now: float) -> Iterator[tuple[Node, Node, Mapping[str, Known]]]:
        """Devices whose NAME speaks from two addresses: the one that has the NAME, the other, and what had been said
        when the NAME was claimed at the second address."""
        for address, (key, at, values) in self._moved.items():
            node, other = self._nodes.get(key), self._at.get(address)
            if node is None or other is None or node.address is None or other.name is not None:
                continue
            if other.last_heard - at >= TWICE_S and "live" == node.state(now) == other.state(now):
                yield node, other, values

    def contested(self, address: int, now: float) -> bool:
        """Whether two devices may speak at this address: the loser of a conflict had time to move, and did not.

        Nobody can tell then whose word a frame is, so nothing that comes from there is believed.
        """
        conflict = self.conflicts.get(address)
        if conflict is None or conflict.settled or now - conflict.since < MOVE_S:
            return False
        return self._disputed(conflict, now)

    def _disputed(self, conflict: Conflict, now: float) -> bool:
        loser = self._nodes.get(conflict.loser.identity)
        return loser is not None and loser.address is None and now - conflict.last < DISPUTE_S

    def product_of(self, node: Node) -> int | None:
        """The product id: register 0x0100, else the code of PGN 126996 if it is a known product's."""
        identity = node.identity
        if identity.product_id is not None:
            return identity.product_id
        return identity.product_code if identity.product_code in self._known_products else None

    def _claimed(self, name: Name, address: int, now: float) -> Node | None:
        node = self._nodes.get(name.identity)
        if address > LAST_ADDRESS:
            for conflict in self.conflicts.values():
                conflict.settled = conflict.settled or conflict.loser == name
            if node is not None:
                self._leave(node)
                node.touch(now)
            return node
        holder = self._at.get(address)
        if holder is not None and holder is not node:
            if any(node is one and holder is other for one, other, _ in self.doubles(now)):
                holder.touch(now)  # neither has moved: there are two
                return node
            if holder.name is None:
                if node is None:
                    return self._name(holder, name, now)
                self._drop(holder)
                if node.last_heard <= holder.first_heard and holder.state(now) == "live":
                    node.touch(holder.first_heard)
                    node.absorb(holder, now)
            elif not self._takes(name, address, holder.name, holder.state(now) == "live", now):
                node = node or self._add(Node(self.bus, None, name, now), now)
                if node is not None:
                    self._leave(node)
                    node.touch(now)
                    if self.contested(address, now):
                        node.mistrust(now)
                return node
            else:
                self._leave(holder)
        if node is None:
            node = self._add(Node(self.bus, None, name, now), now)
            if node is None:
                return None
        self._moved.pop(address, None)
        if node.address not in (None, address):
            self._moved[node.address] = node.key, now, {} if node.belief is None else node.belief.values(now)
        self._leave(node)
        self._challengers.pop(address, None)
        node.name, node.address = name, address
        self._at[address] = node
        node.touch(now)
        return node

    def _name(self, node: Node, name: Name, now: float) -> Node:
        """A device known by its address only turns out to be `name`; it keeps what it said if it was live."""
        if node.state(now) != "live":
            self._drop(node)
            node = Node(self.bus, node.address, name, now)
        else:
            del self._nodes[node.key]
            node.name = name
        self._nodes[node.key] = node
        if node.address is not None:
            self._at[node.address] = node
        node.touch(now)
        return node

    def _takes(self, name: Name, address: int, holder: Name, holder_live: bool, now: float) -> bool:
        """Whether a device that claims an address gets it from the one that holds it."""
        if not holder_live:
            return True
        wins = name < holder
        winner, loser = (name, holder) if wins else (holder, name)
        conflict = self.conflicts.get(address)
        if conflict is None:
            self.conflicts[address] = Conflict(address, winner, loser, now, now, since=now)
        else:
            resumed = conflict.loser == holder and now - conflict.last < DISPUTE_S  # it had taken the address back
            if conflict.settled or not (resumed or self._disputed(conflict, now)):
                conflict.since, conflict.settled = now, False
            conflict.winner, conflict.loser, conflict.last = winner, loser, now
            conflict.count += 1
        challenger = self._challengers.get(address)
        if not wins and challenger is not None and challenger[0] == name and now - challenger[1] > CLAIM_WAIT_S:
            return True  # it claims again and the holder did not defend itself: the holder is gone
        self._challengers[address] = (name, now)
        return wins

    def _add(self, node: Node, now: float) -> Node | None:
        """Keep a new device; where there is no room the one silent longest goes, but none with a place of its own; if
        none is silent, nothing comes."""
        if len(self._nodes) >= MOST_NODES:
            others = (other for other in self._nodes.values() if not other.reserved)
            oldest = min(others, key=lambda other: other.last_heard, default=None)
            if oldest is None or (oldest.address is not None and oldest.state(now) == "live"):
                self.refused += 1
                self.refused_at = now
                return None
            self._drop(oldest)
        self._nodes[node.key] = node
        return node

    def _leave(self, node: Node) -> None:
        """The device has no address (any more)."""
        if node.address is not None and self._at.get(node.address) is node:
            del self._at[node.address]
        node.address = None

    def _drop(self, node: Node) -> None:
        del self._nodes[node.key]
        self._leave(node)
