"""A YAML file as nodes, or as plain tables that remember their lines."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, Final

import yaml

from gxbridge.strict_yaml.problem import Problem, ProblemsError
from gxbridge.strict_yaml.scalars import Unfit, kind_of, line_of, scalar

MAX_DEPTH: Final = 40
MAX_NODES: Final = 200_000
"""Aliases repeat nodes, so a short file can unfold to a huge one; `can_db/` has a tenth of this in all its files."""

COLLECTIONS: Final = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The same parser in C where libyaml is there: the whole database in half a second instead of several."""


class UnreadableError(ProblemsError):
    """The bytes are not YAML as it may be here; there is one problem, the first."""

    def __init__(self, file: str, line: int, what: str, cure: str) -> None:
        super().__init__([Problem(file, line, "", what, cure)])


class Table(dict[Any, Any]):
    """A YAML mapping; `line` is where it starts, `lines` where each key stands (both count from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[Any, int] = {}


def compose(raw: bytes, file: str, loader: Any = yaml.SafeLoader) -> yaml.Node | None:
    """The root of the file's nodes, None for an empty file. Raises UnreadableError."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{raw[error.start]:02X} is not UTF-8"
        raise UnreadableError(file, line, what, "save the file as UTF-8") from None
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else text.count("\n", 0, getattr(error, "position", 0)) + 1
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        if "undefined alias" in said:  # its name is perhaps a password that begins with `*`
            cure = "write its anchor (`&name`) first, or put text that begins with * in quotes"
            raise UnreadableError(file, line, "the alias (`*name`) has no anchor", cure) from None
        what = f"this is not valid YAML: {_without_names(said)}"
        raise UnreadableError(file, line, what, _syntax_cure(text, line)) from None
    except RecursionError:
        what = "lists or mappings are nested too deeply"
        raise UnreadableError(file, 1, what, "reduce the nesting") from None
    except (ValueError, OverflowError):  # PyYAML's scanner: a \U escape beyond Unicode, a version of 5000 digits
        what = "this is not valid YAML: an escape such as \\U or a version is out of range"
        raise UnreadableError(file, 1, what, "use single quotes, or write the character itself") from None
    return root


def _without_names(said: str) -> str:
    """PyYAML's words on one line, without what it quotes of anchors and tags: that may be a secret."""
    return " ".join(re.sub(r" '[^'<][^']{4,}'", "", said).split())


def _syntax_cure(text: str, line: int) -> str:
    lines = text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1]:
        return "indent with spaces, not with tabs"
    return "check the indentation, missing colons and quotes in this line and the one before"


def load_tables(raw: bytes, file: str) -> Any:
    """The file as Tables, lists and plain values, None when it is empty. Raises UnreadableError."""
    root = compose(raw, file, _FAST)
    try:
        return None if root is None else _PlainTables(file).make(root, 0)
    except RecursionError:  # pragma: no cover - MAX_DEPTH comes first
        raise UnreadableError(file, 1, "lists or mappings are nested too deeply", "reduce the nesting") from None


class _PlainTables:
    """Makes plain values of nodes, along the nodes: an alias is made again wherever it stands."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._nodes = 0

    def make(self, node: yaml.Node, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self._problem(node, "nested too deeply, or repeated through aliases", "reduce the nesting")
        if not isinstance(node, yaml.ScalarNode) and node.tag not in COLLECTIONS:
            raise self._problem(node, f"{kind_of(node)} has a tag (`!name`)", "remove the tag")
        if isinstance(node, yaml.MappingNode):
            return self._table(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.make(item, depth + 1) for item in node.value]
        try:
            return scalar(node)
        except Unfit as unfit:
            raise self._problem(node, unfit.what, unfit.cure) from None

    def _table(self, node: yaml.MappingNode, depth: int) -> Table:
        table = Table(line_of(node))
        for key_node, value_node in node.value:
            key = self.make(key_node, depth + 1)
            if not isinstance(key, Hashable):
                raise self._problem(key_node, f"a key is {kind_of(key_node)}", "write `key: value`")
            if key in table:
                what = f"key {key!r} is set twice, first in line {table.lines[key]}"
                raise self._problem(key_node, what, "keep one of them")
            table[key] = self.make(value_node, depth + 1)
            table.lines[key] = line_of(key_node)
        return table

    def _problem(self, node: yaml.Node, what: str, cure: str) -> UnreadableError:
        return UnreadableError(self._file, line_of(node), what, cure)
