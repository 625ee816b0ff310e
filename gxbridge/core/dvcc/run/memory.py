"""What one decision leaves for the next: low passes, last written limits, timers. A value, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.cap_history import Since
from gxbridge.core.dvcc.limit.feed_in import FeedIn
from gxbridge.core.dvcc.read.believed.doubted import NO_DOUBTS, Doubts
from gxbridge.core.dvcc.read.believed.held_currents import NOTHING_HELD, HeldCurrents
from gxbridge.core.dvcc.read.devices.bank import ALONE, BatteryBank
from gxbridge.core.dvcc.read.devices.quirks import PYLONTECH_START_V
from gxbridge.core.dvcc.read.measurements import Measurements
from gxbridge.core.dvcc.rules.rule import RuleInput
from gxbridge.core.dvcc.rules.rule_set import RulesState
from gxbridge.core.dvcc.run.decision import BmsState, Controller
from gxbridge.core.dvcc.run.watching.audit import NOTHING_SEEN, Audit
from gxbridge.core.dvcc.run.watching.obedience import NOBODY_DEVIATES, Obedience
from gxbridge.core.dvcc.run.watching.shared import SharedValue
from gxbridge.core.dvcc.tell.flags import Flags
from gxbridge.core.dvcc.tell.switches import SwitchedOff
from gxbridge.core.model.fast import changed
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.named_tuple import NamedTuple

START_FLAGS: Final = Flags()
NO_RULES_STATE: Final = RulesState()
NOTHING_SHOWN: Final = Measurements()
NOTHING_YET: Final[Mapping[Any, Any]] = MappingProxyType({})


class Timer(NamedTuple):
    """A clock of whole seconds: when the next one is due (monotonic s) and how many there were."""

    due_at: float
    seconds: int = 0


class Stored(NamedTuple):
    """A setting that a BMS may force: what com.victronenergy.settings said last, and what holds."""

    raw: int
    value: int


class Granted(NamedTuple):
    """What was granted at the last control round, each as a number that is lower when less is granted."""

    cvl: float
    ccl: float
    dcl: float
    charge: float
    discharge: float
    vebus: float
    voltage: float
    """1 while the charge voltage makes sense."""
    user_a: float
    user_v: float
    charge_stops: float
    discharge_stops: float
    """How many other BMSes say stop, as negative numbers."""
    bank_cvl: float
    bank_ccl: float
    bank_dcl: float
    """The least that the other batteries of the bank say."""
    bank_refusals: float
    """How many of them refuse or do not say, as a negative number."""
    rules_cvl: float
    rules_ccl: float
    rules_dcl: float
    """The least that the user's rules allow, where they act."""


class Memory(NamedTuple):
    """`Memory()` is the memory of somebody who has just begun. Everything is in A, V and monotonic seconds."""

    began: float | None = None
    """When this memory began (monotonic s)."""
    control: Timer | None = None
    """The seconds of the control loop, while there is anything to control or to obey."""
    control_seconds: int = 0
    """Where its count of seconds goes on when it begins again."""
    sense: Timer | None = None
    """The seconds of shared sense, from the first cycle on."""
    smoothed: Mapping[str, float] = NOTHING_YET
    """Service -> smoothed current of a solar charger or inverter/charger."""
    vebus_a: float = 0.0
    dc_loads_a: float = 0.0
    feed_in: FeedIn | None = None
    """Of solar that is fed in and obeys the charge current limit, until some seconds after its end; else None."""
    regulator_v: float = PYLONTECH_START_V
    flags: Flags = START_FLAGS
    bms: tuple[str, float | None] | None = None
    """Name and product id of the BMS in control in the last cycle; None before the first."""
    services: frozenset[str] = frozenset()
    """Who was there in the last cycle."""
    proven: frozenset[str] = frozenset()
    """Solar chargers that have shown a firmware that is new enough."""
    monitor: str = ""
    """The battery monitor of the last cycle; "" none."""
    dvcc: Stored | None = None
    svs: Stored | None = None
    sts: Stored | None = None
    pv_disabled_reads: int = 0
    unlimited: bool = False
    """The Multi was already told that there is no limit."""
    limited: bool = False
    """The Multi was told a limit since it was last told that there is none."""
    shown: Measurements = NOTHING_SHOWN
    """What com.victronenergy.system would show since the last whole second."""
    controllers: tuple[Controller, ...] = ()
    """The battery BMS and the VE.Bus BMS in control, or lost."""
    gave: frozenset[tuple[str, str]] = frozenset()
    """(service, path) of permissions that a BMS in control has given at least once."""
    bank: BatteryBank = ALONE
    nominal: Mapping[str, float] = NOTHING_YET
    """Battery service -> its nominal voltage (V) as it was first known: a glitch takes no battery out of its bank."""
    first_seen: Mapping[str, float] = NOTHING_YET
    """Battery service -> since when it is there; "" -> since when we look (monotonic s)."""
    granted: Granted | None = None
    since: Since = NOTHING_YET
    limits: tuple[Limit, ...] = ()
    findings: tuple[Finding, ...] = ()
    """As of the last control round."""
    round_state: BmsState = "none"
    round_at: float | None = None
    charge_told_at: float | None = None
    """When a charger was last told anything."""
    discharge_told_at: float | None = None
    """When the Multi was last told a discharge limit."""
    audit: Audit = NOTHING_SEEN
    obedience: Obedience = NOBODY_DEVIATES
    shared: Mapping[str, SharedValue] = NOTHING_YET
    doubts: Doubts = NO_DOUBTS
    held_currents: HeldCurrents = NOTHING_HELD
    switched_off: SwitchedOff = NOTHING_YET
    rules: RulesState = NO_RULES_STATE
    rule_inputs: frozenset[tuple[RuleInput, str]] = frozenset()
    """Of the user's rules, and which battery has given which of their inputs."""

    def but(self, **changes: Any) -> Memory:
        """This memory with some fields changed."""
        return changed(self, PLACES, changes)


PLACES: Final[Mapping[str, int]] = {name: place for place, name in enumerate(Memory._fields)}
