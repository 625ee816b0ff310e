"""From a YAML file to checked plain values, each problem with its line and what to write instead.

The file is only parsed into nodes, never constructed into objects; every value is made by the check of its key.
"""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from gxbridge.config.keys import KEYS, children
from gxbridge.config.schema import LEVELS, MAX_BYTES, Checked, ConfigKey
from gxbridge.config.values import CHECKS
from gxbridge.strict_yaml.document import UnreadableError, compose
from gxbridge.strict_yaml.problem import Problem, nearest
from gxbridge.strict_yaml.scalars import Unfit, is_empty, kind_of, line_of, scalar

MAX_NODES: Final = 5000
"""Aliases repeat nodes, so a short file can unfold to a huge one; this is far more than any real file has."""
MAX_DEPTH: Final = 8


def read_config(raw: bytes, file: str) -> Checked:
    """Parse and check a configuration file's bytes. Never raises for what is in them."""
    checked = Checked()
    if len(raw) > MAX_BYTES:
        what, cure = f"the file has {len(raw)} bytes", f"at most {MAX_BYTES} are read; is this the right file?"
        checked.problems.append(Problem(file, 1, "", what, cure))
        return checked
    try:
        root = compose(raw, file)
    except UnreadableError as error:
        checked.problems += error.problems
        return checked
    if root is not None:
        _FileReading(file, checked).file(root)
        checked.problems.sort()
    return checked


class _FileReading:
    """Goes through the nodes along the schema."""

    def __init__(self, file: str, checked: Checked) -> None:
        self._file = file
        self._checked = checked
        self._nodes = 0

    def file(self, root: yaml.Node) -> None:
        if not isinstance(root, yaml.MappingNode):
            if is_empty(root):
                return
            self._problem(root, "", f"the file is {kind_of(root)}", "write `key: value` lines, such as `publish: bms`")
            return
        self._checked.values = self._section(root, "", "")

    def _problem(self, node: yaml.Node, key: str, what: str, cure: str) -> None:
        self._checked.problems.append(Problem(self._file, line_of(node), key, what, cure))

    def _section(self, node: yaml.MappingNode, schema: str, path: str) -> dict[str, Any]:
        known, retired = children(schema), children(schema, retired=True)
        values: dict[str, Any] = {}
        meant: set[str | None] = set()
        for name_node, value_node in node.value:
            self._nodes += 1
            if self._nodes > MAX_NODES:
                self._problem(
                    name_node, path, f"more than {MAX_NODES} entries (aliases count each time)", "reduce their number"
                )
                return values
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else ""
            here = f"{path}.{name}" if path else name
            key = known.get(name) or retired.get(name)
            if key is None:
                likely = nearest(name, known or retired)
                meant.add(likely)
                self._problem(name_node, here or "?", "unknown key", _cure_of(name, likely, known or retired, schema))
            elif here in self._checked.lines:
                self._problem(
                    name_node, here, f"is set twice, first in line {self._checked.lines[here]}", "keep one of them"
                )
            else:
                self._checked.lines[here] = line_of(name_node)
                self._entry(key, value_node, here, values)
        for key in known.values():
            here = f"{path}.{key.name}"
            excused = key.unless is not None and values.get(key.unless[0]) == key.unless[1]
            if key.required and not excused and key.name not in meant and here not in self._checked.lines:
                self._problem(node, f"{path}.{key.name}", "is missing", f"add for example `{key.name}: {key.example}`")
        return values

    def _entry(self, key: ConfigKey, node: yaml.Node, path: str, values: dict[str, Any]) -> None:
        if key.kind == "section":
            if isinstance(node, yaml.MappingNode):
                values[key.name] = self._section(node, key.path, path)
            elif key.short and isinstance(node, yaml.ScalarNode) and not is_empty(node):
                values[key.name] = {}
                self._checked.lines[f"{path}.{key.short}"] = line_of(node)
                self._entry(children(key.path)[key.short], node, f"{path}.{key.short}", values[key.name])
            elif not is_empty(node):  # a section whose keys are all commented out is empty
                names = ", ".join(children(key.path) or children(key.path, retired=True))
                self._problem(node, path, f"is {kind_of(node)}", f"write its keys indented below it: {names}")
        elif key.kind == "items":
            self._items(key, node, path, values)
        elif is_empty(node) and key.kind != "free":
            if key.default is not None or key.required:
                self._problem(node, path, "has no value", f"write {key.wanted}, or remove the line")
        else:
            try:
                values[key.name] = self._value(key, node, path)
            except Unfit as unfit:
                self._problem(node, path, unfit.what, unfit.cure)

    def _items(self, key: ConfigKey, node: yaml.Node, path: str, values: dict[str, Any]) -> None:
        if is_empty(node):
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
            self._checked.lines[here] = line_of(entry)
            if isinstance(entry, yaml.MappingNode):
                entries.append(self._section(entry, f"{key.path}[]", here))
            else:
                names = ", ".join(children(f"{key.path}[]"))
                self._problem(entry, here, f"is {kind_of(entry)}", f"write its keys: {names}")
        values[key.name] = entries

    def _value(self, key: ConfigKey, node: yaml.Node, path: str) -> Any:
        if key.kind == "free":
            if is_empty(node):
                return {}
            if not isinstance(node, yaml.MappingNode):
                raise Unfit(f"is {kind_of(node)}", "write `name: value` lines below it")
            return self._free(node, path, 0)
        if key.kind == "levels":
            return self._levels(node, path)
        if key.kind == "names":
            if not isinstance(node, yaml.SequenceNode):
                raise Unfit(f"is {kind_of(node)}", f"write {key.wanted}")
            for entry in node.value:
                if not isinstance(entry, yaml.ScalarNode):
                    raise Unfit(f"has an entry that is {kind_of(entry)}", f"write {key.wanted}")
            return tuple(str(entry.value) for entry in node.value)
        if key.kind == "points":
            from gxbridge.config.points import read_points  # only where there are rules

            return read_points(key, node)
        if not isinstance(node, yaml.ScalarNode):
            raise Unfit(f"is {kind_of(node)}", f"write {key.wanted}")
        return CHECKS[key.kind](key, node)

    def _levels(self, node: yaml.Node, path: str) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode):
            raise Unfit(f"is {kind_of(node)}", f"write `name: level` lines below it; levels are {', '.join(LEVELS)}")
        levels: dict[str, str] = {}
        for name_node, level_node in node.value:
            name, level = str(name_node.value), level_node.value
            if not isinstance(name_node, yaml.ScalarNode) or not re.fullmatch(r"[A-Za-z_][\w.]*", name):
                what = repr(name) if isinstance(name_node, yaml.ScalarNode) else kind_of(name_node)
                raise Unfit(f"{what} is not the name of a part", "write names such as can, dbus, dvcc, battery")
            if not isinstance(level, str) or level not in LEVELS:
                what = repr(level) if isinstance(level, str) else kind_of(level_node)
                raise Unfit(f"{name} has the level {what}", f"write one of {', '.join(LEVELS)}")
            self._once(name, levels, name_node, path)
            levels[name] = level
        return levels

    def _free(self, node: yaml.Node, path: str, depth: int) -> Any:
        """Plain values of a part whose keys are not ours."""
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise Unfit("is nested too deeply or repeats itself through aliases", "reduce the nesting")
        if isinstance(node, yaml.MappingNode):
            pairs: dict[str, Any] = {}
            for name_node, value_node in node.value:
                if not isinstance(name_node, yaml.ScalarNode):
                    raise Unfit("a name is a list or a mapping", "write `name: value`")
                self._once(name_node.value, pairs, name_node, path)
                pairs[name_node.value] = self._free(value_node, f"{path}.{name_node.value}", depth + 1)
            return pairs
        if isinstance(node, yaml.SequenceNode):
            return [self._free(item, path, depth + 1) for item in node.value]
        return scalar(node)

    def _once(self, name: str, known: dict[str, Any], node: yaml.Node, path: str) -> None:
        """The last one counts, as it always did: a boat that runs is not to stop for it."""
        if name in known:
            what = "is set twice; the last one counts"
            self._checked.remarks.append(
                Problem(self._file, line_of(node), f"{path}.{name}", what, "remove the others")
            )


def _cure_of(name: str, likely: str | None, known: dict[str, ConfigKey], schema: str) -> str:
    elsewhere = [key.path for key in KEYS if key.name == name.lower() and not key.retired]
    if likely is not None or elsewhere:
        return f"did you mean {likely or elsewhere[0]}?"
    return f"the keys of {schema.removesuffix('[]') or 'the file'} are {', '.join(known)}"
