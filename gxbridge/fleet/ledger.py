"""What was made of each file: one small JSON file each in the data set, written when everything else is there.

A file whose entry is there and has the same mark is done; so an ingest that was killed goes on where it was, and one
that runs again does nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from gxbridge import __version__
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.columns.parts import FolderTarget, ObjectTarget, Target
from gxbridge.fleet.sources import file_system_of, is_url

FORMAT: Final = 1
MADE_BY: Final = f"{__version__} {FORMAT}"
"""What another version has made is made again."""
ABOUT: Final = "dataset.json"


def target_of(place: str) -> Target:
    """Where a data set is. Raises FleetError."""
    if not is_url(place):
        return FolderTarget(place)
    return ObjectTarget(*file_system_of(place))


def write_json(target: Target, path: str, data: Mapping[str, Any]) -> None:
    """Have a JSON file there, whole. Raises OSError."""
    local = target.begin(path)
    try:
        with open(local, "w", encoding="utf-8") as file:
            file.write(json.dumps(data, sort_keys=True, ensure_ascii=True) + "\n")
        target.finish(local, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(local)
        raise


def read_json(target: Target, path: str) -> dict[str, Any] | None:
    """A JSON file; None when it is not there or is not one."""
    try:
        data = json.loads(target.read(path))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def entry_path(file: str) -> str:
    """Where the entry of a file is."""
    return f"files/{file}.json"


def is_done(entry: Mapping[str, Any] | None, mark: str, options: str) -> bool:
    """Whether an entry is about this content, made by this version in the same way."""
    return entry is not None and (entry.get("mark"), entry.get("made_by"), entry.get("options")) == (
        mark,
        MADE_BY,
        options,
    )


def open_data_set(target: Target, names: str, fingerprint: str) -> None:
    """Begin a data set, or see that it was made with the same secret. Raises FleetError, OSError."""
    wanted = {"gxbridge_fleet": FORMAT, "names": names, "fingerprint": fingerprint}
    about = read_json(target, ABOUT)
    if about is None:
        write_json(target, ABOUT, wanted)
    elif about.get("gxbridge_fleet") != FORMAT:
        raise FleetError("the data set was made by another version of gxbridge; ingest into another folder")
    elif (about.get("names"), about.get("fingerprint")) != (names, fingerprint):
        raise FleetError(
            f"the data set was made with {about.get('names')} names and another secret; ids would not match: use the "
            "same options and --secret, or another folder"
            if names == about.get("names")
            else f"the data set has {about.get('names')} names, now {names} ones are asked for: use another folder"
        )
