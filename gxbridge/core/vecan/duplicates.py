"""One battery is one battery: which device speaks for it when it is heard twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gxbridge.core.model.record import record
from gxbridge.core.vecan.node import Node

_RANK = {"live": 0, "silent": 1, "lost": 2}


@record
class Duplicate:
    """Two devices that are one battery: by unique number (heard on two buses) or by serial (a copy)."""

    kept: Node
    other: Node
    by: str
    """`unique number` or `serial`."""


def census(
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
