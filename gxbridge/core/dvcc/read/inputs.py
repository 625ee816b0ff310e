"""Everything one decision looks at, prepared once: the services sorted, the choices made, the settings in force."""

from __future__ import annotations

from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.bank import ALONE, BatteryBank, is_virtual, named_in
from gxbridge.core.dvcc.read.battery_voltage import Voltage, battery_voltage
from gxbridge.core.dvcc.read.bms import Bms, read_bms
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.quirks import ORDINARY, Quirk, quirk_of
from gxbridge.core.dvcc.read.selection import Selection, select
from gxbridge.core.dvcc.read.services import Installation, VebusSystem, kind_of, sort_services, titles
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_settings import UserSettings, read_settings
from gxbridge.core.model.permission import Permit, Stop

NOBODY_APART: Final[Mapping[str, float]] = MappingProxyType({})


class Inputs(NamedTuple):
    """`settings` are those of the snapshot; what a BMS forces is in the memory."""

    installation: Installation
    settings: UserSettings
    selection: Selection
    options: Options
    quirk: Quirk
    voltage: Voltage | None
    charge_stops: tuple[Stop, ...] = ()
    discharge_stops: tuple[Stop, ...] = ()
    charge_permits: tuple[Permit, ...] = ()
    bms: Bms | None = None
    """The BMS in control."""
    batteries: tuple[Bms, ...] = ()
    bank: BatteryBank = ALONE
    """The other batteries that limit and stop (profile `strict`)."""
    apart: Mapping[str, float] = NOBODY_APART
    from_file: frozenset[str] = frozenset()
    """See `Snapshot`."""
    disputed: frozenset[str] = frozenset()
    """Services whose voltages disagree: neither is shared (profile `strict`)."""
    bms_awaited: bool = False
    another_master: bool = False

    @property
    def voltage_v(self) -> float | None:
        """The battery voltage."""
        return None if self.voltage is None else self.voltage.value_v

    def battery(self, name: str) -> Bms | None:
        """The battery of a service, if it is there."""
        return next((battery for battery in self.batteries if battery.name == name), None)

    @property
    def multi(self) -> VebusSystem | None:
        """The one VE.Bus system."""
        return self.selection.multi


def read_inputs(snapshot: Snapshot, held: str | None = None) -> Inputs:
    """Prepare one decision; `held`: the battery monitor that is not chosen anew (`select`)."""
    installation = sort_services(snapshot.services, snapshot.options.dcdc_obeys)
    settings = read_settings(snapshot.settings)
    options = snapshot.options
    batteries = read_batteries(installation)
    never: Container[str] = ()
    last: Container[str] = ()
    if options.every_bms_limits:
        never = [battery.name for battery in batteries if named_in(battery, options.other_banks)]
        last = [battery.name for battery in batteries if is_virtual(battery)]
    selection = select(installation, settings, snapshot.platform, never, last, held)
    chosen = "" if selection.bms is None else selection.bms.name
    bms = next((battery for battery in batteries if battery.name == chosen), None)
    quirk = ORDINARY if bms is None else quirk_of(bms.product_id)
    voltage = battery_voltage(installation, selection.monitor, options)
    words = snapshot.charge_stops, snapshot.discharge_stops, snapshot.charge_permits
    if not options.other_bms_stops:
        words = (), (), ()
    return Inputs(
        *(installation, settings, selection, options, quirk, voltage, *words),
        bms=bms,
        batteries=batteries,
        apart=snapshot.apart,
        bms_awaited=snapshot.bms_awaited,
        another_master=snapshot.another_master,
        from_file=snapshot.from_file,
    )


def read_batteries(installation: Installation) -> tuple[Bms, ...]:
    """Every battery service; those of one name are told apart."""
    services = installation.of(p.BATTERY)
    names = titles(services)
    found = (read_bms(battery) for battery in services)
    return tuple(bms if bms.title == names[bms.name] else bms._replace(title=names[bms.name]) for bms in found)


def bms_identity(inputs: Inputs) -> tuple[str, float | None]:
    """Name and product of the BMS in control, ("", None) without."""
    bms = inputs.bms
    return ("", None) if bms is None else (bms.name, bms.product_id)


def wants_pv_off(snapshot: Snapshot) -> bool:
    """Does the energy management ask for PV to be disabled?"""
    return number(snapshot.services.get(p.SYSTEM, {}), p.PV_DISABLE) == 1


def debug_values(inputs: Inputs) -> dict[str, float]:
    """What is set for a test at com.victronenergy.system, by path."""
    system = inputs.installation.named(p.SYSTEM, kind_of(p.SYSTEM))
    if system is None:
        return {}
    return {path: value for path in p.DEBUG if (value := number(system.items, path))}


def same_instances(inputs: Inputs) -> dict[float, list[Bms]]:
    """Batteries that have a device instance together."""
    found: dict[float, list[Bms]] = {}
    for battery in inputs.batteries:
        found.setdefault(battery.instance, []).append(battery)
    return {instance: batteries for instance, batteries in found.items() if len(batteries) > 1}
