"""Read `models.yaml`. Every key is known and every value has its type, or the error names the place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, TypeVar, get_args

import yaml

from gxbridge.models.bms_model import (
    CHANNELS,
    QUESTIONS,
    TERMINALS,
    Accessory,
    Advice,
    Alternator,
    BmsModel,
    Catalogue,
    CatalogueError,
    Condition,
    ModelFacts,
    Proof,
    Status,
    Variant,
)

FILE = "models.yaml"
T = TypeVar("T")


class _Part:
    """One mapping of the file, with the way to it, whose keys are taken one by one until none is left."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise CatalogueError(f"{FILE}: {where}: expected a mapping, found {type(value).__name__}")
        self.rest: dict[str, Any] = dict(value)
        self.where = where

    def wrong(self, key: str, what: str) -> CatalogueError:
        return CatalogueError(f"{FILE}: {self.where}: {key}: {what}")

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        value = self.rest.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"expected {kind.__name__}, found {value!r}")
        return value

    def take_one(self, key: str, allowed: tuple[Any, ...]) -> Any:
        value = self.rest.pop(key, None)
        if value not in allowed:
            raise self.wrong(key, f"{value!r} is none of {', '.join(map(str, allowed))}")
        return value

    def take_list(self, key: str, make: Callable[[Any, str], T]) -> tuple[T, ...]:
        return tuple(make(item, f"{self.where}: {key}[{i}]") for i, item in enumerate(self.take(key, list, [])))

    def finish(self) -> None:
        if self.rest:
            raise CatalogueError(f"{FILE}: {self.where}: unknown key {', '.join(map(repr, self.rest))}")


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise CatalogueError(f"{FILE}: {where}: expected text, found {value!r}")
    return value


def _int(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise CatalogueError(f"{FILE}: {where}: expected a whole number, found {value!r}")
    return value


def _among(allowed: tuple[Any, ...]) -> Callable[[Any, str], Any]:
    def check(value: Any, where: str) -> Any:
        if value not in allowed:
            raise CatalogueError(f"{FILE}: {where}: {value!r} is none of {', '.join(map(str, allowed))}")
        return value

    return check


def _rows(part: _Part, key: str, expected: tuple[str, ...]) -> dict[str, str]:
    """A mapping that must have exactly these keys, in this order."""
    rows = part.take(key, dict)
    if tuple(rows) != expected:
        odd = [row for row in (*expected, *rows) if (row in rows) != (row in expected)]
        raise part.wrong(key, f"rows missing or too many: {', '.join(odd)}" if odd else "rows are out of order")
    return {row: _text(value, f"{part.where}: {key}: {row}") for row, value in rows.items()}


def _facts(part: _Part) -> ModelFacts:
    facts = ModelFacts(
        voltages_v=part.take_list("voltages_v", _int),
        connection_a=part.take("connection_a", int),
        alternator=part.take_one("alternator", get_args(Alternator)),
        alternator_a=part.take("alternator_a", int),
        terminals=part.take_list("terminals", _among(TERMINALS)),
        bluetooth=part.take("bluetooth", bool),
        battery_monitor=part.take("battery_monitor", bool),
        dvcc=part.take("dvcc", bool),
        contactor=part.take("contactor", bool),
    )
    part.finish()
    return facts


def _condition(value: object, where: str) -> Condition:
    part = _Part(value, where)
    question = part.take_one("question", QUESTIONS)
    answer = part.take("answer", int) if question == "voltage" else part.take("answer", bool)
    condition = Condition(question, answer, part.take("met", str), part.take("without", str, ""))
    part.finish()
    return condition


def _advice(part: _Part, accessories: tuple[str, ...]) -> Advice:
    advice = Advice(
        because=part.take("because", str),
        conditions=part.take_list("conditions", _condition),
        accessories=part.take_list("accessories", _among(accessories)),
    )
    part.finish()
    return advice


def _variant(value: object, where: str) -> Variant:
    part = _Part(value, where)
    limits = part.take("max_batteries", dict, {})
    variant = Variant(
        name=part.take("name", str),
        product_ids=part.take_list("product_ids", _int),
        note=part.take("note", str),
        max_batteries={_int(k, f"{where}: max_batteries"): _int(v, f"{where}: {k}") for k, v in limits.items()},
    )
    part.finish()
    return variant


def _status(value: object, where: str) -> Status:
    part = _Part(value, where)
    status = Status(
        part.take("what", str),
        part.take("channel", str),
        part.take_one("proven", get_args(Proof)),
        part.take("by", str),
    )
    part.finish()
    return status


def _accessory(value: object, where: str) -> Accessory:
    part = _Part(value, where)
    only_if = part.take_one("only_if", (None, *QUESTIONS))
    accessory = Accessory(part.take("name", str), part.take("use", str), only_if)
    part.finish()
    return accessory


def _contradiction(value: object, where: str) -> tuple[str, str]:
    part = _Part(value, where)
    pair = (part.take("says", str), part.take("table", str))
    part.finish()
    return pair


def _model(value: object, where: str, rows: tuple[str, ...], accessories: tuple[str, ...]) -> BmsModel:
    part = _Part(value, where)
    name = part.take("name", str)
    part.where = where = name
    end_of_life = part.take("end_of_life", bool, False)
    successor = part.take("successor", str) if end_of_life else None
    advice = None if end_of_life else _advice(_Part(part.take("advice", dict), f"{where}: advice"), accessories)
    model = BmsModel(
        name=name,
        names=part.take_list("names", _text),
        product_ids=part.take_list("product_ids", _int),
        features=_rows(part, "features", rows),
        facts=_facts(_Part(part.take("facts", dict), f"{where}: facts")),
        channels=_rows(part, "channels", CHANNELS),
        publishes=part.take("publishes", str),
        advice=advice,
        successor=successor,
        variants=part.take_list("variants", _variant),
        status=part.take_list("status", _status),
        unknown=part.take_list("unknown", _text),
    )
    part.finish()
    return model


def load(text: str) -> Catalogue:
    """The catalogue in `text`. Raises CatalogueError, which names the place and the cure."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CatalogueError(f"{FILE}: {error}") from None
    top = _Part(data, "top")
    rows = top.take_list("feature_rows", _text)
    common = _Part(top.take("common", dict), "common")
    max_batteries = common.take("max_batteries", int)
    common.take("batteries", str)
    common.take("source", str)
    common.finish()
    accessories = {
        key: _accessory(value, f"accessories: {key}") for key, value in top.take("accessories", dict).items()
    }
    models = top.take_list("models", lambda value, where: _model(value, where, rows, tuple(accessories)))
    whole = Catalogue(
        source=top.take("source", str),
        feature_rows=rows,
        max_batteries=max_batteries,
        contradictions=top.take_list("contradictions", _contradiction),
        models=models,
        accessories=accessories,
    )
    top.finish()
    for model in models:
        if model.successor is not None and model.successor not in whole.names():
            raise CatalogueError(f"{FILE}: {model.name}: successor: {model.successor!r} is not a model of this file")
    return whole


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the package, read once and only when somebody asks."""
    return load(resources.files("gxbridge.models").joinpath(FILE).read_text(encoding="utf-8"))
