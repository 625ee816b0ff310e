"""Runs the demo from the command line: plain lines or a live screen, signals, time limit, exit code."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gxbridge.demo import canbus, daemon
from gxbridge.demo.cast import LYNX_SCENE
from gxbridge.demo.lines import Audience, Lines, PlainLines
from gxbridge.demo.show import Means, Show, Wishes
from gxbridge.demo.trouble import DemoError

PLAIN_LIMIT_S = 56.0
"""The plain story ends in under a minute, whatever happens."""
FULL_EXTRA_S = 150.0
LIVE_EXTRA_S = 180.0
DWELL_S = 4.0
"""On a live screen the audience has this long to look after each act."""
LONGEST_FOLDER = 40
"""A unix socket's path has room for 107 bytes; below this folder come a scene, a bus and a participant's name."""
FAILED, INTERRUPTED = 1, 128
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(wishes: Wishes) -> int:
    """Play the demo; 0 only if every act of the story ended as it must."""
    try:
        program = daemon.find(wishes.dbus_daemon)
        with _folder() as folder:
            can = canbus.choose(wishes.can, folder / LYNX_SCENE)
            return asyncio.run(_run(wishes, Means(folder, program, can)))
    except DemoError as error:
        print(f"gxbridge demo: {error}", file=sys.stderr)
        return FAILED


def wants_screen(wishes: Wishes) -> bool:
    """Whether there is a terminal for a live screen, and the package for it; says so when only that is missing."""
    if wishes.plain or not sys.stdout.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        return False
    if importlib.util.find_spec("rich") is None:
        print("The live screen needs the Python package rich (pip install 'gxbridge[tui]'); plain lines instead.")
        return False
    return True


def _audience(live: bool, on_gone: Callable[[], None]) -> Audience:
    if live:
        from gxbridge.demo.screen import Screen

        return Screen()
    return PlainLines(on_gone)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of our own with a short path, removed at the end."""
    usual = tempfile.gettempdir()
    path = Path(tempfile.mkdtemp(prefix="gxbridge-demo-", dir="/tmp" if len(usual) > LONGEST_FOLDER else usual))  # noqa: S108
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


async def _run(wishes: Wishes, means: Means) -> int:
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
    live = wants_screen(wishes)
    try:
        return await _perform(wishes, means, _audience(live, reader_gone), live, caught)
    except asyncio.CancelledError:
        if not caught:
            raise
        if caught[0] != signal.SIGPIPE:
            print("gxbridge demo: stopped; everything it started has ended", file=sys.stderr)
        return INTERRUPTED + caught[0]


async def _perform(wishes: Wishes, means: Means, audience: Audience, live: bool, stopped: list[int]) -> int:
    show = Show(wishes, means, Lines(audience.line), DWELL_S * live, audience.enter)
    limit_s = PLAIN_LIMIT_S + FULL_EXTRA_S * wishes.full + LIVE_EXTRA_S * live
    good, trouble = False, ""
    try:
        with audience:
            try:
                async with asyncio.timeout(limit_s):
                    good = await show.play()
            except TimeoutError:
                trouble = f"the story did not end within {limit_s:.0f} s"
            except DemoError as error:
                trouble = str(error)
            if wishes.keep:
                audience.line(show.age_s, "", "", trouble or "the story is over; everything keeps running until Ctrl-C")
                await _until(stopped)
    finally:
        show.close()
    _summary(show, good, trouble, live)
    return 0 if good else FAILED


async def _until(stopped: list[int]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not stopped or task is None:
            raise
        task.uncancel()


def _summary(show: Show, good: bool, trouble: str, live: bool) -> None:
    """What is left to say when everything has ended; on a live screen all lines before are gone."""
    for scene, outcome in show.outcomes:
        verdict = "as it must" if not outcome.trouble else outcome.trouble if live else "NOT as it must"
        print(f"  {scene:5}  {outcome.act.title:34} {outcome.took_s:5.1f} s  {verdict}")
    print("The story ended as it must." if good else f"The story did NOT end as it must. {trouble}".rstrip())
    if live:
        print("Each run has a bus of its own; --keep leaves it running for a look with dbus-spy or busctl.")
    if not good:
        for name, log in show.service_logs:
            print(f"The service of the {name} said last:\n" + "\n".join(f"    {line}" for line in log))
