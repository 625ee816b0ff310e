"""Measurements that cannot be: outside any sense, or away from what the others on the same DC bus measure.

Only the measurement is doubted, never a permission or a limit; the one exception is a low-voltage limit at which the
battery can never be: no inverter could run, or none would ever stop. Windows and times are ours; the readings are
those of broken sensors and drivers in victronenergy/venus#438 and #602, mr-manuel/venus-os_dbus-serialbattery#145 and
#329 and pulquero/BatteryAggregator#26.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import BatteryBank, is_out
from gxbridge.core.dvcc.read.devices.bms import Bms, without_number
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor
from gxbridge.core.dvcc.read.devices.plausible import (
    ALL_CLASSES,
    HIGHEST_CLASS,
    LOWEST_CLASS,
    class_of_voltage,
    implausible,
    window,
)
from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.model.named_tuple import NamedTuple

COLDEST_C: Final = -40.0
HOTTEST_C: Final = 125.0
TEMPERATURES: Final = (p.TEMPERATURE, p.MIN_CELL_TEMPERATURE, p.MAX_CELL_TEMPERATURE)
APART: Final = 0.1
"""Voltages of one DC bus differ by less than this part."""
CLOSE: Final = APART / 2
"""Where the lowest and the highest differ by no more, nobody is apart: nobody is further from a median than they."""
APART_S: Final = 3.0
EMPTY: Final = 8 / 12
"""No battery is used below this part of its nominal voltage: 2 V for each of 4, 8 or 16 lithium cells."""
CLASS_S: Final = 60.0
"""A device has another nominal voltage when it has measured it for so long; less is a glitch."""

Doubt: TypeAlias = Literal["temperature-impossible", "voltage-impossible", "voltage-apart", "low-voltage-impossible"]


class Doubted(NamedTuple):
    """A value that is not believed. `expected`: what the others measure (V), or the nominal voltage; None: neither."""

    why: Doubt
    service: str
    title: str
    path: str
    value: float
    expected: float | None = None


class Disagreement(NamedTuple):
    """Two that measure the same DC bus and differ, with nobody to say who is right: neither is shared."""

    low: BatteryMonitor
    low_v: float
    high: BatteryMonitor
    high_v: float


class VoltageRecord(NamedTuple):
    """What is remembered of one that measures the DC bus: the nominal voltage it is of, since when it measures another
    one, and since when it is apart from the others (monotonic s)."""

    nominal_v: float | None = None
    other_since: float | None = None
    apart_since: float | None = None


NEVER_MEASURED: Final = VoltageRecord()


class VoltageReading(NamedTuple):
    """A voltage of the DC bus, and the nominal voltage of the device, None where it is not known."""

    device: BatteryMonitor
    voltage_v: float
    nominal_v: float | None
    record: VoltageRecord


class Doubts(NamedTuple):
    """What is not believed, who disagrees, and what is remembered of it."""

    doubted: tuple[Doubted, ...] = ()
    disagreement: Disagreement | None = None
    records: Mapping[str, VoltageRecord] = MappingProxyType({})


NO_DOUBTS: Final = Doubts()


def read_checked(
    snapshot: Snapshot, bank: BatteryBank, before: Doubts, now: float, held: str | None
) -> tuple[Inputs, Doubts]:
    """Prepare one decision without what is not believed; `held`: see `read_inputs`."""
    inputs = read_inputs(snapshot, held)
    if not inputs.options.measurements_checked:
        return inputs, before
    doubts = find_doubts(inputs, bank, before.records, now)
    if doubts.doubted:
        inputs = read_inputs(without(snapshot, doubts), held)
        inputs = inputs._replace(bms=of_known_nominal(inputs.bms, doubts.records))
    pair, voltage = doubts.disagreement, inputs.voltage
    if pair is not None:
        disputed = frozenset((pair.low.name, pair.high.name))
        voltage = voltage and voltage._replace(shared=voltage.shared and voltage.source.name not in disputed)
        inputs = inputs._replace(voltage=voltage, disputed=disputed)
    return inputs, doubts


def of_known_nominal(bms: Bms | None, records: Mapping[str, VoltageRecord]) -> Bms | None:
    """The BMS in control with the nominal voltage it is known for, where its own voltage says none just now: its charge
    voltage is held against that."""
    if bms is None or bms.voltage_v is not None or bms.name not in records or own_nominal(bms) is not None:
        return bms
    return bms._replace(nominal_v=records[bms.name].nominal_v)


def find_doubts(inputs: Inputs, bank: BatteryBank, before: Mapping[str, VoltageRecord], now: float) -> Doubts:
    """Look at everything that is measured; `bank` is that of the last look."""
    batteries = batteries_of(inputs, bank)
    devices = on_the_bus(inputs, batteries)
    doubted = [*temperatures(inputs, batteries), *low_voltages(inputs, batteries, before)]
    if agree_as_before(inputs, batteries, devices, before):
        return Doubts(tuple(doubted), None, before)
    readings = list(read_voltages(inputs, devices, before, now))
    possible: list[VoltageReading] = []
    for reading in readings:
        device, volts, nominal_v, _ = reading
        if implausible(volts, nominal_v) is None:
            possible.append(reading)
        else:
            doubted.append(Doubted("voltage-impossible", device.name, device.title, p.VOLTAGE, volts, nominal_v))
    records = {reading.device.name: together(reading.record) for reading in readings}
    found: Disagreement | None = None
    for same in by_class(possible):
        apart, pair = who_is_apart(same)
        for one in (*(one for one, _ in apart), *pair):
            since = one.record.apart_since
            records[one.device.name] = one.record._replace(apart_since=now if since is None else since)
        for one, expected_v in apart:
            if apart_for_long(one, now):
                name, volts = one.device.name, one.voltage_v
                doubted.append(Doubted("voltage-apart", name, one.device.title, p.VOLTAGE, volts, expected_v))
        if pair and all(apart_for_long(one, now) for one in pair):
            low, high = sorted(pair, key=lambda one: one.voltage_v)
            found = Disagreement(low.device, low.voltage_v, high.device, high.voltage_v)
    return Doubts(tuple(doubted), found, before if records == before else records)


def together(record: VoltageRecord) -> VoltageRecord:
    """The record of one that is not apart from the others."""
    return record if record.apart_since is None else record._replace(apart_since=None)


def apart_for_long(one: VoltageReading, now: float) -> bool:
    """Has it been apart from the others for more than a moment?"""
    since = one.record.apart_since
    return since is not None and now - since >= APART_S


def batteries_of(inputs: Inputs, bank: BatteryBank) -> list[Bms]:
    """The batteries on the DC bus: the monitor, the BMS in control, and its bank."""
    names = {bms.name for bms in (*bank.others, *bank.members)}
    names |= {device.name for device in (inputs.selection.monitor, inputs.selection.bms) if device is not None}
    return [battery for battery in inputs.batteries if battery.name in names]


def on_the_bus(inputs: Inputs, batteries: Iterable[Bms]) -> list[BatteryMonitor]:
    """Who surely measures the DC bus, and is on: a charger of another kind may charge another battery."""
    plant, multi = inputs.installation, inputs.multi
    return [
        *[battery for battery in batteries if not is_out(battery)],
        *(() if multi is None or multi.state == 0 else (multi,)),
        *plant.solar_on_bus,
    ]


def agree_as_before(
    inputs: Inputs,
    batteries: Iterable[Bms],
    devices: Iterable[BatteryMonitor],
    before: Mapping[str, VoltageRecord],
) -> bool:
    """Is there nothing to doubt, and nothing new to remember, of any voltage? As it nearly always is: all are known to
    be of one nominal voltage, and then the lowest and the highest speak for the others."""
    known = list(before.values())
    measured = {device.name: device.voltage_v for device in devices if device.voltage_v is not None}
    if not known or known.count(known[0]) < len(known) or measured.keys() != before.keys():
        return False
    record = known[0]
    set_to = {own_nominal(battery) for battery in batteries} | {inputs.options.nominal_voltage_v}
    if record.nominal_v is None or record != VoltageRecord(record.nominal_v) or set_to - {None, record.nominal_v}:
        return False
    low_v, high_v = min(measured.values()), max(measured.values())
    sensible = window(record.nominal_v)  # what is in it is of this class, too
    return (
        high_v - low_v <= CLOSE * low_v
        and record.nominal_v in ALL_CLASSES
        and sensible.low_v <= low_v
        and high_v <= sensible.high_v
    )


def read_voltages(
    inputs: Inputs, devices: Iterable[BatteryMonitor], before: Mapping[str, VoltageRecord], now: float
) -> Iterator[VoltageReading]:
    """What is measured on the DC bus."""
    chosen = (inputs.selection.monitor, inputs.selection.bms, inputs.multi)
    for device in devices:
        volts = device.voltage_v
        if volts is None:
            continue
        record = before.get(device.name, NEVER_MEASURED)
        seen = class_of_voltage(volts)
        if record.nominal_v is None:
            record = record._replace(nominal_v=seen, other_since=None)
        elif seen in (None, record.nominal_v):
            record = record if record.other_since is None else record._replace(other_since=None)
        elif record.other_since is None:
            record = record._replace(other_since=now)
        elif now - record.other_since >= CLASS_S:
            record = record._replace(nominal_v=seen, other_since=None)
        configured_v = inputs.options.nominal_voltage_v if device in chosen else None
        yield VoltageReading(device, volts, configured_v or own_nominal(device) or record.nominal_v, record)


def own_nominal(device: BatteryMonitor) -> float | None:
    """The nominal voltage that a battery is set to."""
    volts = device.nominal_v if isinstance(device, Bms) else None
    return volts if volts is not None and volts > 0 else None


def by_class(readings: Iterable[VoltageReading]) -> Iterable[list[VoltageReading]]:
    """Those of one nominal voltage together."""
    found: dict[float | None, list[VoltageReading]] = {}
    for reading in readings:
        found.setdefault(reading.nominal_v, []).append(reading)
    return found.values()


def who_is_apart(readings: Sequence[VoltageReading]) -> tuple[list[tuple[VoltageReading, float]], list[VoltageReading]]:
    """Who is apart from the median of the others, with that, the worst first; and two that are apart from each other,
    with nobody else to ask."""
    measured = [one.voltage_v for one in readings]
    if len(measured) < 2 or max(measured) - min(measured) <= CLOSE * min(measured):
        return [], []
    left: list[VoltageReading] = list(readings)
    apart: list[tuple[VoltageReading, float]] = []
    while True:
        others = [median([other.voltage_v for other in left if other is not one]) for one in left]
        parts = [abs(one.voltage_v - volts) / volts for one, volts in zip(left, others, strict=True)]
        worst = parts.index(max(parts))
        if parts[worst] <= APART:
            break
        if len(left) == 2:
            return apart, left
        apart.append((left.pop(worst), others[worst]))
    return apart, []


def median(values: Iterable[float]) -> float:
    """The middle of some values. The module `statistics` has it too, and takes a thirtieth of a start to load."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return (ordered[half] + ordered[~half]) / 2


def temperatures(inputs: Inputs, batteries: Iterable[Bms]) -> Iterable[Doubted]:
    """Temperatures that cannot be: of the batteries, and the one that is shared."""
    found = {
        (battery.name, path): Doubted("temperature-impossible", battery.name, battery.title, path, value)
        for battery in batteries
        for path, value in zip(
            TEMPERATURES, (battery.temperature_c, battery.min_cell_c, battery.max_cell_c), strict=True
        )
        if value is not None and not COLDEST_C <= value <= HOTTEST_C
    }
    sensor = inputs.sensor
    if sensor is not None and not COLDEST_C <= sensor.temperature_c <= HOTTEST_C:
        name, path, value = sensor.device.name, sensor.path, sensor.temperature_c
        found[name, path] = Doubted("temperature-impossible", name, sensor.device.title, path, value)
    return found.values()


def low_voltages(inputs: Inputs, batteries: Iterable[Bms], before: Mapping[str, VoltageRecord]) -> Iterator[Doubted]:
    """Low-voltage limits above or below any voltage that the battery can have; 0 V says that there is none."""
    for battery in batteries:
        value = battery.low_voltage_v
        if value is None:
            continue
        known_v = before.get(battery.name, NEVER_MEASURED).nominal_v
        known_v = known_v or class_of_voltage(battery.voltage_v or 0.0)
        nominal_v = inputs.options.nominal_voltage_v or own_nominal(battery) or known_v
        highest, lowest = nominal_v or HIGHEST_CLASS, nominal_v or LOWEST_CLASS
        if 0 < value < lowest * EMPTY or value > window(highest).high_v:
            expected_v = highest if value > lowest else lowest
            yield Doubted("low-voltage-impossible", battery.name, battery.title, p.LOW_VOLTAGE, value, expected_v)


def without(snapshot: Snapshot, doubts: Doubts) -> Snapshot:
    """The same without what is not believed."""
    services, own = dict(snapshot.services), {bms.name: bms for bms in snapshot.batteries}
    for one in doubts.doubted:
        if one.service in own:
            own[one.service] = without_number(own[one.service], one.path)
        else:
            services[one.service] = dict(services[one.service]) | {one.path: None}
    return replace(snapshot, services=services, batteries=tuple(own.values()))
