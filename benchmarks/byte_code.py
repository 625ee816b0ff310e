"""Byte code for the programs that are measured: no figure may depend on whether it happened to be kept."""

from __future__ import annotations

import os


def keeping() -> dict[str, str]:
    """An environment in which Python keeps the byte code that it makes, as everywhere where gxbridge is installed.

    Whoever measures a start starts once before, and does not count that.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
