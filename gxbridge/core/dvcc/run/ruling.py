"""From what is known of the installation to what the user's rules look at, and what they allow into the decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Final

from gxbridge.core.dvcc.limit.bank_caps import limiting
from gxbridge.core.dvcc.read.devices.bank import is_totals, takes_part
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor
from gxbridge.core.dvcc.read.devices.plausible import sane
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.numbers import least
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.rules.rule import MeasuredInput, RuledLimit, RuleInput
from gxbridge.core.dvcc.rules.rule_set import RuleReadings, look_at_rules
from gxbridge.core.dvcc.run.decision import ShownRules
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.named_tuple import NamedTuple

WINDOWS: Final[Mapping[RuleInput, tuple[float, float]]] = {
    "soc": (0.0, 100.5),
    "highest_cell": (0.5, 5.0),
    "lowest_cell": (0.5, 5.0),
    "battery_voltage": (5.0, 70.0),
    "coldest": (-60.0, 120.0),
    "hottest": (-60.0, 120.0),
}
"""What each input can be; whatever else is said is not known. Cells: any chemistry; a place: its sensor's range."""


class RuledInputs(NamedTuple):
    """The inputs with what the rules allow, where they act; the memory, and what is shown of them."""

    inputs: Inputs
    memory: Memory
    shown: ShownRules


def with_rules(inputs: Inputs, snapshot: Snapshot, memory: Memory, now: float) -> RuledInputs:
    """Look at every rule."""
    rule_set = snapshot.options.rules
    gave, found = read_rule_inputs(inputs, memory.rule_inputs)
    base_a: dict[RuledLimit, float | None] = {"CCL": base(inputs, "CCL"), "DCL": base(inputs, "DCL")}
    readings = RuleReadings(found, base_a, widest(sources(inputs)), snapshot.clock)
    look = look_at_rules(rule_set, readings, memory.rules, now)
    if look.state is not memory.rules or gave != memory.rule_inputs:
        memory = memory.but(rules=look.state, rule_inputs=gave)
    if snapshot.controls:
        inputs = inputs._replace(rules=look.verdicts)
    storing = None if rule_set.storage is None else look.storing
    return RuledInputs(inputs, memory, ShownRules(look.verdicts, snapshot.controls, storing, look.charging_full))


def sources(inputs: Inputs) -> tuple[Bms, ...]:
    """The batteries whose values count: the BMS in control and the others that limit beside it, with their members."""
    bms, bank = inputs.bms, inputs.bank
    return () if bms is None else (bms, *limiting(inputs), *filter(takes_part, bank.members))


CELLS: Final = " cells"
"""Behind the name of a battery: it gives the temperature of its cells."""
Given = frozenset[tuple[RuleInput, str]]


def read_rule_inputs(inputs: Inputs, before: Given) -> tuple[Given, Mapping[RuleInput, tuple[MeasuredInput, ...]]]:
    """What is measured of each input, and which battery gives which: one that gave it and does not now, also within a
    total, makes it unknown. The battery monitor counts for what no BMS gives."""
    batteries, found = sources(inputs), dict[RuleInput, tuple[MeasuredInput, ...]]()
    given: set[tuple[RuleInput, str]] = set()
    for name in WINDOWS:
        said = [(bms, believable(name, value_of(bms, name))) for bms in batteries]
        giving = {(name, mark) for bms, value in said if value is not None for mark in marks(bms, name)}
        owed = {(name, mark) for bms in batteries for mark in (bms.name, bms.name + CELLS) if (name, mark) in before}
        given |= giving | owed
        speaking = [(bms, value) for bms, value in said if speaks_of(inputs, bms, name)]
        known = tuple(MeasuredInput(value, bms.title) for bms, value in speaking if value is not None)
        if not known and not any((name, bms.name) in owed for bms, _ in speaking):
            known = tuple(monitored(inputs, name))
        found[name] = known if owed <= giving else ()
    return frozenset(given), found


def marks(bms: Bms, name: RuleInput) -> Iterator[str]:
    """What a battery gives of an input: a temperature of its own is no stand-in for those of its cells."""
    yield bms.name
    if (name == "coldest" and bms.min_cell_c is not None) or (name == "hottest" and bms.max_cell_c is not None):
        yield bms.name + CELLS


def speaks_of(inputs: Inputs, bms: Bms, name: RuleInput) -> bool:
    """Does a battery count for an input? A member's state of charge is in that of its total."""
    return name not in ("soc", "battery_voltage") or bms not in inputs.bank.members


def value_of(bms: Bms, name: RuleInput) -> float | None:
    """What a battery says of an input."""
    if name == "coldest":
        return bms.temperature_c if bms.min_cell_c is None else bms.min_cell_c
    if name == "hottest":
        return bms.temperature_c if bms.max_cell_c is None else bms.max_cell_c
    values: Mapping[str, float | None] = {
        "soc": bms.soc_percent,
        "highest_cell": bms.max_cell_v,
        "lowest_cell": bms.min_cell_v,
        "battery_voltage": bms.voltage_v,
    }
    return values[name]


def monitored(inputs: Inputs, name: RuleInput) -> Iterator[MeasuredInput]:
    """What the battery monitor measures of an input, or, of temperatures, the sensor that is shared."""
    monitor, sensor = inputs.selection.monitor, inputs.sensor
    value: float | None = None
    source: BatteryMonitor | None = monitor
    if isinstance(monitor, Bms):
        value = value_of(monitor, name)
    elif monitor is not None and name in ("soc", "battery_voltage"):
        value = monitor.soc_percent if name == "soc" else monitor.voltage_v
    if value is None and name in ("coldest", "hottest") and sensor is not None:
        value, source = sensor.temperature_c, sensor.device
    sound = believable(name, value)
    if sound is not None and source is not None and source.secure:
        yield MeasuredInput(sound, source.title)


def believable(name: RuleInput, value: float | None) -> float | None:
    """A value that there can be."""
    low, high = WINDOWS[name]
    return value if value is not None and isfinite(value) and low <= value <= high else None


def base(inputs: Inputs, name: RuledLimit) -> float | None:
    """The BMSes' own limit (A), of which a percentage is a part; None where one of them does not say it."""
    batteries = () if inputs.bms is None else (inputs.bms, *limiting(inputs))
    said = [
        sane(bms.max_charge_current_a if name == "CCL" else bms.max_discharge_current_a, inputs.options)
        for bms in batteries
    ]
    return None if None in said else least(*said)


def widest(batteries: Iterable[Bms]) -> float | None:
    """The largest difference of cells within one battery (V); the cells of a total are those of several."""
    found = [
        bms.max_cell_v - bms.min_cell_v
        for bms in batteries
        if not (bms.adds or is_totals(bms))
        and believable("highest_cell", bms.max_cell_v) is not None
        and believable("lowest_cell", bms.min_cell_v) is not None
        and bms.max_cell_v is not None
        and bms.min_cell_v is not None
    ]
    return max(found, default=None)
