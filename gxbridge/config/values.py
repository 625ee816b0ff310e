"""The checks of single values: from a YAML scalar to what its key takes, or what is wrong and what to write instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import yaml

from gxbridge.config.interfaces import plugin_exists
from gxbridge.config.schema import Key


class Wrong(Exception):
    """A value that does not fit its key: what it is, and what to write instead."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what)
        self.what = what
        self.instead = instead


def plain(node: yaml.Node) -> Any:
    """A scalar as YAML reads it (text, number, yes/no, nothing); Wrong for tags such as `!!python/...` and dates."""
    make = PLAIN.get(node.tag.rpartition(":")[2]) if node.tag.startswith("tag:yaml.org,2002:") else None
    if make is None or not isinstance(node, yaml.ScalarNode):
        raise Wrong(f"{str(node.value)[:40]!r} is {kind_of(node)}", "write a text (in quotes), a number, yes or no")
    try:
        return make(yaml.constructor.SafeConstructor(), node)
    except (ValueError, yaml.YAMLError):
        raise Wrong(
            f"{str(node.value)[:40]!r} cannot be read", "write a text (in quotes), a number, yes or no"
        ) from None


PLAIN: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "str": lambda maker, node: maker.construct_yaml_str(node),
    "int": lambda maker, node: maker.construct_yaml_int(node),
    "float": lambda maker, node: maker.construct_yaml_float(node),
    "bool": lambda maker, node: maker.construct_yaml_bool(node),
    "null": lambda _maker, _node: None,
}


def _text(key: Key, node: yaml.ScalarNode) -> str:
    value = plain(node)
    if not isinstance(value, str):
        raise Wrong(f"{node.value} is {kind_of(node)}", f'write it in quotes: "{node.value}"')
    if not value.strip() or not value.isprintable():
        raise Wrong("is empty or has control characters", f"write {key.wanted}")
    return value


def _matching(pattern: str, what: str) -> Callable[[Key, yaml.ScalarNode], str]:
    compiled = re.compile(pattern)

    def check(key: Key, node: yaml.ScalarNode) -> str:
        if not compiled.fullmatch(node.value):
            said = "what stands here" if key.secret else repr(node.value[:60])
            raise Wrong(f"{said} is not {what}", f"write for example {key.example or key.default}")
        return str(node.value)

    return check


def near(word: str, known: Iterable[str]) -> list[str]:
    """The known word that was probably meant, if there is one."""
    from difflib import get_close_matches  # a file without mistakes needs it not

    return get_close_matches(word.lower(), list(known), 1)


def _choice(key: Key, node: yaml.ScalarNode) -> str:
    # The text itself counts: YAML takes a bare `off` for "no".
    value = str(node.value)
    if value in key.choices or (key.name == "interface" and plugin_exists(value)):
        return value
    meant = near(value, key.choices)
    hint = f"did you mean {meant[0]}? " if meant else ""
    raise Wrong(f"{value[:60]!r} is none of its values", f"{hint}write one of {', '.join(key.choices)}")


def _number(key: Key, node: yaml.ScalarNode) -> float | int:
    value = plain(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong(f"{node.value[:40]!r} is {kind_of(node)}", f"write {key.wanted}")
    if (
        not math.isfinite(value)
        or not (key.low is None or value >= key.low)
        or not (key.high is None or value <= key.high)
    ):
        raise Wrong(f"{node.value[:40]} is out of range", f"write {key.wanted}")
    return value


def _whole(key: Key, node: yaml.ScalarNode) -> int:
    value = _number(key, node)
    if not isinstance(value, int):
        raise Wrong(f"{node.value[:40]} is not a whole number", f"write {key.wanted}")
    return value


def _flag(_key: Key, node: yaml.ScalarNode) -> bool:
    value = plain(node)
    if not isinstance(value, bool):
        raise Wrong(f"{node.value[:40]!r} is {kind_of(node)}", "write yes or no")
    return value


CHECKS: Final[dict[str, Callable[[Key, yaml.ScalarNode], Any]]] = {
    "text": _text,
    "choice": _choice,
    "whole": _whole,
    "number": _number,
    "flag": _flag,
    "name": _matching(r"[A-Za-z_][A-Za-z0-9_]{0,62}", "a name of letters, digits and _"),
    "dbus": _matching(
        r"system|session|(?:unix|tcp|unixexec|nonce-tcp|launchd|autolaunch):[\x21-\x7e]*", "a D-Bus address"
    ),
    "service": _matching(r"com\.victronenergy\.digitalinput\.[A-Za-z_]\w*", "the D-Bus service of a digital input"),
    "mac": _matching(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", "a Bluetooth address"),
    "hex key": _matching(r"[0-9A-Fa-f]{32}", "a key of 32 hexadecimal digits"),
}


KINDS: Final = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "yes or no (YAML also takes on, off, true and false for that)",
    "null": "empty",
    "timestamp": "a date",
    "merge": "a merge key",
}


def kind_of(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return KINDS.get(node.tag.rpartition(":")[2], f"tagged {node.tag}")
