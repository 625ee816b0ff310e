"""`python -m tests.mutants [MODULE...]`: change core/dvcc in one place after the other; tests must notice each time.

The mutants are those of cosmic-ray, kept with their results in one of its sessions (so `cr-report` and `cr-html` can
show them), and two kinds of our own. Starting pytest anew for each of them would take most of a day: here everything is
imported once except core/dvcc and its tests, and each mutant is tested in a process forked from that. A session can be
interrupted and goes on where it was.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import gc
import importlib.abc
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cosmic_ray.plugins
import hypothesis
from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutants.argued import ARGUED
from tests.mutants.asking import SLOW, failure, measure
from tests.mutants.operators import OURS

ROOT = Path(__file__).parents[2]
PACKAGE = "gxbridge.core.dvcc"
SOURCES = ROOT / "gxbridge" / "core" / "dvcc"
SESSION = ROOT / "build" / "mutants.sqlite"
CPU_S = 20
"""So much processor time, or some minutes: then a mutant runs in a circle, which is noticed as well."""
PATIENCE_S = 300


def modules(names: Sequence[str]) -> list[Path]:
    """The files to be mutated."""
    paths = [SOURCES / f"{name}.py" for name in names] or sorted(SOURCES.glob("*.py"))
    return [path.relative_to(ROOT) for path in paths if path.read_text(encoding="utf-8").strip()]


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


def meaning(source: str) -> str:
    """The code without what does not matter to it."""
    return ast.dump(Bare().visit(ast.parse(source)))


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


def judge(module: str, path: Path, source: str, order: Sequence[str]) -> str:
    """In a process of its own: the first test that notices, "" when none does."""
    sys.meta_path.insert(0, Changed(f"{PACKAGE}.{module}", path, source))
    for test in order:
        if failure(test):
            return test
    return ""


def in_a_fork(work: Callable[[], str], cpu_s: int = CPU_S) -> str:
    """Do something where it leaves no trace: its words, or how it ended without any."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 70
        try:
            os.close(reading)
            resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
            nothing = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nothing, descriptor)
            os.write(writing, work().encode() or b"-")
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    said = b""
    while select.select([reading], [], [], PATIENCE_S)[0] and (more := os.read(reading, 65536)):
        said += more
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return said.decode().removeprefix("-") if said else "no answer: it runs in a circle"


def warm_up() -> None:
    """Import what mutants have in common, and make the property tests try the same each time."""
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
    hypothesis.settings.load_profile("mutants")
    for name in ("gzip", "json", "hypothesis.strategies", "gxbridge.core.items", "gxbridge.core.finding",
                 "gxbridge.core.record", "pytest"):  # fmt: skip
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.startswith(PACKAGE)]
    assert not loaded, f"already imported, so it cannot be changed any more: {loaded}"
    gc.freeze()


def mutated(spec: MutationSpec, source: str) -> str:
    """The source of a mutant."""
    operator = cosmic_ray.plugins.get_operator(spec.operator_name)(**spec.operator_args)
    return mutate_code(source, operator, spec.occurrence) or source


def compiles(source: str) -> bool:
    """Is it Python at all?"""
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


@dataclass
class Jury:
    """The tests: first those that noticed most mutants of the same module, then the module's own, then the quick."""

    slow: bool
    seconds: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def __post_init__(self) -> None:
        for slow in (False, True)[: 1 + self.slow]:
            said = in_a_fork(lambda slow=slow: measure(slow), 600)
            known = json.loads(said) if said.startswith("{") else {"failures": {"": said}}
            if known["failures"]:
                sys.exit(f"The tests fail without any mutant: {known['failures']}")
            self.seconds |= known["seconds"]

    def order(self, module: str) -> list[str]:
        """In which order the tests are asked about a mutant of a module."""
        noticed = self.noticed[module]
        rank = {
            test: (test.partition("::")[0] in SLOW, -noticed[test], f"test_{module}" != test.partition("::")[0], cost)
            for test, cost in self.seconds.items()
        }
        return sorted(rank, key=rank.__getitem__)

    def result(self, item: WorkItem) -> WorkResult:
        """Try one mutant."""
        (spec,) = item.mutations
        module, path = spec.module_path.stem, ROOT / spec.module_path
        source = path.read_text(encoding="utf-8")
        changed = mutated(spec, source)
        if not compiles(changed):
            return WorkResult(WorkerOutcome.NORMAL, "no Python", TestOutcome.INCOMPETENT)
        if meaning(changed) == meaning(source):
            return WorkResult(WorkerOutcome.SKIPPED, "only an annotation")
        order = self.order(module)
        who = in_a_fork(lambda: judge(module, path, changed, order))
        if who:
            self.noticed[module][who] += 1
        diff = "\n".join(difflib.unified_diff(source.split("\n"), changed.split("\n"), lineterm="", n=0))
        return WorkResult(WorkerOutcome.NORMAL, who, TestOutcome.KILLED if who else TestOutcome.SURVIVED, diff)


def run(database: WorkDB, jury: Jury, items: Sequence[WorkItem]) -> None:
    """Try mutants, module by module."""
    began = time.monotonic()
    for count, item in enumerate(items, 1):
        outcome = jury.result(item)
        database.set_result(item.job_id, outcome)
        if outcome.test_outcome == TestOutcome.SURVIVED:
            print(describe(item, outcome), argument(item, outcome) or "NOT ARGUED", sep="\n  ", flush=True)
        if not count % 100 or count == len(items):
            print(f"{count} of {len(items)} after {time.monotonic() - began:.0f} s", flush=True)


def pending(database: WorkDB, names: Sequence[str], again: bool) -> list[WorkItem]:
    """What is to be tried."""
    items = list(database.pending_work_items)
    if again:
        items = [i for i, outcome in database.completed_work_items if outcome.test_outcome == TestOutcome.SURVIVED]
    wanted = {path.stem: place for place, path in enumerate(modules(names))}
    items = [item for item in items if item.mutations[0].module_path.stem in wanted]
    return sorted(items, key=lambda i: (wanted[i.mutations[0].module_path.stem], i.mutations[0].start_pos))


def change(outcome: WorkResult) -> tuple[str, str]:
    """The code that was there, and what the mutant has in its place."""
    lines = [line for line in (outcome.diff or "").split("\n")[2:] if line[:1] in ("+", "-")]
    was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, now


def describe(item: WorkItem, outcome: WorkResult) -> str:
    """A mutant in a few lines."""
    (spec,) = item.mutations
    was, now = change(outcome)
    return f"{spec.module_path.name}:{spec.start_pos[0]} {spec.operator_name.split('/')[1]}\n  - {was}\n  + {now}"


def argument(item: WorkItem, outcome: WorkResult) -> str:
    """Why nothing can notice a survivor; "" when nobody has argued that."""
    return ARGUED.get((item.mutations[0].module_path.stem, change(outcome)[1]), "")


def report(database: WorkDB) -> int:
    """The figures; the number of survivors that nobody has argued for."""
    done = database.completed_work_items
    tried = [(item, outcome) for item, outcome in done if outcome.worker_outcome != WorkerOutcome.SKIPPED]
    survivors = [(item, outcome) for item, outcome in tried if outcome.test_outcome == TestOutcome.SURVIVED]
    reasons = Counter(argument(*one) for one in survivors)
    for text in sorted(describe(*one) for one in survivors if not argument(*one)):
        print(text)
    wrong = sum(outcome.test_outcome == TestOutcome.INCOMPETENT for _, outcome in tried)
    print(f"{database.num_work_items} mutants: {len(done) - len(tried)} only in annotations, {wrong} no Python.")
    print(f"{len(tried) - wrong} tried: {len(tried) - wrong - len(survivors)} noticed, {len(survivors)} not.")
    for reason, count in reasons.most_common():
        print(f"{count:6} {reason or 'NOT ARGUED'}")
    return reasons[""]


def main() -> int:
    """Make a session if there is none, go on with it, print what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="names in core/dvcc; none: all")
    parser.add_argument("--session", type=Path, default=SESSION, help="where the results are kept")
    parser.add_argument("--again", action="store_true", help="try survivors again, after tests were added")
    parser.add_argument("--quick", action="store_true", help="without the property tests and the vendor's scenarios")
    parser.add_argument("--report", action="store_true", help="only print what is known")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    cosmic_ray.plugins.OPERATOR_PROVIDERS["gxbridge"] = OURS
    arguments.session.parent.mkdir(exist_ok=True)
    fresh = not arguments.session.exists()
    with use_db(arguments.session) as database:
        if fresh:
            init(modules(()), database, {})
        if not arguments.report:
            warm_up()
            run(database, Jury(not arguments.quick), pending(database, arguments.modules, arguments.again))
        return int(report(database) > 0)


if __name__ == "__main__":
    sys.exit(main())
