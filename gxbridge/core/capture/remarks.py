"""The lines of a capture that are no frames: remarks with one JSON object each, between the lines of a candump log.

    # gxbridge capture 1
    # gxbridge {"capture": {...}}                                   what this is; the first of them
    (1700000000.250000) can0 1CEFFF29#669991034E000000
    # gxbridge {"t": 1700000000.3, "service": "...", "items": {"/Soc": 87.0}}   values of a D-Bus service that changed
    # gxbridge {"t": 1700000000.4, "service": "...", "gone": true}             it has left the bus
    # gxbridge {"device": {...}}                                    a device of a bus, at the end
    # gxbridge {"end": {...}}                                       counts; without it the capture was cut off

Readers of logs pass over remarks; `remark_of` reads them. The first `items` of a service are all it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.core.model.items import Value

FIRST_LINE: Final = "# gxbridge capture 1\n"
BEGIN: Final = "# gxbridge {"
MOST_CHARACTERS: Final = 16_000
"""Of a line: readers of logs take longer ones for no text."""


def remark(content: Mapping[str, Any]) -> str:
    """The line that says it, with its end."""
    return f"# gxbridge {json.dumps(content, separators=(',', ':'), allow_nan=False)}\n"


def remark_of(line: str) -> dict[str, Any] | None:
    """What a line says; None for a frame, a remark of somebody else, or a broken one. Never raises."""
    if not line.startswith(BEGIN):
        return None
    try:
        found = json.loads(line[len(BEGIN) - 1 :])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def service_remarks(t: float, service: str, items: Mapping[str, Value]) -> Iterator[str]:
    """Values of a service, on as many lines as they need."""
    part: dict[str, Value] = {}
    size = 0
    for path, value in items.items():
        size += len(path) + len(json.dumps(value)) + 8
        if size > MOST_CHARACTERS:
            yield remark({"t": round(t, 6), "service": service, "items": part})
            part, size = {}, 0
        part[path] = value
    yield remark({"t": round(t, 6), "service": service, "items": part})
