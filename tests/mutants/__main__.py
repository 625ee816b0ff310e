"""`python -m tests.mutants [MODULE...]`: change what decides in one place after another; tests must notice.

The mutants are those of cosmic-ray, kept with their results in one of its sessions (so `cr-report` and `cr-html` can
show them), and two kinds of our own. Starting pytest anew for each of them would take most of a day: here everything is
imported once, and each mutant is put in place and tested in a process forked from that. A session can be interrupted
and goes on where it was.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import json
import math
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from random import Random

import cosmic_ray.plugins
import hypothesis
from cosmic_ray.commands.init import init
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutants.argued import BY_CODE, argument
from tests.mutants.asking import QUICK_S, failure, measure, names
from tests.mutants.operators import OURS, mutated
from tests.mutants.places import ROOT, modules, name_of, sources
from tests.mutants.swapping import compiled, imported_by, meaning, own_modules, put_in_place

SESSION = ROOT / "build" / "mutants.sqlite"
CPU_S = 5
"""So much processor time more than all tests need: then a mutant runs in a circle, which is noticed as well."""
IDLE_S = 5
"""So long asleep without any processor time: then it waits for what never comes, which is noticed as well."""


def git(*arguments: str) -> str:
    """What git says; "" when it cannot."""
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout.strip()


def base_of_changes(since: str) -> str:
    """The commit to compare with: what was named, else where this branch left the main one, else the one before."""
    head, forked = git("rev-parse", "HEAD"), git("merge-base", "HEAD", "origin/main")
    return git("rev-parse", "--verify", "--quiet", since or (forked if forked != head else "") or "HEAD~1")


def changed_lines(since: str) -> dict[str, set[int]]:
    """Module -> the numbers of its lines that were changed."""
    found: dict[str, set[int]] = {}
    base = base_of_changes(since)
    for name, (path, _) in sources().items() if base else ():
        for start, count in re.findall(r"^@@ .*?\+(\d+),?(\d*) @@", git("diff", "-U0", base, "--", str(path)), re.M):
            found.setdefault(name, set()).update(range(int(start), int(start) + int(count or 1)))
    return {name: lines for name, lines in found.items() if lines}


def judge(path: Path, source: str, order: Sequence[str]) -> str:
    """In a process of its own: the first test that notices, "" when none does."""
    put_in_place(path, source)
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
    while ready(reading, child) and (more := os.read(reading, 65536)):
        said += more
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return said.decode().removeprefix("-") if said else "no answer: it runs in a circle or waits for ever"


def ready(reading: int, child: int) -> bool:
    """Wait for what a process says; False when it sleeps and nothing wakes it."""
    while True:
        before = activity(child)
        if select.select([reading], [], [], IDLE_S)[0]:
            return True
        if before[0] == "S" and activity(child) == before:
            return False


def activity(process: int) -> tuple[str, str, str]:
    """The state of a process, and the processor time that it and the kernel for it have used: proc(5), `stat`."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return fields[0], fields[11], fields[12]


def warm_up(places: Sequence[str]) -> None:
    """Import everything once, see who imports whom, and make the property tests try the same each time."""
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, suppress_health_check=slow
    )
    hypothesis.settings.load_profile("mutants")
    for also_slow in (False, True):
        names(places, also_slow)
    for module in own_modules():
        imported_by(module)
    gc.freeze()


def diff(source: str, changed: str) -> str:
    """The lines that a mutant changes."""
    return "\n".join(difflib.unified_diff(source.split("\n"), changed.split("\n"), lineterm="", n=0))


def far(module: str, test: str) -> bool:
    """Is it a test of something else?"""
    return f".test_{Path(module).name}::" not in f".{test}"


def belongs(test: str, places: Sequence[str]) -> bool:
    """Is it a test of one of these folders or files?"""
    file = test.partition("::")[0].replace(".", "/")
    return any(file.startswith(f"{place}/") or fnmatch(f"{file}.py", place) for place in places)


@dataclass
class Jury:
    """The tests: first those that noticed most mutants of the same module, then the module's own, then the quick."""

    slow: bool
    only: str
    places: Sequence[str]
    seconds: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def __post_init__(self) -> None:
        for slow in (False, True)[: 1 + self.slow]:
            said = in_a_fork(lambda slow=slow: measure(self.places, slow), 1200)
            known = json.loads(said) if said.startswith("{") else {"failures": {"": said}}
            if known["failures"]:
                sys.exit(f"The tests fail without any mutant: {known['failures']}")
            self.seconds |= {
                name: cost
                for name, cost in known["seconds"].items()
                if self.only in name and (self.slow or cost < QUICK_S)
            }

    def order(self, module: str) -> list[str]:
        """In which order the tests are asked about a mutant of a module."""
        noticed, (_, places) = self.noticed[module], sources()[module]
        rank = {
            test: (cost >= QUICK_S, -noticed[test], far(module, test), cost)
            for test, cost in self.seconds.items()
            if belongs(test, places)
        }
        return sorted(rank, key=rank.__getitem__)

    def who_notices(self, module: str, path: Path, changed: str) -> str:
        """The first test that notices a mutant; "" when none does."""
        order = self.order(module)
        cpu_s = CPU_S + int(2 * sum(self.seconds[test] for test in order))
        return in_a_fork(lambda: judge(path, changed, order), cpu_s)

    def result(self, item: WorkItem) -> WorkResult:
        """Try one mutant."""
        (spec,) = item.mutations
        module, path = name_of(spec.module_path), ROOT / spec.module_path
        source = path.read_text(encoding="utf-8")
        changed = mutated(spec, source)
        compiled(source)  # for every fork
        try:
            compiled(changed)
        except SyntaxError:
            return WorkResult(WorkerOutcome.NORMAL, "no Python", TestOutcome.INCOMPETENT)
        likely = "BitOr" in spec.operator_name  # to look takes longer than to find a test that notices
        who = "" if likely and meaning(changed) == meaning(source) else self.who_notices(module, path, changed)
        if who:
            self.noticed[module][who] += 1
        elif meaning(changed) == meaning(source):
            return WorkResult(WorkerOutcome.SKIPPED, "only an annotation")
        outcome = TestOutcome.KILLED if who else TestOutcome.SURVIVED
        return WorkResult(WorkerOutcome.NORMAL, who, outcome, diff(source, changed))


def run(database: WorkDB, jury: Jury, items: Sequence[WorkItem], minutes: float) -> None:
    """Try mutants one after the other, as long as there is time."""
    began = time.monotonic()
    for count, item in enumerate(items, 1):
        if time.monotonic() - began > minutes * 60:
            print(f"After {minutes:g} minutes {len(items) - count + 1} of {len(items)} were not tried.")
            return
        outcome = jury.result(item)
        database.set_result(item.job_id, outcome)
        if outcome.test_outcome == TestOutcome.SURVIVED:
            print(describe(item, outcome), argued(item, outcome) or "NOT ARGUED", sep="\n  ", flush=True)
        if not count % 100 or count == len(items):
            print(f"{count} of {len(items)} after {time.monotonic() - began:.0f} s", flush=True)


def add_missing(database: WorkDB, paths: Sequence[Path]) -> None:
    """Make the mutants of the modules that have none in the session yet."""
    known = {item.mutations[0].module_path for item in database.work_items}
    with use_db(":memory:") as made:
        init([path for path in paths if path not in known], made, {})
        database.add_work_items(made.work_items)


def pending(database: WorkDB, names: Sequence[str], again: bool) -> list[WorkItem]:
    """What is to be tried."""
    items = list(database.pending_work_items)
    if again:
        items = [i for i, outcome in database.completed_work_items if outcome.test_outcome == TestOutcome.SURVIVED]
    wanted = {name_of(path): place for place, path in enumerate(modules(names))}
    items = [item for item in items if name_of(item.mutations[0].module_path) in wanted]
    return sorted(items, key=lambda i: (wanted[name_of(i.mutations[0].module_path)], i.mutations[0].start_pos))


def lines_of(item: WorkItem) -> set[int]:
    """The lines that a mutant changes."""
    (spec,) = item.mutations
    return set(range(spec.start_pos[0], spec.end_pos[0] + 1))


def change(difference: str | None) -> tuple[str, str]:
    """The code that was there, and what the mutant has in its place."""
    lines = [line for line in (difference or "").split("\n")[2:] if line[:1] in ("+", "-")]
    was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return was, now


def describe(item: WorkItem, outcome: WorkResult) -> str:
    """A mutant in a few lines."""
    (spec,) = item.mutations
    was, now = change(outcome.diff)
    return f"{spec.module_path.name}:{spec.start_pos[0]} {spec.operator_name.split('/')[1]}\n  - {was}\n  + {now}"


def argued(item: WorkItem, outcome: WorkResult) -> str:
    """Why nothing can notice a survivor; "" when nobody has argued that."""
    (spec,) = item.mutations
    return argument(name_of(spec.module_path), spec.operator_name, change(outcome.diff)[1])


def outdated(database: WorkDB) -> int:
    """Print the arguments that no mutant of today's code needs; their number."""
    left = dict(BY_CODE)
    for item in database.work_items:
        (spec,) = item.mutations
        source = (ROOT / spec.module_path).read_text(encoding="utf-8")
        left.pop((name_of(spec.module_path), change(diff(source, mutated(spec, source)))[1]), None)
    for (module, code), reason in sorted(left.items()):
        print(f"{module}: {code}\n  {reason}")
    return len(left)


def report(database: WorkDB) -> int:
    """The figures; the number of survivors that nobody has argued for."""
    done = database.completed_work_items
    tried = [(item, outcome) for item, outcome in done if outcome.worker_outcome != WorkerOutcome.SKIPPED]
    survivors = [(item, outcome) for item, outcome in tried if outcome.test_outcome == TestOutcome.SURVIVED]
    reasons = Counter(argued(*one) for one in survivors)
    for text in sorted(describe(*one) for one in survivors if not argued(*one)):
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
    parser.add_argument("modules", nargs="*", help="modules, such as sharing or gate; none: all")
    parser.add_argument("--session", type=Path, default=SESSION, help="where the results are kept")
    parser.add_argument("--changed", nargs="?", const="", metavar="COMMIT", help="only lines changed since then, anew")
    parser.add_argument("--minutes", type=float, default=math.inf, help="so long at most; which are tried is by chance")
    parser.add_argument("--again", action="store_true", help="try survivors again, after tests were added")
    parser.add_argument("--only", metavar="NAME", default="", help="ask only tests with this in their name")
    parser.add_argument("--quick", action="store_true", help="with the quick tests only")
    parser.add_argument("--report", action="store_true", help="only print what is known")
    parser.add_argument("--outdated", action="store_true", help="only print arguments that no mutant needs any more")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    cosmic_ray.plugins.OPERATOR_PROVIDERS["gxbridge"] = OURS
    arguments.session.parent.mkdir(exist_ok=True)
    lines = None if arguments.changed is None else changed_lines(arguments.changed)
    if lines is not None:
        if not lines:
            print("No line of a module that is mutated was changed.")
            return 0
        arguments.session = SESSION.with_name("mutants-changed.sqlite")
        arguments.session.unlink(missing_ok=True)
        arguments.modules = sorted(lines)
    with use_db(arguments.session) as database:
        if not arguments.report:
            add_missing(database, modules(() if arguments.outdated else arguments.modules))
        if arguments.outdated:
            return int(outdated(database) > 0)
        if not arguments.report:
            items = pending(database, arguments.modules, arguments.again)
            if lines is not None:
                items = [item for item in items if lines_of(item) & lines[name_of(item.mutations[0].module_path)]]
            if arguments.minutes < math.inf:
                Random(0).shuffle(items)
            known = sources()
            places = tuple(dict.fromkeys(p for i in items for p in known[name_of(i.mutations[0].module_path)][1]))
            warm_up(places)
            run(database, Jury(not arguments.quick, arguments.only, places), items, arguments.minutes)
        return int(report(database) > 0)


if __name__ == "__main__":
    sys.exit(main())
