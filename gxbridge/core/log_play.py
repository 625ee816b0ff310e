"""Recorded frames through the whole bridge on the log's own time: every look that the service would have had.

Nothing is written and nothing is sent: a log has no D-Bus and no bus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from gxbridge.core.bridge import Bridge
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.battery import Configured
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.nmea2000.database import BMS, Database, ProductInfo
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.setup import Setup
from gxbridge.core.vecan.lynx.table import BMS_REGISTERS
from gxbridge.core.vecan.network import ADDRESS_CLAIM, LAST_ADDRESS

TICK_S: Final = 1.0
REACTION_S: Final = 0.02
"""What arrives so soon after something urgent is looked at together with it."""
LONGEST_SILENCE_S: Final = 900.0
"""No clock of the bridge runs longer: what a log leaves out beyond this is not looked at second by second."""
ASSUMED_FAMILY: Final = "lynx-smart-bms"
"""What a device is taken for that speaks as a BMS and never says its product: the first one of this family."""


class LoggedFrame(NamedTuple):
    """A frame of a log. `now` never goes back; `epoch_offset` makes the log's own time of it."""

    now: float
    epoch_offset: float
    bus: str
    can_id: int
    data: bytes


class FoundBms(NamedTuple):
    """A device of a log that speaks as a BMS. `assumed`: what the log does not say of it."""

    configured: Configured
    assumed: tuple[str, ...]


class BmsFinder:
    """Finds every device that speaks as a Lynx BMS, with what a log says of it anywhere, so that it is known from its
    first frame on: a recording rarely begins with the claims and products."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.decoders: dict[str, Decoder] = {}
        self._names: dict[tuple[str, int], Name] = {}
        self._speaking: dict[tuple[str, int], None] = {}

    def hear(self, frame: LoggedFrame) -> Message | None:
        """The message that a frame completes."""
        now, _, bus, can_id, data = frame
        decoder = self.decoders.get(bus)
        if decoder is None:
            decoder = self.decoders[bus] = Decoder(self._db)
        message = decoder.feed(can_id, data, now)
        if message is None or message[1] > LAST_ADDRESS:
            return message
        layout, source, _, _, payload = message
        if layout.pgn == ADDRESS_CLAIM and (name := Name.from_payload(payload)) is not None:
            self._names[bus, source] = name
        elif layout.kind == "vreg" and layout.register in BMS_REGISTERS:
            self._speaking[bus, source] = None
        return message

    def found(self) -> list[FoundBms]:
        """Those that spoke so far."""
        found = []
        for bus, source in self._speaking:
            name, product = self._names.get((bus, source)), self.decoders[bus].product(source)
            info = assumed_product(self._db) if product is None else self._db.products.get(product)
            ours = name is None or name.manufacturer == VICTRON
            if not ours or info is None or info.kind != BMS:
                continue
            unique_number, instance = (source, 0) if name is None else (name.unique_number, name.device_instance)
            configured = Configured(bus, source, unique_number, info.product_id, instance)
            assumed = (("unique number",) if name is None else ()) + (("product",) if product is None else ())
            found.append(FoundBms(configured, assumed))
        return found


def find_bmses(frames: Iterable[LoggedFrame], db: Database) -> list[FoundBms]:
    """The BMSes of a log."""
    finder = BmsFinder(db)
    for frame in frames:
        finder.hear(frame)
    return finder.found()


def assumed_product(db: Database) -> ProductInfo:
    """What a device is taken for that speaks as a BMS and never says its product."""
    return next(info for info in db.products.values() if info.family == ASSUMED_FAMILY)


def play_frames(
    setup: Setup, frames: Iterable[LoggedFrame], zone_at: Callable[[float], float | None] | None = None
) -> Iterator[tuple[Cycle, float]]:
    """Every look and when it was: one a second, and one soon after each frame that cannot wait. `zone_at`: local time
    minus UTC (s) at a moment, in seconds since 1970."""
    bridge = Bridge(setup)
    last: LoggedFrame | None = None
    tick_at, react_at = 0.0, float("inf")
    for frame in frames:
        if last is None:
            last, tick_at = frame, frame.now + TICK_S
            if zone_at is not None:
                bridge.set_zone(zone_at(frame.now + frame.epoch_offset))
        now, offset, until = frame.now, last.epoch_offset, min(frame.now, last.now + LONGEST_SILENCE_S)
        if react_at <= now:
            yield bridge.react(react_at, offset), react_at
            react_at = float("inf")
        while tick_at <= until:
            if zone_at is not None:
                bridge.set_zone(zone_at(tick_at + offset))
            yield bridge.tick(tick_at, offset), tick_at
            tick_at += TICK_S
        tick_at = max(tick_at, now) if until < now else tick_at
        last = frame
        if bridge.hear(frame.bus, ((now, frame.can_id, frame.data),)):
            react_at = min(react_at, now + REACTION_S)
    if last is not None:
        yield bridge.tick(tick_at, last.epoch_offset), tick_at
