"""The GX's processor: Debian's Python for 32-bit ARM under qemu, with what it costs there.

A program under qemu-arm lies at one place of qemu's own memory, so what of it is resident can be read from /proc.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.boat.venus import Python
from tests.edge.dbus_daemon import program

ROOT = Path(__file__).parent.parent.parent
BASE = 0x2_0000_0000
"""Where qemu puts the program's address 0; it has 4 GB from there."""
STANDARD = (
    "argparse, asyncio, bz2, calendar, compileall, configparser, csv, ctypes.util, decimal, email.parser, gzip, "
    "importlib.metadata, json, logging, lzma, optparse, platform, py_compile, queue, runpy, sqlite3, ssl, statistics, "
    "subprocess, tempfile, textwrap, threading, timeit, urllib.parse, xml.etree.ElementTree, zipfile"
)
"""What gxbridge and its packages import of it, and a little more."""


def arm_root(folder: Path) -> Path:
    """Unpacks Debian's armhf Python; returns the root that it lies in."""
    subprocess.run(["sh", ROOT / "packaging" / "arm-root.sh", folder], check=True)
    root = folder / "root"
    # Byte code of its standard library, which Debian makes when it installs and Venus OS has from the start.
    subprocess.run([*arm_python(root).command.split(), "-c", f"import {STANDARD}"], check=True, env=keeping())
    return root


def keeping() -> dict[str, str]:
    """An environment in which Python keeps the byte code that it makes, as on a GX."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def arm_python(root: Path, *options: str) -> Python:
    """Its `python3` on the GX. The run script's limits cannot hold: qemu itself needs 4 GB of addresses."""
    (interpreter,) = (path for path in (root / "usr/bin").glob("python3.*") if path.name[8:].isdigit())
    words = [program("qemu-arm", "qemu-user"), *options, "-B", hex(BASE), "-L", str(root), str(interpreter)]
    return Python(" ".join(words), (str(root),), limits=False)


def resident_kb(pid: int) -> int:
    """Memory of the program under qemu, without qemu's own. Files of the program count, as they do in VmRSS."""
    total, inside = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            inside = BASE <= int(words[0].split("-")[0], 16) < BASE + (1 << 32)
        elif inside and words[0] == "Rss:":
            total += int(words[1])
    return total
