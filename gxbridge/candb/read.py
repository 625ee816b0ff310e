"""From the YAML files to items that remember their lines. Nothing is interpreted here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from gxbridge.core.model.record import record
from gxbridge.strict_yaml.document import Table, UnreadableError, load_tables
from gxbridge.strict_yaml.problem import Problem


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
            content = load_tables(path.read_bytes(), name)
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            problems.append(Problem(name, 0, "R01", what, "check the file and its permissions"))
            continue
        except UnreadableError as error:
            problems += [replace(problem, key="R01") for problem in error.problems]
            continue
        for item in _items(name, content):
            (problems if isinstance(item, Problem) else items).append(item)  # type: ignore[arg-type]
    if not items and not problems:
        problems.append(
            Problem.at(folder.name, "R01", "there is no YAML file", "give the folder that holds the database")
        )
    return items, problems


def _items(name: str, content: object) -> Iterator[Item | Problem]:
    if content is None:
        return
    if not isinstance(content, list):
        yield Problem.at(f"{name}:1", "R01", "the file is not a list", _LIST)
        return
    for number, element in enumerate(content, 1):
        if isinstance(element, Table) and element and all(isinstance(key, str) for key in element):
            yield Item(next(iter(element)), element, name)
        else:
            line = element.line if isinstance(element, Table) else 1
            yield Problem.at(f"{name}:{line}", "R01", f"item {number} of the list is not a mapping with names", _LIST)


def texts(value: Any) -> tuple[str, ...]:
    """One text or a list of texts, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)
