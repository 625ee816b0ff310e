"""The service that all programs of this benchmark publish: 140 doubles, 40 integers, 20 strings."""

from __future__ import annotations

from typing import Any

NAME = "com.victronenergy.battery.bench"
BATCH = 20

DOUBLES = [f"/Dc/{n}/Voltage" for n in range(140)]
INTEGERS = [f"/Alarms/Kind{n}" for n in range(38)]
STRINGS = [f"/Devices/{n}/Name" for n in range(20)]
PATHS = ["/DeviceInstance", "/Connected", *DOUBLES, *INTEGERS, *STRINGS]
# The changing ones: like a battery, mostly measurements.
CHANGING = [DOUBLES[:14] + INTEGERS[:4] + STRINGS[:2], DOUBLES[14:28] + INTEGERS[4:8] + STRINGS[2:4]]


def values(step: int) -> dict[str, Any]:
    """Twenty values that all differ from those of the step before."""
    found: dict[str, Any] = {}
    for index, path in enumerate(CHANGING[step % 2]):
        if path.startswith("/Dc"):
            found[path] = 20 + (step % 997) / 100 + index
        elif path.startswith("/Alarms"):
            found[path] = step % 251 + index
        else:
            found[path] = f"name {step % 499} of {index}"
    return found
