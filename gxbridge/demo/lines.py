"""One line for each change: what the plain mode prints, and what the live screen shows of the past."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TextIO

from gxbridge.demo.cast import BATTERY, GXBRIDGE, WATCHED, Watched, describe, role_of
from gxbridge.demo.story import Tone
from gxbridge.demo.watch import SERVICE, Change, Value

if TYPE_CHECKING:
    from gxbridge.demo.show import Scene

MARKS: dict[Tone, str] = {"act": "==", "story": "->", "ok": "ok", "fail": "!!", "end": "=="}
SOME_CHANGE = "--"


class Lines:
    """Makes lines of what happens; `write` gets each with its time, scene, mark and text."""

    def __init__(self, write: Callable[[float, str, str, str], None]) -> None:
        self._write = write
        self._started = time.monotonic()
        self._shown: dict[tuple[str, str, str], Value] = {}

    def say(self, scene: str, tone: Tone, text: str) -> None:
        """The story or its judge speaks."""
        self._write(time.monotonic() - self._started, scene, MARKS[tone], text)

    def change(self, scene: str, change: Change) -> None:
        """An item has changed; only what is worth a line gets one."""
        role = role_of(change.service)
        if change.path == SERVICE:
            if role:
                self._line(
                    scene, change, f"{_short(role)} {'is on' if change.new else 'has left'} the bus: {change.service}"
                )
            return
        watched = WATCHED.get(role, {}).get(change.path)
        if watched is None or not self._worth(scene, change, role, watched):
            return
        before = self._shown.get((scene, change.service, change.path))
        self._shown[scene, change.service, change.path] = change.new
        text = describe(watched, change.new)
        if before is not None and isinstance(change.new, int | float) and watched.texts is None:
            text = f"{describe(watched, before)} -> {text}"
        self._line(scene, change, f"{_short(role)} {watched.what}: {text}")

    def _worth(self, scene: str, change: Change, role: str, watched: Watched) -> bool:
        key = (scene, change.service, change.path)
        if key not in self._shown and role not in (BATTERY, GXBRIDGE):
            self._shown[key] = change.new  # what a device showed before anything happened
            return False
        before = self._shown.get(key)
        if before == change.new or (before is None and change.new in (None, "")):
            return False
        if watched.step and isinstance(before, int | float) and isinstance(change.new, int | float):
            return abs(change.new - before) >= watched.step or (change.new == 0) != (before == 0)
        return True

    def _line(self, scene: str, change: Change, text: str) -> None:
        self._write(change.at - self._started, scene, SOME_CHANGE, text)


def _short(role: str) -> str:
    return "service" if role == GXBRIDGE else role


HOW_TO_WATCH = """\
the bus of the {scene}: {address}
    DBUS_SYSTEM_BUS_ADDRESS={address} dbus-spy
    busctl --address={address} list
    busctl --address={address} introspect com.victronenergy.gxbridge /Limits/Ccl/Reason
    gxbridge explain --dbus {address}"""


def how_to_watch(scene: str, address: str) -> list[str]:
    """How a person looks at a scene's bus while it plays, in lines."""
    return HOW_TO_WATCH.format(scene=scene, address=address).splitlines()


class Audience(Protocol):
    """Who gets the show told."""

    def __enter__(self) -> object:
        """The show begins."""

    def __exit__(self, *exc: object) -> None:
        """The show is over."""

    def line(self, at: float, scene: str, mark: str, text: str) -> None:
        """Something happened, `at` seconds after the start."""

    def enter(self, scene: Scene) -> None:
        """A scene's installation is there."""


class PlainLines:
    """Prints every line, until nobody reads any more (`| head`, a closed terminal): then `on_gone` is called, once."""

    def __init__(self, on_gone: Callable[[], None], stream: TextIO | None = None) -> None:
        self._out: TextIO | None = sys.stdout if stream is None else stream
        self._on_gone = on_gone

    def __enter__(self) -> PlainLines:
        self._print("gxbridge demo: simulated devices as processes of their own, and the real service in control mode.")
        self._print(
            "->  what happens   --  what changes on D-Bus   ok  what had to come of it, checked by a D-Bus client"
        )
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def line(self, at: float, scene: str, mark: str, text: str) -> None:
        """Print it."""
        self._print(f"{at:6.1f} s  {scene:5}  {mark:2}  {text}")

    def enter(self, scene: Scene) -> None:
        """Print how to watch along."""
        for line in how_to_watch(scene.name, scene.stage.address):
            self._print(f"{'':10}{line}")

    def _print(self, text: str) -> None:
        if self._out is None:
            return
        try:
            print(text, file=self._out, flush=True)
        except OSError:
            self._out = None
            self._on_gone()
