"""Fills a directory bus: `python -m tests.faults.flood FOLDER RATE SECONDS [garbage|crowd]`; RATE: frames a second.

Ordinary traffic of sixteen devices whose values change with every frame; or garbage: random ids and lengths, standard
and remote frames, damaged frames of the BMS's own messages, and datagrams that are no frames; or a crowd: one sender
that pretends to be 238 devices, BMSes and chargers among them, each with 1,000 readings. Prints how many it sent.
"""

from __future__ import annotations

import os
import random
import struct
import sys
import time

from gxbridge.edge.can.gxsocket import CAN_FRAME, EFF_FLAG, RTR_FLAG, SocketDirBus

LYNX = 0x29


def traffic(count: int) -> list[bytes]:
    frames = []
    for n in range(count):
        source = 0x30 + n % 16
        register = (0xED8D, 0xED8F, 0xEDEC, 0x0FFF, 0xEDD5)[n % 5]
        frames.append((0x1CEFFF00 | source, struct.pack("<HHI", 0x9966, register, n)))
    return [CAN_FRAME.pack(can_id | EFF_FLAG, 8, data) for can_id, data in frames]


def garbage(count: int) -> list[bytes]:
    chance = random.Random(4)
    frames = []
    for n in range(count):
        data = chance.randbytes(8)
        length = chance.randrange(9)
        match n % 6:
            case 0:
                can_id = chance.getrandbits(29)
                if can_id >> 16 & 0xFF == 0xEE:  # a claim with a random NAME is another fault: an address conflict
                    can_id ^= 0x00100000
                frames.append(CAN_FRAME.pack(can_id | EFF_FLAG, length, data))
            case 1:
                frames.append(CAN_FRAME.pack(chance.getrandbits(11), length, data))
            case 2:
                frames.append(CAN_FRAME.pack(chance.getrandbits(29) | EFF_FLAG | RTR_FLAG, length, data))
            case 3:  # the BMS's registers and status, cut short
                head = struct.pack("<HH", 0x9966, chance.choice((0x0390, 0x0391, 0x2108)))
                frames.append(CAN_FRAME.pack(0x1CEFFF00 | LYNX | EFF_FLAG, chance.randrange(5), head + data[:4]))
            case 4:  # parts of fast packets that never become one
                part = bytes([chance.randrange(1, 32) | 0xE0]) + data[:7]
                frames.append(CAN_FRAME.pack(0x1DEFFF00 | LYNX | EFF_FLAG, 8, part))
            case 5:
                frames.append(chance.randbytes(chance.choice((1, 15, 17, 40))))
    return frames


CROWD = 238
PRODUCTS = (0xA3E5, 0xA102, 0xA389, 0xA442, 0xA3F0)
"""A Lynx Smart BMS, a charger, a battery monitor, and what else there is."""


def crowd(devices: int = CROWD, readings: int = 1000) -> list[tuple[int, bytes]]:
    """Claims and products of the devices, then every reading of each: 29-bit ids and data."""
    frames = []
    for source in range(devices):
        name = (source + 1 | 358 << 21).to_bytes(4, "little") + bytes.fromhex("00AA46C0")
        frames.append((0x18EEFF00 | source, name))
        frames.append((0x1CEFFF00 | source, struct.pack("<HHI", 0x9966, 0x0100, PRODUCTS[source % 5] << 8)))
    for n in range(readings):  # voltages of cells that there are not
        data = struct.pack("<HHBBH", 0x9966, 0x0381, n >> 8, n & 0xFF, 3300 + n)
        frames += [(0x1CEFFF00 | source, data) for source in range(devices)]
    return frames


def main() -> None:
    folder, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    if "crowd" in sys.argv:
        frames = [CAN_FRAME.pack(can_id | EFF_FLAG, 8, data) for can_id, data in crowd()]
    else:
        frames = garbage(6000) if "garbage" in sys.argv else traffic(6000)
    bus = SocketDirBus(folder)
    os.unlink(bus.path)  # it only speaks
    begin, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < seconds:
        due = int(passed * rate)
        while sent < due:
            bus.send_frame(frames[sent % len(frames)])
            sent += 1
        time.sleep(0.001)
    bus.shutdown()
    print(sent, bus.dropped)


if __name__ == "__main__":
    main()
