"""Which product ids are those of a Lynx Smart BMS: asked of the message database."""

from __future__ import annotations

from functools import lru_cache

from gxbridge.core.nmea2000.database import BMS, BMS_COPY, database


def is_lynx_product(product: float | None) -> bool:
    """Is it a Lynx Smart BMS, or the vendor's totals of several?"""
    return product is not None and family_kind(int(product)) in (BMS, BMS_COPY)


def is_lynx_totals(product: float | None) -> bool:
    """Is it the vendor's totals of Lynx Smart BMSes in parallel?"""
    return product is not None and family_kind(int(product)) == BMS_COPY


@lru_cache(maxsize=256)
def family_kind(product: int) -> str:
    """What a product is to us; "" where it is nothing special."""
    known = database().products.get(product)
    return "" if known is None else known.kind
