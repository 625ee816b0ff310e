"""Programs that draw on a terminal: run in one of a given size, kept as a recording, and made a picture of.

A recording is an asciicast: a line on what it is of, then a line for each piece that the program wrote, and when.
Source of the form: asciinema/asciinema, doc/asciicast-v2.md.
"""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import pyte
from pyte.graphics import FG_AIXTERM, FG_ANSI
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

SETTLED_S: Final = 0.6
"""A screen on which nothing was written for so long, or which shows what was waited for, is drawn to its end."""
ENDS_WITHIN_S: Final = 20.0
CLEAR: Final = "\x1b[H\x1b[2J"
SVG: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px 'DejaVu Sans Mono', Menlo, Consolas, monospace }}
.{unique_id}-title {{ font: bold 18px sans-serif }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As rich's own, without the fonts that it would load from elsewhere."""
NAMES: Final = frozenset({*FG_ANSI.values(), *FG_AIXTERM.values()})
"""Colours that pyte calls by a name."""


class NeverSeenError(Exception):
    """What was waited for never stood on the screen."""


class Recording(NamedTuple):
    """What a program wrote, as seconds and text; `of` says which program, and how it was run."""

    width: int
    height: int
    of: str
    written: tuple[tuple[float, str], ...]

    def screen(self) -> pyte.Screen:
        """As the terminal has it at the end."""
        screen = pyte.Screen(self.width, self.height)
        stream = pyte.Stream(screen)
        for _, text in self.written:
            stream.feed(text)
        return screen

    def lines(self) -> list[str]:
        """What is to be read at the end."""
        return [line.rstrip() for line in self.screen().display]

    def from_last_clear(self) -> Recording:
        """Only what makes the screen of the end: what was written since it was last cleared."""
        text = "".join(text for _, text in self.written)
        return self._replace(written=((0.0, text[max(text.rfind(CLEAR), 0) :]),))

    def keep(self, path: Path) -> None:
        """As an asciicast."""
        head = {"version": 2, "width": self.width, "height": self.height, "title": self.of}
        rows = [head, *([round(at_s, 2), "o", text] for at_s, text in self.written)]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")

    def draw(self, title: str, path: Path) -> None:
        """As a picture (SVG)."""
        screen = self.screen()
        with open(os.devnull, "w") as nowhere:
            console = Console(
                record=True, width=self.width, file=nowhere, color_system="truecolor", force_terminal=True
            )
            for row in range(self.height):
                cells = [screen.buffer[row][column] for column in range(self.width)]
                runs = [("".join(cell.data for cell in run), style) for style, run in groupby(cells, _style)]
                console.print(Text.assemble(*runs, no_wrap=True, overflow="crop"))
            svg = console.export_svg(
                title=title, theme=MONOKAI, code_format=SVG, font_aspect_ratio=0.602, unique_id=path.stem
            )
        path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def read_recording(path: Path) -> Recording:
    """One that was kept."""
    head, *rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    written = tuple((at_s, text) for at_s, kind, text in rows if kind == "o")
    return Recording(head["width"], head["height"], head["title"], written)


def recorded(
    of: str,
    command: Sequence[str],
    size: tuple[int, int],
    keys: Sequence[tuple[str, str]],
    within_s: float,
    environment: Mapping[str, str],
) -> Recording:
    """What a program draws until each text of `keys` was seen, and what stands beside it pressed; then it is ended.

    Raises NeverSeenError.
    """
    width, height = size
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    around = {**environment, "TERM": "xterm-256color"}
    child = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, env=around)
    os.close(follower)
    try:
        written = _written(leader, pyte.Screen(width, height), keys, within_s)
    finally:
        child.terminate()
        _drain(leader, child)
        os.close(leader)
    return Recording(width, height, of, tuple(written))


def _written(
    leader: int, screen: pyte.Screen, keys: Sequence[tuple[str, str]], within_s: float
) -> list[tuple[float, str]]:
    stream, decoder = pyte.Stream(screen), codecs.getincrementaldecoder("utf-8")("replace")
    began = time.monotonic()
    written: list[tuple[float, str]] = []
    for seen, press in (*keys, ("", "")):
        quiet_since = time.monotonic()
        while seen not in "\n".join(screen.display) or time.monotonic() - quiet_since < SETTLED_S * (not seen):
            if time.monotonic() - began > within_s:
                raise NeverSeenError(f"{seen!r} within {within_s:.0f} s:\n" + "\n".join(screen.display))
            if select.select([leader], [], [], 0.1)[0]:
                try:
                    text = decoder.decode(os.read(leader, 1 << 16))
                except OSError:
                    raise NeverSeenError(f"{seen!r}: it has ended:\n" + "\n".join(screen.display)) from None
                stream.feed(text)
                written.append((time.monotonic() - began, text))
        os.write(leader, press.encode())
    return written


def _drain(leader: int, child: subprocess.Popen[bytes]) -> None:
    """Until it has ended: what nobody reads would hold it up."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while child.poll() is None:
        if time.monotonic() > deadline:
            child.kill()
        if select.select([leader], [], [], 0.1)[0]:
            try:
                os.read(leader, 1 << 16)
            except OSError:
                child.wait(ENDS_WITHIN_S)


def _style(cell: Char) -> Style:
    return Style(color=_colour(cell.fg), bgcolor=_colour(cell.bg), bold=cell.bold, reverse=cell.reverse)


def _colour(name: str) -> str | None:
    """pyte's name of a colour, or six digits, as rich has it."""
    if name in ("default", "black"):
        return None  # black is the ground of the picture
    if name not in NAMES:
        return f"#{name}"
    return name.replace("brown", "yellow").replace("bright", "bright_")
