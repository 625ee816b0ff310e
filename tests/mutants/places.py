"""What is mutated, and which tests are asked about it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "gxbridge"
WHOLE = tuple(f"core/test_{name}.py" for name in ("masters", "held", "can_word", "user_limits", "undelivered"))
HEARD = tuple(f"core/test_{name}.py" for name in ("bridge", "sources_on_can", "heard_twice", "contested"))
ASKED: Mapping[str, tuple[str, ...]] = {
    "core/bank": ("core/bank",),
    "core/dvcc": ("core/dvcc", "core/gate", *WHOLE),
    "core/dvcc/read/believed": (
        "core/dvcc/read/believed",
        *(f"core/test_{name}.py" for name in ("can_word", "held", "user_limits", "contested")),
    ),
    "core/dvcc/read/believed/held.py": ("core/dvcc/read/believed/test_held.py", "core/test_held.py"),
    "core/dvcc/read/believed/held_currents.py": (
        "core/dvcc/read/believed/test_held_currents.py",
        "core/test_alternators.py",
    ),
    "core/dvcc/rules": ("core/dvcc/rules", "core/dvcc/run/test_ruling.py", "core/test_rules.py"),
    "core/dvcc/run/control_round.py": ("core/dvcc/run", "core/dvcc/tell", "core/dvcc/test_*.py"),
    "core/dvcc/run/loss.py": ("core/dvcc/run", "core/test_held.py"),
    "core/dvcc/run/masters": ("core/dvcc/run/masters", "core/test_masters.py", "core/test_undelivered.py"),
    "core/dvcc/run/update_state.py": ("core/dvcc/run", "core/dvcc/test_*.py"),
    "core/dvcc/run/withdrawn.py": ("core/dvcc/run",),
    "core/dvcc/tell/switches.py": ("core/dvcc/tell", "core/test_alternators.py"),
    "core/gate": ("core/gate",),
    "core/gate/link.py": ("core/gate/test_link.py", "core/test_link.py", "port/test_*stories.py"),
    "core/link_control.py": ("core/test_link.py", "port/test_link.py"),
    "core/model/permission.py": ("core/model/test_permission.py", "core/channels", "core/dvcc/test_stops.py"),
    "core/port_services.py": ("core/port", "port/test_served_stories.py"),
    "core/publish/publication.py": ("core/publish/test_publication.py", *WHOLE),
    "core/stall_guard.py": ("core/test_stall_guard.py",),
    "core/vecan/link": ("core/vecan/link", "core/test_link.py", "port/test_link.py", "port/test_*stories.py"),
    "core/vecan/lynx": ("core/vecan", *HEARD),
    "core/vecan/device_state.py": ("core/vecan", *HEARD),
    "core/vecan/quantities.py": ("core/vecan", *HEARD),
    "core/vecan/readings.py": ("core/vecan", *HEARD),
    "core/vecan/sending/transmit.py": ("core/vecan", *HEARD),
    "core/vecan/sending/transmitter.py": ("core/vecan", *HEARD),
    "runtime/writer.py": ("runtime/test_writer.py",),
}
"""What is mutated, a module or a folder of them, and the tests that are asked about it: of two lines the later one."""


@cache
def sources() -> dict[str, tuple[Path, tuple[str, ...]]]:
    """Every module that may be mutated by its name: its file, and the tests that are asked. Of modules with the same
    name each has its folder before it, as `bank/limits`."""
    found = {}
    for place, asked in ASKED.items():
        for path in sorted((PACKAGE / place).rglob("*.py")) or [PACKAGE / place]:
            if path.name != "__init__.py":
                found[path.relative_to(ROOT)] = asked
    alike = Counter(path.stem for path in found)
    return {
        path.stem if alike[path.stem] == 1 else f"{path.parent.name}/{path.stem}": (path, asked)
        for path, asked in found.items()
    }


@cache
def name_of(path: Path) -> str:
    """The name of a module in `sources`."""
    return next(name for name, (file, _) in sources().items() if file == path)


def modules(names: Sequence[str]) -> list[Path]:
    """The files to be mutated."""
    found = sources()
    if unknown := sorted(set(names) - set(found)):
        sys.exit(f"not a module that is mutated: {', '.join(unknown)}")
    return [found[name][0] for name in names or found]
