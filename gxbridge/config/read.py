"""From a YAML file to checked plain values, each problem with its line and what to write instead.

The file is only parsed into nodes, never constructed into objects; every value is made by the check of its key.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from gxbridge.config.keys import KEYS, children
from gxbridge.config.problem import MAX_BYTES, Checked, Problem
from gxbridge.config.schema import LEVELS, Key
from gxbridge.config.values import CHECKS, Wrong, kind_of, near, plain

MAX_NODES: Final = 5000
"""Aliases repeat nodes, so a short file can unfold to a huge one; this is far more than any real file has."""
MAX_DEPTH: Final = 8


def read_config(raw: bytes, file: str) -> Checked:
    """Parse and check a configuration file's bytes. Never raises for what is in them."""
    checked = Checked()

    def problem(line: int, key: str, what: str, instead: str) -> None:
        checked.problems.append(Problem(file, line, key, what, instead))

    if len(raw) > MAX_BYTES:
        problem(1, "", f"the file has {len(raw)} bytes", f"at most {MAX_BYTES} are read; is this the right file?")
        return checked
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem(line, "", f"byte 0x{raw[error.start]:02X} is not UTF-8", "save the file as UTF-8")
        return checked
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else text.count("\n", 0, getattr(error, "position", 0)) + 1
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        problem(line, "", f"this is not YAML: {' '.join(str(said).split())}", _syntax_advice(text, line))
        return checked
    except RecursionError:
        problem(
            1, "", "lists or mappings are nested too deeply", "write it flatter; docs/configuration.md has every key"
        )
        return checked
    if root is None:
        return checked
    _Walk(file, checked).file(root)
    checked.problems.sort()
    return checked


def _syntax_advice(text: str, line: int) -> str:
    lines = text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1]:
        return "indent with spaces, not with tabs"
    return "look at the indentation, at missing colons and at quotes in this line and the one before"


class _Walk:
    """Goes through the nodes along the schema."""

    def __init__(self, file: str, checked: Checked) -> None:
        self._file = file
        self._checked = checked
        self._nodes = 0

    def file(self, root: yaml.Node) -> None:
        if not isinstance(root, yaml.MappingNode):
            if _is_null(root):
                return
            self._problem(root, "", f"the file is {kind_of(root)}", "write `key: value` lines, such as `publish: bms`")
            return
        self._checked.values = self._section(root, "", "")

    def _problem(self, node: yaml.Node, key: str, what: str, instead: str) -> None:
        self._checked.problems.append(Problem(self._file, _line(node), key, what, instead))

    def _section(self, node: yaml.MappingNode, schema: str, path: str) -> dict[str, Any]:
        known = children(schema)
        values: dict[str, Any] = {}
        meant: set[str] = set()
        for name_node, value_node in node.value:
            self._nodes += 1
            if self._nodes > MAX_NODES:
                self._problem(
                    name_node, path, f"more than {MAX_NODES} entries (aliases count each time)", "write fewer"
                )
                return values
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else ""
            here = f"{path}.{name}" if path else name
            key = known.get(name)
            if key is None:
                likely = near(name, known)
                meant.update(likely)
                self._problem(name_node, here or "?", "there is no such key", _instead_of(name, likely, known, schema))
            elif name in values:
                self._problem(
                    name_node, here, f"stands here twice, first in line {self._checked.lines[here]}", "write it once"
                )
            else:
                self._checked.lines[here] = _line(name_node)
                self._entry(key, value_node, here, values)
        for key in known.values():
            here = f"{path}.{key.name}"
            if key.required and key.name not in meant and here not in self._checked.lines:
                self._problem(
                    node, f"{path}.{key.name}", "is missing", f"write for example `{key.name}: {key.example}`"
                )
        return values

    def _entry(self, key: Key, node: yaml.Node, path: str, values: dict[str, Any]) -> None:
        if key.kind == "section":
            if isinstance(node, yaml.MappingNode):
                values[key.name] = self._section(node, key.path, path)
            elif not _is_null(node):  # a section whose keys are all commented out is empty
                names = ", ".join(children(key.path))
                self._problem(node, path, f"is {kind_of(node)}", f"write the keys indented below it: {names}")
        elif key.kind == "items":
            self._items(key, node, path, values)
        elif _is_null(node) and key.kind != "free":
            if key.default is not None or key.required:
                self._problem(node, path, "has no value", f"write {key.wanted}, or leave the line out")
        else:
            try:
                values[key.name] = self._value(key, node)
            except Wrong as wrong:
                self._problem(node, path, wrong.what, wrong.instead)

    def _items(self, key: Key, node: yaml.Node, path: str, values: dict[str, Any]) -> None:
        if _is_null(node):
            return
        if not isinstance(node, yaml.SequenceNode):
            first = next(iter(children(f"{key.path}[]").values()))
            self._problem(
                node, path, f"is {kind_of(node)}", f"write a list, each entry beginning with `- {first.name}: ...`"
            )
            return
        entries: list[dict[str, Any]] = []
        for index, entry in enumerate(node.value):
            here = f"{path}[{index}]"
            self._checked.lines[here] = _line(entry)
            if isinstance(entry, yaml.MappingNode):
                entries.append(self._section(entry, f"{key.path}[]", here))
            else:
                names = ", ".join(children(f"{key.path}[]"))
                self._problem(entry, here, f"is {kind_of(entry)}", f"write its keys: {names}")
        values[key.name] = entries

    def _value(self, key: Key, node: yaml.Node) -> Any:
        if key.kind == "free":
            if _is_null(node):
                return {}
            if not isinstance(node, yaml.MappingNode):
                raise Wrong(f"is {kind_of(node)}", "write `name: value` lines below it")
            return self._free(node, 0)
        if key.kind == "levels":
            return self._levels(node)
        if not isinstance(node, yaml.ScalarNode):
            raise Wrong(f"is {kind_of(node)}", f"write {key.wanted}")
        return CHECKS[key.kind](key, node)

    def _levels(self, node: yaml.Node) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode):
            raise Wrong(f"is {kind_of(node)}", f"write `name: level` lines below it; levels are {', '.join(LEVELS)}")
        levels: dict[str, str] = {}
        for name_node, level_node in node.value:
            name, level = str(name_node.value), str(level_node.value)
            if not isinstance(name_node, yaml.ScalarNode) or not re.fullmatch(r"[A-Za-z_][\w.]*", name):
                raise Wrong(f"{name!r} is no part's name", "write names such as can, dbus, dvcc, battery")
            if level not in LEVELS:
                raise Wrong(f"{name} has the level {level!r}", f"write one of {', '.join(LEVELS)}")
            levels[name] = level
        return levels

    def _free(self, node: yaml.Node, depth: int) -> Any:
        """Plain values of a part whose keys are not ours."""
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise Wrong("is nested too deeply or repeats itself through aliases", "write it flatter")
        if isinstance(node, yaml.MappingNode):
            pairs = {}
            for name_node, value_node in node.value:
                if not isinstance(name_node, yaml.ScalarNode):
                    raise Wrong("a name is a list or a mapping", "write `name: value`")
                pairs[name_node.value] = self._free(value_node, depth + 1)
            return pairs
        if isinstance(node, yaml.SequenceNode):
            return [self._free(item, depth + 1) for item in node.value]
        return plain(node)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _instead_of(name: str, near: list[str], known: dict[str, Key], schema: str) -> str:
    elsewhere = [key.path for key in KEYS if key.name == name.lower()]
    if near or elsewhere:
        return f"did you mean {(near + elsewhere)[0]}?"
    return f"{schema.removesuffix('[]') or 'the file'} takes {', '.join(known)}"
