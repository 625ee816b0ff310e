"""Read `models.yaml`. Every key is known and every value has its type, or the error names the place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final, TypeAlias, TypeVar, get_args

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
from gxbridge.strict_yaml.document import Table, UnreadableError, load_tables
from gxbridge.strict_yaml.problem import Problem, nearest

FILE = "models.yaml"
T = TypeVar("T")


class _CatalogueSection:
    """One mapping of the file, with the way to it, whose keys are taken one by one until none is left."""

    def __init__(self, value: object, where: str, line: int = 1) -> None:
        if not isinstance(value, Table):
            raise _wrong(line, where, f"expected a mapping, found {value!r:.40}", "write `key: value` lines")
        self.table = value
        self.rest = dict(value)
        self.where = where

    def line(self, key: str) -> int:
        return self.table.lines.get(key, self.table.line)

    def wrong(self, key: str, what: str, cure: str) -> CatalogueError:
        return _wrong(self.line(key), f"{self.where}: {key}", what, cure)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        value = self.rest.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            if key not in self.table:
                raise self.wrong(key, "is missing", f"add it ({KINDS[kind]})")
            raise self.wrong(key, f"expected {KINDS[kind]}, found {value!r:.40}", "correct the value")
        return value

    def take_one(self, key: str, allowed: tuple[Any, ...]) -> Any:
        return _among(allowed)(self.rest.pop(key, None), f"{self.where}: {key}", self.line(key))

    def take_list(self, key: str, make: MakeItem[T]) -> tuple[T, ...]:
        items = enumerate(self.take(key, list, []))
        return tuple(make(item, f"{self.where}: {key}[{i}]", _line_in(item, self.line(key))) for i, item in items)

    def take_part(self, key: str, where: str, default: Table | None = None) -> _CatalogueSection:
        return _CatalogueSection(self.take(key, dict, default), where, self.line(key))

    def finish(self) -> None:
        for key in self.rest:
            near = nearest(key, self.table.keys() - self.rest.keys())
            raise self.wrong(key, "unknown key", f"did you mean {near}?" if near else "remove it")


MakeItem: TypeAlias = Callable[[Any, str, int], T]
"""Makes a value of one that was read, with the way to it and its line."""
KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "a whole number",
    bool: "yes or no",
    list: "a list",
    dict: "a mapping",
}


def _wrong(line: int, where: str, what: str, cure: str) -> CatalogueError:
    return CatalogueError([Problem(FILE, line, where, what, cure)])


def _line_in(value: object, line: int) -> int:
    return value.line if isinstance(value, Table) else line


def _text(value: object, where: str, line: int) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(line, where, f"expected text, found {value!r:.40}", "put it in quotes")
    return value


def _int(value: object, where: str, line: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(line, where, f"expected a whole number, found {value!r:.40}", "correct the value")
    return value


def _among(allowed: tuple[Any, ...]) -> MakeItem[Any]:
    def check(value: Any, where: str, line: int) -> Any:
        if value not in allowed:
            raise _wrong(line, where, f"{value!r} is not valid", f"write one of {', '.join(map(str, allowed))}")
        return value

    return check


def _rows(part: _CatalogueSection, key: str, expected: tuple[str, ...]) -> dict[str, str]:
    """A mapping that must have exactly these keys, in this order."""
    rows = part.take_part(key, f"{part.where}: {key}").table
    if tuple(rows) != expected:
        odd = [row for row in (*expected, *rows) if (row in rows) != (row in expected)]
        what = f"rows missing or too many: {', '.join(odd)}" if odd else "rows are out of order"
        raise part.wrong(key, what, "write the rows of the comparison table, in its order")
    return {row: _text(value, f"{part.where}: {key}: {row}", rows.lines[row]) for row, value in rows.items()}


def _facts(part: _CatalogueSection) -> ModelFacts:
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


def _condition(value: object, where: str, line: int) -> Condition:
    part = _CatalogueSection(value, where, line)
    question = part.take_one("question", QUESTIONS)
    answer = part.take("answer", int) if question == "voltage" else part.take("answer", bool)
    condition = Condition(question, answer, part.take("met", str), part.take("without", str, ""))
    part.finish()
    return condition


def _advice(part: _CatalogueSection, accessories: tuple[str, ...]) -> Advice:
    advice = Advice(
        because=part.take("because", str),
        conditions=part.take_list("conditions", _condition),
        accessories=part.take_list("accessories", _among(accessories)),
    )
    part.finish()
    return advice


def _variant(value: object, where: str, line: int) -> Variant:
    part = _CatalogueSection(value, where, line)
    limits = part.take_part("max_batteries", f"{where}: max_batteries", Table(line)).table
    variant = Variant(
        name=part.take("name", str),
        product_ids=part.take_list("product_ids", _int),
        note=part.take("note", str),
        max_batteries={
            _int(volts, f"{where}: max_batteries", limits.lines[volts]): _int(
                most, f"{where}: max_batteries: {volts}", limits.lines[volts]
            )
            for volts, most in limits.items()
        },
    )
    part.finish()
    return variant


def _status(value: object, where: str, line: int) -> Status:
    part = _CatalogueSection(value, where, line)
    status = Status(
        part.take("what", str),
        part.take("channel", str),
        part.take_one("proven", get_args(Proof)),
        part.take("by", str),
    )
    part.finish()
    return status


def _accessory(value: object, where: str, line: int) -> Accessory:
    part = _CatalogueSection(value, where, line)
    only_if = part.take_one("only_if", (None, *QUESTIONS))
    accessory = Accessory(part.take("name", str), part.take("use", str), only_if)
    part.finish()
    return accessory


def _contradiction(value: object, where: str, line: int) -> tuple[str, str]:
    part = _CatalogueSection(value, where, line)
    pair = (part.take("says", str), part.take("table", str))
    part.finish()
    return pair


def _model(value: object, where: str, line: int, rows: tuple[str, ...], accessories: tuple[str, ...]) -> BmsModel:
    part = _CatalogueSection(value, where, line)
    name = part.take("name", str)
    part.where = where = name
    end_of_life = part.take("end_of_life", bool, False)
    successor = part.take("successor", str) if end_of_life else None
    advice = None if end_of_life else _advice(part.take_part("advice", f"{where}: advice"), accessories)
    model = BmsModel(
        name=name,
        names=part.take_list("names", _text),
        product_ids=part.take_list("product_ids", _int),
        features=_rows(part, "features", rows),
        facts=_facts(part.take_part("facts", f"{where}: facts")),
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
        data = load_tables(text.encode(), FILE)
    except UnreadableError as error:
        raise CatalogueError(error.problems) from None
    top = _CatalogueSection(data, "top")
    rows = top.take_list("feature_rows", _text)
    common = top.take_part("common", "common")
    max_batteries = common.take("max_batteries", int)
    common.take("batteries", str)
    common.take("source", str)
    common.finish()
    parts = top.take_part("accessories", "accessories").table
    accessories = {key: _accessory(value, f"accessories: {key}", parts.lines[key]) for key, value in parts.items()}
    models = top.take_list("models", lambda value, where, line: _model(value, where, line, rows, tuple(accessories)))
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
            what = f"{model.successor!r} is not a model of this file"
            raise _wrong(0, f"{model.name}: successor", what, f"write one of {', '.join(whole.names())}")
    return whole


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the package, read once and only when somebody asks."""
    return load(resources.files("gxbridge.models").joinpath(FILE).read_text(encoding="utf-8"))
