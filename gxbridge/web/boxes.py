"""The black boxes for the page: a list, and one told in words by `gxbridge blackbox show` in a process of its own.

A box may unpack to 64 MB: it is never read in the process that serves the page.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from gxbridge.edge.box_files import NAME

GX_BOXES: Final = Path("/data/log/gxbridge-blackbox")
MOST_LISTED: Final = 100
TOLD_WITHIN_S: Final = 60.0
MOST_TOLD: Final = 4 << 20
NICE: Final = 10
MOST_MEMORY: Final = 256 << 20
"""Bytes that reading one may take: a full GX has not many more, and the service must not suffer for it."""
UNREADABLE: Final = 2
"""Exit code of `gxbridge blackbox` for a file that is no box."""


class NoBox(Exception):
    """Why a box cannot be shown, for people; `status` is that of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Boxes:
    """`folder` is None where none is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._one = asyncio.Lock()
        self._last: tuple[tuple[str, int, int], dict[str, Any]] | None = None

    def listed(self) -> dict[str, Any]:
        """The boxes, the newest first, and why there is none."""
        if self._folder is None:
            return {"boxes": [], "trouble": "no folder of black boxes is named (--boxes FOLDER)"}
        try:
            found = [(name, entry.stat(follow_symlinks=False)) for entry in os.scandir(self._folder)
                     if (name := NAME.fullmatch(entry.name)) and entry.is_file(follow_symlinks=False)]  # fmt: skip
        except FileNotFoundError:
            return {"boxes": [], "trouble": ""}
        except OSError as error:
            return {"boxes": [], "trouble": f"{self._folder} cannot be read: {error.strerror}"}
        found.sort(key=lambda item: (item[1].st_mtime, item[0][0]), reverse=True)
        boxes = [
            {"name": name[0], "cause": _cause(name[0]), "written": round(status.st_mtime), "bytes": status.st_size}
            for name, status in found[:MOST_LISTED]
        ]
        return {"boxes": boxes, "trouble": ""}

    async def told(self, name: str) -> dict[str, Any]:
        """What one box tells. Raises NoBox."""
        if self._folder is None or not NAME.fullmatch(name):
            raise NoBox(404, "there is no such black box")
        path = self._folder / name
        try:
            status = path.lstat()
        except OSError:
            raise NoBox(404, "there is no such black box") from None
        if path.is_symlink() or not path.is_file():
            raise NoBox(404, "there is no such black box")
        if not os.access(path, os.R_OK):
            raise NoBox(403, "this program may not read the black boxes; docs/web.md says how to permit it")
        key = name, status.st_mtime_ns, status.st_size
        async with self._one:
            if self._last is None or self._last[0] != key:
                self._last = key, await _tell(path)
            return self._last[1]


def _cause(name: str) -> str:
    return name.removesuffix(".jsonl.gz").split("-", 2)[2]


async def _tell(path: Path) -> dict[str, Any]:
    # -I would hide the lib folder of a GX, which is on PYTHONPATH or the archive itself.
    program = [sys.executable, "-c", "import os, resource, sys; os.nice(int(sys.argv.pop(1))); "
               "resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv.pop(1)),) * 2); from gxbridge.cli import main; "
               "sys.exit(main(sys.argv[1:]))",
               str(NICE), str(MOST_MEMORY), "blackbox", "show", "--json", str(path)]  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        *program,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        limit=MOST_TOLD,
    )
    assert child.stdout is not None  # noqa: S101 - it is a pipe
    try:
        async with asyncio.timeout(TOLD_WITHIN_S):
            text = b""
            while part := await child.stdout.read(1 << 16):
                text += part
                if len(text) > MOST_TOLD:
                    raise NoBox(413, "this black box tells more than a page can show: use gxbridge blackbox show")
            code = await child.wait()
    except TimeoutError:
        raise NoBox(504, "this black box took too long to read: use gxbridge blackbox show") from None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if code not in (0, UNREADABLE):
        raise NoBox(507, "this black box cannot be read here, perhaps for want of memory: use gxbridge blackbox show")
    if code or not isinstance(told, dict):
        raise NoBox(422, "this file is not a black box, or is one of another version")
    return told
