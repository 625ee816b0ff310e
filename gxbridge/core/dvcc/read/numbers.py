"""Reading numbers from items: whatever is not a sensible finite number is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gxbridge.core.model.items import Value

SENSIBLE: Final = 1e9
"""Nothing on a boat or in a house reaches this; larger values, NaN and infinities are rubbish."""
LEAST: Final = -SENSIBLE


def number(items: Mapping[str, Value], path: str) -> float | None:
    """The number at `path`; None when it is missing, invalid, text, NaN or beyond any sense."""
    return sensible(items.get(path))


def sensible(value: Value) -> float | None:
    """A number; None for whatever is none."""
    if value is None:
        return None
    try:  # cheaper than asking for the type: text is rare, and this is asked some hundred times for each decision
        return value if LEAST < value < SENSIBLE else None  # type: ignore[operator,return-value]
    except TypeError:
        return None


def numbers(items: Mapping[str, Value], paths: Iterable[str]) -> list[float | None]:
    """The number at each path, as `number` tells it."""
    shown: tuple[Any, ...] = tuple(map(items.get, paths))
    try:  # all at once: text among them is rare
        return [value if value is None or LEAST < value < SENSIBLE else None for value in shown]
    except TypeError:
        return list(map(sensible, shown))


def text(items: Mapping[str, Value], path: str) -> str:
    """The text at `path`, "" when there is none."""
    value = items.get(path)
    return value if isinstance(value, str) else ""


def least(*values: float | None) -> float | None:
    """The smallest of the known values, None when none is known."""
    known = [value for value in values if value is not None]
    return min(known) if known else None
