"""One message without what identifies: the payload with the same length, and every other field as it was.

Nothing passes that no field accounts for: bits between the fields and bytes after the last one could hold anything.
"""

from __future__ import annotations

from typing import Final

from gxbridge.core.capture.group_parameters import EMPTY, group_parameters
from gxbridge.core.capture.private_fields import (
    HIDDEN,
    UNIQUE_BITS,
    Treatment,
    maker_text,
    treatment_of,
    version_text,
    vocabulary_of,
)
from gxbridge.core.capture.replacements import Replacements
from gxbridge.core.nmea2000.database import Database, Layout
from gxbridge.core.nmea2000.field import LAU_UTF16, FieldInfo, raw_number, text
from gxbridge.core.nmea2000.frame import MAX_DATA

BLANK, NUL, FILL = 0x20, 0x00, 0xFF
PADDING: Final = frozenset({BLANK, NUL, FILL})
PGN_BYTES: Final = 3
LAST_PGN: Final = 0x3FFFF
MASKS_KEPT: Final = 4096


class MessageAnonymiser:
    """`keep_unknown` lets pass what no field accounts for in messages that are known, for whoever looks for the
    meaning of unknown bits; texts and raw bytes never pass."""

    def __init__(self, db: Database, replacements: Replacements, keep_unknown: bool = False) -> None:
        self._replacements = replacements
        self._db = db
        self._keep_unknown = keep_unknown
        self._vocabulary = vocabulary_of(db)
        self._masks: dict[tuple[Layout, int], int] = {}

    def payload(self, layout: Layout, payload: bytes) -> bytes:
        """A payload of this layout, with its header. Raises NoReplacement."""
        size = len(payload)
        mask = self._masks.get((layout, size))
        if mask is None:
            if len(self._masks) >= MASKS_KEPT:
                self._masks.clear()
            mask = self._masks[layout, size] = self._mask(layout, size)
        is_register = layout.header > 0
        bits = int.from_bytes(payload, "little") & mask
        if not is_register:  # unused bits of PGNs are 1, those of registers 0
            bits |= (1 << size * 8) - 1 & ~mask
        out = bytearray(bits.to_bytes(size, "little"))
        at = None
        for field in layout.fields:
            treatment = treatment_of(field)
            start = layout.header * 8 + field.offset
            if field.kind == "lau":
                at = self._lau(out, payload, start // 8 if at is None else at)
            elif treatment == "parameters":
                for parameter, begin in group_parameters(self._db, payload):
                    self._parameter(out, payload, parameter, begin)
            elif treatment != "keep":
                end = (start + field.length) // 8 if field.length else size
                if field.is_number:
                    self._number(out, payload, field, start, treatment)
                elif treatment == "pgns":
                    out[start // 8 : end] = _pgns(payload[start // 8 : end])
                elif treatment != "blank":
                    out[start // 8 : end] = self._text(payload[start // 8 : end], treatment)
        return bytes(out)

    def _mask(self, layout: Layout, size: int) -> int:
        """The bits that pass as they are."""
        mask = (1 << layout.header * 8) - 1
        held = mask
        for field in layout.fields:
            start = layout.header * 8 + field.offset
            length = field.length or max(size * 8 - start, 0)
            part = (1 << length) - 1 << start
            held |= part
            if treatment_of(field) == "keep" and start + length <= size * 8:
                mask |= part
        if self._keep_unknown and not any(field.kind == "lau" for field in layout.fields) and size <= MAX_DATA:
            mask |= ~held
        return mask & (1 << size * 8) - 1

    def _parameter(self, out: bytearray, payload: bytes, field: FieldInfo, start: int) -> None:
        """A field that stands somewhere else than in its message."""
        if field is EMPTY:
            out[start // 8] = 0
        elif field.is_number:
            self._number(out, payload, field, start, treatment_of(field))
        elif field.kind == "lau":
            self._lau(out, payload, start // 8)

    def _number(self, out: bytearray, payload: bytes, field: FieldInfo, start: int, treatment: Treatment) -> None:
        raw = raw_number(payload, start, field.length, field.kind == "signed")
        if raw is None:
            return
        if raw not in field.missing:
            if treatment == "place":
                raw = 0
            elif treatment != "keep":
                number = raw & (1 << UNIQUE_BITS) - 1
                rest = raw - number if treatment == "unique-low" else 0
                raw = rest + self._replacements.number(number)
        mask = (1 << field.length) - 1
        bits = int.from_bytes(out, "little") & ~(mask << start) | (raw & mask) << start
        out[:] = bits.to_bytes(len(out), "little")

    def _text(self, raw: bytes, treatment: Treatment) -> bytes:
        """A text of the same bytes, and the same padding behind it."""
        if not raw.strip(b"\xff"):
            return raw
        body = raw.partition(b"\0")[0]
        end = len(body)
        while end and (body[end - 1] <= BLANK or body[end - 1] == FILL):
            end -= 1
        said = text(raw)
        new = b"" if not said else self._ascii(said, end, treatment)
        padding = bytearray(raw[end:])
        for index, byte in enumerate(padding):
            if byte not in PADDING:  # control characters, or what an earlier text has left behind its end
                padding[index] = BLANK if end + index < len(body) else FILL
        return new + bytes(padding)

    def _ascii(self, said: str, size: int, treatment: Treatment) -> bytes:
        """The replacement with exactly `size` bytes: letters beyond ASCII took more than one, or another."""
        if treatment == "name":
            return self._replacements.text("name", said, size).encode()
        if treatment == "serial":
            whole = said.isascii()
            return (
                self._replacements.serial(said) if whole else self._replacements.text("serial", said, size)
            ).encode()
        new = version_text(said) if treatment == "version" else maker_text(said, self._vocabulary)
        return new.encode()[:size].ljust(size, HIDDEN.encode())

    def _lau(self, out: bytearray, payload: bytes, at: int) -> int:
        """One text with its length before it; returns where the next begins. What is malformed stays blank."""
        size = payload[at] if at < len(payload) else 0
        if size < 2 or at + size > len(payload):
            return len(payload)
        out[at : at + 2] = payload[at : at + 2]
        body = payload[at + 2 : at + size]
        if payload[at + 1] == LAU_UTF16:
            said = body.decode("utf-16-le", "replace").partition("\0")[0].rstrip()
            letters = len(said.encode("utf-16-le", "surrogatepass")) // 2
            new = self._replacements.text("name", said, letters).encode("utf-16-le") if said else b""
            out[at + 2 : at + size] = new[: len(body)].ljust(len(body), b"\0")
        else:
            out[at + 2 : at + size] = self._text(body, "name")
        return at + size


def _pgns(raw: bytes) -> bytes:
    """A list of PGNs, which are numbers up to 0x3FFFF; anything else is no list."""
    numbers = [int.from_bytes(raw[at : at + PGN_BYTES], "little") for at in range(0, len(raw), PGN_BYTES)]
    return raw if len(raw) % PGN_BYTES == 0 and all(number <= LAST_PGN for number in numbers) else b"\xff" * len(raw)
