"""Plain output: one line for each step of an act and for each change on D-Bus that is worth one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from gxbridge.demo.acts import ActPlayer
from gxbridge.demo.bus_watch import SERVICE, BusValue, ItemChange
from gxbridge.demo.roles import BATTERY, GXBRIDGE, WATCHED, WatchedItem, value_text
from gxbridge.edge.machine import own_command

CHANGED = "--"
HOW_TO_WATCH = """\
the bus of the {name}: {address}
    DBUS_SYSTEM_BUS_ADDRESS={address} dbus-spy
    busctl --address={address} list
    busctl --address={address} introspect com.victronenergy.gxbridge /Limits/Ccl/Reason
    {command} explain --dbus {address}"""


class ChangeText:
    """Makes a text of a change, if it is worth one; remembers what was said last."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], BusValue] = {}

    def text(self, role: str, change: ItemChange) -> str:
        """A sentence, or "" for a change that nobody needs to read."""
        name = "service" if role == GXBRIDGE else role
        if change.path == SERVICE:
            return f"{name} {'is on' if change.new else 'has left'} the bus: {change.service}" if role else ""
        watched = WATCHED.get(role, {}).get(change.path)
        if watched is None:
            return ""
        key = (change.service, change.path)
        before = self._last.get(key)
        if key not in self._last and role not in (BATTERY, GXBRIDGE):
            self._last[key] = change.new  # what a device showed before anything happened
            return ""
        if not _worth(watched, before, change.new):
            return ""
        self._last[key] = change.new
        text = value_text(watched, change.new)
        if before is not None and value_text(watched, before) == text:
            return ""
        if before is not None and isinstance(change.new, int | float) and watched.texts is None:
            text = f"{value_text(watched, before)} -> {text}"
        return f"{name} {watched.what}: {text}"


def _worth(watched: WatchedItem, before: BusValue, new: BusValue) -> bool:
    if before == new or (before is None and new == ""):
        return False
    if watched.step and isinstance(before, int | float) and isinstance(new, int | float):
        return abs(new - before) >= watched.step or (new == 0) != (before == 0)
    return True


class PlainLines:
    """Prints every line, until nobody reads any more (`| head`, a closed terminal): then `on_gone` is called, once."""

    def __init__(self, on_gone: Callable[[], None], stream: TextIO | None = None) -> None:
        self._out: TextIO | None = sys.stdout if stream is None else stream
        self._on_gone = on_gone

    def __enter__(self) -> PlainLines:
        self._print("gxbridge demo: simulated devices as processes of their own, and the real service in control mode.")
        self._print("->  what happens   --  what changes on D-Bus   ok  a result, checked by a D-Bus client")
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def line(self, at_s: float, name: str, mark: str, text: str) -> None:
        """Something happened in this installation, so long after the start."""
        self._print(f"{at_s:6.1f} s  {name:5}  {mark:2}  {text}")

    def started(self, player: ActPlayer) -> None:
        """An installation runs: print how to look at it with other programs."""
        where = HOW_TO_WATCH.format(
            name=player.installation.name, address=player.installation.address, command=own_command()
        )
        for line in where.splitlines():
            self._print(f"{'':10}{line}")

    def _print(self, text: str) -> None:
        if self._out is None:
            return
        try:
            print(text, file=self._out, flush=True)
        except OSError:
            self._out = None
            self._on_gone()
