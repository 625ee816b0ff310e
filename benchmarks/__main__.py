"""`python -m benchmarks`: every benchmark, one after the other. Only ratios inside one run mean something."""

from __future__ import annotations

import subprocess
import sys

SUITE = ("decode", "receive", "dvcc", "blackbox", "dbus", "service")


def main() -> int:
    worst = 0
    for name in sys.argv[1:] or SUITE:
        print(f"\n## {name}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
