"""A Lynx Smart BMS 500 on a CAN bus: `python -m gxbridge.demo.sim.lynx --interface gxsocket --channel FOLDER`.

It claims its address, answers requests, sends its measurements every period and everything else on change and now and
then. Orders (standard input): `{"power": true}`, `{"set": {quantity: value}, "over_s": 2}`, `{"cable": "out"}`,
`{"cable": "in", "quiet": true}` (back, but with measurements only until `{"quiet": false}`), `{"current_a": 80}`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import struct
import time
from collections.abc import Iterable

import can

from gxbridge.demo.sim import lynx_model as model
from gxbridge.demo.sim import wire
from gxbridge.demo.sim.orders import Orders, SimOrder, say

ADDRESS = 0x29
UNIQUE_NUMBER = 167120
CLASS_ELECTRICAL, FUNCTION_BATTERY = 35, 170
PRODUCT_ID = 0xA3E5
SERIAL = "HQ21302VUDQ"
TEXTS = ("Lynx Smart BMS 500 M10", "v1.06", "", f"{UNIQUE_NUMBER:07d} {SERIAL}")

TICK_S = 0.05
PERIOD_S = 1.5
"""NMEA 2000's nominal interval of 127508 and 127506."""
REPEAT_S = 5.0
"""Registers that are sent on change come again after this time."""
CHANGE_S = 0.5
"""A measurement that changes is sent at most this often."""
STATUS_S = 0.3


class Lynx:
    """The BMS's programme: what it sends when, and what it answers."""

    def __init__(self, bus: can.BusABC, bank: model.Bank) -> None:
        self.bank = bank
        self.address = ADDRESS
        self._bus = bus
        self._name = wire.name(UNIQUE_NUMBER, FUNCTION_BATTERY, CLASS_ELECTRICAL)
        self._on = False
        self._cable = True
        self._quiet = False
        self._sent: dict[int, tuple[bytes, float]] = {}
        self._next_period = 0.0
        self._sequence = 0
        self._sid = 0

    def order(self, order: SimOrder) -> None:
        """Follow one order."""
        if "set" in order:
            self.bank.ramp(order["set"], order.get("over_s", 0.0))
        if "current_a" in order:
            self.bank.current_a = float(order["current_a"])
        if order.get("power"):
            self._on = True
            self._announce()
        if order.get("cable") == "out":
            self._cable = False
        if order.get("cable") == "in":
            self._cable = True
            self._sent.clear()
            self._next_period = 0.0
            self._announce()
        self._quiet = order.get("quiet", self._quiet)

    def tick(self, now: float) -> None:
        """Hear what is asked, and send what is due."""
        self._listen()
        if not self._on:
            return
        if now >= self._next_period:
            self._next_period = now + PERIOD_S
            self._sid = (self._sid + 1) % 250
            bank, sid = self.bank, self._sid
            self._send([wire.battery_status(self.address, sid, bank.voltage_v, bank.current_a, bank.temperature_c)])
            self._send(wire.dc_detailed(self.address, self._count(), sid, bank.soc_percent, bank.time_to_go_min))
        self._registers(model.measurements(self.bank), now, CHANGE_S, PERIOD_S)
        if not self._quiet:
            self._registers(model.permissions(self.bank) | model.states(self.bank), now, 0.0, REPEAT_S)

    def _announce(self) -> None:
        self._send([wire.claim(self.address, self._name)])
        self._send(wire.product_info(self.address, self._count(), PRODUCT_ID, TEXTS))
        for register, value in model.identity(PRODUCT_ID, SERIAL).items():
            self._send(wire.vreg(self.address, self._count(), register, value))

    def _registers(self, values: dict[int, bytes], now: float, change_s: float, repeat_s: float) -> None:
        """Send what has changed (after `change_s` at the earliest) and what was not said for `repeat_s`."""
        for register, value in values.items():
            before, at = self._sent.get(register, (b"", 0.0))
            if now - at >= (repeat_s if value == before else change_s):
                self._sent[register] = (value, now)
                self._send(wire.vreg(self.address, self._count(), register, value))

    def _count(self) -> int:
        self._sequence = (self._sequence + 1) % 8
        return self._sequence

    def _send(self, frames: Iterable[wire.SimFrame]) -> None:
        if not self._cable:
            return
        for can_id, data in frames:
            # A bus that nobody reads, or that is full, loses frames: so does the real one.
            with contextlib.suppress(can.CanError, OSError):
                self._bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

    def _listen(self) -> None:
        while (message := self._bus.recv(0)) is not None:
            if self._on and self._cable and message.is_extended_id:
                self._answer(*wire.split(message.arbitration_id), bytes(message.data))

    def _answer(self, pgn: int, source: int, destination: int, data: bytes) -> None:
        if pgn == wire.ADDRESS_CLAIM and source == self.address and len(data) == 8:
            self._defend(struct.unpack("<Q", data)[0])
        if destination not in (self.address, wire.EVERYBODY) or source == self.address:
            return
        if pgn == wire.ISO_REQUEST and len(data) >= 3:
            self._answer_group(source, destination, int.from_bytes(data[:3], "little"))
        elif pgn == wire.VREG_SINGLE and len(data) == 8 and data.startswith(wire.HEADER):
            kind, register, mask = struct.unpack("<HHH", data[2:])
            if kind == wire.VREG_REQUEST:
                self._answer_registers(source, destination, register, mask)

    def _defend(self, other: int) -> None:
        """Two at one address: the lower NAME keeps it, the other one moves on."""
        if other == self._name:
            return
        if other < self._name:
            self.address = (self.address + 1) % 252
        self._send([wire.claim(self.address, self._name)])

    def _answer_group(self, source: int, destination: int, pgn: int) -> None:
        if pgn == wire.ADDRESS_CLAIM:
            self._send([wire.claim(self.address, self._name)])
        elif pgn == wire.PRODUCT_INFO:
            self._send(wire.product_info(self.address, self._count(), PRODUCT_ID, TEXTS))
        elif destination == self.address:
            self._send([wire.no_such_group(self.address, source, pgn)])

    def _answer_registers(self, source: int, destination: int, wanted: int, mask: int) -> None:
        values = model.identity(PRODUCT_ID, SERIAL) | model.measurements(self.bank)
        if not self._quiet:
            values |= model.permissions(self.bank) | model.states(self.bank)
        found = {register: value for register, value in values.items() if register & mask == wanted}
        for register, value in found.items():
            self._send(wire.vreg(self.address, self._count(), register, value))
        if not found and destination == self.address:
            self._send([wire.unknown_register(self.address, source, wanted)])


def open_bus(interface: str, channel: str) -> can.BusABC:
    """Any bus of python-can; the demo's own works without the plug-in being installed, too."""
    if interface == "gxsocket":
        from gxbridge.edge.can.gxsocket import SocketDirBus

        return SocketDirBus(channel)
    return can.Bus(interface=interface, channel=channel)


async def live(interface: str, channel: str, pre_alarm_s: float) -> None:
    """Be the BMS until there is nobody left to give orders."""
    with open_bus(interface, channel) as bus:
        lynx = Lynx(bus, model.Bank(pre_alarm_s=pre_alarm_s))
        orders = Orders(lynx.order)
        say(ready=True)
        before, told_at = time.monotonic(), 0.0
        while await orders.pause(TICK_S):
            now = time.monotonic()
            lynx.bank.step(now, now - before)
            lynx.tick(now)
            before = now
            if now - told_at >= STATUS_S:
                told_at = now
                say(voltage_v=round(lynx.bank.voltage_v, 2))


def main() -> None:
    """The command line of the simulated BMS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--channel", required=True)
    parser.add_argument("--pre-alarm-s", type=float, default=30.0)
    arguments = parser.parse_args()
    asyncio.run(live(arguments.interface, arguments.channel, arguments.pre_alarm_s))


if __name__ == "__main__":
    main()
