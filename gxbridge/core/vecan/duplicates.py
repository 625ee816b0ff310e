"""One battery is one battery: which device speaks for it when it is heard twice, and that the stricter word counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from gxbridge.core.model.battery import Known
from gxbridge.core.model.record import record
from gxbridge.core.vecan.node import Node

NOTHING: Mapping[str, Known] = MappingProxyType({})
STRICTER: Mapping[str, int] = {
    "charge_voltage_limit_v": 1,
    "charge_current_limit_a": 1,
    "discharge_current_limit_a": 1,
    "low_voltage_limit_v": -1,
    "allow_to_charge": 1,
    "allow_to_discharge": 1,
    "alternator_allow_to_charge": 1,
}
"""What limits or permits; 1: the lower value is the stricter, -1: the higher one."""
PERMITS = frozenset({"allow_to_charge", "allow_to_discharge", "alternator_allow_to_charge"})

_RANK = {"live": 0, "silent": 1, "lost": 2}


@record
class Duplicate:
    """Two devices that are one battery: by unique number (heard on two buses), by serial (a copy), or by NAME (which
    speaks from two addresses of one bus)."""

    kept: Node
    other: Node
    by: str
    """`unique number`, `serial` or `NAME`."""
    before: Mapping[str, Known] = NOTHING
    """What the other had said while it was not known to be another."""


def speaking_devices(
    candidates: Iterable[tuple[int, Node]],
    now: float,
    serial_of: Callable[[Node], str | None],
    only_remembered: Callable[[Node], bool] = lambda _node: False,
) -> tuple[list[tuple[int, Node]], list[Duplicate]]:
    """Batteries by unique number, in order of appearance, each with the device that speaks for it; and the others.

    Of two the live one speaks; of two live ones the one that said itself what it is, else the one that appeared first.
    """

    def rank(node: Node) -> tuple[int, bool]:
        return _RANK[node.state(now)], only_remembered(node)

    duplicates: list[Duplicate] = []
    by_number = _unite(((number, (number, node)) for number, node in candidates), "unique number", duplicates, rank)
    by_serial = _unite(
        ((serial_of(node) or number, (number, node)) for number, node in by_number), "serial", duplicates, rank
    )
    return by_serial, duplicates


def _unite(
    candidates: Iterable[tuple[object, tuple[int, Node]]],
    by: str,
    duplicates: list[Duplicate],
    rank: Callable[[Node], tuple[int, bool]],
) -> list[tuple[int, Node]]:
    chosen: dict[object, tuple[int, Node]] = {}
    for mark, (number, node) in candidates:
        if mark not in chosen:
            chosen[mark] = (number, node)
            continue
        old_number, old = chosen[mark]
        if rank(node) < rank(old):
            chosen[mark] = (number, node)
            duplicates.append(Duplicate(node, old, by))
        else:
            chosen[mark] = (old_number, old)
            duplicates.append(Duplicate(old, node, by))
    return list(chosen.values())


def duplicates_of(node: Node, duplicates: Sequence[Duplicate]) -> Iterator[Duplicate]:
    """Everything that is the same battery as the device that speaks for it, also of those that it displaced."""
    for duplicate in duplicates:
        if duplicate.kept is node:
            yield duplicate
            yield from duplicates_of(duplicate.other, duplicates)


def stricter(values: Mapping[str, Known], duplicate: Duplicate, now: float) -> Mapping[str, Known]:
    """The stricter of what battery and duplicate say, while that lives. A limit that the duplicate has given and
    calls unknown now is unknown; one that it has never given is not asked of it."""
    belief = duplicate.other.belief
    if belief is None or duplicate.other.state(now) != "live":
        return values
    theirs, merged = {**duplicate.before, **belief.values(now)}, dict(values)
    for name, sign in STRICTER.items():
        known, said = merged.get(name), theirs.get(name)
        if said is None:
            if known is not None and belief.gave.get(name) and not (name in PERMITS and not known.value):
                del merged[name]
        elif known is None:
            if name in PERMITS and not said.value:
                merged[name] = said
        elif sign * said.value < sign * known.value:  # type: ignore[operator]
            merged[name] = said
    return merged
