"""Putting a mutant in the place of the code: in its function where that is enough, else by importing all anew."""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

ROOT = Path(__file__).parents[2]
ANEW = ("gxbridge", "tests.core", "tests.runtime")
"""What may hold something of the module, and so is forgotten before it is imported anew."""


class Bare(ast.NodeTransformer):
    """Takes away annotations: they are never evaluated here."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


@lru_cache(maxsize=4)
def meaning(source: str) -> str:
    """The code without what does not matter to it."""
    return ast.dump(Bare().visit(ast.parse(source)))


@lru_cache(maxsize=4)
def compiled(source: str) -> CodeType:
    """The code of a module; raises SyntaxError."""
    return compile(source, "mutant", "exec", dont_inherit=True)


def alike(one: Any, other: Any) -> bool:
    """Is the code the same, whatever its lines and columns are?"""
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return own(one) == own(other) and all(map(alike, inner(one), inner(other)))
    return bool(one == other)


def own(code: CodeType) -> Any:
    """What is in a code itself, without the code in it."""
    constants = [(type(constant), repr(constant)) for constant in code.co_consts if not isinstance(constant, CodeType)]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount)
    return code.co_code, constants, names, code.co_posonlyargcount, code.co_kwonlyargcount, len(inner(code))


def inner(code: CodeType) -> list[CodeType]:
    """The functions, classes and comprehensions in a code."""
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def changed_functions(before: CodeType, after: CodeType) -> Iterator[CodeType | None]:
    """The new code of each function that is another; None for a change outside of functions."""
    if own(before) != own(after):
        yield None
        return
    for one, other in zip(inner(before), inner(after), strict=True):
        if alike(one, other):
            continue
        if other.co_flags & CO_OPTIMIZED and other.co_name.isidentifier():
            yield other
        else:
            yield from changed_functions(one, other)


def find(module: Any, qualified: str) -> FunctionType | None:
    """A function or method of a module; None where it is wrapped in something."""
    found: Any = module
    for name in qualified.split("."):
        found = vars(found).get(name)
        if found is None:
            return None
    found = getattr(found, "fget", None) or getattr(found, "__func__", None) or found
    return found if isinstance(found, FunctionType) and not hasattr(found, "__wrapped__") else None


@lru_cache(maxsize=4)
def used_at_import(source: str) -> frozenset[str]:
    """The functions that a module itself uses while it is imported, and those that they use: what these have made by
    then is not made anew by changing them in place."""
    body = ast.parse(source).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    found: set[str] = set()
    left = [node for node in body if node not in functions.values()]
    left += [part for node in functions.values() for part in (*node.decorator_list, node.args)]
    while left:
        names = {one.id for one in ast.walk(left.pop()) if isinstance(one, ast.Name)}
        left += [functions[name] for name in names & functions.keys() - found]
        found |= names
    return frozenset(found & functions.keys())


def swap(module: str, before: str, after: str) -> bool:
    """Change functions in place; False where that cannot be done."""
    codes = list(changed_functions(compiled(before), compiled(after)))
    if any(code is not None and code.co_qualname in used_at_import(before) for code in codes):
        return False
    pairs = [(None if code is None else find(sys.modules[module], code.co_qualname), code) for code in codes]
    if any(function is None or function.__code__.co_freevars != code.co_freevars for function, code in pairs):
        return False
    for function, code in pairs:
        function.__code__ = code
    return True


class Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Imports one module from other source."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        self.module, self.path, self.source = module, path, source

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> Any:
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_filename(self, _name: str) -> str:
        return str(self.path)

    def get_data(self, path: str | bytes) -> bytes:
        return self.source.encode()

    def path_stats(self, _path: str | bytes) -> Any:
        raise OSError("no compiled form")


@cache
def imported_by(module: str) -> frozenset[str]:
    """What a module imports, at its head or later."""
    file = getattr(sys.modules[module], "__file__", None)
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))) if file else ():
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update((node.module, *(f"{node.module}.{alias.name}" for alias in node.names)))
    return frozenset(found)


def own_modules() -> list[str]:
    """The modules that may hold something of one that is mutated."""
    return [name for name in sys.modules if name.startswith(ANEW)]


def users(module: str) -> set[str]:
    """A module, and whatever imports it, or imports what does."""
    found: set[str] = set()
    more = {module}
    while more:
        found |= more
        more = {name for name in own_modules() if name not in found and not found.isdisjoint(imported_by(name))}
    return found


def put_in_place(path: Path, after: str) -> None:
    """From now on this process has the mutant."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    if module in sys.modules and swap(module, path.read_text(encoding="utf-8"), after):
        return
    for name in users(module) & sys.modules.keys():
        del sys.modules[name]
        package, _, own_name = name.rpartition(".")
        if package in sys.modules:
            vars(sys.modules[package]).pop(own_name, None)
    sys.meta_path.insert(0, Changed(module, path, after))
