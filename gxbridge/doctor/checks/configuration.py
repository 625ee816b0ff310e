"""The configuration: its faults, and whether it fits what is here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.doctor.checks.can_ports import carries_vecan
from gxbridge.doctor.facts import Facts
from gxbridge.doctor.row import Row

SECTION: Final = "Configuration"


def check_configured(facts: Facts) -> Iterator[Row]:
    """Faults first: where there are any, nothing else is known."""
    configured = facts.configured
    if configured.problems:
        for problem in configured.problems:
            yield Row(SECTION, "config", "problem", problem, "gxbridge config check FILE lists all.", configured.file)
        return
    if configured.file:
        yield Row(SECTION, "config", "ok", f"{configured.file}: {configured.summary}")
    elif OWN_NAME in facts.services:
        text = "no configuration file was named; the running service has its own"
        yield Row(SECTION, "config", "note", text, "Name it with --config FILE to have it checked.")
        return
    else:
        text = f"no configuration file, the defaults hold: {configured.summary}"
        yield Row(
            SECTION,
            "config",
            "note",
            text,
            "gxbridge config init prints a file to begin with; gxbridge config show has every key.",
        )
    for remark in configured.remarks:
        yield Row(SECTION, "remark", "note", remark)
    if configured.transmit == "link" and configured.mode != "control":
        text = f"transmit is link, and nothing is told to chargers on CAN with dvcc.mode: {configured.mode}"
        yield Row(SECTION, "link-idle", "note", text, "Set dvcc.mode: control for it, or transmit: requests.")
    elif configured.transmit == "link" and not configured.passes_on:
        text = "transmit is link, and nothing is told to chargers on CAN without serve: all for their port"
        advice = "Set serve: all where gxbridge is to be a port's only driver (docs/port.md), or transmit: requests."
        yield Row(SECTION, "link-idle", "note", text, advice)
    ports = {port.name: port for port in facts.ports}
    able = [name for name, port in ports.items() if carries_vecan(port)]
    for bus in configured.buses:
        if bus.interface != "socketcan":
            continue
        if bus.channel not in ports:
            there = f"this machine has {', '.join(able)}" if able else "this machine has no port for VE.Can"
            text = f"the configured port {bus.channel} does not exist: {there}"
            advice = "Name one of these in the configuration (can: channel)." if able else "Connect a CAN adapter."
            yield Row(SECTION, "no-such-port", "problem", text, advice, bus.channel)
    if not configured.buses:
        text = "no CAN bus is configured"
        yield Row(SECTION, "no-bus", "note", text, "Right for a VE.Bus BMS; a Lynx needs one (can:).")
