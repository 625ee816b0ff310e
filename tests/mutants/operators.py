"""The source of a mutant, and kinds of our own beside those of cosmic-ray: a number a little off, `min` for `max`, a
call left out."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar

import cosmic_ray.mutating
import cosmic_ray.plugins
import parso
from cosmic_ray.operators.operator import Operator
from cosmic_ray.work_item import MutationSpec
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


@lru_cache(maxsize=4)
def parsed(source: str) -> bytes:
    """The tree of a source: it is parsed once, and each mutant is made in a copy, which takes a tenth of the time."""
    return pickle.dumps(parso.parse(source))


def mutated(spec: MutationSpec, source: str) -> str:
    """The source of a mutant."""
    operator = cosmic_ray.plugins.get_operator(spec.operator_name)(**spec.operator_args)
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # for the copy of a deep tree; what a mutant calls has the usual one
    visitor = cosmic_ray.mutating.MutationVisitor(spec.occurrence, operator)
    changed = visitor.walk(pickle.loads(parsed(source)))  # noqa: S301  (it was made just above)
    sys.setrecursionlimit(usual)
    return str(changed.get_code()) if visitor.mutation_applied else source
