"""One archive for a forum or a ticket: the report, the explanation, the configuration, the end of the log. Redacted."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gxbridge.core.publish.own_paths import EXPLAIN_JSON, OWN_NAME
from gxbridge.doctor.examine import as_text
from gxbridge.doctor.gather import Gathered
from gxbridge.doctor.redact import Redactor
from gxbridge.doctor.row import Row
from gxbridge.edge.replace_file import replace_file

FOLDER: Final = "gxbridge-doctor"
LOG: Final = Path("/var/log/gxbridge/current")
"""Where the service's log is on a GX; taken when no other is named."""
LOG_BYTES: Final = 200_000


def explanation(gathered: Gathered) -> dict[str, Any] | None:
    """What the running service explains, None when none runs."""
    text = gathered.facts.services.get(OWN_NAME, {}).get(EXPLAIN_JSON)
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def redactor_of(gathered: Gathered, *, keep: bool) -> Redactor:
    """One that knows every secret of what was gathered."""
    redactor = Redactor(keep=keep)
    redactor.learn_services(gathered.facts.services)
    redactor.learn(explanation(gathered))
    redactor.learn_text(gathered.config_text)
    return redactor


def members(gathered: Gathered, rows: tuple[Row, ...], report: Mapping[str, Any], log: Path | None,
            redactor: Redactor) -> dict[str, str]:  # fmt: skip
    """File name -> text, redacted. Raises OSError when the log that was asked for cannot be read."""
    found = {"report.txt": redactor.text(as_text(rows)) + "\n", "report.json": pretty(redactor.data(report))}
    explained = explanation(gathered)
    if explained is not None:
        found["explain.json"] = pretty(redactor.data(explained))
    if gathered.config_text:
        found["config.yaml"] = redactor.text(gathered.config_text)
    chosen = log if log is not None else LOG if LOG.is_file() else None
    if chosen is not None:
        found["log.txt"] = redactor.text(tail(chosen))
    return found


def pretty(data: Any) -> str:
    """JSON to be read by people too."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def tail(path: Path) -> str:
    """The last lines of a log. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LOG_BYTES))
        data = file.read(LOG_BYTES)
    if size > LOG_BYTES:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace")


def write(path: Path, files: Mapping[str, str]) -> None:
    """Write the archive, readable by its owner only. Raises OSError; an old file stays until the new one is whole."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(data))
    path = path.resolve()  # a link stays a link
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    replace_file(str(path), stream.getvalue(), f"{path}.part")
