"""The demo as a command: both installations, plain lines or a live screen, signals, time limit, exit code."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import signal
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gxbridge.demo.acts import ActPlayer, read_acts
from gxbridge.demo.buses import choose_can, find_dbus_daemon
from gxbridge.demo.lines import ChangeText, PlainLines
from gxbridge.demo.processes import DemoError
from gxbridge.demo.simulation import BOAT, CABIN, InstallationPlan, SimulatedInstallation
from gxbridge.edge.dbus.parse import WireValue

if TYPE_CHECKING:
    from gxbridge.demo.screen import Screen

PLAIN_LIMIT_S = 110.0
"""Plain lines end by themselves, whatever happens: within a minute, on a slow or busy machine within two."""
FULL_EXTRA_S = 150.0
LIVE_EXTRA_S = 180.0
DWELL_S = 4.0
"""So long there is to look at the live screen after each act."""
LONGEST_FOLDER = 40
"""A unix socket's path has room for 107 bytes; below this folder come an installation, a bus and a device's name."""
FAILED, INTERRUPTED = 1, 128
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(options: argparse.Namespace) -> int:
    """Play the demo as `gxbridge demo --help` says; 0 only if every act passed."""
    try:
        program = find_dbus_daemon(options.dbus_daemon)
        with _folder() as name:
            folder = Path(name)
            can = choose_can(options.can, folder / BOAT.name)
            return asyncio.run(_run(options, folder, program, can))
    except DemoError as error:
        print(f"gxbridge demo: {error}", file=sys.stderr)
        return FAILED


def wants_screen(options: argparse.Namespace) -> bool:
    """Whether there is a terminal for a live screen, and the package for it; prints it when only that is missing."""
    if options.plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if importlib.util.find_spec("rich") is None:
        print("The live screen needs the Python package rich (pip install 'rich>=13'); plain lines instead.")
        return False
    return True


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder of our own with a short path, removed at the end."""
    where = "/tmp" if len(tempfile.gettempdir()) > LONGEST_FOLDER else None  # noqa: S108
    return tempfile.TemporaryDirectory(prefix="gxbridge-demo-", dir=where, ignore_cleanup_errors=True)


class Demo:
    """Both installations: the boat, and the cabin from one of the boat's acts on. After `close` nothing is left."""

    def __init__(self, options: argparse.Namespace, output: PlainLines | Screen, folder: Path, program: str) -> None:
        self._options = options
        self._output = output
        self._live = not isinstance(output, PlainLines)
        self._folder = folder
        self._dbus_daemon = program
        self._began = time.monotonic()
        self._players: list[ActPlayer] = []
        self._installations: list[SimulatedInstallation] = []

    async def play(self, plan: InstallationPlan, can: tuple[str, str] | None) -> bool:
        """Play all acts of an installation; True if every one passed. Raises DemoError when they cannot be played."""
        texts = ChangeText()

        def say(mark: str, text: str) -> None:
            self.line(plan.name, mark, text)

        def on_change(role: str, path: str, new: WireValue) -> None:
            if text := texts.text(role, path, new):
                say("--", text)

        installation = SimulatedInstallation(plan, self._folder / plan.name, can, on_change)
        self._installations.append(installation)
        await installation.start(self._dbus_daemon)
        plays = {"": True, "full": self._options.full, "ending": not self._options.keep}
        acts = [act for act in read_acts(plan.name) if plays[act.only]]
        player = ActPlayer(installation, acts, say, lambda: self.play(CABIN, None), DWELL_S * self._live)
        self._players.append(player)
        self._output.started(player)
        return await player.play()

    def line(self, name: str, mark: str, text: str) -> None:
        """Something happens in this installation."""
        self._output.line(time.monotonic() - self._began, name, mark, text)

    async def close(self) -> None:
        """End every process."""
        for installation in self._installations:
            await installation.close()

    def summary(self, passed: bool, trouble: str) -> None:
        """Print what is left to say when everything has ended; after a live screen all lines before are gone."""
        for player in self._players:
            for act, why, took_s in player.results:
                verdict = "passed" if not why else why if self._live else "FAILED"
                print(f"  {player.installation.name:5}  {act.title:34} {took_s:5.1f} s  {verdict}")
        print("All acts passed." if passed else f"The demo FAILED. {trouble}".rstrip())
        if self._live:
            print("Each run has a bus of its own; --keep leaves it running, to look at it with dbus-spy or busctl.")
        for installation in () if passed else self._installations:
            log = textwrap.indent(installation.service_log(), "    ")
            print(f"The service of the {installation.name} printed last:\n{log}")


async def _run(options: argparse.Namespace, folder: Path, program: str, can: tuple[str, str]) -> int:
    loop = asyncio.get_running_loop()
    caught: asyncio.Future[int] = loop.create_future()

    def stop(number: int) -> None:
        if not caught.done():
            caught.set_result(number)

    def reader_gone() -> None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - what is left in the old one can go nowhere
        stop(signal.SIGPIPE)

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    if live := wants_screen(options):
        from gxbridge.demo.screen import Screen
    output = Screen() if live else PlainLines(reader_gone)
    demo = Demo(options, output, folder, program)
    limit_s = PLAIN_LIMIT_S + FULL_EXTRA_S * options.full + LIVE_EXTRA_S * live
    passed, trouble = False, f"it did not end within {limit_s:.0f} s"
    playing = asyncio.ensure_future(demo.play(BOAT, can))
    try:
        with output:
            await asyncio.wait((playing, caught), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            stopped = caught.done() and not playing.done()
            if playing.done():
                try:
                    passed, trouble = playing.result(), ""
                except DemoError as error:
                    trouble = str(error)
            playing.cancel()
            if options.keep and not stopped:
                demo.line("", "", trouble or "all acts are over; everything keeps running until Ctrl-C")
                await caught
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await demo.close()
    if not stopped:
        demo.summary(passed, trouble)
        return 0 if passed else FAILED
    if caught.result() != signal.SIGPIPE:
        print("gxbridge demo: stopped; everything it started has ended", file=sys.stderr)
    return INTERRUPTED + caught.result()
