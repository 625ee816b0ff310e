"""Everything one decision looks at, prepared once: the services sorted, the choices made, the settings in force."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.battery_voltage import Voltage, battery_voltage
from gxbridge.core.dvcc.read.devices.bank import ALONE, BatteryBank, is_virtual, named_in
from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.devices.installation import Installation, sort_services, told_apart
from gxbridge.core.dvcc.read.devices.quirks import ORDINARY, Quirk, quirk_of
from gxbridge.core.dvcc.read.devices.services import VebusSystem, kind_of
from gxbridge.core.dvcc.read.numbers import number, text
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.selection import Selection, select
from gxbridge.core.dvcc.read.sensor import Sensor, temperature_sensor
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_settings import UserSettings, read_settings
from gxbridge.core.dvcc.rules.rule import RuleVerdict
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.permission import Permit, Stop

NOBODY_APART: Final[Mapping[str, float]] = MappingProxyType({})
NO_TITLES: Final[MappingProxyType[str, str]] = MappingProxyType({})


class Inputs(NamedTuple):
    """`settings` are those of the snapshot; what a BMS forces is in the memory."""

    installation: Installation
    settings: UserSettings
    selection: Selection
    options: Options
    quirk: Quirk
    voltage: Voltage | None
    sensor: Sensor | None
    """Whose temperature is shared."""
    charge_stops: tuple[Stop, ...] = ()
    discharge_stops: tuple[Stop, ...] = ()
    charge_permits: tuple[Permit, ...] = ()
    bms: Bms | None = None
    """The BMS in control."""
    bank: BatteryBank = ALONE
    """The other batteries that limit and stop (profile `strict`)."""
    apart: Mapping[str, float] = NOBODY_APART
    gone: Mapping[str, float] = NOBODY_APART
    from_file: frozenset[str] = frozenset()
    """See `Snapshot`."""
    titles: MappingProxyType[str, str] = NO_TITLES
    """What a person calls everything that charges, by service."""
    disputed: frozenset[str] = frozenset()
    """Services whose voltages disagree: neither is shared (profile `strict`)."""
    bms_awaited: bool = False
    bms_remembered: bool = False
    another_master: bool = False
    shown_still: frozenset[str] = frozenset()
    controls: bool = False
    rules: tuple[RuleVerdict, ...] = ()
    """What the user's rules allow, where they act."""

    @property
    def voltage_v(self) -> float | None:
        """The battery voltage."""
        return None if self.voltage is None else self.voltage.value_v

    @property
    def batteries(self) -> Sequence[Bms]:
        """Every battery."""
        return self.installation.batteries

    @property
    def multi(self) -> VebusSystem | None:
        """The one VE.Bus system."""
        return self.selection.multi


def read_inputs(snapshot: Snapshot, held: str | None = None) -> Inputs:
    """Prepare one decision; `held`: the battery monitor that is not chosen anew (`select`)."""
    installation = told_apart(sort_services(snapshot.services, snapshot.options.dcdc_obeys, snapshot.batteries))
    settings = read_settings(snapshot.settings)
    options = snapshot.options
    batteries = installation.batteries
    never: Container[str] = ()
    last: Container[str] = ()
    if options.every_bms_limits:
        if options.other_banks:
            never = [battery.name for battery in batteries if named_in(battery, options.other_banks)]
        if len(batteries) > 1:
            last = [battery.name for battery in batteries if is_virtual(battery)]
    theirs = text(snapshot.services.get(p.SYSTEM, {}), p.ACTIVE_BMS) if snapshot.another_master else ""
    selection = select(installation, settings, snapshot.platform, never, last, held, theirs)
    bms = selection.bms
    quirk = ORDINARY if bms is None else quirk_of(bms.product_id)
    voltage = battery_voltage(installation, selection.monitor, options)
    sensor = temperature_sensor(installation, selection.monitor, settings, snapshot.services)
    words = snapshot.charge_stops, snapshot.discharge_stops, snapshot.charge_permits
    if not options.other_bms_stops:
        words = (), (), ()
    return Inputs(
        *(installation, settings, selection, options, quirk, voltage, sensor, *words),
        bms=bms,
        apart=snapshot.apart,
        gone=snapshot.gone,
        bms_awaited=snapshot.bms_awaited,
        bms_remembered=snapshot.bms_remembered,
        another_master=snapshot.another_master,
        shown_still=snapshot.shown_still,
        controls=snapshot.controls,
        from_file=snapshot.from_file,
        titles=installation.titles,
    )


def bms_identity(inputs: Inputs) -> tuple[str, float | None]:
    """Name and product of the BMS in control, ("", None) without."""
    bms = inputs.bms
    return ("", None) if bms is None else (bms.name, bms.product_id)


def wants_pv_off(snapshot: Snapshot) -> bool:
    """Does the energy management ask for PV to be disabled?"""
    return number(snapshot.services.get(p.SYSTEM, {}), p.PV_DISABLE) == 1


def debug_values(inputs: Inputs) -> dict[str, float]:
    """What is set for a test at com.victronenergy.system, by path."""
    system = next((one for one in inputs.installation.of(kind_of(p.SYSTEM)) if one.name == p.SYSTEM), None)
    if system is None:
        return {}
    return {path: value for path in p.DEBUG if (value := number(system.items, path))}


def same_instances(inputs: Inputs) -> dict[float, list[Bms]]:
    """Batteries that have a device instance together."""
    found: dict[float, list[Bms]] = {}
    for battery in inputs.batteries:
        found.setdefault(battery.instance, []).append(battery)
    return {instance: batteries for instance, batteries in found.items() if len(batteries) > 1}
