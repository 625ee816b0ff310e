"""The tests of what is mutated as plain functions: each is called once for each of its parameters. The few that need a
fixture are not asked."""

from __future__ import annotations

import importlib
import inspect
import itertools
import json
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PACKAGE = "tests"
TESTS = Path(__file__).parents[1]
SLOW = ("test_properties", "test_parity", "test_hostile", "test_honest")
"""Asked only about those that all others let pass, and not even measured where only quick ones are wanted."""
QUICK_S = 0.1
"""A test that takes longer is not quick either."""


def files_of(place: str) -> list[Path]:
    """The test files of a folder, or those whose path is a pattern, from `tests` on."""
    return sorted((TESTS / place).rglob("test_*.py") if (TESTS / place).is_dir() else TESTS.glob(place))


def names(places: Iterable[str], slow: bool) -> list[str]:
    """Every test of some folders or files as `folder.file::function`, from `tests` on."""
    found = []
    for path in dict.fromkeys(path for place in places for path in files_of(place)):
        if (path.stem in SLOW) == slow:
            file = ".".join(path.relative_to(TESTS).with_suffix("").parts)
            module = importlib.import_module(f"{PACKAGE}.{file}")
            found += [f"{file}::{name}" for name, test in vars(module).items() if is_test(name, test, module)]
    return found


def is_test(name: str, test: Any, module: Any) -> bool:
    """Is it one of this file's tests, and does it take nothing but its parameters?"""
    if not (name.startswith("test_") and inspect.isfunction(test) and test.__module__ == module.__name__):
        return False
    if any(mark.name == "usefixtures" for mark in getattr(test, "pytestmark", ())):
        return False
    given = {key for arguments in itertools.islice(calls(test), 1) for key in arguments}
    return given.issuperset(inspect.signature(test).parameters)


def calls(test: Any) -> Iterator[dict[str, Any]]:
    """The arguments of each call of a test."""
    sets: list[list[dict[str, Any]]] = []
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "parametrize":
            given, values = mark.args[0], list(mark.args[1])
            keys = [key.strip() for key in given.split(",")] if isinstance(given, str) else list(given)
            rows = [getattr(row, "values", row) if hasattr(row, "marks") else (row,) if len(keys) == 1 else row
                    for row in values]  # fmt: skip
            sets.append([dict(zip(keys, row, strict=True)) for row in rows])
    for combination in itertools.product(*sets):
        yield {key: value for arguments in combination for key, value in arguments.items()}


def failure(test: str) -> str:
    """What a test has to complain about; "" when nothing."""
    file, _, name = test.partition("::")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function = getattr(importlib.import_module(f"{PACKAGE}.{file}"), name)
            for arguments in calls(function):
                function(**arguments)
    except BaseException as error:  # pytest's own outcomes are no Exceptions
        return f"{type(error).__name__}: {error}"
    return ""


def measure(places: Iterable[str], slow: bool) -> str:
    """Run all without a mutant: JSON of what fails and how long each takes (s)."""
    seconds: dict[str, float] = {}
    failures: dict[str, str] = {}
    for test in names(places, slow):
        began = time.process_time()
        said = failure(test)
        seconds[test] = round(time.process_time() - began, 4)
        if said:
            failures[test] = said
    return json.dumps({"failures": failures, "seconds": seconds})
