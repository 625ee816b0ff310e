"""A port that is served wholly, in a storm: devices speak as they do, with bits flipped, frames cut or repeated, from
other addresses, and with anything at all between them; clients and controllers write whatever they like meanwhile.

Nothing raises; what is on D-Bus always fits its type; what is sent is what the level allows; and after the storm and a
silence, when all have said everything again, everybody shows what they would have shown without it.
"""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest

from gxbridge.core.cycle import ServiceView
from gxbridge.core.model.items import Value
from gxbridge.core.publish.battery_paths import fitted
from gxbridge.core.vecan.link.link_out import LinkTarget
from gxbridge.core.vecan.network import DISPUTE_S
from gxbridge.core.vecan.sending.transmit import LINKABLE, SENDABLE, SETTABLE
from tests.core.boat import Boat
from tests.port.fleet import FLEET
from tests.port.node import SimNode, exchange

DEVICES = ("mppt", "mppt-rs", "multi-rs", "inverter-rs", "skylla", "lynx-shunt", "integrel", "tanks", "thermometers")
SINGLE, FAST = 0xEF, 0x1EF
VALUES: tuple[Value, ...] = (None, 0, 1, 3, -1, 2.5, 28.4, 50.0, 1e9, math.nan, math.inf, "", "x", 1 << 40)
GIVEN = ("/CustomName", "/DeviceInstance", "/ServiceName")
WRITTEN = ("/Mode", "/CustomName", "/Link/ChargeCurrent", "/Link/NetworkMode", "/Link/ChargeVoltage", "/No/Such")


class Storm(Boat):
    """A Lynx by hand beside the fleet, which is answered and heard in tenths of a second."""

    def __init__(self, chance: Random, transmit: str) -> None:
        setup: dict[str, Any] = {"serve": ("can0",), "temperatures": frozenset({"can0"}), "allow_mode": True}
        super().__init__(transmit=transmit, mode="control", **setup)
        self.chance = chance
        self.nodes = {name: SimNode(FLEET[name], self.now) for name in DEVICES}
        self.sent: list[tuple[int, bytes]] = []
        self.served: dict[str, ServiceView] = {}
        self.instances: dict[str, dict[str, int]] = {}
        """Kind -> key -> VRM instance, as the GX's settings give them."""

    def sail(self, seconds: float, *, rough: bool = False) -> None:
        for step in range(round(seconds * 10)):
            self.now += 0.1
            ours = [(can_id, data) for _, can_id, data in self.bridge.transmitter.outgoing(self.now)]
            self.sent += ours
            said = exchange(self.nodes.values(), ours, self.now)[len(ours) :]
            self.send(*(self.spoilt(said) if rough else said))
            if step % 10 == 0:
                self.look()
                if rough:
                    self.meddle()

    def look(self) -> None:
        cycle = self.bridge.tick(self.now, self.epoch)
        views = [view for view in cycle.batteries if view.kind]
        known = [view.name for view in views if view.key in self.instances.get(view.kind, ())]
        assert len(known) == len(set(known)), "those that the settings know have each their name"
        self.served = {view.name: view for view in views}
        for view in self.served.values():
            assert view.items.keys() == view.specs.keys()
            for path, value in view.items.items():
                assert value is None or fitted(view.specs[path], value) == value, (view.name, path, value)
                assert isinstance(view.specs[path].text_of(value), str)
            given = self.instances.setdefault(view.kind, {})
            self.bridge.set_identity(view.key, given.setdefault(view.key, len(given)), "")

    def spoilt(self, frames: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """What arrives of these frames."""
        arrived: list[tuple[int, bytes]] = []
        for can_id, data in frames:
            fate = self.chance.random()
            if fate < 0.1:
                continue
            if fate < 0.25 and data:
                place = self.chance.randrange(len(data))
                data = data[:place] + bytes([data[place] ^ 1 << self.chance.randrange(8)]) + data[place + 1 :]
            elif fate < 0.3:
                data = data[: self.chance.randrange(9)]
            elif fate < 0.35:
                can_id ^= 1 << self.chance.randrange(29)
            elif fate < 0.4:
                arrived.append((can_id, data))
            arrived.append((can_id, data))
        for _ in range(self.chance.randrange(4)):
            register = self.chance.choice(
                (0x0100, 0x0102, 0x010C, 0x0200, 0x2015, 0xEDF0, self.chance.randrange(1 << 16))
            )
            source = self.chance.choice([node.address for node in self.nodes.values()])
            word = b"\x66\x99" + register.to_bytes(2, "little") + self.chance.randbytes(4)
            arrived.append((0x1CEFFF00 | source, word))
            arrived.append((self.chance.getrandbits(29), self.chance.randbytes(self.chance.randrange(9))))
        return arrived

    def meddle(self) -> None:
        """A device moves or is off for a while, and somebody writes something somewhere."""
        node = self.chance.choice(list(self.nodes.values()))
        match self.chance.randrange(6):
            case 0:
                node.move(self.chance.randrange(252), self.now)
            case 1:
                node.quiet(True, self.now)
            case 2:
                node.quiet(False, self.now)
        for name, view in self.served.items():
            path = self.chance.choice((*WRITTEN, *view.items))
            value = self.chance.choice(VALUES)
            assert self.bridge.orders.write_port_link(name, path, value, self.now).code in (0, 1, 2)
            register = self.chance.choice((*SETTABLE, self.chance.randrange(1 << 16)))
            data = self.chance.randbytes(self.chance.randrange(6))
            assert isinstance(self.bridge.orders.set_register(name, path, register, data, self.now), str)
        port = LinkTarget("can0", None, "com.victronenergy.vecan.can0")
        self.bridge.orders.write_link(port, WRITTEN[4], 28.0, self.now)

    def values(self) -> dict[str, dict[str, Value]]:
        """What devices show, without what a GX gives them, and without their names: one that never says a name keeps
        what somebody said in its place."""
        return {
            view.key: {path: value for path, value in view.items.items() if not path.endswith(GIVEN)}
            for view in self.served.values()
            if view.kind != "vecan"
        }


def registers_sent(frames: list[tuple[int, bytes]]) -> set[int]:
    """Registers that are written by single frames or the beginnings of long ones."""
    found = set()
    for can_id, data in frames:
        pgn = can_id >> 16 & 0x1FF
        if pgn == SINGLE:
            found.add(int.from_bytes(data[2:4], "little"))
        elif pgn == FAST and data[0] & 31 == 0:
            found.add(int.from_bytes(data[4:6], "little"))
    return found - {0x0001}


@pytest.mark.parametrize(
    ("transmit", "allowed"),
    [
        ("off", frozenset()),
        ("requests", frozenset()),
        ("link", LINKABLE),
        ("writes", LINKABLE | SENDABLE | SETTABLE),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_a_storm_breaks_nothing_and_leaves_nothing(transmit: str, allowed: frozenset[int], seed: int) -> None:
    calm = Storm(Random(seed), transmit)
    stormy = Storm(Random(seed), transmit)
    stormy.sail(5.0)
    stormy.sail(25.0, rough=True)
    assert registers_sent(stormy.sent) <= allowed
    assert bool(stormy.sent) is (transmit != "off")
    stormy.now += DISPUTE_S + 1.0  # so long nobody knows who of two at one address is meant
    stormy.look()
    stormy.nodes = {name: SimNode(FLEET[name], stormy.now) for name in DEVICES}
    for boat in (calm, stormy):
        boat.sail(1.0)
        for node in boat.nodes.values():
            node.set(node.registers)
        boat.sail(29.0)
    after, without = stormy.values(), calm.values()
    assert after.keys() == without.keys()
    different = {
        (key, path): (after[key].get(path), value)
        for key, items in without.items()
        for path, value in items.items()
        if after[key].get(path) != value
    }
    assert different == {}
    assert len(calm.values()) >= len(DEVICES)
