"""The machine, the program and its parts, and D-Bus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from gxbridge.doctor.facts import Bus, Program
from gxbridge.doctor.row import Row

SECTION: Final = "Program"
LEAST_PYTHON: Final = (3, 11)
LEAST_VENUS: Final = (3, 60)
"""The first with Python 3.12 (meta-victronenergy, layer series of the tag v3.60)."""


def check_program(program: Program) -> Iterator[Row]:
    """Versions."""
    python = ".".join(map(str, program.python))
    if program.python[:2] < LEAST_PYTHON:
        text = f"Python {python} is too old; gxbridge needs {'.'.join(map(str, LEAST_PYTHON))} or newer"
        yield Row(SECTION, "python", "problem", text, "Update Venus OS to v3.60 or newer, or install a newer Python.")
    where = ", ".join(part for part in (program.system, program.machine, program.architecture) if part)
    yield Row(
        SECTION, "version", "ok", f"gxbridge {program.version}, Python {python}" + (f", {where}" if where else "")
    )
    missing = [name for name, version in program.packages.items() if not version]
    if missing:
        text = f"missing: {', '.join(missing)}"
        yield Row(SECTION, "packages", "problem", text, "Install gxbridge again: a package of it is incomplete.")
    present = [f"{name} {version}" for name, version in program.packages.items() if version]
    if present:
        yield Row(SECTION, "packages-present", "ok", ", ".join(present))
    if program.database_error:
        yield Row(SECTION, "database", "problem", program.database_error, "In a checkout `make build` compiles it.")
    if program.venus:
        venus = venus_version(program.venus)
        if venus is not None and venus < LEAST_VENUS:
            text = f"Venus OS {program.venus} is older than v{LEAST_VENUS[0]}.{LEAST_VENUS[1]}"
            yield Row(SECTION, "venus", "problem", text, "Update the GX (Settings, Firmware).")


def venus_version(text: str) -> tuple[int, int] | None:
    """`(3, 67)` of `v3.67~12`, None when it is no version."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    return None if found is None else (int(found[1]), int(found[2]))


def check_bus(bus: Bus, services: int) -> Iterator[Row]:
    """Can D-Bus be reached, and who does not answer there?"""
    if bus.error:
        advice = (
            "On a GX: is this run on the GX itself, as root? Elsewhere name the bus with --dbus session or an address."
        )
        yield Row(SECTION, "dbus", "problem", f"D-Bus cannot be reached: {bus.error}", advice)
        return
    yield Row(SECTION, "dbus", "ok", f"D-Bus ({bus.address}); services of a GX found: {services}")
    for name, reason in bus.unanswered.items():
        text = f"{name} does not answer: {reason}"
        yield Row(SECTION, "unanswered", "warning", text, "Restart that service, or the GX.", name)
