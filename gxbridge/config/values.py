"""The checks of single values: from a YAML scalar to what its key takes, or what is wrong and what to write instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

import yaml

from gxbridge.config.build_rules import day_of
from gxbridge.config.interfaces import plugin_exists
from gxbridge.config.schema import ConfigKey
from gxbridge.strict_yaml.problem import nearest
from gxbridge.strict_yaml.scalars import Unfit, kind_of, scalar


def _text(key: ConfigKey, node: yaml.ScalarNode) -> str:
    value = scalar(node)
    if not isinstance(value, str):
        raise Unfit(f"{node.value} is {kind_of(node)}", f'write it in quotes: "{node.value}"')
    if not value.strip() or not value.isprintable():
        raise Unfit("is empty or has control characters", f"write {key.wanted}")
    return value


def _matching(pattern: str, what: str) -> Callable[[ConfigKey, yaml.ScalarNode], str]:
    def check(key: ConfigKey, node: yaml.ScalarNode) -> str:
        if not re.fullmatch(pattern, node.value):
            said = "the value" if key.secret else repr(node.value[:60])
            raise Unfit(f"{said} is not {what}", f"write for example {key.example or key.default}")
        return str(node.value)

    return check


def _choice(key: ConfigKey, node: yaml.ScalarNode) -> str:
    # The text itself counts: YAML takes a bare `off` for "no".
    value = str(node.value)
    if value in key.choices or (key.name == "interface" and plugin_exists(value)):
        return value
    meant = nearest(value, key.choices)
    hint = f"did you mean {meant}? " if meant is not None else ""
    raise Unfit(f"{value[:60]!r} is not a valid value", f"{hint}write one of {', '.join(key.choices)}")


def _number(key: ConfigKey, node: yaml.ScalarNode) -> float | int:
    value = scalar(node)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit(f"{node.value[:40]!r} is {kind_of(node)}", f"write {key.wanted}")
    if (
        not math.isfinite(value)
        or not (key.low is None or value >= key.low)
        or not (key.high is None or value <= key.high)
    ):
        raise Unfit(f"{node.value[:40]} is out of range", f"write {key.wanted}")
    return value


def _whole(key: ConfigKey, node: yaml.ScalarNode) -> int:
    value = _number(key, node)
    if not isinstance(value, int):
        raise Unfit(f"{node.value[:40]} is not a whole number", f"write {key.wanted}")
    return value


def _flag(_key: ConfigKey, node: yaml.ScalarNode) -> bool:
    value = scalar(node)
    if not isinstance(value, bool):
        raise Unfit(f"{node.value[:40]!r} is {kind_of(node)}", "write yes or no")
    return value


def _date(_key: ConfigKey, node: yaml.ScalarNode) -> int:
    try:
        return day_of(node.value)
    except ValueError:
        raise Unfit(f"{node.value[:40]!r} is not a date", "write a date such as 2027-03-15") from None


CHECKS: Final[dict[str, Callable[[ConfigKey, yaml.ScalarNode], Any]]] = {
    "text": _text,
    "choice": _choice,
    "whole": _whole,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "name": _matching(r"[A-Za-z_][A-Za-z0-9_]{0,62}", "a name of letters, digits and _"),
    "dbus": _matching(
        r"system|session|(?:unix|tcp|unixexec|nonce-tcp|launchd|autolaunch):[\x21-\x7e]*", "a D-Bus address"
    ),
    "service": _matching(r"com\.victronenergy\.digitalinput\.[A-Za-z_]\w*", "the D-Bus service of a digital input"),
    "mac": _matching(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", "a Bluetooth address"),
    "hex key": _matching(r"[0-9A-Fa-f]{32}", "a key of 32 hexadecimal digits"),
}
