"""Which bits of a register the message database accounts for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gxbridge.core.learn.recording import COMPARED_BYTES, RegisterKey
from gxbridge.core.learn.verdicts import KnownBits
from gxbridge.core.nmea2000.database import Database

UNNAMED: Final = "bits_"
"""How fields begin that only keep bits together whose meaning nobody knows."""


def known_bits_of(db: Database, hidden: Collection[int] | None = ()) -> KnownBits:
    """By the layouts of all products. `hidden`: registers that are treated as unknown; None for all."""
    masks: dict[int, int] = {}

    def known_bits(key: RegisterKey) -> int:
        if hidden is None or key.register in hidden:
            return 0
        known = masks.get(key.register)
        if known is None:
            known = masks[key.register] = _mask(db, key.register)
        return known

    return known_bits


def _mask(db: Database, register: int) -> int:
    known = 0
    for layout in db.variants(register):
        for field in layout.fields:
            if field.name.startswith(UNNAMED):
                continue
            # Length 0 reaches to the end.
            length = field.length or 8 * COMPARED_BYTES
            known |= (1 << length) - 1 << field.offset
    return known
