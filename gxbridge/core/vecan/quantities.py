"""From messages to quantities: which message says a thing, what to do when two say it, and how long it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from gxbridge.core.model.battery import Known
from gxbridge.core.model.conversions import same
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.vecan.readings import VREG, Reading, Readings

QuantityKind = Literal["measurement", "limit", "permission", "alarm", "state", "identity", "setting", "history"]
LASTING: frozenset[QuantityKind] = frozenset({"identity", "setting", "history"})
"""Kinds that survive the silence of their device; all others are forgotten with it."""

Number = int | float | str
Read = Callable[..., Number | None]

OUTDATED_S = 60.0
"""A measurement's register, not repeated for this long while another source speaks, gives way to that source:
dynamic registers repeat "slowly" (VE.Can registers public, v20), about every 5 s in velib (reg_prod.c)."""


class QuantitySource(NamedTuple):
    """One message that says a quantity. `read` takes the named fields in order and returns None for "not known"."""

    pgn: int
    register: int | None
    fields: tuple[str, ...]
    read: Read
    unit: str
    """Unit the database must give the fields in ("" for codes); a test holds the two together."""
    label: str
    """How people call it, such as `VREG 0x0390` or `PGN 127508`."""
    where: tuple[str, frozenset[object]] | None = None
    """A field and the values it must have for this message to count."""
    decisive: bool = False
    """Once this message was heard no other source is asked, even where it says "not supported"."""
    gaps: bool = False
    """`read` copes with fields that are not available (None)."""
    partial: bool = False
    """It says only one side of the matter (an alarm, but not that all is well): its None is no "unknown"."""
    nth: int | None = None
    """Of the PGN's instances only this one, counted from the lowest; None: all."""

    def candidates(self, readings: Readings) -> list[Reading]:
        """Messages that may hold it."""
        return readings.of((self.pgn, self.register)) if self.nth is None else readings.nth(self.pgn, self.nth)

    def value(self, reading: Reading) -> Number | None:
        """The quantity's value in this message, or None."""
        if self.where is not None and reading.get(self.where[0]) not in self.where[1]:
            return None
        values = [reading.get(name) for name in self.fields]
        return None if None in values and not self.gaps else self.read(*values)


class Quantity(NamedTuple):
    """A named thing about a device. Sources in order of preference; `restrictive` takes the least permissive of all.

    Once a source has given it since the device appeared, its "unknown" is one: no source after it is asked instead,
    except for a measurement that another repeats.
    """

    name: str
    kind: QuantityKind
    unit: str
    text: str
    """What it is, for people."""
    sources: tuple[QuantitySource, ...]
    restrictive: bool = False
    derived: Derived | None = None


@record
class Derived:
    """Last resort: computed from other quantities of the same device."""

    inputs: tuple[str, ...]
    compute: Callable[..., Number]
    label: str


def register(
    number: int,
    fields: str,
    read: Read = same,
    unit: str = "",
    *,
    decisive: bool = False,
    gaps: bool = False,
    partial: bool = False,
) -> QuantitySource:
    """A source that is a register; `fields` are separated by spaces."""
    return QuantitySource(
        VREG, number, tuple(fields.split()), read, unit, f"VREG 0x{number:04X}", None, decisive, gaps, partial
    )


def pgn(
    number: int, field: str, read: Read = same, unit: str = "", where: tuple[str, frozenset[object]] | None = None
) -> QuantitySource:
    """A source that is a field of a PGN."""
    return QuantitySource(number, None, (field,), read, unit, f"PGN {number}", where)


class Judgement(NamedTuple):
    """What a quantity is now: `known` or nothing, until when by itself, and how its sources contradict each other."""

    known: Known | None
    until: float | None = None
    contradiction: str | None = None


NOTHING_KNOWN = Judgement(None)


def judge(quantity: Quantity, readings: Readings, others: Mapping[str, Known], now: float, gave: set[str]) -> Judgement:
    """Decide one quantity from the messages held and, if it can be computed, from other quantities.

    `gave`: the sources that have given it since the device appeared; those that do now are added.
    """
    if quantity.restrictive:
        return _most_restrictive(quantity, readings, gave)
    fresh = _fresh(quantity, readings, now, gave)
    if fresh:
        oldest = max(known.at for known, _ in fresh) - OUTDATED_S if quantity.kind == "measurement" else float("-inf")
        return next(Judgement(known, until) for known, until in fresh if known.at >= oldest)
    if quantity.derived is not None and all(name in others for name in quantity.derived.inputs):
        inputs = [others[name] for name in quantity.derived.inputs]
        value = quantity.derived.compute(*(known.value for known in inputs))
        return Judgement(Known(value, min(known.at for known in inputs), quantity.derived.label))
    return NOTHING_KNOWN


def _fresh(quantity: Quantity, readings: Readings, now: float, gave: set[str]) -> list[tuple[Known, float | None]]:
    """What each source says, without what went stale and without what is older than a better source's stale value."""
    found: list[tuple[Known, float | None]] = []
    oldest = float("-inf")
    for source in quantity.sources:
        candidates = source.candidates(readings)
        given = False
        for reading in candidates:
            value = source.value(reading)
            if value is None:
                continue
            given = True
            until = None if quantity.kind in LASTING else reading.until
            if until is not None and until <= now:
                oldest = max(oldest, reading.at)
            elif reading.at >= oldest:
                found.append((Known(value, reading.at, source.label), until))
        if given:
            gave.add(source.label)
        elif candidates and source.label in gave and not source.partial:
            # It says "unknown": nobody after it is asked, or only who measures the same now.
            since = max(reading.at for reading in candidates) - OUTDATED_S
            oldest = max(oldest, since if quantity.kind == "measurement" else float("inf"))
        if source.decisive and candidates:
            break
    return found


def _most_restrictive(quantity: Quantity, readings: Readings, gave: set[str]) -> Judgement:
    """The least permissive of all sources: a refusal, else "unknown" of one that has given it, else a permission.

    The sources are registers, which hold as long as their device speaks.
    """
    said: list[tuple[str, Known | None]] = []
    for source in quantity.sources:
        for reading in source.candidates(readings):
            value = source.value(reading)
            if value is not None:
                gave.add(source.label)
                said.append((source.label, Known(value, reading.at, source.label)))
            elif source.label in gave:
                said.append((source.label, None))
    if not said:
        return NOTHING_KNOWN
    least = min((known for _, known in said), key=lambda known: 0.5 if known is None else known.value)
    words = [f"{label} says {'unknown' if known is None else known.value}" for label, known in said]
    agreed = len({known and known.value for _, known in said}) == 1
    return Judgement(least, contradiction=None if agreed else ", ".join(words))
