"""What keeps the demo from playing, said to a person."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; the text says what is wrong and what to do, in one line."""
