"""Sends what a bus of Lynxes sends, at a steady rate: `python -m tests.kernel.sender vcan0 --rate 2000 --seconds 5`.

A process of its own. Prints JSON: how many frames the kernel took, how many seconds that took, and when (monotonic) the
Lynxes began to say that they must not be charged.
"""

from __future__ import annotations

import argparse
import itertools
import json
import socket
import time

from gxbridge.edge.can.socketcan import CAN_FRAME, EFF_FLAG
from tests.core.boat import IO, NO_CHARGE, RUNNING, claim, status, vreg

TICK_S = 0.01
"""A bus delivers frame by frame; bursts of a hundredth of a second are harder for a receiver than that."""


def frames(lynxes: int, permissions: int) -> list[bytes]:
    """What so many running Lynxes say, all of it known to the database."""
    said = []
    for source in range(0x29, 0x29 + lynxes):
        name = claim()[1]
        said += [claim(source, bytes([name[0] + source - 0x29, *name[1:]])), status(source=source)]
        said += [vreg(register, raw, source) for register, raw in (RUNNING | {IO: permissions}).items()]
    return [CAN_FRAME.pack(can_id | EFF_FLAG, len(data), data) for can_id, data in said]


def send(interface: str, rate: int, seconds: float, lynxes: int, no_charge_after_s: float) -> dict[str, float | None]:
    """Send at this rate for so long."""
    running, stopped = (itertools.cycle(frames(lynxes, said)) for said in (RUNNING[IO], NO_CHARGE))
    wanted, sent = round(rate * seconds), 0
    said_no_at: float | None = None
    with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as sock:
        sock.setsockopt(socket.SOL_CAN_RAW, socket.CAN_RAW_FILTER, b"")  # it never listens
        sock.bind((interface,))
        began = time.monotonic()
        while sent < wanted:
            passed_s = time.monotonic() - began
            if said_no_at is None and passed_s >= no_charge_after_s:
                said_no_at, running = time.monotonic(), stopped
            due = min(wanted, round((passed_s + TICK_S) * rate))
            while sent < due:
                sock.send(next(running))
                sent += 1
            time.sleep(max(0.0, began + sent / rate - time.monotonic()))
    return {"sent": sent, "took_s": time.monotonic() - began, "said_no_at": said_no_at}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("interface")
    parser.add_argument("--rate", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--lynxes", type=int, default=16)
    parser.add_argument("--no-charge-after", type=float, default=float("inf"))
    arguments = parser.parse_args()
    print(json.dumps(send(arguments.interface, arguments.rate, arguments.seconds, arguments.lynxes,
                          arguments.no_charge_after)))  # fmt: skip
