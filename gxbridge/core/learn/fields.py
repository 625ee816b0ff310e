"""What could be a value in a register: numbers at whole bytes, and small groups of bits, each as it changed."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from gxbridge.core.learn.recording import COMPARED_BYTES, RegisterSeries
from gxbridge.core.model.named_tuple import NamedTuple

WIDTHS: Final = (8, 16, 24, 32)
"""Bits of numbers; of 477 numbers in the registers that are known one has another width."""
CELLS: Final = (1, 2, 4, 8)
"""Bits of flags and codes."""
MOST_CODES: Final = 16
"""Different codes of a cell that is still taken for one."""
MISSING: Final = -(1 << 40)
"""Stands for "not available": the topmost code of a number, as everywhere on VE.Can."""
LEAST_CHANGES: Final = 3


class FieldLayout(NamedTuple):
    """Where a value stands: bits from the first one after the register's number."""

    offset: int
    width: int
    signed: bool = False

    @property
    def mask(self) -> int:
        return (1 << self.width) - 1 << self.offset


class FieldSeries(NamedTuple):
    """A field as it changed. `layouts`: all that give these very values, the preferred one first; `low`, `high`: the
    least and the largest raw number."""

    layouts: tuple[FieldLayout, ...]
    times: array[float]
    raws: tuple[int, ...]
    low: int
    high: int


def numbers(series: RegisterSeries, size: int) -> Iterator[FieldSeries]:
    """Every number that changed often enough to be compared. Layouts of the same values come together: a number of 16
    bits cannot be told from one of 32 bits that was never large."""
    bits = 8 * min(size, COMPARED_BYTES)
    varying = _varying(series.raws)
    groups: dict[tuple[tuple[int, ...], tuple[int, ...]], list[FieldLayout]] = {}
    for width in WIDTHS:
        for offset in range(0, bits - width + 1, 8):
            if not varying >> offset & ((1 << width) - 1):
                continue
            places, unsigned = _changes(series.raws, offset, width)
            if len(places) <= LEAST_CHANGES:
                continue
            top = (1 << width) - 1
            plain = tuple([MISSING if raw == top else raw for raw in unsigned])
            groups.setdefault((places, plain), []).append(FieldLayout(offset, width))
            half = 1 << width - 1
            if any(raw >= half for raw in unsigned):
                signed = tuple(
                    [MISSING if raw == half - 1 else raw - (top + 1) if raw >= half else raw for raw in unsigned]
                )
                groups.setdefault((places, signed), []).append(FieldLayout(offset, width, True))
    for (places, raws), layouts in groups.items():
        layouts.sort(key=lambda layout: (layout.width == 24, -layout.width))
        yield _field(series, tuple(layouts), places, raws)


def cells(series: RegisterSeries, size: int) -> Iterator[FieldSeries]:
    """Every aligned group of bits with few codes, of which something changed."""
    bits = 8 * min(size, COMPARED_BYTES)
    varying = _varying(series.raws)
    for width in CELLS:
        for offset in range(0, bits - width + 1, width):
            of_cell = varying >> offset & ((1 << width) - 1)
            if not of_cell or (width > 1 and of_cell.bit_count() == 1 and width < 8):
                continue  # one changing bit is a flag, and was a cell of its own
            places, codes = _changes(series.raws, offset, width)
            if len(places) > LEAST_CHANGES and len(set(codes)) <= MOST_CODES:
                yield _field(series, (FieldLayout(offset, width),), places, codes)


def _field(
    series: RegisterSeries, layouts: tuple[FieldLayout, ...], places: tuple[int, ...], raws: tuple[int, ...]
) -> FieldSeries:
    there = [raw for raw in raws if raw != MISSING] or [0]
    return FieldSeries(layouts, array("d", [series.times[place] for place in places]), raws, min(there), max(there))


def _varying(raws: list[int]) -> int:
    found = 0
    for raw in raws:
        found |= raw ^ raws[0]
    return found


def _changes(raws: list[int], offset: int, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where a field changed, and to what; the first value counts as a change."""
    mask = (1 << width) - 1
    places, found = [], []
    before = -1
    for place, raw in enumerate(raws):
        value = raw >> offset & mask
        if value != before:
            before = value
            places.append(place)
            found.append(value)
    return tuple(places), tuple(found)
