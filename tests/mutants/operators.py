"""Kinds of mutants of our own beside those of cosmic-ray: a number a little off, `min` for `max`, a call left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from cosmic_ray.operators.operator import Operator
from parso.python import tree

Span = tuple[tuple[int, int], tuple[int, int]]


class ABitOff(Operator):
    """A decimal number is 1 % more or 1 % less: a threshold is tested to the decimal only if that is noticed."""

    FACTORS = (1.01, 0.99)

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if isinstance(node, tree.Number) and "." in node.value and float(node.value):
            for _ in self.FACTORS:
                yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return tree.Number(" " + repr(float(node.value) * self.FACTORS[index]), node.start_pos)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class MinForMax(Operator):
    """The other one of two: `min` and `max`, `floor` and `ceil`, `any` and `all`."""

    PAIRS: ClassVar = {"min": "max", "max": "min", "floor": "ceil", "ceil": "floor", "any": "all", "all": "any"}

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if isinstance(node, tree.Name) and node.value in self.PAIRS and node.get_next_leaf().value == "(":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        return tree.Name(self.PAIRS[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class LeftOut(Operator):
    """A call whose answer nobody wants is not made: what it was for must be missed."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        statement, last = node.parent, node.get_last_leaf().value
        alone = statement is not None and statement.type == "simple_stmt" and statement.children[0] is node
        if alone and node.type in ("atom_expr", "power") and last == ")":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, _index: int) -> Any:
        return tree.Name("None", node.start_pos, node.get_first_leaf().prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


OURS = {"ABitOff": ABitOff, "MinForMax": MinForMax, "LeftOut": LeftOut}
