"""Firmware versions as people write them."""

from __future__ import annotations

NO_FIRMWARE = 0xFFFFFF


def text(version: int | None) -> str | None:
    """`v1.13` for 0x0113FF, `v1.11-beta-01` for 0x011101, `v1.02` for 0x0102; None when there is none.

    Digits are hexadecimal nibbles read as decimals (gui-v2@3b94597 ve_regs.h, register 0x0102). A top byte of zero is
    the old 16-bit form; a top nibble of A or more is the letter of a release candidate (VE.Can registers public, v20).
    """
    if version is None or not 0 < version < NO_FIRMWARE:
        return None
    high, middle, low = version >> 16, version >> 8 & 0xFF, version & 0xFF
    if high == 0:
        return f"v{middle:x}.{low:02x}"
    if high >= 0xA0:
        return f"v{high >> 4:X}{high & 0xF:x}.{middle:02x}.{low:02x}"
    if low in (0xFF, 0x00):
        return f"v{high:x}.{middle:02x}"
    return f"v{high:x}.{middle:02x}-beta-{low:02x}"
