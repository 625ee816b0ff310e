"""What a capture holds, in words: for whoever is about to send it to somebody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from gxbridge.core.capture.remarks import FIRST_LINE, remark_of
from gxbridge.core.model.items import printable
from gxbridge.core.model.wording import counted, duration_text

STAYS = (
    "Replaced, each original always by the same replacement: serial numbers, unique numbers of NAMEs, names that "
    "people gave, positions.\n"
    "Left out: all other texts, settings of the GX, networks, accounts, and whatever has an unknown meaning.\n"
    "It still contains: times, models and firmware versions, measurements, settings of batteries and chargers, "
    "alarms,\n"
    "speed, course, depth and wind, if they are on the bus."
)
KEPT = "Unknown registers of one frame are in it as they were (--keep-unknown): one of them could identify you."
MOST_SHOWN = 12
NOT_IN_IT = (
    ("lost", "lost on the way to the program"),
    ("not_vecan", "standard, remote or FD frames, which VE.Can does not use"),
    ("error_frames", "error frames"),
    ("too_long", "messages that are too long for fast packets"),
)


class CaptureError(Exception):
    """The file is no capture; the text says so."""


def summary(name: str, lines: Iterable[str]) -> Iterator[str]:
    """The summary, line by line. Raises CaptureError; LogError comes from the lines."""
    frames: Counter[str] = Counter()
    services: dict[str, set[str]] = {}
    devices: list[dict[str, Any]] = []
    head: dict[str, Any] = {}
    end: dict[str, Any] | None = None
    for number, line in enumerate(lines):
        if number == 0 and line != FIRST_LINE:
            raise CaptureError(f"{name} is not a gxbridge capture: its first line is not `{FIRST_LINE.strip()}`")
        said = remark_of(line)
        if said is None:
            if line.startswith("("):
                frames[line.split(" ", 2)[1]] += 1
        elif "service" in said:
            services.setdefault(str(said["service"]), set()).update(_under(said, "items"))
        elif "device" in said:
            devices.append(_under(said, "device"))
        elif "capture" in said:
            head = _under(said, "capture")
        elif "end" in said:
            end = _under(said, "end")
    if not head:
        raise CaptureError(f"{name} is not a gxbridge capture, or it was cut off at its beginning")
    seconds = "cut off" if end is None else duration_text(_amount(end.get("seconds")))
    yield f"{name}: a capture by gxbridge {head.get('gxbridge')}, {seconds}"
    of_buses = ", ".join(f"{counted(count, 'frame')} of {printable(bus)}" for bus, count in sorted(frames.items()))
    yield f"  {of_buses or 'no frames'}"
    for device in devices:
        words = (device.get("product") or device.get("kind"), device.get("serial"), device.get("name"))
        yield printable(
            f"  {device.get('bus')} {device.get('address')}: {', '.join(str(word) for word in words if word)}"
        )
    yield from (f"  {printable(service)}: {counted(len(paths), 'path')}" for service, paths in sorted(services.items()))
    yield from _left_out(end or {})
    yield STAYS
    if head.get("keep_unknown"):
        yield KEPT


def _left_out(end: dict[str, Any]) -> Iterator[str]:
    counts = _under(end, "left_out")
    for reason, count in counts.items():
        yield printable(f"  left out: {_amount(count):.0f} {reason}")
    kinds = [f"{kind} ({_amount(count):.0f})" for kind, count in _under(end, "unknown").items()]
    if kinds:
        more = f" and {len(kinds) - MOST_SHOWN} more kinds" if len(kinds) > MOST_SHOWN else ""
        yield printable(f"    of these: {', '.join(kinds[:MOST_SHOWN])}{more}")
    for key, what in NOT_IN_IT:
        if count := _amount(end.get(key)):
            yield f"  not in it: {count:.0f} {what}"


def _under(said: dict[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key)
    return found if isinstance(found, dict) else {}


def _amount(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
