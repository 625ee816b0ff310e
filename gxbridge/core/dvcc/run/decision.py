"""What was decided: the writes, what is published, every limit with its reasons, and what a person should know."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.read.inputs import NO_TITLES
from gxbridge.core.dvcc.rules.rule import RuleVerdict
from gxbridge.core.dvcc.run.watching.clocks import Clock
from gxbridge.core.dvcc.run.watching.shared import SharedValue
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple

NO_VALUES: Final[Mapping[str, Value]] = MappingProxyType({})


class Controller(NamedTuple):
    """A BMS that is or was in control. `lost_at`: when its loss was noticed; None while it is there.

    `instead_of`: the lost one whose place it has for another master only; that one is lost again when we control.
    """

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
    instead_of: Controller | None = None


BmsState: TypeAlias = Literal["live", "silent", "lost", "moved", "none"]
GONE: Final = ("silent", "lost")
"""The states of a BMS that was in control and is not heard."""


class ShownRules(NamedTuple):
    """What the user's rules allow. `act`: they lower what is told; else they would. `storing`: the storage profile is
    switched on and not over, None: there is none. `charging_full`: it is suspended for a full charge."""

    verdicts: tuple[RuleVerdict, ...] = ()
    act: bool = False
    storing: bool | None = None
    charging_full: bool = False


NO_RULES_SHOWN: Final = ShownRules()


class Decision(NamedTuple):
    """`published`: path -> value as the vendor's com.victronenergy.system has them (see `publish.py`).

    `bms_service`: the BMS in control, or the one that was lost; `bms_state`: live, silent (lost less than 60 s ago),
    lost, moved (heard, with another device instance than the settings name), or none (there never was one);
    `bms_since`: since when in this state. The two moments are when the chargers' links end (#67) and when the Multi
    stops by its own timer; None while nothing runs out. All monotonic seconds.
    `round_done`: this was a full round (else only sense, a quick change, or nothing was due). `clocks`: what runs out.
    """

    writes: tuple[Write, ...] = ()
    published: Mapping[str, Value] = NO_VALUES
    limits: tuple[Limit, ...] = ()
    findings: tuple[Finding, ...] = ()
    effective_v: float | None = None
    """The charge voltage for the solar side."""
    round_done: bool = False
    bms_service: str = ""
    bms_state: BmsState = "none"
    bms_since: float | None = None
    charge_link_ends_at: float | None = None
    multi_stops_at: float | None = None
    clocks: tuple[Clock, ...] = ()
    shared: tuple[SharedValue, ...] = ()
    rules: ShownRules = NO_RULES_SHOWN
    titles: Mapping[str, str] = NO_TITLES
    """What a person calls the batteries and everything that charges, by service: those of one name told apart."""
