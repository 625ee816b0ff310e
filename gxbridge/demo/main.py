"""The demo as a command: both installations, plain lines or a live screen, signals, time limit, exit code."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gxbridge.demo.acts import ActPlayer, read_acts
from gxbridge.demo.bus_watch import ItemChange
from gxbridge.demo.buses import choose_can, find_dbus_daemon
from gxbridge.demo.lines import CHANGED, ChangeText, PlainLines
from gxbridge.demo.processes import DemoError, ProcessGroup
from gxbridge.demo.simulation import BOAT, CABIN, InstallationPlan, SimulatedInstallation

if TYPE_CHECKING:
    from gxbridge.demo.screen import Screen

PLAIN_LIMIT_S = 56.0
"""Plain lines end in under a minute, whatever happens."""
FULL_EXTRA_S = 150.0
LIVE_EXTRA_S = 180.0
DWELL_S = 4.0
"""So long there is to look at the live screen after each act."""
LONGEST_FOLDER = 40
"""A unix socket's path has room for 107 bytes; below this folder come an installation, a bus and a device's name."""
FAILED, INTERRUPTED = 1, 128
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The command line: see `gxbridge demo --help`."""

    plain: bool = False
    full: bool = False
    keep: bool = False
    dbus_daemon: str | None = None
    can: str | None = None


def run(options: DemoOptions) -> int:
    """Play the demo; 0 only if every act passed."""
    try:
        program = find_dbus_daemon(options.dbus_daemon)
        with _folder() as folder:
            can = choose_can(options.can, folder / BOAT.name)
            return asyncio.run(_run(Demo(options, folder, program, can)))
    except DemoError as error:
        print(f"gxbridge demo: {error}", file=sys.stderr)
        return FAILED


def wants_screen(options: DemoOptions) -> bool:
    """Whether there is a terminal for a live screen, and the package for it; prints it when only that is missing."""
    if options.plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if importlib.util.find_spec("rich") is None:
        print("The live screen needs the Python package rich (pip install 'rich>=13'); plain lines instead.")
        return False
    return True


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of our own with a short path, removed at the end."""
    usual = tempfile.gettempdir()
    path = Path(tempfile.mkdtemp(prefix="gxbridge-demo-", dir="/tmp" if len(usual) > LONGEST_FOLDER else usual))  # noqa: S108
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Demo:
    """Both installations: the boat, and the cabin from one of the boat's acts on. After `close` nothing is left."""

    def __init__(self, options: DemoOptions, folder: Path, dbus_daemon: str, can: tuple[str, str]) -> None:
        self.options = options
        self.live = wants_screen(options)
        self.players: list[ActPlayer] = []
        self._folder = folder
        self._dbus_daemon = dbus_daemon
        self._can = can
        self._processes = ProcessGroup()
        self._began = time.monotonic()
        self._installations: list[SimulatedInstallation] = []
        self._output: PlainLines | Screen
        self._plays = {"": True, "full": options.full, "ending": not options.keep}

    async def play(self, output: PlainLines | Screen) -> bool:
        """Play all acts; True if every one passed. Raises DemoError when they cannot be played."""
        self._output = output
        return await self._play(BOAT, self._can)

    async def _play_cabin(self) -> bool:
        return await self._play(CABIN, None)

    async def _play(self, plan: InstallationPlan, can: tuple[str, str] | None) -> bool:
        acts = [act for act in read_acts(plan.name) if self._plays[act.only]]
        texts = ChangeText()

        def on_change(role: str, change: ItemChange) -> None:
            if text := texts.text(role, change):
                self.line(plan.name, CHANGED, text, change.at)

        installation = SimulatedInstallation(plan, self._processes, self._folder / plan.name, can, on_change)
        self._installations.append(installation)
        player = ActPlayer(
            installation,
            acts,
            lambda mark, text: self.line(plan.name, mark, text),
            self._play_cabin,
            DWELL_S * self.live,
        )
        await installation.start(self._dbus_daemon)
        self.players.append(player)
        self._output.started(player)
        return await player.play()

    def line(self, name: str, mark: str, text: str, at: float | None = None) -> None:
        """Something happened in this installation, now or at this monotonic time."""
        self._output.line((time.monotonic() if at is None else at) - self._began, name, mark, text)

    def close(self) -> None:
        """End every process. Does not raise."""
        for installation in self._installations:
            installation.close()
        self._processes.stop_all()

    def summary(self, passed: bool, trouble: str) -> None:
        """Print what is left to say when everything has ended; after a live screen all lines before are gone."""
        for player in self.players:
            for result in player.results:
                verdict = "passed" if not result.trouble else result.trouble if self.live else "FAILED"
                print(f"  {player.installation.name:5}  {result.act.title:34} {result.took_s:5.1f} s  {verdict}")
        print("All acts passed." if passed else f"The demo FAILED. {trouble}".rstrip())
        if self.live:
            print("Each run has a bus of its own; --keep leaves it running, to look at it with dbus-spy or busctl.")
        for installation in () if passed else self._installations:
            log = "\n".join(f"    {line}" for line in installation.service_log())
            print(f"The service of the {installation.name} printed last:\n{log}")


async def _run(demo: Demo) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise RuntimeError("the demo runs as a task")
    caught: list[int] = []

    def stop(number: int) -> None:
        caught.append(number)
        task.cancel()

    def reader_gone() -> None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left in the old one can go nowhere
        stop(signal.SIGPIPE)

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await _play_and_judge(demo, _output(demo.live, reader_gone), caught)
    except asyncio.CancelledError:
        if not caught:
            raise
        if caught[0] != signal.SIGPIPE:
            print("gxbridge demo: stopped; everything it started has ended", file=sys.stderr)
        return INTERRUPTED + caught[0]


def _output(live: bool, on_gone: Callable[[], None]) -> PlainLines | Screen:
    if live:
        from gxbridge.demo.screen import Screen

        return Screen()
    return PlainLines(on_gone)


async def _play_and_judge(demo: Demo, output: PlainLines | Screen, caught: list[int]) -> int:
    limit_s = PLAIN_LIMIT_S + FULL_EXTRA_S * demo.options.full + LIVE_EXTRA_S * demo.live
    passed, trouble = False, ""
    try:
        with output:
            try:
                async with asyncio.timeout(limit_s):
                    passed = await demo.play(output)
            except TimeoutError:
                trouble = f"it did not end within {limit_s:.0f} s"
            except DemoError as error:
                trouble = str(error)
            if demo.options.keep:
                demo.line("", "", trouble or "all acts are over; everything keeps running until Ctrl-C")
                await _until_stopped(caught)
    finally:
        demo.close()
    demo.summary(passed, trouble)
    return 0 if passed else FAILED


async def _until_stopped(caught: list[int]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not caught or task is None:
            raise
        task.uncancel()
