"""A cap holds a limit down, and says why; a limit is a value with its caps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.named_tuple import NamedTuple

CapKind: TypeAlias = Literal["said", "inferred", "user", "installer", "rule"]
"""Who is behind a cap: a device said it, we infer it, the user or the installer set it, or it is a rule."""

LimitName: TypeAlias = Literal["CVL", "CCL", "DCL", "charger", "multi"]
Unit: TypeAlias = Literal["V", "A"]


NO_ARGUMENTS: Final[Mapping[str, str]] = MappingProxyType({})


class Cap(NamedTuple):
    """One thing that holds a limit down (or explains it). `value` None: an explanation without a number of its own.

    `name` is stable and machine readable (`bms-ccl`, `user-current`, `feed-in`); `text` says it in plain English
    without age. `since`: monotonic seconds since when it has this value, None where it does not matter.
    """

    value: float | None
    unit: Unit
    name: str
    kind: CapKind
    source: str
    path: str
    since: float | None
    text: str
    arguments: Mapping[str, str] = NO_ARGUMENTS
    """What the reason's text was filled in with, so that another table can say the same in another language."""


class Limit(NamedTuple):
    """`caps`: the winner first, then what would hold next. `value` None: nothing is granted or nothing is known.

    `subject` is the service a charger's or the Multi's limit belongs to, "" for CVL, CCL and DCL. `sentence` never
    contains an age, so that it changes only when the reason changes.
    """

    name: LimitName
    subject: str
    value: float | None
    unit: Unit
    caps: tuple[Cap, ...]
    sentence: str
