"""Everything one decision looks at, prepared once: the services sorted, the choices made, the settings in force."""

from __future__ import annotations

from typing import NamedTuple

from gxbridge.core.dvcc.read.battery_voltage import Voltage, battery_voltage
from gxbridge.core.dvcc.read.bms import Bms, read_bms
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.quirks import ORDINARY, Quirk, quirk_of
from gxbridge.core.dvcc.read.selection import Selection, select
from gxbridge.core.dvcc.read.services import Installation, VebusSystem, sort_services
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.read.user_settings import UserSettings, read_settings
from gxbridge.core.model.permission import Permit, Stop


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

    @property
    def voltage_v(self) -> float | None:
        """The battery voltage."""
        return None if self.voltage is None else self.voltage.value_v

    @property
    def multi(self) -> VebusSystem | None:
        """The one VE.Bus system."""
        return self.selection.multi


def read_inputs(snapshot: Snapshot) -> Inputs:
    """Prepare one decision."""
    installation = sort_services(snapshot.services)
    settings = read_settings(snapshot.settings)
    selection = select(installation, settings, snapshot.platform)
    options = snapshot.options
    bms = None if selection.bms is None else read_bms(selection.bms)
    quirk = ORDINARY if bms is None else quirk_of(bms.product_id)
    voltage = battery_voltage(installation, selection.monitor, options)
    if not options.other_bms_stops:
        return Inputs(installation, settings, selection, options, quirk, voltage, bms=bms)
    words = snapshot.charge_stops, snapshot.discharge_stops, snapshot.charge_permits
    return Inputs(installation, settings, selection, options, quirk, voltage, *words, bms)


def bms_identity(inputs: Inputs) -> tuple[str, float | None]:
    """Name and product of the BMS in control, ("", None) without."""
    bms = inputs.bms
    return ("", None) if bms is None else (bms.name, bms.product_id)
