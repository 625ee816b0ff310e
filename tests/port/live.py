"""The simulated devices as a process; see tests/port."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import can

from gxbridge.demo.sim.lynx import open_bus
from gxbridge.demo.sim.wire import SimFrame
from tests.port.actors import Actor, Items
from tests.port.fleet import FLEET
from tests.port.node import DEVICE_STATE, ERROR_CODE, LINK_TIMEOUT_S, SimNode, exchange

TICK_S = 0.05
FIRST_ADDRESS = 0x80
"""Of the devices of a scenario."""


class Port:
    """Devices on one bus, and the orders."""

    def __init__(
        self,
        bus: can.BusABC,
        names: Iterable[str],
        timeout_s: float,
        actors: Mapping[str, Items] = MappingProxyType({}),
    ) -> None:
        """`actors`: devices of a scenario, by the services that they have there."""
        self._bus = bus
        now = time.monotonic()
        self.nodes = {name: SimNode(FLEET[name], now, timeout_s) for name in names}
        self.nodes |= {
            service: Actor(service, items, FIRST_ADDRESS + number, now)
            for number, (service, items) in enumerate(actors.items())
        }

    def step(self, *said: SimFrame) -> None:
        """Hear what came, say `said` and what is due. Nobody hears himself on a bus, so the devices of this process
        hear one another here."""
        now = time.monotonic()
        came = []
        with contextlib.suppress(can.CanError, OSError):  # the interface is down: others may bring it up again
            while (message := self._bus.recv(0)) is not None:
                if message.is_extended_id:
                    came.append((message.arbitration_id, bytes(message.data)))
        for can_id, data in exchange(self.nodes.values(), [*came, *said], now)[len(came) :]:
            # A bus that nobody reads, or that is full, loses frames: so does the real one.
            with contextlib.suppress(can.CanError, OSError):
                self._bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

    def order(self, order: str, *arguments: Any) -> Any:
        now = time.monotonic()
        if order == "say":
            self.step(*((int(can_id, 16), bytes.fromhex(data)) for can_id, data in arguments[0]))
            return "done"
        node = self.nodes[arguments[0]]
        rest = arguments[1:]
        if order == "state":
            return state(node)
        if order == "set":
            node.set({int(register, 16): bytes.fromhex(value) for register, value in rest[0].items()})
        elif order == "play":
            assert isinstance(node, Actor)
            node.play(rest[0], now)
        elif order == "source":
            node.source_a = float(rest[0])
        elif order == "quiet":
            node.quiet(rest[0], now)
        elif order == "address":
            node.move(rest[0], now)
        elif order == "instance":
            node.instance(rest[0], now)
        elif order == "lose":
            node.lose_acks = rest[0]
        elif order == "deaf":
            node.lose_writes = rest[0]
        elif order == "refuse":
            node.refusals = {} if rest[1] is None else {int(rest[0], 16): rest[1]}
        else:
            assert order == "announce", order
            node.announce(now)
        self.step()
        return "done"


def state(node: SimNode) -> dict[str, Any]:
    return {
        "address": node.address,
        "name": f"{node.name:016X}",
        "current_a": node.current_a,
        "state": node.registers.get(DEVICE_STATE, b"\xff")[0],
        "error": node.registers.get(ERROR_CODE, b"\xff")[0],
        "told": {f"0x{register:04X}": number for register, (number, _) in node.told.items()},
        "heard": [
            [f"0x{register:04X}", value.hex().upper(), source, destination, became]
            for register, value, source, destination, became in node.heard
        ],
    }


async def live(port: Port) -> None:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    port.step()
    print(json.dumps("ready"), flush=True)
    line = asyncio.ensure_future(reader.readline())
    while True:
        done, _ = await asyncio.wait({line}, timeout=TICK_S)
        port.step()
        if done:
            if not (said := line.result()):
                return
            print(json.dumps(port.order(*json.loads(said))), flush=True)
            line = asyncio.ensure_future(reader.readline())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--link-timeout-s", type=float, default=LINK_TIMEOUT_S)
    parser.add_argument("--actors", type=json.loads, default={}, help="devices of a scenario: {service: {path: value}}")
    parser.add_argument("devices", nargs="*", metavar="DEVICE", help=", ".join(sorted(FLEET)))
    arguments = parser.parse_args()
    with open_bus(arguments.interface, arguments.channel) as bus:
        asyncio.run(live(Port(bus, arguments.devices, arguments.link_timeout_s, arguments.actors)))


if __name__ == "__main__":
    main()
