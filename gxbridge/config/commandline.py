"""What the command line puts above the file: `--can`, `--replay`, `--dbus`, `--verbose`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from gxbridge.config.build_config import bus
from gxbridge.config.effective import Config
from gxbridge.config.interfaces import INTERFACES, MULTICAST, MULTICAST_GROUP, plugin_exists
from gxbridge.core.model.record import record
from gxbridge.edge.can.can_stats import CanSpec
from gxbridge.strict_yaml.problem import Problem

AddProblem: TypeAlias = Callable[[str, str, str], None]


@record
class Overrides:
    """What the command line says: `--can` (repeatable, replaces the list), `--replay`, `--dbus`, `--verbose`."""

    can: tuple[str, ...] = ()
    replay: str | None = None
    dbus: str | None = None
    verbose: bool = False


def override(config: Config, overrides: Overrides, problems: list[Problem]) -> Config:
    changes: dict[str, Any] = {}

    def report(option: str, what: str, cure: str) -> None:
        problems.append(Problem("command line", 0, option, what, cure))

    if overrides.can:
        changes["can"] = _buses(overrides.can, report)
    if overrides.replay is not None:
        from gxbridge.edge.logs.replay import parse_replay

        if overrides.can:
            report("--replay", "cannot be combined with --can", "give a log or buses, not both")
        try:
            spec = parse_replay(overrides.replay)
            with open(spec.path, "rb"):  # reported now and not when half of the service runs
                pass
        except OSError as error:
            report("--replay", f"{spec.path} cannot be read: {error.strerror}", "check the path and its permissions")
        except ValueError as error:
            report("--replay", str(error), "write LOG, LOG@2 (twice as fast) or LOG@max")
        else:
            changes.update(replay=spec, can=())
    if overrides.dbus is not None:
        if not re.fullmatch(r"system|session|[a-z-]+:[\x21-\x7e]*", overrides.dbus):
            report(
                "--dbus",
                f"{overrides.dbus!r} is not a D-Bus address",
                "write system, session or an address such as unix:path=/run/bus",
            )
        changes["dbus_address"] = overrides.dbus
    if overrides.verbose:
        changes["log_level"] = "debug"
    return replace(config, **changes)


def _as_written(named: str) -> str:
    """A bus as it is written, of the interface that was named; one of SocketCAN where a channel stands in its place."""
    return f"{named}:CHANNEL" if named in INTERFACES and named != "socketcan" else f"socketcan:{_channel(named)}"


def _channel(named: str) -> str:
    return "vecan0" if named in ("", "socketcan") else named


def _buses(wanted: Sequence[str], report: AddProblem) -> tuple[CanSpec, ...]:
    specs: list[CanSpec] = []
    for text in wanted:
        interface, colon, channel = text.partition(":")
        if interface == MULTICAST and not channel:
            colon, channel = ":", MULTICAST_GROUP
        if not colon or not interface or not channel:
            report(
                "--can",
                f"{text!r} is not INTERFACE:CHANNEL",
                f"write for example {_as_written(interface)}",
            )
            continue
        if interface not in INTERFACES and not plugin_exists(interface):
            report("--can", f"unknown interface {interface!r}", f"write one of {', '.join(INTERFACES)}")
            continue
        spec = bus(interface, channel, None, None, {})
        if any(other.name == spec.name for other in specs):
            report("--can", f"two buses are called {spec.name}", "give one of them a name in the configuration file")
        specs.append(spec)
    return tuple(specs)
