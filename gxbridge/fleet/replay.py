"""`gxbridge fleet replay`: every black box through this version's core, and what it decides otherwise, over all boats.

What differs is told by the kind of thing (CCL, what a solar charger is told), so that one change of the code is one
line, however many boats it meets.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from gxbridge import __version__
from gxbridge.core.blackbox.box import Box, BoxError
from gxbridge.core.blackbox.play import ReplayReport, play
from gxbridge.core.blackbox.recorder import digest_of
from gxbridge.core.cycle import Cycle
from gxbridge.core.model.items import printable
from gxbridge.core.model.wording import counted
from gxbridge.edge.box_files import is_box, read
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.job import BOX_NAME, BROKEN
from gxbridge.fleet.rows.box_rows import DIFFERS, NOTHING, OTHER_VERSION, SAME
from gxbridge.fleet.scheduler import Scheduler, WorkerDied
from gxbridge.fleet.sources import SourceFile, local_copy, source_files

SHOWN: Final = 20
NO_BOX: Final = "no box"
NOT_IN_WORDS: Final = "something of the decision that is not recorded in words"


class ReplayJob(NamedTuple):
    """One file."""

    source: SourceFile
    version: str = __version__
    """Of whoever gives the work."""


class ReplayOutcome(NamedTuple):
    """What became of it. `kinds`: what differs, and in how many looks."""

    path: str
    what: str
    version: str = ""
    cycles: int = 0
    differing: int = 0
    kinds: tuple[tuple[str, int], ...] = ()
    words: str = ""


class FleetReplay(NamedTuple):
    """All boxes, in the order of their paths."""

    outcomes: tuple[ReplayOutcome, ...]

    @property
    def counts(self) -> Counter[str]:
        """Boxes by what became of them."""
        return Counter(outcome.what for outcome in self.outcomes)

    @property
    def kinds(self) -> list[tuple[str, int, int]]:
        """What differs, in how many boxes, and in how many looks; most boxes first."""
        boxes: Counter[str] = Counter()
        looks: Counter[str] = Counter()
        for outcome in self.outcomes:
            for kind, count in outcome.kinds:
                boxes[kind] += 1
                looks[kind] += count
        return sorted(((kind, boxes[kind], looks[kind]) for kind in boxes), key=lambda row: (-row[1], -row[2], row[0]))


def replay_fleet(root: str, scheduler: Scheduler, tell: Callable[[ReplayOutcome], None]) -> FleetReplay:
    """Play every box below `root`; `tell` is called for each file. Raises FleetError."""
    outcomes = []
    jobs = (ReplayJob(source) for source in source_files(root) if may_be_box(source.path))
    for job, outcome in scheduler.run(replay_file, jobs):
        if isinstance(outcome, WorkerDied):
            outcome = ReplayOutcome(job.source.path, BROKEN, words="it ended its worker twice (out of memory?)")
        tell(outcome)
        if outcome.what != NO_BOX:
            outcomes.append(outcome)
    return FleetReplay(tuple(sorted(outcomes)))


def may_be_box(path: str) -> bool:
    """Whether a file is worth opening: boxes are compressed."""
    return path.endswith(".gz")


def replay_file(job: ReplayJob) -> ReplayOutcome:
    """Play one file. Raises FleetError where this worker is another version."""
    source = job.source
    if job.version != __version__:
        raise FleetError(f"a worker has gxbridge {__version__}, the command {job.version}: they must be the same")
    try:
        with local_copy(source.place) as path:
            if not is_box(path):
                broken = BOX_NAME in source.path
                return ReplayOutcome(source.path, BROKEN if broken else NO_BOX, words="damaged" if broken else "")
            box = read(Path(path))
    except (BoxError, OSError, EOFError, zlib.error) as error:
        return ReplayOutcome(source.path, BROKEN, words=printable(str(error)))
    return _played(source.path, box)


def _played(path: str, box: Box) -> ReplayOutcome:
    report, kinds, differing, cycles = ReplayReport(), Counter[str](), 0, 0
    recorded: dict[tuple[str, str], Any] = {}
    state: tuple[Any, ...] = ()
    version = printable(box.head.version)
    try:
        for cycle, _, effective, event in play(box, report):
            cycles += 1
            digest, said = event.values
            for name, subject, value, _ in said.get("l", ()):
                recorded[name, subject] = value
            state = tuple(said["s"]) if "s" in said else state
            if digest != digest_of(cycle, effective):
                differing += 1
                kinds.update(dict.fromkeys(differences(recorded, state, said.get("w", ()), cycle, effective), 1))
    except BoxError as error:
        return ReplayOutcome(path, OTHER_VERSION, version, cycles, words=str(error))
    what = DIFFERS if differing else SAME if cycles else NOTHING
    return ReplayOutcome(path, what, version, cycles, differing, tuple(kinds.most_common(SHOWN)))


def differences(
    recorded: Mapping[tuple[str, str], Any], state: tuple[Any, ...], writes: Any, cycle: Cycle, effective: str
) -> Iterator[str]:
    """What differs at one look, in words without names."""
    found = False
    now: dict[tuple[str, str], tuple[float | None, str]] = {
        (limit.name, limit.subject): (limit.value, limit.unit) for limit in cycle.decision.limits
    }
    for name, subject in sorted({*recorded, *now}):
        value, unit = now.get((name, subject), (None, ""))
        before = recorded.get((name, subject))
        if before != value:
            found = True
            yield f"{_title(name, subject)}: {_value(before, unit)} -> {_value(value, unit)}"
    if state and (state[0], state[2]) != (cycle.decision.bms_state, effective):
        found = True
        yield f"BMS {state[0]}, DVCC {state[2]} -> BMS {cycle.decision.bms_state}, DVCC {effective}"
    old = {(str(service), str(path)): value for service, path, value in writes or ()}
    new = {(service, path): value for service, path, value in cycle.writes}
    for service, path in sorted({*old, *new}):
        if (service, path) not in old or (service, path) not in new or old[service, path] != new[service, path]:
            found = True
            values = (_value(row.get((service, path), "no write"), "") for row in (old, new))
            yield f"written to {_kind(service)}{path}: {' -> '.join(values)}"
    if not found:
        yield NOT_IN_WORDS


def _title(name: str, subject: str) -> str:
    return f"told to {_kind(subject)}" if subject else name


def _kind(service: str) -> str:
    return printable(service.removeprefix("com.victronenergy.").partition(".")[0])


def _value(value: Any, unit: str) -> str:
    if value is None:
        return "none"
    text = f"{value:g}" if isinstance(value, int | float) else printable(str(value))
    return f"{text} {unit}".rstrip()


def as_json(found: FleetReplay) -> str:
    """Sorted: the same boxes give the same text."""
    whole = {
        "version": __version__,
        "boxes": [outcome._asdict() | {"kinds": dict(outcome.kinds)} for outcome in found.outcomes],
        "counts": dict(found.counts),
        "kinds": [{"what": kind, "boxes": boxes, "looks": looks} for kind, boxes, looks in found.kinds],
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False)


def as_text(found: FleetReplay) -> Iterator[str]:
    """Lines for people."""
    differing = [outcome for outcome in found.outcomes if outcome.what == DIFFERS]
    for outcome in differing[:SHOWN]:
        of = f"{outcome.differing} of {counted(outcome.cycles, 'look')}"
        yield f"{printable(outcome.path)}: {of} differ (recorded by {outcome.version})"
        yield from (f"    {kind} ({counted(count, 'look')})" for kind, count in outcome.kinds[:3])
    if len(differing) > SHOWN:
        yield f"... and {counted(len(differing) - SHOWN, 'more black box')} (--json has them)".replace("boxs", "boxes")
    if differing:
        yield ""
        yield "What differs, over all boxes:"
        for kind, boxes, looks in found.kinds[:SHOWN]:
            yield f"  boxes {boxes:6}  looks {looks:8}  {kind}"
    words = ", ".join(f"{count} {what}" for what, count in sorted(found.counts.items())) or "none"
    cycles = sum(outcome.cycles for outcome in found.outcomes)
    yield f"black boxes: {words}; {counted(cycles, 'look')} played by {__version__}"
