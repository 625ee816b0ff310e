"""Every hypothesis that a recording supports: each field of a register against each value of the device's services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log2
from typing import Final

from gxbridge.core.learn import fields
from gxbridge.core.learn.codes import is_code, match_code
from gxbridge.core.learn.evidence import Evidence, ShownChange, shown_changes
from gxbridge.core.learn.fields import LEAST_CHANGES, FieldLayout
from gxbridge.core.learn.numeric import NUMBER_DISTINCT, Fit, Rounding, fit, match_number
from gxbridge.core.learn.recording import LearnRecording, PathKey, PathSeries, RegisterKey, RegisterSeries
from gxbridge.core.model.named_tuple import NamedTuple

LEAST_BITS: Final = 10.0
"""Less, and chance explains it."""


class Hypothesis(NamedTuple):
    """A field of a register says a path. Numbers have `scale` and `offset`, codes have `meanings` (raw -> shown).

    `layouts`: all that give the same values, the preferred one first. `is_own`: the service is known to be the device's
    own. `tested`: how many hypotheses were tried for this register.
    """

    key: RegisterKey
    layouts: tuple[FieldLayout, ...]
    path: PathKey
    scale: float
    offset: float
    meanings: Mapping[int, int] | None
    evidence: Evidence
    fit: Fit | None
    is_own: bool
    tested: int

    @property
    def layout(self) -> FieldLayout:
        return self.layouts[0]

    @property
    def mask(self) -> int:
        """The bits that at least one layout needs: those of the narrowest."""
        return min(self.layouts, key=lambda layout: layout.width).mask

    @property
    def is_exact(self) -> bool:
        return not self.evidence.near

    @property
    def is_strong(self) -> bool:
        """Whether chance is excluded."""
        return self.evidence.bits >= self.bits_needed

    @property
    def bits_needed(self) -> float:
        """So much evidence excludes chance, with as many hypotheses as were tried."""
        return 16.0 + log2(max(self.tested, 1))


class _ComparedPath(NamedTuple):
    key: PathKey
    series: PathSeries
    changes: list[ShownChange]
    rounding: Rounding
    is_code: bool


def hypotheses(recording: LearnRecording) -> Iterator[tuple[RegisterKey, list[Hypothesis]]]:
    """All registers, each with what it could be; registers that never changed with nothing."""
    end = max([0.0, *(series.end for series in recording.registers.values())])
    compared = _paths(recording)
    of_device: dict[tuple[str, int], tuple[list[_ComparedPath], bool]] = {}
    for key, series in recording.registers.items():
        device = key.bus, key.source
        if device not in of_device:
            own = recording.services_of(*device)
            paths = [path for path in compared if path.key.service in own] if own else compared
            of_device[device] = paths, bool(own)
        paths, is_own = of_device[device]
        until = series.times[-1] if series.full and series.times else end
        yield key, list(_of_register(key, series, paths, is_own, until))


def _paths(recording: LearnRecording) -> list[_ComparedPath]:
    found = []
    for key, series in recording.paths.items():
        changes = shown_changes(series)
        values = {value for value in series.values if value is not None}
        if len(changes) >= LEAST_CHANGES:
            found.append(_ComparedPath(key, series, changes, Rounding.of(list(values)), is_code(values)))
    return found


def _of_register(
    key: RegisterKey, series: RegisterSeries, paths: list[_ComparedPath], is_own: bool, end: float
) -> Iterator[Hypothesis]:
    if len(series.raws) <= LEAST_CHANGES or not paths:
        return
    numbers = list(fields.numbers(series, key.size))
    cells = list(fields.cells(series, key.size))
    tested = len(paths) * (2 * len(numbers) + len(cells))
    found: list[Hypothesis] = []
    for field in numbers:
        for path in paths:
            for match in match_number(field, path.series, path.changes, path.rounding, end):
                is_code = path.is_code and match.evidence.distinct < NUMBER_DISTINCT and match.scale == 1.0
                if match.evidence.bits >= LEAST_BITS and not is_code:
                    line = fit(field, path.changes)
                    found.append(
                        Hypothesis(
                            key, field.layouts, path.key, match.scale, match.offset, None, match.evidence, line,
                            is_own, tested,
                        )
                    )  # fmt: skip
    yield from found
    for cell in cells:
        for path in paths:
            if not path.is_code:
                continue
            code = match_code(cell, path.series, path.changes, end)
            if code is not None and code.evidence.bits >= LEAST_BITS:
                yield Hypothesis(
                    key, cell.layouts, path.key, 1.0, 0.0, code.meanings, code.evidence, None, is_own, tested
                )
