"""Messages of a device, made by register or PGN, and its readings."""

from __future__ import annotations

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.encode import encode
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.vecan.readings import Readings
from tests.core.boat import vreg


def register(number: int, raw: int) -> Message:
    can_id, data = vreg(number, raw)
    message = Decoder().feed(can_id, data, 0.0)
    assert message is not None
    return message


def pgn(number: int, **values: FieldValue) -> Message:
    layout = database().pgns[number]
    given = {field.name: values.get(field.name) for field in layout.fields}
    assert encode(layout, given)
    return (layout, 0x29, 255, tuple(given.values()), b"")


def hold(*messages: tuple[Message, float], readings: Readings | None = None) -> Readings:
    """Readings of a device that has sent these, each at its second."""
    readings = readings or Readings()
    for message, at in messages:
        assert readings.put(message, at)
    return readings
