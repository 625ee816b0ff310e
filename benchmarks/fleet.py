"""What a fleet costs: Parquet against JSON, and 10 to 1,000 simulated boats from their files to a report.

    python -m benchmarks.fleet [--boats 10 100 1000] [--distinct 100] [--day] [--rounds 5] [--json] [--folder DIR]

Boats are those of `tests/fleet/simulated.py`: ten minutes, about 18,000 frames each, with black boxes where something
goes wrong. `--distinct` of them are different, the others copies with another content hash. CPU is that of the whole
command, workers and all; memory is the most that the process which gives the work ever had.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import genlog
from benchmarks.byte_code import keeping
from tests.fleet.simulated import write_fleet

MOST = 1.5
"""Times that Parquet may cost what JSON does."""
FLAT = 1.3
"""Times that a boat among the most may cost what one among the fewest costs, and the memory."""
DAY_S = 86_400
POLL_S = 0.2


def cpu_s() -> float:
    """CPU of all processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*command: object) -> tuple[float, float]:
    """A command to its end: its CPU with all below it (s), and the most memory that it had itself (MB)."""
    before, peak = cpu_s(), 0.0
    words = [sys.executable, "-m", "gxbridge", *map(str, command)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=keeping()) as process:
        while process.poll() is None:
            peak = max(peak, peak_mb(process.pid))
            time.sleep(POLL_S)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return cpu_s() - before, peak


def peak_mb(pid: int) -> float:
    """The most that a process ever had."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def parquet_over_json(rounds: int, folder: Path) -> dict[str, Any]:
    """CPU of the whole command, in turns."""
    log = folder / "mixed.log"
    genlog.write(log)
    ratios = []
    for n in range(rounds):
        made, _ = run("decode", log, "--format", "json")
        columns, _ = run("decode", log, "--format", "parquet", "-o", folder / f"columns{n}")
        ratios.append(columns / made)
    size = sum(path.stat().st_size for path in (folder / "columns0").rglob("*.parquet"))
    return {"ratios": ratios, "log_mb": log.stat().st_size / 1e6, "parquet_mb": size / 1e6}


def make_boats(folder: Path, boats: int, distinct: int) -> None:
    """The files of `boats`; those that are there stay."""
    there = len(list(folder.glob("boat-*")))
    write_fleet(folder, max(0, min(boats, distinct) - there), first=there)
    for number in range(max(there, distinct), boats):
        site = folder / f"boat-{number:04d}"
        site.mkdir()
        for path in sorted((folder / f"boat-{number % distinct:04d}").iterdir()):
            mark = f"# boat {number}\n".encode()
            more = gzip.compress(b"", mtime=number) if path.suffix == ".gz" else mark
            (site / path.name).write_bytes(path.read_bytes() + more)


def growth(folder: Path, boats: int, distinct: int, *, day: bool = False) -> dict[str, Any]:
    """One fleet to its report."""
    source, data = folder / ("day" if day else "boats"), folder / f"data-{'day' if day else boats}"
    some = folder / f"some-{boats}"
    if day:
        write_fleet(source, 1, seconds=DAY_S)
    else:
        make_boats(source, boats, distinct)
        some.mkdir(exist_ok=True)
        for site in sorted(source.iterdir())[:boats]:
            if not (some / site.name).exists():
                shutil.copytree(site, some / site.name, copy_function=os.link)
        source = some
    ingest_s, ingest_mb = run("fleet", "ingest", source, "-o", data, "--secret", folder / "secret")
    again_s, _ = run("fleet", "ingest", source, "-o", data, "--secret", folder / "secret")
    report_s, report_mb = run("fleet", "report", data, "--json")
    sizes = [sum(path.stat().st_size for path in place.rglob("*") if path.is_file()) for place in (source, data)]
    return {
        "boats": boats,
        "files": sum(path.is_file() for path in source.rglob("*")),
        "ingest_s_a_boat": ingest_s / boats,
        "again_s": again_s,
        "report_s": report_s,
        "coordinator_mb": ingest_mb,
        "report_mb": report_mb,
        "source_mb": sizes[0] / 1e6,
        "data_mb": sizes[1] / 1e6,
    }


def show(row: dict[str, Any], name: str) -> None:
    """A line."""
    print(
        f"{name:>12} {row['files']:6} {row['ingest_s_a_boat']:10.2f} {row['again_s']:8.1f} {row['report_s']:9.1f}"
        f" {row['coordinator_mb']:12.0f} {row['report_mb']:10.0f} {row['source_mb']:10.1f} {row['data_mb']:8.2f}",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boats", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--distinct", type=int, default=8)
    parser.add_argument("--day", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gxbridge-fleet-") as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(exist_ok=True, parents=True)
        found: dict[str, Any] = {}
        missed = False
        if args.rounds:
            found["parquet"] = parquet = parquet_over_json(args.rounds, Path(temporary))
            ratio = statistics.median(parquet["ratios"])
            missed = ratio > MOST
            print(f"Parquet over JSON, whole command, 200,000 frames: {ratio:.2f} times (most {MOST})", flush=True)
            print(f"{parquet['log_mb']:.1f} MB of log are {parquet['parquet_mb']:.1f} MB of Parquet\n")
        print(
            "                    ingest, CPU   nothing   report,   most memory  most        files      data\n"
            "       boats  files  s a boat    new, s   CPU s     of ingest, MB report, MB MB         set, MB"
        )
        found["growth"] = rows = []
        for boats in args.boats:
            rows.append(growth(folder, boats, args.distinct))
            show(rows[-1], str(boats))
        if args.day:
            found["day"] = growth(folder, 1, 1, day=True)
            show(found["day"], "one, a day")
        for name in ("ingest_s_a_boat", "coordinator_mb"):
            factor = rows[-1][name] / rows[0][name]
            missed |= factor > FLAT
            print(f"{name}: {factor:.2f} times with {rows[-1]['boats']} boats what it is with {rows[0]['boats']}")
        if args.json:
            print(json.dumps(found))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
