"""From the configuration to a service that is ready to run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from gxbridge import __version__
from gxbridge.config import Config, Terminals
from gxbridge.core.channels.terminals.terminal_bms import Wiring, service_of
from gxbridge.core.model.finding import finding
from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import FAST_PGN, SINGLE_PGN, database
from gxbridge.core.setup import Setup
from gxbridge.edge.machine import PLATFORM_FILE, boat_id, boot_id, own_number, platform
from gxbridge.runtime.app import App, BoxPlace, FrameSource, Hearer, MakeNotifier, OnAdvertised
from gxbridge.runtime.edge_findings import deprecation_findings

if TYPE_CHECKING:
    from gxbridge.core.channels.readout.advertisement import DeviceKey
    from gxbridge.runtime.bluetooth_scanner import Scanner
    from gxbridge.runtime.state_writer import StateWriter
    from gxbridge.state.state_file import StateFile

GX_STATE = "/data/conf"
"""On a GX device: survives a firmware update, and no package manager replaces it as a whole."""

GX_BOXES = "/data/log/gxbridge-blackbox"
"""On a GX device: the partition that survives a firmware update, written to on an event only."""

ALL_SOURCES_MASK = 0x03FFFF00
"""Of a 29-bit id: data page, PDU format and PDU specific; priority and source do not matter."""
ADDRESSED_MASK = 0x03FF0000
"""PDU1: the PDU specific byte is the destination."""

ONLY_IN_LOGS = frozenset((*range(65001, 65013), *range(65015, 65031), 126992, 127250, 127251, 127257, 128259, 128267))
ONLY_IN_LOGS |= {129025, 129026, 129029, 130306, 130577}
"""PGNs that are known for whoever reads a log; the service needs none of them, and some come ten times a second."""


def setup_of(config: Config) -> Setup:
    """What the core needs of the configuration."""
    return Setup(
        version=__version__,
        mode=config.mode,
        options=replace(config.options, file=config.file or ""),
        banks=config.banks,
        publish=config.publish,
        buses=tuple(spec.name for spec in config.can),
        ports={
            spec.name: spec.channel
            for spec in config.can
            if spec.interface == "socketcan" and spec.name != spec.channel
        },
        serve=tuple(spec.name for spec in config.can if spec.serve == "all"),
        temperatures=tuple(spec.name for spec in config.can if spec.temperatures),
        user_settings=config.user_settings,
        instance=config.instance,
        custom_name=config.custom_name,
        transmit=config.transmit,  # type: ignore[arg-type]
        allow_mode=config.allow_mode,
        link_broadcast=config.link_broadcast,
        plotter_bus=config.plotter_bus,
        plotter_instance=config.plotter_instance,
        plotter_alerts=config.plotter_alerts,  # type: ignore[arg-type]
        own_number=own_number(),
        configured=config.known_batteries,
        wirings=tuple(wiring_of(terminals) for terminals in config.terminals),
        readout_keys=readout_keys(config),
        readout_names={entry.address: entry.name for entry in config.readout},
        platform=platform(),
    )


def readout_keys(config: Config) -> dict[str, DeviceKey]:
    """Keys of Bluetooth devices by their address; what opens advertisements is imported only where there are any."""
    if not config.readout:
        return {}
    from gxbridge.core.channels.readout.advertisement import DeviceKey

    return {entry.address: DeviceKey(entry.key) for entry in config.readout}


def wiring_of(terminals: Terminals) -> Wiring:
    """A wired BMS of the configuration, for the core."""

    def service(text: str | None) -> str | None:
        return None if text is None else service_of(text)

    return Wiring(
        name=terminals.name,
        model=terminals.model,
        charge=service(terminals.allow_to_charge),
        discharge=service(terminals.allow_to_discharge),
        pre_alarm=service(terminals.pre_alarm),
        pre_alarm_level=terminals.pre_alarm_level,
    )


def box_place(config: Config) -> BoxPlace | None:
    """Where black boxes go; None: nowhere, so that nothing is remembered either."""
    folder = config.blackbox.folder or (GX_BOXES if os.path.exists(PLATFORM_FILE) else "")
    if not config.blackbox.enabled or not folder:
        return None
    folder = os.path.join(os.path.dirname(os.path.abspath(config.file or "x")), os.path.expanduser(folder))
    return BoxPlace(folder, config.blackbox.max_bytes, config.blackbox.keep)


def state_file(config: Config) -> StateFile | None:
    """Where what must outlive the process is kept; None: only in memory, as for a recorded log."""
    if config.file is None or config.replay is not None or not config.state.enabled:
        return None
    from gxbridge.state.state_file import StateFile

    beside = os.path.dirname(os.path.abspath(config.file))
    if config.state.dir:  # a relative one begins at the configuration file, wherever a command is run
        return StateFile(os.path.join(beside, os.path.expanduser(config.state.dir)), boat_id())
    return StateFile(GX_STATE if os.path.exists(PLATFORM_FILE) else beside, boat_id())


def state_writer(config: Config) -> StateWriter | None:
    """What keeps the state; None where there is no file."""
    file = state_file(config)
    if file is None:
        return None
    from gxbridge.runtime.state_writer import StateWriter

    return StateWriter(file, time.monotonic(), boot_id())


def scanner_of(config: Config) -> Callable[[OnAdvertised], Scanner] | None:
    """What listens by Bluetooth; None where no device is configured, or a recorded log is played."""
    if not config.readout or config.replay is not None:
        return None
    from gxbridge.runtime.bluetooth_scanner import Scanner

    return Scanner


def notifier_of(config: Config) -> MakeNotifier | None:
    """What tells people; None where nobody asked for it, or a recorded log is played."""
    if config.notify.level == "off" or config.replay is not None:
        return None
    from gxbridge.runtime.notifier import Notifier

    return partial(Notifier, config.notify.level, config.notify.hook)


def kernel_filters() -> tuple[tuple[int, int], ...]:
    """(id, mask) for registers and every PGN the database knows: the kernel drops the rest before it costs anything."""
    filters = []
    for pgn in (SINGLE_PGN, FAST_PGN, *database().pgns.keys() - ONLY_IN_LOGS):
        mask = ADDRESSED_MASK if pgn >> 8 & 0xFF < 0xF0 else ALL_SOURCES_MASK
        filters.append((pgn << 8 & mask, mask))
    return tuple(filters)


def assemble(config: Config) -> App:
    """An App with its sources; nothing is opened yet."""

    def make(hearer: Hearer) -> list[FrameSource]:
        if config.replay is not None:
            from gxbridge.edge.logs.replay import ReplaySource

            return [ReplaySource(config.replay, hearer)]
        from gxbridge.edge.can.can_bus import CanSource

        filters = kernel_filters()
        return [CanSource(spec, hearer(spec.name), filters=filters) for spec in config.can]

    setup, state = setup_of(config), state_writer(config)
    if state is not None:
        setup = replace(setup, remembered=state.remembered, boot=boot_id())
    now = time.monotonic()
    configured = deprecation_findings(config.deprecations, now)
    undone = os.environ.get("GXBRIDGE_UNDONE")  # service/run says so
    if undone:
        configured = (*configured, finding("upgrade-undone", "", now, version=printable(undone)))
    return App(
        *(setup, config.dbus_address, make, box_place(config), scanner_of(config), state, configured),
        notifier_of(config),
        config.time_zone,
    )
