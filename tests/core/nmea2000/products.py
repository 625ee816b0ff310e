"""A device says which product it is."""

from __future__ import annotations

from gxbridge.core.nmea2000.decoder import Decoder


def introduce(decoder: Decoder, source: int, product_id: int) -> None:
    """Register 0x0100 of the device at address `source`: some registers mean different things on different products."""
    decoder.feed(0x1CEFFF00 | source, b"\x66\x99\x00\x01\x00" + product_id.to_bytes(2, "little") + b"\xff", 0.0)
