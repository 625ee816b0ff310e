"""What the configuration says, as far as the core needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.channels.terminals.terminal_bms import Wiring
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.battery import Configured
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.core.model.remembered import Remembered
from gxbridge.core.vecan.sending.alert_output import AlertLevel
from gxbridge.core.vecan.sending.transmit import LINK_LEVELS, TransmitLevel

if TYPE_CHECKING:
    from gxbridge.core.channels.readout.advertisement import DeviceKey


@record
class Setup:
    """One configured service, without its edges."""

    version: str = ""
    mode: str = "monitor"
    """off, monitor or control."""
    options: Options = field(default_factory=Options)
    banks: tuple[BankEntry, ...] = ()
    """Batteries in parallel that are to be as one."""
    publish: str = "bms"
    """bms, bms-neutral, monitor or none."""
    buses: tuple[str, ...] = ()
    ports: Mapping[str, str] = field(default_factory=dict)
    """The CAN interface of each bus that is not called by it: what a GX knows the port as."""
    serve: tuple[str, ...] = ()
    """The buses whose devices are all served, as on a port of our own; on the others only batteries are."""
    temperatures: tuple[str, ...] = ()
    """Those of them where temperature senders are served, too."""
    user_settings: Mapping[str, Value] = field(default_factory=dict)
    """`/Settings/...` values that hold while com.victronenergy.settings is not there."""
    instance: int = 220
    custom_name: str = ""
    transmit: TransmitLevel = "off"
    allow_mode: bool = False
    """Whether the mode of the BMS may be written: standby opens its contactor."""
    link_broadcast: bool = False
    """Whether LINK may be broadcast where an alternator regulator is on the bus."""
    plotter_bus: str = ""
    """The bus on which chart plotters are told the battery; "": none."""
    plotter_instance: int = 0
    """As which NMEA 2000 battery instance."""
    plotter_alerts: AlertLevel = "off"
    """Which findings about batteries plotters are told as alerts."""
    own_number: int = 1
    """Unique number of our own NAME on the buses; tells one gxbridge from another."""
    configured: tuple[Configured, ...] = ()
    wirings: tuple[Wiring, ...] = ()
    """BMSes known only by their terminals, wired to digital inputs."""
    readout_keys: Mapping[str, DeviceKey] = field(default_factory=dict)
    readout_names: Mapping[str, str] = field(default_factory=dict)
    """Bluetooth devices by address."""
    remembered: Remembered = field(default_factory=Remembered)
    """What was known when the program ended the last time."""
    boot: str | None = None
    """This run of the machine: what is to end with it."""
    platform: str = ""

    @property
    def passes_on(self) -> bool:
        """Whether chargers on CAN are told what the GX's controller writes for them: their port is ours."""
        return bool(self.serve) and self.mode == "control" and self.transmit in LINK_LEVELS
