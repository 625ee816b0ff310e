"""The table of keys as a JSON schema, by which an editor completes and checks a configuration while it is written."""

from __future__ import annotations

from typing import Any, Final

from gxbridge.config.keys import children
from gxbridge.config.schema import LEVELS, ConfigKey

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
YES_OR_NO: Final = (True, False, "yes", "no")
"""YAML 1.2, which editors read, knows the words as text only."""


def editor_schema() -> dict[str, Any]:
    """The schema of a configuration file."""
    return {"$schema": DIALECT, "title": "Configuration of gxbridge", **_section("")}


def _section(path: str) -> dict[str, Any]:
    keys = children(path)
    required = [name for name, key in keys.items() if key.required and key.unless is None]
    properties = {name: {"description": key.doc, **_value(key)} for name, key in keys.items()}
    found: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": False, "properties": properties}
    for name, key in keys.items():
        if key.unless is not None:
            other, value = key.unless
            found["anyOf"] = [
                {"required": [name]},
                {"required": [other], "properties": {other: {"const": value}}},
            ]
    return found | ({"required": required} if required else {})


def _value(key: ConfigKey) -> dict[str, Any]:
    if key.kind == "section":
        section = _section(key.path)
        return {"anyOf": [section, _value(children(key.path)[key.short])]} if key.short else section
    if key.kind == "items":
        return {"type": ["array", "null"], "items": _section(f"{key.path}[]")}
    if key.kind == "names":
        return {"type": "array", "items": {"type": ["string", "number"]}}
    if key.kind == "points":
        return {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["number", "string"]}}
    if key.kind == "levels":
        return {"type": "object", "additionalProperties": {"enum": list(LEVELS)}}
    if key.kind == "free":
        return {"type": ["object", "null"]}
    if key.kind == "flag":
        return {"enum": list(YES_OR_NO)}
    if key.kind in ("whole", "number"):
        limits = {"minimum": key.low, "maximum": key.high}
        kind = "integer" if key.kind == "whole" else "number"
        return {"type": kind, **{name: limit for name, limit in limits.items() if limit is not None}}
    # A plug-in may bring an interface of another name.
    return {"enum": list(key.choices)} if key.choices and key.path != "can[].interface" else {"type": "string"}
