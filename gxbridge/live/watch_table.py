"""The table of `gxbridge watch` as lines of text, for a terminal of any size and for a pipe."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from gxbridge.core.model.items import printable
from gxbridge.core.model.wording import counted, duration_text
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.vecan.devices import DeviceView
from gxbridge.core.vecan.readings import Reading
from gxbridge.decodelog.textlines import TextLines
from gxbridge.decodelog.words import NOT_AVAILABLE
from gxbridge.edge.can.can_stats import CanStats
from gxbridge.live.buses import BusTraffic
from gxbridge.live.device_readings import DeviceReadings

Style = Literal["", "head", "bad", "old", "dim"]

AGE_WIDTH: Final = 7
SUBJECT_WIDTH: Final = 34
WIDE_SUBJECT: Final = 46
WIDE: Final = 110
"""Of 80 columns: age, what, and 37 for the value; from 110 on there is room for the longest names."""
LEAST_WIDTH: Final = 40
MANY_FLAGS: Final = 5
"""A message with so many flags is shown by those that are set."""
HELD: Final = "\0"
"""A blank at which no line ends: a number stays with its unit. Texts from outside have no such character."""
MOST_HELD: Final = 30
"""A longer name and value may be parted; there are lines of 37."""
MEANT: Final = re.compile(r"\d+ \((?!undefined|unknown product)(.+)\)")
"""A number of an enumeration with its meaning; the meaning is enough here."""
CLEAR: Final = frozenset({0, None})


class Line(NamedTuple):
    """A line and how it looks where there is colour."""

    text: str
    style: Style = ""


class WatchTable:
    """Makes lines of what was heard; the form of each kind of message is worked out once."""

    def __init__(self, db: Database) -> None:
        self._texts = TextLines(db)

    def buses(self, buses: Iterable[CanStats], traffic: Mapping[str, BusTraffic], width: int) -> Iterator[Line]:
        """How each bus is: what it carries, what was lost, and why it is silent."""
        for stats in buses:
            words = [f"{printable(stats.name)}: {stats.state}"]
            measured = traffic.get(stats.name)
            if stats.state == "ended" or measured is None:
                words.append(counted(stats.frames, "frame"))
            else:
                words.append(f"{measured.frames_per_s:.0f} frames/s")
                words += [] if measured.load_percent is None else [f"load {measured.load_percent:.0f} %"]
            troubles = (stats.lost, "lost"), (stats.error_count, "errors"), (stats.ignored, "not of VE.Can")
            words += [f"{count} {what}" for count, what in troubles if count]
            bad = stats.state not in ("open", "ended")
            text = ", ".join(words) + (f": {stats.reason}" if stats.reason and bad else "")
            yield from _wrapped(text, width, "bad" if bad else "")

    def devices(self, devices: Sequence[DeviceReadings], now: float, width: int) -> Iterator[Line]:
        """Every device with its newest values."""
        for view, readings in devices:
            yield from _wrapped(device_text(view, now), width, "head" if view.state == "live" else "bad")
            for reading in readings:
                yield from self._reading(reading, now, width)

    def _reading(self, reading: Reading, now: float, width: int) -> Iterator[Line]:
        subject, parts = self._texts.parts(reading.layout, reading.values)
        said = _said(reading.layout, reading.values, parts)
        subject_width = SUBJECT_WIDTH if width < WIDE else WIDE_SUBJECT
        room = max(width - AGE_WIDTH - subject_width - 2, 10)
        lines = [line.replace(HELD, " ") for line in textwrap.wrap(said, room, break_on_hyphens=False)] or [""]
        style: Style = "old" if reading.until is not None and reading.until <= now else ""
        head = _cut(subject, subject_width)
        yield Line(f"{age_text(now - reading.at):>{AGE_WIDTH}} {head:<{subject_width}} {lines[0]}"[:width], style)
        for line in lines[1:]:
            yield Line(f"{'':{AGE_WIDTH + subject_width + 2}}{line}"[:width], style)


def device_text(view: DeviceView, now: float) -> str:
    """Who a device is: address, product, serial, NAME, what the installer called it, and whether it still speaks."""
    where = "no address" if view.address is None else str(view.address)
    words = [f"{printable(view.bus)} {where}: {view.product_name or 'unknown product'}"]
    words += [f'"{view.description}"'] if view.description else []
    words += [view.kind] if view.kind != "other device" else []
    words += [f"serial {view.serial}"] if view.serial else []
    words += [f"NAME {view.unique_number}"] if view.unique_number is not None else ["NAME not heard yet"]
    words += [view.firmware_text] if view.firmware_text else []
    words += [] if view.state == "live" else [f"{view.state} for {age_text(now - view.last_heard)}"]
    return printable(", ".join(words))


def age_text(seconds: float) -> str:
    """`0.3 s`, `12 s`, `3 min`, `5 h`."""
    return f"{max(seconds, 0.0):.1f} s" if seconds < 9.95 else duration_text(seconds)


def _said(layout: Layout, values: tuple[FieldValue, ...], parts: list[tuple[str, str]]) -> str:
    """The values in words: of many flags those that are set, and nothing of what is not available."""
    parts = [(name, found[1] if (found := MEANT.fullmatch(text)) else text) for name, text in parts]
    if len(parts) == 1:
        return parts[0][1]
    flags = {field.name for field in layout.fields if field.enum is not None and field.length == 1}
    if len(flags) < MANY_FLAGS:
        flags = set()
    words, quiet = [], 0
    for (name, text), value in zip(parts, values, strict=False):
        if name in flags and value in CLEAR:
            quiet += 1
        elif name in flags and value == 1:
            words.append(name)
        elif text != NOT_AVAILABLE:
            held = f"{name} {text}".replace(" ", HELD) if len(name) + len(text) < MOST_HELD else f"{name} {text}"
            words.append(held)
    return ", ".join(words) or ("none set" if quiet else NOT_AVAILABLE)


def _wrapped(text: str, width: int, style: Style) -> list[Line]:
    return [Line(line, style) for line in textwrap.wrap(text, max(width, LEAST_WIDTH), subsequent_indent="    ")]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
