"""The live table on a terminal: drawn by rich, turned by keys, left as it was found."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from gxbridge.live.watch_table import Line, Style

STYLES: Final[dict[Style, str]] = {"head": "bold", "bad": "bold red", "old": "dim", "dim": "dim", "": ""}
TURN_S: Final = 5.0
"""Where no keys can be read the pages turn by themselves."""
NEXT_KEYS, BACK_KEYS, QUIT_KEYS = (
    (b" ", b"n", b"\x1b[6~", b"\x1b[B", b"\r"),
    (b"p", b"b", b"\x1b[5~", b"\x1b[A"),
    (b"q",),
)


class RichMissing(Exception):
    """The package for the live table is not installed; the text says what to do."""


def require_rich() -> None:
    """Raises RichMissing where there is no rich."""
    if importlib.util.find_spec("rich") is None:
        raise RichMissing(
            "the live table needs the Python package rich (pip install 'rich>=13', or the extra gxbridge[tui]); "
            "--plain does without"
        )


class LiveTerminal:
    """Shows lines below a head that stays, page by page."""

    def __init__(self, quit: Callable[[], None]) -> None:
        """`quit` is called when the user asks for the end."""
        from rich.console import Console
        from rich.live import Live

        self._quit = quit
        self._console: Any = Console(highlight=False)
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._page = 0
        self._by_hand = False
        self._shown: tuple[Sequence[Line], Sequence[Line]] = ((), ())

    @property
    def width(self) -> int:
        return int(self._console.width)

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """The alternate screen and the keys, as long as this lasts."""
        with self._keys(), self._live:
            yield

    def show(self, head: Sequence[Line], lines: Sequence[Line], elapsed_s: float) -> None:
        """Draw what is now; the page stays where it is, as far as there are so many."""
        self._shown = head, lines
        if not self._by_hand:
            self._page = int(elapsed_s / TURN_S)
        self._draw()

    def _draw(self) -> None:
        from rich.text import Text

        head, lines = self._shown
        room = max(self._console.height - len(head) - 1, 1)
        pages = max(-(-len(lines) // room), 1)
        self._page = self._page % pages
        part = lines[self._page * room : (self._page + 1) * room]
        keys = "space/p: other pages, q: end" if self._by_hand else "Ctrl-C: end"
        foot = f"page {self._page + 1} of {pages}; {keys}" if pages > 1 else keys
        picture = Text(no_wrap=True, overflow="crop")
        for line in (*head, *part, *[Line("")] * (room - len(part))):
            picture.append(f"{line.text}\n", STYLES[line.style])
        picture.append(foot, STYLES["dim"])
        self._live.update(picture, refresh=True)

    @contextlib.contextmanager
    def _keys(self) -> Iterator[None]:
        if not sys.stdin.isatty():
            yield
            return
        import termios
        import tty

        handle = sys.stdin.fileno()
        before = termios.tcgetattr(handle)
        loop = asyncio.get_running_loop()
        try:
            tty.setcbreak(handle)
            loop.add_reader(handle, self._key, handle)
            self._by_hand = True
            yield
        finally:
            loop.remove_reader(handle)
            termios.tcsetattr(handle, termios.TCSADRAIN, before)

    def _key(self, handle: int) -> None:
        try:
            pressed = os.read(handle, 16)
        except OSError:  # the terminal has gone
            pressed = b""
        if not pressed or pressed in QUIT_KEYS:
            self._quit()
        elif pressed in NEXT_KEYS or pressed in BACK_KEYS:
            self._page += 1 if pressed in NEXT_KEYS else -1
            self._draw()
