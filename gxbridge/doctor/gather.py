"""Everything the doctor looks at, within a bounded time; what cannot be had is left out, with the reason."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gxbridge.config import Config, ConfigError, load, pages
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.paths import SETTINGS
from gxbridge.core.model.items import Value, plain_items
from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from gxbridge.core.publish.publication import profile_path
from gxbridge.doctor import host
from gxbridge.doctor.facts import Bus, ConfigSummary, ConfiguredBus, Facts
from gxbridge.doctor.redact import hide_keys
from gxbridge.edge.can import ports
from gxbridge.edge.can.can_interface import Port
from gxbridge.edge.dbus import client, scan
from gxbridge.edge.dbus.bus import BusError, Connection, connect
from gxbridge.models.catalogue_file import catalogue
from gxbridge.models.installation import remark

USUAL_CONFIG: Final = Path("/data/conf/gxbridge.yaml")
"""Where the service on a GX has its configuration (service/run)."""
WHOLE_S: Final = 40.0
"""After this everything is over, whatever does not answer."""
MOST_CONFIG: Final = 100_000
PROFILE_PATH: Final = re.compile(profile_path("[^/]+"))


@dataclass(frozen=True, slots=True)
class Gathered:
    """`config_text`: the configuration as it holds, keys hidden; "" when there is none."""

    facts: Facts
    config_text: str


async def gather(config: str | None, dbus: str | None, seconds: float) -> Gathered:
    """`seconds`: how long the traffic on the CAN ports is measured. Never raises for anything outside."""
    program = host.program()
    configured, text, address = read_config(config)
    facts = Facts(program, Bus(dbus or address), configured)
    deadline = asyncio.get_running_loop().time() + WHOLE_S
    try:
        async with asyncio.timeout_at(deadline):
            connection = await connect(facts.bus.address)
    except (BusError, OSError, TimeoutError) as error:
        reason = str(error) or "no answer in time"
        facts = replace(facts, bus=replace(facts.bus, error=reason))
        return Gathered(replace(facts, ports=await _measured(None, {}, seconds)), text)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                facts = await _ask(connection, facts)
                settings = facts.services.get(SETTINGS, {})
                facts = replace(facts, ports=await _measured(connection, settings, seconds))
    finally:
        connection.close()
    return Gathered(facts, text)


async def _ask(connection: Connection, facts: Facts) -> Facts:
    try:
        items, unanswered = await scan.look(connection)
    except BusError as error:
        return replace(facts, bus=replace(facts.bus, error=f"it does not answer: {error}"))
    services = {name: plain_items(values) for name, values in items.items()}
    if OWN_NAME in services:
        with contextlib.suppress(BusError):  # a service of ours that is starting, ending or of another version
            explained = await client.fetch(connection, OWN_NAME, EXPLAIN_JSON)
            if isinstance(explained, str):
                services[OWN_NAME][EXPLAIN_JSON] = explained
    return replace(facts, services=services, bus=replace(facts.bus, unanswered=unanswered))


async def find_ports(connection: Connection | None, settings: Mapping[str, Value]) -> list[Port]:
    """Every port with the profile that the GX's settings have for it."""
    configured = [path.split("/")[3] for path in settings if PROFILE_PATH.fullmatch(path)]
    found = await ports.find_ports(connection, configured)
    profiles = {port.name: number(settings, profile_path(port.name)) for port in found}
    return [port if (profile := profiles[port.name]) is None else replace(port, profile=int(profile)) for port in found]


async def _measured(connection: Connection | None, settings: Mapping[str, Value], seconds: float) -> tuple[Port, ...]:
    """Every port, looked at twice."""
    found = await find_ports(connection, settings)
    began = time.monotonic()
    first = [await ports.read_link(port.name, connection) for port in found]
    if any(link is not None and link.up for link in first):
        await asyncio.sleep(seconds)
    took_s = time.monotonic() - began
    later = [await ports.read_link(port.name, connection) for port in found]
    return tuple(
        replace(port, link=link, later=again, seconds=took_s)
        for port, link, again in zip(found, first, later, strict=True)
    )


def read_config(file: str | None) -> tuple[ConfigSummary, str, str]:
    """The configuration, its text for an archive, and the D-Bus address that it names."""
    path = file if file is not None else str(USUAL_CONFIG) if USUAL_CONFIG.is_file() else None
    try:
        config = load(path)
    except ConfigError as error:
        return ConfigSummary(path or "", tuple(map(str, error.problems))), _raw(path), "system"
    return configured_of(config), pages.show(config), config.dbus_address


def configured_of(config: Config) -> ConfigSummary:
    """What the checks need of it."""
    buses = tuple(ConfiguredBus(spec.name, spec.interface, spec.channel, spec.serve) for spec in config.can)
    said = None if config.installation is None else remark(config.installation, catalogue())
    listens = ", ".join(f"{bus.interface}:{bus.channel}" for bus in buses) or "no CAN bus"
    return ConfigSummary(
        file=config.file or "",
        mode=config.mode,
        publish=config.publish,
        transmit=config.transmit,
        buses=buses,
        remarks=(*(str(item.problem) for item in config.deprecations), *(() if said is None else (said,))),
        summary=f"{listens}, mode {config.mode}, publish {config.publish}, transmit {config.transmit}",
    )


def _raw(path: str | None) -> str:
    """A file that is no configuration, as it is, keys hidden."""
    try:
        with open(path or "", encoding="utf-8", errors="replace") as file:
            return hide_keys(file.read(MOST_CONFIG).splitlines(keepends=True))
    except OSError:
        return ""
