"""The configuration as the program uses it: frozen, complete, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal

from gxbridge.core.bank.entry import BankEntry
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.model.battery import Configured
from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.strict_yaml.problem import Problem, ProblemsError

if TYPE_CHECKING:  # a start without them is shorter
    from gxbridge.edge.logs.replay import ReplaySpec
    from gxbridge.models.installation import InstalledBms


class ConfigError(ProblemsError):
    """The configuration is wrong; nothing starts with it."""


@record
class Deprecation:
    """A key that a later release no longer reads. `obeyed`: what it says differs from what holds without it.

    Or, as `finding` says, one that is read although it is doubtful.
    """

    problem: Problem
    obeyed: bool = False
    finding: str = "key-retired"


@record
class Terminals:
    """A BMS known only by its wired contacts; each contact is the D-Bus service of a digital input, None: not wired."""

    model: str
    name: str
    nominal_voltage_v: int | None = None
    batteries: int | None = None
    allow_to_charge: str | None = None
    allow_to_discharge: str | None = None
    pre_alarm: str | None = None
    pre_alarm_level: Literal[0, 1] = 0
    """The input level that means pre-alarm."""


@record
class Readout:
    """A device whose Bluetooth advertisements may be decoded. `key` is secret: it is in no repr."""

    address: str
    name: str
    key: bytes = field(repr=False)


@record
class BlackBox:
    """Whether and where the record of the last minutes is kept; `folder` None: the default of the machine."""

    enabled: bool = True
    folder: str | None = None
    max_bytes: int = 4_000_000
    keep: int = 8


@record
class StateStore:
    """Whether and where what outlives the process is kept; `dir` None: the default of the machine."""

    enabled: bool = True
    dir: str | None = None


@record
class Notify:
    """Which findings are told as notifications, and a program that is started for each, () for none."""

    level: str = "off"
    hook: tuple[str, ...] = ()


@record
class Config:
    """What holds. Every field has the default that applies without a file; docs/configuration.md explains each."""

    can: tuple[CanSpec, ...] = (CanSpec("socketcan", "vecan0", "vecan0"),)
    replay: ReplaySpec | None = None
    """A recorded log in place of the buses; only from the command line."""
    dbus_address: str = "system"
    mode: str = "monitor"
    options: Options = field(default_factory=Options)
    time_zone: str | None = None
    """Of the boat, for its rules; None: the GX's setting."""
    user_settings: Mapping[str, Value] = field(default_factory=dict)
    """`/Settings/...` values for a system without com.victronenergy.settings."""
    instance: int = 220
    custom_name: str = ""
    known_batteries: tuple[Configured, ...] = ()
    banks: tuple[BankEntry, ...] = ()
    publish: str = "bms"
    transmit: str = "off"
    allow_mode: bool = False
    link_broadcast: bool = False
    plotter_bus: str = ""
    plotter_instance: int = 0
    plotter_alerts: str = "off"
    log_level: str = "info"
    log_modules: Mapping[str, str] = field(default_factory=dict)
    blackbox: BlackBox = field(default_factory=BlackBox)
    state: StateStore = field(default_factory=StateStore)
    notify: Notify = field(default_factory=Notify)
    installation: InstalledBms | None = None
    """What is said to be installed; checked when the file was read."""
    terminals: tuple[Terminals, ...] = ()
    readout: tuple[Readout, ...] = ()
    file: str | None = None
    """Where it was read from, None: defaults only."""
    deprecations: tuple[Deprecation, ...] = ()
