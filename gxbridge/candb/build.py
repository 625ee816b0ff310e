"""Compile `can_db/` into `gxbridge/_candb.py`, when something has changed. `python -m gxbridge.candb.build` does it."""

from __future__ import annotations

import hashlib
import os
import py_compile
import sys
from pathlib import Path

from gxbridge.candb import generate as generator
from gxbridge.candb.generate import GenerateError, generate
from gxbridge.candb.load import CandbError, load
from gxbridge.candb.read import digest, files
from gxbridge.strict_yaml import document

ROOT = Path(__file__).parent.parent.parent
"""The source tree, when this is one."""

_STAMP = "# built from "


def build(root: Path) -> bool:
    """Write `root/gxbridge/_candb.py` if `root/can_db` or the compiler has changed since; True when it was written.

    A tree without `can_db` but with a compiled form (an unpacked package) is left as it is. Raises CandbError when
    the database breaks a rule, GenerateError when a layout cannot be compiled, FileNotFoundError when there is neither.
    """
    folder, target = root / "can_db", root / "gxbridge" / "_candb.py"
    if not folder.is_dir():
        if target.is_file():
            return False
        raise FileNotFoundError(f"{folder} is missing: the message database cannot be compiled")
    stamp = f"{_STAMP}{_fingerprint(folder)}\n"
    if _first_line(target) == stamp:
        return False
    source = stamp + generate(load(folder))
    compile(source, str(target), "exec")  # a syntax error must not survive until the next start
    fresh = target.with_name(f"_candb.{os.getpid()}.tmp")
    try:
        fresh.write_text(source, encoding="utf-8")
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    # Byte code at once, also where Python is told to write none: compiling it at every start costs more than the start.
    py_compile.compile(str(target), doraise=True)
    return True


def _fingerprint(folder: Path) -> str:
    """The database and the code that compiles it."""
    whole = hashlib.sha256(digest(files(folder), folder).encode())
    for code in (Path(generator.__file__).parent, Path(document.__file__).parent):
        whole.update(digest(sorted(code.glob("*.py")), code).encode())
    return whole.hexdigest()


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def main() -> int:
    """Build the tree this file belongs to; 1 when the database breaks a rule."""
    try:
        written = build(ROOT)
    except (CandbError, GenerateError, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write("gxbridge/_candb.py written\n" if written else "gxbridge/_candb.py is up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
