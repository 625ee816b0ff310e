"""Single YAML nodes as values: text, number, yes or no, empty; or what is wrong with them and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import yaml

LARGEST: Final = 2**64
"""No number in these files comes near it; Python takes a second for one that fills a file, and refuses to print it."""


class Unfit(Exception):
    """A value that does not fit: what it is, and what to write instead."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


PLAIN_CURE: Final = "write text (in quotes), a number, yes or no"


def scalar(node: yaml.Node) -> Any:
    """A scalar as YAML reads it (text, number, yes or no, None); Unfit for tags such as `!!python/...` and dates."""
    make = PLAIN.get(node.tag.rpartition(":")[2]) if node.tag.startswith("tag:yaml.org,2002:") else None
    if make is None or not isinstance(node, yaml.ScalarNode):
        raise Unfit(f"{str(node.value)[:40]!r} is {kind_of(node)}", PLAIN_CURE)
    try:
        value = make(MAKER, node)
    except (ValueError, LookupError, ArithmeticError, yaml.YAMLError):
        # PyYAML's constructors raise all of these for a value that its tag does not fit, such as `!!int ""`.
        raise Unfit(f"{str(node.value)[:40]!r} cannot be read as {kind_of(node)}", PLAIN_CURE) from None
    if type(value) is int and abs(value) >= LARGEST:
        raise Unfit(f"{node.value[:6]}... is too large a number", "write a number below 2^64")
    return value


MAKER: Final = yaml.constructor.SafeConstructor()
PLAIN: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "str": lambda maker, node: maker.construct_yaml_str(node),
    "int": lambda maker, node: maker.construct_yaml_int(node),
    "float": lambda maker, node: maker.construct_yaml_float(node),
    "bool": lambda maker, node: maker.construct_yaml_bool(node),
    "null": lambda _maker, _node: None,
}
KINDS: Final = {
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "yes or no (as on, off, true and false are in YAML)",
    "null": "empty",
    "timestamp": "a date",
    "merge": "a merge key",
}


def kind_of(node: yaml.Node) -> str:
    """What a node is, in words."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if not node.tag.startswith("tag:yaml.org,2002:"):
        return "tagged"
    return KINDS.get(node.tag.rpartition(":")[2], "tagged")  # `!name`, `!!name`: perhaps a password that begins so


def is_empty(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def line_of(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
