"""Making a named tuple at half the cost, for the few places that make one for every charger in every round.

The class's own `__new__` is Python code around this call. Fields must be given in order, all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

make: Final = tuple.__new__

T = TypeVar("T", bound=tuple[Any, ...])


def changed(record: T, places: Mapping[str, int], changes: Mapping[str, Any]) -> T:
    """The record with some fields changed: `_replace` at a third of its cost. `places`: field -> its place."""
    values = list(record)
    for name, value in changes.items():
        values[places[name]] = value
    return make(type(record), values)
