"""The points of a curve as they stand in a file: `{78: 100%, 80: 0}`, `{07:00: 100%, 22:00: 20}`."""

from __future__ import annotations

import re
from math import isfinite
from typing import Final

import yaml

from gxbridge.config.build_rules import WrittenPoint
from gxbridge.config.schema import ConfigKey
from gxbridge.strict_yaml.scalars import Unfit, kind_of

CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?")
MOST: Final = 100


def read_points(key: ConfigKey, node: yaml.Node) -> tuple[WrittenPoint, ...]:
    """The points in the order of the file. Raises Unfit."""
    if not isinstance(node, yaml.MappingNode):
        raise Unfit(f"is {kind_of(node)}", f"write {key.wanted}")
    points: list[WrittenPoint] = []
    for at_node, allowed_node in node.value[: MOST + 1]:
        point = _point(at_node, allowed_node)
        before = points[-1] if points else None
        if before is not None and before.clock == point.clock and point.at <= before.at:
            word = "is given twice" if point.at == before.at else "comes after a higher one"
            raise Unfit(f"the input {at_node.value} {word}", "write each once, the lowest first")
        points.append(point)
    if not points:
        raise Unfit("has no point", f"write {key.wanted}")
    if len(points) > MOST:
        raise Unfit(f"has more than {MOST} points", "write fewer")
    return tuple(points)


def _point(at_node: yaml.Node, allowed_node: yaml.Node) -> WrittenPoint:
    """The text itself counts: YAML takes 22:00 for a number of minutes or seconds."""
    if not isinstance(at_node, yaml.ScalarNode) or not isinstance(allowed_node, yaml.ScalarNode):
        raise Unfit("has a point that is not a pair of numbers", "write `input: allowed`, such as `80: 0`")
    at, allowed = at_node.value.strip(), allowed_node.value.strip()
    clock = CLOCK.fullmatch(at)
    if clock is None and not _is_number(at):
        raise Unfit(f"the input {at[:40]!r} is neither a number nor a time", "write for example `80: 0` or `22:00: 20`")
    percent = allowed.endswith("%")
    number = allowed.removesuffix("%").rstrip()
    if not _is_number(number) or float(number) < 0:
        what = f"{allowed[:40]!r} (at {at[:40]}) is not something that can be allowed"
        raise Unfit(what, "write A or V, or for example 50%")
    minutes = 0 if clock is None else int(clock[1]) * 60 + int(clock[2])
    return WrittenPoint(float(at) if clock is None else float(minutes), float(number), clock is not None, percent)


def _is_number(text: str) -> bool:
    return len(text) < 20 and NUMBER.fullmatch(text) is not None and isfinite(float(text))
