"""The keys of every kind of item, and the form of their values."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from gxbridge.strict_yaml.document import Table

ACCESS = (
    "R", "R?", "RW", "RW?", "W", "request", "reply",
    "LINK", "LINK?", "LINK-W", "LINK-BCAST(any)", "LINK-BCAST(master)",
)  # fmt: skip
"""Read, settable, command only; LINK: data of networked operation between devices. `?` = inferred from the purpose."""


def _is_texts(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(text, str) and text for text in value)
    return isinstance(value, str) and bool(value)


def _is_feeds(value: object) -> bool:
    feeds = value if isinstance(value, list) else [value]
    return bool(feeds) and all(type(feed) is int or (isinstance(feed, str) and feed) for feed in feeds)


def _is_number(value: object) -> bool:
    return type(value) is int or (isinstance(value, float) and isfinite(value))


def _is_meanings(value: object) -> bool:
    if not isinstance(value, Table):
        return False
    return bool(value) and all(type(code) is int and isinstance(text, str) and text for code, text in value.items())


def _is_counts(value: object) -> bool:
    if not isinstance(value, Table):
        return False
    return bool(value) and all(type(key) is int and type(count) is int and count > 0 for key, count in value.items())


# Forms of a value; `!` behind one means that the key must be there.
FORMS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "text": ("text (in quotes where YAML reads it as something else)", lambda v: isinstance(v, str) and bool(v)),
    "texts": ("text or a list of texts", _is_texts),
    "whole": ("a whole number, 0 or more", lambda v: type(v) is int and v >= 0),
    "number": ("a number", _is_number),
    "codes": ("a list of whole numbers", lambda v: isinstance(v, list) and all(type(code) is int for code in v)),
    "table": ("a mapping, `{key: value, ...}`", lambda v: isinstance(v, Table)),
    "tables": ("a list of mappings", lambda v: isinstance(v, list) and all(isinstance(row, Table) for row in v)),
    "counts": ("a mapping from whole number to a count, `{12: 20, ...}`", _is_counts),
    "meanings": ("a mapping from whole number to text", _is_meanings),
    "feeds": ("a register, `PGN.field`, or a list of them", _is_feeds),
    "constant": ("text or a whole number", lambda v: isinstance(v, str) or type(v) is int),
}

_ENTRY = {
    "name": "text!", "title": "text!", "access": "text", "note": "text", "families": "texts",
    "source": "texts!", "confidence": "text!", "samples": "tables!", "fields": "tables",
}  # fmt: skip
_KNOWN = {"source": "texts!", "confidence": "text!", "note": "text"}
_PATHS = {**_KNOWN, "paths": "tables!"}

ITEM_KEYS: dict[str, dict[str, str]] = {
    "vreg": {"vreg": "whole!", **_ENTRY, "access": "text!", "value": "table"},
    "pgn": {
        "pgn": "whole!", **_ENTRY, "transport": "text!", "fields": "tables!",
        "priority": "whole", "interval_ms": "whole", "min_length": "whole", "length": "whole",
    },
    "enumeration": {"enumeration": "text!", "title": "text", "values": "meanings!", "missing": "codes", **_KNOWN},
    "product": {"product": "whole!", "name": "text!", "reported_as": "text", "family": "text!", **_KNOWN},
    "family": {"family": "text!", "title": "text!", "kind": "text", "quirks": "texts", "max_batteries": "counts"},
    "type": {
        "type": "text!", "title": "text!", "kind": "text", "base": "text", "missing": "texts",
        "scale": "number", "add": "number", "unit": "text", "enum": "text",
    },
    "unit": {"unit": "text!", "title": "text!"},
    "source": {"source": "text!", "title": "text!"},
    "service": {"service": "text!", "title": "text!", "families": "texts", "with": "texts", "lacks": "texts", **_PATHS},
    "path_group": {"path_group": "text!", **_PATHS},
}  # fmt: skip
PATH_KEYS = {
    "path": "text!", "type": "text!", "unit": "text", "decimals": "whole", "text": "text",
    "feed": "feeds", "fact": "text", "compute": "text", "value": "constant", "write": "constant", "allow": "codes",
    "when": "text", "first": "whole", "count": "whole", "confidence": "text", "note": "text",
}  # fmt: skip
"""A D-Bus path of a service."""
VALUE_KEYS = {"type": "text!", "scale": "number", "add": "number", "unit": "text", "enum": "text", "missing": "text"}
FIELD_KEYS = {"name": "text!", **VALUE_KEYS, "at": "whole", "repeat": "whole"}
RESERVED_KEYS = {"reserved": "whole!"}
SAMPLE_KEYS = {"frame": "text", "frames": "texts", "says": "table!", "origin": "text!", "source": "texts"}
