"""All batteries on all buses: hears every message, knows which devices are batteries, and what is believed of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum

from gxbridge.core.model.battery import LOST_S, SILENT_S, Battery, Configured, Provisional
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import RememberedIdentity
from gxbridge.core.nmea2000.database import BMS, ProductInfo, database
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.name import CLASS_ELECTRICAL, FUNCTION_BATTERY, VICTRON
from gxbridge.core.vecan.bus_findings import battery_findings, duplicate_findings, network_findings, product_changed
from gxbridge.core.vecan.devices import CHARGING, NO_VALUES, DeviceView, device_of, family_of, table_of
from gxbridge.core.vecan.duplicates import Duplicate, duplicates_of, speaking_devices, stricter
from gxbridge.core.vecan.identity import TELL_PRODUCT
from gxbridge.core.vecan.known_identities import KnownIdentities
from gxbridge.core.vecan.lynx.distributors import remembered as remembered_letters
from gxbridge.core.vecan.lynx.table import BMS_REGISTERS, LYNX, URGENT, URGENT_MESSAGES, LackingWatch
from gxbridge.core.vecan.network import ADDRESS_CLAIM, MOST_BMSES, MOST_CHARGERS, Network
from gxbridge.core.vecan.node import Node, ReservedAs
from gxbridge.core.vecan.readings import MOST_SHARE, RESERVED_BYTES, SHARED_BYTES, VREG

BROADCAST = 255
BALANCE = ("balancing", "balancer_status")
"""The quantities that `/Balancing` shows."""


class Change(IntEnum):
    """What a message changed."""

    NOTHING = 0
    VALUE = 1
    """A value, an identity or an address."""
    URGENT = 2
    """A limit, a permission, the BMS state or the contactor: a decision should not wait for the next round."""


class Looked(NamedTuple):
    """What one look at all devices found, at a moment and after so many frames."""

    heard: int
    now: float
    nodes: tuple[Node, ...]
    batteries: tuple[Battery, ...]
    chosen: Sequence[tuple[int, Node]]
    """The unique number of each battery, and the device that stands for it."""
    duplicates: Sequence[Duplicate]
    provisional: tuple[Provisional, ...]
    unfollowed: Mapping[str, int]


class BatteryRegistry:
    """One Network for each bus and one battery for each BMS, however many buses it is heard on."""

    def __init__(
        self,
        configured: Iterable[Configured] = (),
        products: Mapping[int, ProductInfo] | None = None,
        remembered: Iterable[RememberedIdentity] = (),
        *,
        believe: bool = True,
    ) -> None:
        """`configured`, `remembered` and `believe`: see `KnownIdentities`."""
        self._known = KnownIdentities(configured, remembered, believe=believe)
        self._products = database().products if products is None else products
        self._networks: dict[str, Network] = {}
        self._heard = 0
        self._last: Looked | None = None
        """The answer to the last question, until the next frame or moment."""
        self._lacking: dict[Node, LackingWatch] = {}

    def network(self, bus: str) -> Network:
        """The devices of a bus."""
        network = self._networks.get(bus)
        if network is None:
            network = self._networks[bus] = Network(bus, self._products)
        return network

    def hear(self, bus: str, message: Message, now: float) -> Change:
        """Take a message of a bus; what it changed."""
        self._heard += 1
        network = self._networks.get(bus) or self.network(bus)
        layout, source, destination, _, _ = message
        if layout.pgn == ADDRESS_CLAIM:
            return self._claim(network, message, now)
        node = network.alive(source, now)
        if node is None or destination != BROADCAST or layout.kind not in ("vreg", "pgn"):
            return Change.NOTHING
        taken = node.take(message, now)
        if taken is None:
            return Change.NOTHING
        what, new = taken
        if node.belief is None:
            self._resolve(network, node, now)
        if not new:
            return Change.NOTHING
        if what in TELL_PRODUCT or (node.product_id is None and what[1] in BMS_REGISTERS):
            self._resolve(network, node, now)
        if what in URGENT_MESSAGES and node.belief is not None and node.belief.refresh(now) & URGENT:
            return Change.URGENT
        return Change.VALUE

    def _claim(self, network: Network, message: Message, now: float) -> Change:
        node = network.hear(message, now)
        if node is None:
            return Change.NOTHING
        self._resolve(network, node, now)
        return Change.VALUE

    def alive(self, bus: str, address: int, now: float) -> None:
        """A frame of this address came that is no message (unknown, or part of one): the device is not silent."""
        self._heard += 1
        self.network(bus).alive(address, now)

    def batteries(self, now: float) -> tuple[Battery, ...]:
        """Every battery with known NAME and product, in order of appearance; live, silent and lost ones."""
        return self._looked(now).batteries

    def others_heard(self, battery: Battery, now: float) -> bool:
        """Whether another device of the battery's bus is heard, and has been for as long as a silence takes."""
        return any(
            node.live_since + SILENT_S <= now
            for node in self.network(battery.bus).devices
            if node.state(now) == "live" and (node.name is None or node.name.unique_number != battery.unique_number)
        )

    def provisional(self, now: float) -> tuple[Provisional, ...]:
        """Devices that look like a battery but lack NAME or product, unless they are lost."""
        return self._looked(now).provisional

    def remembered_only(self, other_banks: Iterable[str] = ()) -> bool:
        """Has a battery that was heard before the program was started not been heard since? `other_banks`: serials and
        unique numbers (`uc167120`) of those that nobody waits for."""
        heard = {node.name.identity for bus in self._networks.values() for node in bus.devices if node.name is not None}
        return self._known.unheard(heard, other_banks)

    def devices(self, now: float) -> tuple[DeviceView, ...]:
        """Every device of every bus with what it said last."""
        return tuple(
            device_of(node, self._products, now, contested=self._contested(node, now))
            for node in self._looked(now).nodes
        )

    def _contested(self, node: Node, now: float) -> bool:
        return node.address is not None and self._networks[node.bus].contested(node.address, now)

    def findings(self, now: float) -> tuple[Finding, ...]:
        """What a person should know about buses, devices and batteries, as it is now."""
        looked = self._looked(now)
        found: list[Finding] = []
        for network in self._networks.values():
            found += network_findings(network, self._products, now)
            for node in network.devices:
                known, product = self._known.remembered(node), network.product_of(node)
                if known is not None and product is not None and product != known.product_id:
                    found.append(product_changed(node, self._products, known.product_id, product, now))
        found += [finding("bms-waits", item.key, now, what=item.text) for item in looked.provisional if item.late]
        for bus, count in looked.unfollowed.items():
            found.append(finding("bms-not-followed", bus, now, bus=bus, count=count))
        found += duplicate_findings(looked.duplicates, now)
        for battery, (_, node) in zip(looked.batteries, looked.chosen, strict=True):
            found += battery_findings(battery, node, now)
        return tuple(found)

    def identities(self, since: float) -> tuple[RememberedIdentity, ...]:
        """Who the batteries say they are, for the next start; `since`: now, in seconds since 1970."""
        found = []
        for network in self._networks.values():
            crowded = sum(self._number(node) is not None for node in network.devices) > MOST_BMSES
            for node in network.devices:
                product = network.product_of(node)
                # What is not followed is perhaps invented, and would be expected the next time.
                # What is only configured or remembered was not said. What was a battery and is none any more must not
                # be taken for one again.
                followed = node.reserved == "bms" or not crowded
                battery = (followed and self._number(node) is not None) or self._known.remembered(node) is not None
                if node.name is None or product is None or not battery:
                    continue
                serial, source = node.identity.serial, f"CAN bus {network.bus}"
                instance = node.name.device_instance
                found.append(RememberedIdentity(node.name.identity, product, serial, instance, since, source))
        return tuple(found)

    def next_deadline(self, now: float) -> float | None:
        """The next monotonic second at which `batteries` changes by itself: a value or a device falls silent."""
        deadlines: list[float] = []
        for node in self._nodes(now):
            if self._number(node) is not None:
                deadlines += [node.last_heard + SILENT_S, node.last_heard + LOST_S]
                if node.belief is not None and (until := node.belief.next_deadline(now)) is not None:
                    deadlines.append(until)
        return min((deadline for deadline in deadlines if deadline > now), default=None)

    def _nodes(self, now: float) -> Iterable[Node]:
        for network in self._networks.values():
            for node in network.devices:
                node.settle(now)
                yield node

    def _looked(self, now: float) -> Looked:
        """Every battery, and the device that stands for it; worked out once for each moment and what was heard."""
        last = self._last
        if last is None or last.heard != self._heard or last.now != now:
            nodes = tuple(self._nodes(now))
            roles = {node: self._role(node) for node in nodes}
            self._share(roles)
            chosen, duplicates = self._speaking(nodes, now)
            batteries = tuple(
                self._battery(number, node, tuple(duplicates_of(node, duplicates)), now) for number, node in chosen
            )
            self._lacking = {node: self._lacking[node] for _, node in chosen}
            waiting = tuple(self._waiting(nodes, duplicates, now))
            unfollowed = self._unfollowed(roles, now)
            last = self._last = Looked(self._heard, now, nodes, batteries, chosen, duplicates, waiting, unfollowed)
        return last

    def _speaking(self, nodes: Iterable[Node], now: float) -> tuple[list[tuple[int, Node]], list[Duplicate]]:
        candidates = (
            (number, node) for node in nodes if node.reserved == "bms" and (number := self._number(node)) is not None
        )
        chosen, duplicates = speaking_devices(candidates, now, self._known.serial, self._only_remembered)
        for network in self._networks.values():
            for node, other, before in network.doubles(now):
                if self._number(node) is not None:
                    duplicates.append(Duplicate(node, other, "NAME", before))
        return chosen, duplicates

    def _waiting(self, nodes: Iterable[Node], duplicates: Iterable[Duplicate], now: float) -> Iterator[Provisional]:
        doubles = {duplicate.other for duplicate in duplicates}
        for node in nodes:
            missing = () if node in doubles else self._missing(node)
            if missing and self._looks_like_a_battery(node) and node.state(now) != "lost":
                known = self._products.get(node.product_id or 0)
                product = None if known is None else known.name
                where = f"address {node.address} on {node.bus}"
                text = f"{product or 'a device'} at {where} waits for its {' and '.join(missing)}"
                late = now - node.live_since >= SILENT_S
                yield Provisional(node.key, node.bus, node.address, product, missing, text, node.last_heard, late)

    def unfollowed(self, now: float) -> Mapping[str, int]:
        """Bus -> devices on it that are or may be BMSes and are not followed: there is no room for so many."""
        return self._looked(now).unfollowed

    def _unfollowed(self, roles: Mapping[Node, ReservedAs], now: float) -> Mapping[str, int]:
        left_out = [node.bus for node, role in roles.items() if role == "bms" != node.reserved]
        refused = [network.bus for network in self._networks.values() if now - network.refused_at < LOST_S]
        return Counter(left_out + refused) if left_out or refused else {}

    def _role(self, node: Node) -> ReservedAs:
        if self._number(node) is not None:
            return "bms"
        return "charger" if table_of(self._family(node)) in CHARGING else ""

    def _share(self, roles: Mapping[Node, ReservedAs]) -> None:
        """Give every device its part of the memory: first come, first served, and nobody loses his place."""
        if any(node.reserved != role for node, role in roles.items()):
            places = Counter((node.bus, node.reserved) for node in roles)
            for node, role in roles.items():
                if node.reserved != role:
                    places[node.bus, node.reserved] -= 1
                    free = places[node.bus, role] < (MOST_BMSES if role == "bms" else MOST_CHARGERS)
                    node.reserved = role if free or self._known.expected(node) else ""
                    places[node.bus, node.reserved] += 1
        # One that is silent and left nothing needs no part: a storm of addresses is over when it is over.
        others = sum(not node.reserved and (node.readings.size > 0 or not node.forgotten) for node in roles)
        share = min(MOST_SHARE, SHARED_BYTES // max(1, others))
        for node in roles:
            node.bound(RESERVED_BYTES if node.reserved else share)

    def _only_remembered(self, node: Node) -> bool:
        """Its product is believed only because of its NAME."""
        return self.network(node.bus).product_of(node) is None and self._known.configured(node) is None

    def _family(self, node: Node) -> str | None:
        return family_of(node.name, node.product_id, self._products)

    def _is_bms(self, node: Node) -> bool:
        """Is it of a family that is a battery's own BMS?"""
        product = None if node.product_id is None else self._products.get(node.product_id)
        return product is not None and product.kind == BMS

    def _number(self, node: Node) -> int | None:
        """The unique number if this is a battery that may be published, else None."""
        if not self._is_bms(node):
            return None
        if node.name is not None:
            return node.name.unique_number if node.name.manufacturer == VICTRON else None
        item = self._known.configured(node)
        return None if item is None else item.unique_number

    def _missing(self, node: Node) -> tuple[str, ...]:
        """What a device lacks before it can be published as a battery."""
        missing = []
        if node.name is None and self._known.configured(node) is None:
            missing.append("NAME (address claim, repeated about every minute)")
        if node.product_id is None:
            missing.append("product (register 0x0100 or PGN 126996, sent on request)")
        return tuple(missing)

    def _looks_like_a_battery(self, node: Node) -> bool:
        if node.product_id is not None:
            return self._is_bms(node)
        if node.name is not None and node.name.manufacturer != VICTRON:
            return False
        if node.name is not None and (node.name.device_class, node.name.function) == (
            CLASS_ELECTRICAL,
            FUNCTION_BATTERY,
        ):
            return True
        return any((VREG, register) in node.readings for register in BMS_REGISTERS)

    def _resolve(self, network: Network, node: Node, now: float) -> None:
        """Work out product and family again."""
        product = network.product_of(node)
        node.product_id = product = self._known.product(node) if product is None else product
        # What a BMS says before its product is known counts as heard since it appeared.
        table = LYNX if product is None and self._looks_like_a_battery(node) else table_of(self._family(node))
        if node.belief is None or node.belief.table is not table:
            node.believe(table, now)

    def _battery(self, number: int, node: Node, duplicates: tuple[Duplicate, ...], now: float) -> Battery:
        state = node.state(now)
        silent_since = None if state == "live" else node.last_heard + SILENT_S
        item = self._known.configured(node)
        lacking = self._lacking.setdefault(node, LackingWatch()).look(node.readings, now)
        values = NO_VALUES if node.belief is None else node.belief.values(now)
        for duplicate in duplicates:
            values = stricter(values, duplicate, now)
        node.balances = node.balances or any(
            quantity in values and values[quantity].value is not None for quantity in BALANCE
        )
        node.distributors = remembered_letters(node.distributors, values)
        identity = node.identity
        product = self._products[node.product_id or 0]
        return Battery(
            key=f"uc{number}",
            bus=node.bus,
            address=node.address,
            unique_number=number,
            device_instance=node.name.device_instance if node.name is not None else item.device_instance if item else 0,
            product_id=product.product_id,
            product_name=product.name,
            family=product.family,
            serial=self._known.serial(node),
            firmware=identity.firmware,
            firmware_text=identity.firmware_text,
            description=identity.description,
            state=state,
            since=node.live_since
            if silent_since is None
            else node.last_heard + (LOST_S if state == "lost" else SILENT_S),
            silent_since=silent_since,
            last_heard=node.last_heard,
            balances=node.balances,
            distributors=node.distributors,
            values=values,
            unseen=lacking.unseen,
            fell_silent=lacking.fell_silent,
            unseen_registers=lacking.unseen_registers,
        )
