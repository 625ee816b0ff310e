"""What is known at one moment: every D-Bus service that matters, the settings, the options. A value, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import field
from typing import TypeAlias

from gxbridge.core.dvcc.read.devices.bms import Bms
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.rules.clock import NO_CLOCK, LocalClock
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.permission import Permit, Stop
from gxbridge.core.model.record import record

Arrival: TypeAlias = tuple[str, str]
"""(service, path) of an item that arrived."""
Arrivals: TypeAlias = Iterable[Arrival]
"""Every item that arrived since the last cycle, changed or not."""


@record
class Snapshot:
    """`services` of others, in order of appearance; in profile `strict` the order only decides between equals.

    `settings` are the values of com.victronenergy.settings by full path; what is missing has its default.
    `heard`: monotonic seconds of a service's last sign of life, for services whose liveness we know ourselves (our own
    CAN batteries); a service that is not in it counts as alive as long as its values are valid.
    `from_file`: the settings that hold because the configuration file says so.
    `apart`: chargers that show something else than they are told, with what they were told last (A). `gone`: chargers
    on a port of ours that have left D-Bus and may go on with what they were told by LINK (A).
    """

    services: Mapping[str, Items]
    settings: Mapping[str, Value] = field(default_factory=dict)
    platform: str = ""
    heard: Mapping[str, float] = field(default_factory=dict)
    options: Options = field(default_factory=Options)
    charge_stops: tuple[Stop, ...] = ()
    discharge_stops: tuple[Stop, ...] = ()
    charge_permits: tuple[Permit, ...] = ()
    apart: Mapping[str, float] = field(default_factory=dict)
    gone: Mapping[str, float] = field(default_factory=dict)
    from_file: frozenset[str] = frozenset()
    another_master: bool = False
    """The GX's own controller tells the chargers, and we only watch."""
    take_up: bool = False
    """Control has come back, and something that was decided was not told: a round is due now."""
    bms_awaited: bool = False
    """A device on CAN may be a BMS, and its NAME or product is not known yet."""
    shown_still: frozenset[str] = frozenset()
    """Services that show limits which do not count here, because the battery itself is silent or calls them unknown:
    the GX's own controller goes on by them."""
    bms_remembered: bool = False
    """A BMS that was heard on CAN before the program was started has not been heard since."""
    batteries: tuple[Bms, ...] = ()
    """Our own."""
    clock: LocalClock = NO_CLOCK
    controls: bool = False
    """What is decided is told, as far as no other master is found: then the user's rules lower it, and switches are
    moved."""

    @property
    def names(self) -> Set[str]:
        """Every service that is there, or would be if ours were published."""
        if not self.batteries:
            return self.services.keys()
        return self.services.keys() | {bms.name for bms in self.batteries}
