"""Removes the black boxes that lie where the configuration says, and nothing else in that folder."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from gxbridge.config import ConfigError, load
from gxbridge.edge.box_files import LEFTOVER, NAME


def forget(config: str) -> list[str]:
    """A line when something was removed. Raises ConfigError and OSError."""
    named = load(config).blackbox.folder if Path(config).is_file() else None
    folder = None if named is None else Path(config).absolute().parent / Path(named).expanduser()
    if folder is None or not folder.is_dir():
        return []
    boxes = [path for path in folder.iterdir() if NAME.fullmatch(path.name) or LEFTOVER.fullmatch(path.name)]
    for path in boxes:
        path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()  # only where nothing else is in it
    return [f"gxbridge: {len(boxes)} black boxes were removed from {folder}"] if boxes else []


def main() -> int:
    try:
        lines = forget(sys.argv[1])
    except (ConfigError, OSError) as error:
        print(f"gxbridge: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
