"""What the doctor looks at: everything that was gathered, as plain values. What could not be had is None or empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.core.vecan.sending.transmit import LINK_LEVELS
from gxbridge.edge.can.can_interface import Port

Services = Mapping[str, Mapping[str, Value]]
"""Service name -> path -> value, of every `com.victronenergy.*` service that answered."""


@record
class Supervised:
    """How daemontools holds our service on a GX. `up` None: its supervisor does not run (yet)."""

    folder: str
    up: bool | None
    seconds: float | None = None
    """Since when it is up or down."""


@record
class Program:
    """What runs here. `packages`: name -> version, "" for one that is missing."""

    version: str
    python: tuple[int, ...]
    packages: Mapping[str, str] = field(default_factory=dict)
    system: str = ""
    venus: str = ""
    """Version of Venus OS, such as v3.67; "" on other systems."""
    machine: str = ""
    """Kind of GX device, such as einstein; "" on other machines."""
    architecture: str = ""
    database_error: str = ""
    """Why the message database cannot be loaded; "" when it can."""
    supervised: Supervised | None = None


@record
class Bus:
    """D-Bus. `error` says why it cannot be reached; `unanswered` names services that did not answer, and why."""

    address: str
    error: str = ""
    unanswered: Mapping[str, str] = field(default_factory=dict)


@record
class ConfiguredBus:
    """One bus of the configuration."""

    name: str
    interface: str
    channel: str
    serve: str = "batteries"
    """Which of its devices gxbridge puts on D-Bus: `batteries` or `all`."""


@record
class ConfigSummary:
    """The configuration. `problems`: every fault, one line each; then the other fields say nothing."""

    file: str = ""
    """"" when there is none: the defaults hold."""
    problems: tuple[str, ...] = ()
    mode: str = "monitor"
    publish: str = "bms"
    transmit: str = "off"
    buses: tuple[ConfiguredBus, ...] = ()
    summary: str = ""
    remarks: tuple[str, ...] = ()
    """What is worth knowing but no fault."""

    @property
    def passes_on(self) -> bool:
        """Whether gxbridge, in control mode, tells chargers of a port of its own what is written on D-Bus."""
        return self.transmit in LINK_LEVELS and any(bus.serve == "all" for bus in self.buses)


@record
class Facts:
    """Everything."""

    program: Program
    bus: Bus
    configured: ConfigSummary
    ports: tuple[Port, ...] = ()
    services: Services = field(default_factory=dict)
