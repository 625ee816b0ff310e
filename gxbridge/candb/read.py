"""From the YAML files to plain tables that remember their lines. Nothing is interpreted here."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from gxbridge.candb.problem import Problem
from gxbridge.core.model.record import record

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same safe loader, in C where libyaml is there: the whole database in half a second instead of several."""


class Table(dict[Any, Any]):
    """A YAML mapping; `line` is where it starts, `lines` where each key stands (both count from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[Any, int] = {}


class _Loader(_Base):  # type: ignore[misc]  # the base is chosen at run time
    """A safe loader whose mappings are Tables and whose duplicate keys are errors."""


def _table(loader: Any, node: yaml.MappingNode) -> Table:
    table = Table(node.start_mark.line + 1)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key is a list or a mapping", key_node.start_mark)
        if key in table:
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands here twice", key_node.start_mark)
        table[key] = loader.construct_object(value_node, deep=True)
        table.lines[key] = key_node.start_mark.line + 1
    return table


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _table)


@record
class Item:
    """One element of a file's list. `kind` is its first key (`vreg`, `pgn`, `enumeration`, ...)."""

    kind: str
    table: Table
    file: str

    def where(self, key: str | None = None) -> str:
        """`file:line` of a key of this item, or of the item itself."""
        return f"{self.file}:{self.table.lines.get(key, self.table.line) if key else self.table.line}"

    def inside(self, table: Table, key: str | None = None) -> str:
        """`file:line` of a mapping inside this item, or of one of its keys."""
        return f"{self.file}:{table.lines.get(key, table.line) if key else table.line}"


def files(folder: Path) -> list[Path]:
    """Every YAML file of the database, in a fixed order."""
    return sorted(folder.rglob("*.yaml"))


def digest(paths: list[Path], folder: Path) -> str:
    """SHA-256 over names and contents of the files."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        whole.update(path.read_bytes() + b"\0")
    return whole.hexdigest()


_LIST = "write a list of items, each beginning with `- vreg:`, `- pgn:`, `- enumeration:`, ... (can_db/README.md)"


def read(folder: Path) -> tuple[list[Item], list[Problem]]:
    """All items of all files, and what could not be read (rule R01)."""
    items: list[Item] = []
    problems: list[Problem] = []
    for path in files(folder):
        name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
            problems.append(_unreadable(name, error))
            continue
        for item in _items(name, content):
            (problems if isinstance(item, Problem) else items).append(item)  # type: ignore[arg-type]
    if not items and not problems:
        problems.append(Problem(folder.name, "R01", "there is no YAML file", "give the folder that holds the database"))
    return items, problems


def _items(name: str, content: object) -> Iterator[Item | Problem]:
    if content is None:
        return
    if not isinstance(content, list):
        yield Problem(f"{name}:1", "R01", "the file is not a list", _LIST)
        return
    for number, element in enumerate(content, 1):
        if isinstance(element, Table) and element and all(isinstance(key, str) for key in element):
            yield Item(next(iter(element)), element, name)
        else:
            line = element.line if isinstance(element, Table) else 1
            yield Problem(f"{name}:{line}", "R01", f"item {number} of the list is not a mapping with names", _LIST)


def _unreadable(name: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else 1
    what = getattr(error, "problem", None) or str(error).splitlines()[0]
    return Problem(f"{name}:{line}", "R01", f"this is not readable YAML ({what})", "mend the YAML around this line")
