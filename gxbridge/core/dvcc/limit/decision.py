"""What was decided: the writes, what is published, every limit with its reasons, and what a person should know."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

from gxbridge.core.dvcc.limit.clocks import Clock
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value

CapKind: TypeAlias = Literal["said", "inferred", "user", "installer", "rule"]
"""Who is behind a cap: a device said it, we infer it, the user or the installer set it, or it is a rule."""

LimitName: TypeAlias = Literal["CVL", "CCL", "DCL", "charger", "multi"]
Unit: TypeAlias = Literal["V", "A"]


NO_VALUES: Final[Mapping[str, Value]] = MappingProxyType({})


class Controller(NamedTuple):
    """A BMS that is or was in control. `lost_at`: when its loss was noticed; None while it is there."""

    name: str
    kind: str
    title: str
    """What a person calls it, kept for when it is gone."""
    instance: float
    since: float
    last_word: float
    lost_at: float | None = None
    identity: str = ""
    """What the battery is known by under any service name; "" when it does not say."""


class Write(NamedTuple):
    """One SetValue. Order matters; the same path may be written twice (a repetition keeps a charger's link alive)."""

    service: str
    path: str
    value: Value


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


BmsState: TypeAlias = Literal["live", "silent", "lost", "none"]
GONE: Final = ("silent", "lost")
"""The states of a BMS that was in control and is not heard."""


class Decision(NamedTuple):
    """`published`: path -> value as the vendor's com.victronenergy.system has them (see `publish.py`).

    `bms_service`: the BMS in control, or the one that was lost; `bms_state`: live, silent (lost less than 60 s ago),
    lost, or none (there never was one); `bms_since`: since when in this state. The two moments are when the chargers'
    links end (#67) and when the Multi stops by its own timer; None while nothing runs out. All monotonic seconds.
    `round_done`: this was a full round (else only sense, a quick change, or nothing was due). `clocks`: what runs out.
    """

    writes: tuple[Write, ...] = ()
    published: Mapping[str, Value] = NO_VALUES
    limits: tuple[Limit, ...] = ()
    findings: tuple[Finding, ...] = ()
    round_done: bool = False
    bms_service: str = ""
    bms_state: BmsState = "none"
    bms_since: float | None = None
    charge_link_ends_at: float | None = None
    multi_stops_at: float | None = None
    clocks: tuple[Clock, ...] = ()
