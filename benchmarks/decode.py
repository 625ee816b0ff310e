"""What decoding costs, as multiples of a hand-written struct decoder (`floor.py`) in the same run.

    python -m benchmarks.decode [--rounds 7] [--log FILE] [--json]

Every round measures the floor and its contenders one after the other, pinned to one CPU, and forms their ratio; the
median of the ratios is given; exit code 1 when one is above its most. Input of the decoders: (time, identifier, data)
in memory. The command runs as a process of its own, its whole CPU time counted, start included. `--log` takes another
candump log with the same messages.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks import floor, genlog
from benchmarks.byte_code import keeping
from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.frame import IDENTITY
from gxbridge.edge.logs.reader import open_log

ROOT = Path(__file__).parent.parent
Rows = list[tuple[float, int, bytes]]

JSON, TEXT, STATS, CSV = (
    f"gxbridge decode {options}, whole process"
    for options in ("--format json", "--format text", "--stats", "--format csv")
)
COMMANDS = {
    JSON: ("--format", "json"),
    TEXT: ("--format", "text"),
    STATS: ("--stats",),
    CSV: ("--format", "csv"),
}

# What is measured, and most and aim of its ratio; the others are only told.
TARGETS: dict[str, tuple[float, float]] = {
    "decode the mixed log": (1.2, 1.1),
    "decode registers that do not change": (2.0, 1.0),
    JSON: (8.0, 6.0),
    TEXT: (9.0, 7.0),
    STATS: (9.0, 7.0),
    CSV: (14.0, 9.0),
    "import of the compiled database / import json": (3.0, 1.0),
}


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def child_cpu(*command: str) -> float:
    """CPU seconds of a process from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    nowhere = subprocess.DEVNULL
    subprocess.run([sys.executable, *command], stdout=nowhere, stderr=nowhere, check=True, env=keeping())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_floor(rows: Rows) -> None:
    decode = floor.decode
    for _, can_id, data in rows:
        decode(can_id, data)


def run_ours(rows: Rows) -> None:
    feed = Decoder().feed
    for t, can_id, data in rows:
        feed(can_id, data, t)


def best(work: Callable[[], object], times: int = 3) -> float:
    return min(cpu(work) for _ in range(times))


class Table:
    """Ratios by name, one for each round."""

    def __init__(self) -> None:
        self.ratios: dict[str, list[float]] = {}
        self.floor_us: list[float] = []

    def add(self, name: str, ratio: float) -> None:
        self.ratios.setdefault(name, []).append(ratio)

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(ratios) for name, ratios in self.ratios.items()}

    @property
    def missed(self) -> bool:
        """Is anything above its most?"""
        return any(name in TARGETS and ratio > TARGETS[name][0] for name, ratio in self.medians().items())

    def show(self) -> None:
        print(f"floor: {statistics.median(self.floor_us):.2f} us a frame\n")
        print(f"{'x floor':>8} {'most':>6} {'aim':>6}")
        for name, ratio in self.medians().items():
            target = TARGETS.get(name)
            most, aim = ("", "") if target is None else (f"{target[0]:g}", f"{target[1]:g}")
            print(f"{ratio:8.2f} {most:>6} {aim:>6}  {name}")


def nmea2000_run(rows: Rows) -> Callable[[], object] | None:
    """The package of this name (test extra), fed python-can messages as it is meant to be."""
    if find_spec("nmea2000") is None:
        return None
    import can
    from nmea2000.decoder import NMEA2000Decoder  # type: ignore[import-not-found,unused-ignore]

    messages = [can.Message(t, can_id, True, data=data) for t, can_id, data in rows]

    def run() -> None:
        decode = NMEA2000Decoder().decode
        for message in messages:
            decode(message)

    return run


def cantools_run(rows: Rows) -> Callable[[], object] | None:
    """cantools (extra `dbc`) with our own DBC; single frames only, which is all it knows."""
    if find_spec("cantools") is None:
        return None
    import cantools

    from gxbridge.candb.dbc import export
    from gxbridge.core.nmea2000.database import database

    dbc = cantools.database.load_string(export(database())[0], "dbc", strict=False)
    by_identity = {message.frame_id & IDENTITY: message.decode for message in dbc.messages}

    def run() -> None:
        for _, can_id, data in rows:
            by_identity[can_id & IDENTITY](data, decode_choices=False)

    return run


def import_ratio() -> float:
    """CPU of importing and opening the database over that of `import json`, each in a fresh interpreter."""

    def cost(code: str) -> float:
        timed = f"import time; begin = time.process_time(); {code}; print(time.process_time() - begin)"
        command = [sys.executable, "-S", "-c", timed]  # what a site's hooks have imported would cost nothing
        environment = {**keeping(), "PYTHONPATH": str(ROOT)}
        runs = [subprocess.run(command, capture_output=True, check=True, env=environment) for _ in range(8)]
        return min(float(run.stdout) for run in runs[1:])  # the first makes the byte code

    return cost("from gxbridge.core.nmea2000.database import database; database()") / cost("import json")


def one_round(table: Table, rows: Rows, log: Path) -> None:
    base = best(lambda: run_floor(rows))
    table.floor_us.append(base / len(rows) * 1e6)
    table.add("decode the mixed log", best(lambda: run_ours(rows)) / base)

    registers = [row for row in rows if row[1] >> 16 & 0xFF == 0xEF]
    still = registers[:1] * len(registers)
    table.add("decode registers that do not change", best(lambda: run_ours(still)) / best(lambda: run_floor(still)))
    moving = [(t, can_id, data[:4] + n.to_bytes(4, "little")) for n, (t, can_id, data) in enumerate(registers)]
    table.add("decode registers that always change", best(lambda: run_ours(moving)) / best(lambda: run_floor(moving)))

    for name, options in COMMANDS.items():
        table.add(name, child_cpu("-m", "gxbridge", "decode", str(log), *options) / base)
    few = rows[: len(rows) // 10]
    single = [row for row in few if row[1] >> 8 & 0x3FFFF != 127506]
    for name, made, part in (
        ("nmea2000 (PyPI)", nmea2000_run(few), few),
        ("cantools, single frames", cantools_run(single), single),
    ):
        if made is not None:
            table.add(name, best(made, 1) / best(lambda part=part: run_floor(part)))
    table.add("import of the compiled database / import json", import_ratio())


def rows_of(log: Path) -> Rows:
    with open_log(str(log)) as reader:
        return [(t, can_id, data) for t, _, can_id, data in reader]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    logging.disable()  # the peers write a line for every message they do not know
    with tempfile.TemporaryDirectory() as folder:
        log = arguments.log or Path(folder, "mixed.log")
        if arguments.log is None:
            genlog.write(log)
        rows = rows_of(log)
        gc.collect()
        gc.freeze()  # the input must not be walked by the collector again and again
        table = Table()
        few = Path(folder, "few.log")
        few.write_text("".join(log.read_text().splitlines(keepends=True)[:100]))
        for options in COMMANDS.values():
            child_cpu("-m", "gxbridge", "decode", str(few), *options)  # makes the byte code
        for _ in range(arguments.rounds):
            one_round(table, rows, log)
    if arguments.json:
        print(json.dumps({"floor_us": table.floor_us, "ratios": table.ratios}))
    else:
        table.show()
    return int(table.missed)


if __name__ == "__main__":
    sys.exit(main())
