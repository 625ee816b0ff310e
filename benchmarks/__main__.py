"""`python -m benchmarks [NAME...]`: every benchmark, one by one, and docs/performance.md made of what they print.

With names only those run, and nothing is written. Only ratios inside one run mean something: the machine is in the
report's head, and another one gives other figures. Ends with 1 when a benchmark missed a target.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

SUITE = {
    "decode": "Decoding a frame, against a hand-written struct decoder and the peers that are installed",
    "receive": "Receiving, against a bare socket and python-can's Notifier",
    "logs": "Reading a log, each format against candump -l",
    "dvcc": "A decision",
    "dbus": "D-Bus, against a velib-style service on dbus-python",
    "service": "The whole service: processor, memory, start",
    "latency": "From a frame to D-Bus and to a charger",
    "growth": "More devices",
    "blackbox": "What the black box costs",
    "fleet": "A fleet: Parquet against JSON, and more boats",
}
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
HEAD = """\
# Performance

Made by `make bench`, which runs everything again and writes this page again. Absolute times belong to the machine below
and say little about a GX; what should carry over are the ratios, each formed inside one run with the contenders taking
turns. Where three figures stand together they are minimum, median and maximum.

Machine: {machine}.

`make soak` runs the real service for an hour with traffic and faults and fails when memory, descriptors, threads, tasks
or match rules have grown; a simulated week of ten million frames is part of `make check-slow`. What both showed is in
[faults.md](faults.md#an-hour-and-a-week).
"""


def machine() -> str:
    """The machine in words, with how busy it was: a figure taken beside other work is worth less."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    cores = len(os.sched_getaffinity(0))
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"{model}, {cores} cores, {memory_gb:.0f} GB, Linux {kernel}, Python {platform.python_version()}; "
        f"load at the beginning {os.getloadavg()[0]:.1f}, at the end {{after:.1f}}"
    )


def run(name: str) -> tuple[int, str]:
    """One benchmark: its exit code and what it printed; it is shown meanwhile."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line.rstrip())
    return process.wait(), "\n".join(lines)


def main() -> int:
    names = sys.argv[1:] or list(SUITE)
    words = machine()
    sections = []
    missed: list[str] = []
    for name in names:
        title = SUITE.get(name, name)
        print(f"\n## {name}: {title}", flush=True)
        begin = time.monotonic()
        code, text = run(name)
        if code:
            missed.append(name)
        verdict = "" if code == 0 else f"\nExit code {code}: a target was missed, or the benchmark failed.\n"
        minutes = (time.monotonic() - begin) / 60
        sections.append(
            f"\n## {title}\n\n`python -m benchmarks.{name}`, {minutes:.1f} minutes.\n{verdict}\n```text\n{text}\n```\n"
        )
    if names == list(SUITE):
        head = HEAD.format(machine=words.format(after=os.getloadavg()[0]))
        PAGE.write_text(head + "".join(sections), encoding="utf-8")
        print(f"\nwritten: {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    if missed:
        print(f"\nMISSED: {', '.join(missed)}: a figure is over its most, or the benchmark failed")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
