"""The same service and receiver with gxbridge's PublishedService and Monitor; commands as in velib_style.py."""

from __future__ import annotations

import asyncio
import sys
import time

from model import DOUBLES, NAME, PATHS, STRINGS, values

from gxbridge.core.model.items import ItemSpec
from gxbridge.edge.dbus.monitor import Monitor
from gxbridge.edge.dbus.service import PublishedService

SPECS = {
    path: ItemSpec("d", "{:.2f}V") if path in DOUBLES else ItemSpec("s" if path in STRINGS else "i") for path in PATHS
}


def say(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def commands() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


class Publisher:
    """Updates the service, one turn of the loop each, or one every `period_s`."""

    def __init__(self, service: PublishedService, count: int, period_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.service = service
        self.batches = [values(step) for step in range(2 * 499)]
        self.left = count
        self.period_s = period_s
        self.when = self.loop.time()
        self.done: asyncio.Future[None] = self.loop.create_future()

    def turn(self) -> None:
        held_back = self.service.held_back
        self.service.announce(self.batches[(self.left - 1) % len(self.batches)])
        if self.service.held_back > held_back:  # the daemon is behind, and here every update must go out: try again
            self.loop.call_later(0.001, self.turn)
            return
        self.left -= 1
        self.when += self.period_s
        if not self.left:
            self.done.set_result(None)
        elif self.period_s:
            self.loop.call_at(self.when, self.turn)
        else:
            self.loop.call_soon(self.turn)


async def serve(address: str) -> None:
    start = {path: 12.5 if path in DOUBLES else "name" if path in STRINGS else 1 for path in PATHS}
    service = PublishedService(address, NAME, SPECS, start)
    await service.start()
    say("ready")
    lines = await commands()
    while words := (await lines.readline()).split():
        publisher = Publisher(service, int(words[1]), 1 / float(words[2]) if len(words) > 2 else 0.0)
        begin = time.process_time()
        publisher.turn()
        await publisher.done
        say(time.process_time() - begin)
    await service.close()


async def receive(address: str) -> None:
    left = total = 0
    begin = 0.0

    def changed(name: str, changes: dict[str, object]) -> None:
        nonlocal left, begin
        if left == total:
            begin = time.process_time()
        left -= 1
        if not left:
            say(time.process_time() - begin)

    monitor = Monitor(address, lambda name, items: None, changed, lambda name: None)
    await monitor.start()
    await monitor.scanned()
    say("ready")
    lines = await commands()
    while words := (await lines.readline()).split():
        left = total = int(words[1])
        say("ready")
    await monitor.close()


asyncio.run(serve(sys.argv[1]) if sys.argv[2] == "service" else receive(sys.argv[1]))
