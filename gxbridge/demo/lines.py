"""Plain output: one line for each step of an act and for each change on D-Bus that is worth one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from gxbridge.demo.acts import ActPlayer
from gxbridge.demo.roles import BATTERY, GXBRIDGE, WATCHED, value_text
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.machine import own_command

HEAD = """\
gxbridge demo: simulated devices as processes of their own, and the real service in control mode.
->  what happens   --  what changes on D-Bus   ok  a result, checked by a D-Bus client"""
HOW_TO_WATCH = """\
          the bus of the {name}: {address}
              DBUS_SYSTEM_BUS_ADDRESS={address} dbus-spy
              busctl --address={address} list
              busctl --address={address} introspect com.victronenergy.gxbridge /Limits/Ccl/Reason
              {command} explain --dbus {address}"""


class ChangeText:
    """Makes a text of a change, if it is worth one; remembers what was said last."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], WireValue] = {}

    def text(self, role: str, path: str, new: WireValue) -> str:
        """A sentence, or "" for a change that nobody needs to read."""
        name = "service" if role == GXBRIDGE else role
        if not path:
            return f"{name} is on the bus: {new}" if new else f"{name} has left the bus"
        watched = WATCHED.get(role, {}).get(path)
        if watched is None:
            return ""
        first, before = (role, path) not in self._last, self._last.get((role, path))
        if (
            isinstance(before, int | float)
            and isinstance(new, int | float)
            and (new == 0) == (before == 0)
            and abs(new - before) < watched.step
        ):
            return ""
        self._last[role, path] = new
        text, was = (value_text(value, watched.unit, watched.texts) for value in (new, before))
        # What a device showed before anything happened is no news, nor is what nobody knew and knows.
        if text == was or (first and role not in (BATTERY, GXBRIDGE)):
            return ""
        arrow = f"{was} -> " if before is not None and isinstance(new, int | float) and not watched.texts else ""
        return f"{name} {watched.what}: {arrow}{text}"


class PlainLines(contextlib.AbstractContextManager["PlainLines"]):
    """Prints every line, until nobody reads any more (`| head`, a closed terminal): then `on_gone` is called, once."""

    def __init__(self, on_gone: Callable[[], None]) -> None:
        self._on_gone = on_gone
        self._print(HEAD)

    def __exit__(self, *exc: object) -> None:
        return

    def line(self, at_s: float, name: str, mark: str, text: str) -> None:
        """Something happened in this installation, so long after the start."""
        self._print(f"{at_s:6.1f} s  {name:5}  {mark:2}  {text}")

    def started(self, player: ActPlayer) -> None:
        """An installation runs: print how to look at it with other programs."""
        name, address = player.installation.name, player.installation.address
        self._print(HOW_TO_WATCH.format(name=name, address=address, command=own_command()))

    def _print(self, text: str) -> None:
        try:
            print(text, flush=True)
        except OSError:
            self._on_gone()
