"""One file of a fleet to rows: what a worker does, on this machine or another one."""

from __future__ import annotations

import zlib
from contextlib import ExitStack
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NamedTuple

from gxbridge import __version__
from gxbridge.core.blackbox.box import BoxError
from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import database
from gxbridge.edge.box_files import is_box, read
from gxbridge.edge.logs.reader import NOT_A_LOG, LogError
from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.columns.decoded import rare_garbage
from gxbridge.fleet.columns.messages import MessageTable
from gxbridge.fleet.columns.parts import Target
from gxbridge.fleet.ledger import MADE_BY, entry_path, is_done, read_json, target_of, write_json
from gxbridge.fleet.privacy import Privacy
from gxbridge.fleet.rows.box_rows import box_rows
from gxbridge.fleet.rows.devices import KnownDevices
from gxbridge.fleet.rows.history_rows import history_rows, is_history
from gxbridge.fleet.rows.log_rows import log_rows
from gxbridge.fleet.rows.row_tables import RowTables
from gxbridge.fleet.sources import SourceFile, local_copy

PART: Final = 1 << 20
INGESTED, UNCHANGED, BROKEN, FOREIGN = "ingested", "unchanged", "broken", "foreign"
"""What became of a file: rows; nothing to do; it is damaged; it is neither a log nor a black box nor a history."""
BOX_NAME: Final = "gxbox-"
"""How the names of boxes begin; one that is damaged is known by it."""


class IngestOptions(NamedTuple):
    """The same for all files of one run."""

    data: str
    """Folder or URL of the data set."""
    secret: bytes | None
    messages: bool
    """Whether every value goes into `messages` too."""
    version: str = __version__
    """Of whoever gives the work: another version would make other rows."""

    @property
    def mark(self) -> str:
        """What makes other rows of the same file."""
        return "messages" if self.messages else ""


class IngestJob(NamedTuple):
    """One file."""

    source: SourceFile
    options: IngestOptions


class IngestOutcome(NamedTuple):
    """What became of it; `words` say why, for people on this machine."""

    path: str
    what: str
    words: str = ""
    rows: int = 0
    seconds: float = 0.0
    """How long the record is."""


def file_id(privacy: Privacy, path: str) -> str:
    """By what rows name their file."""
    return privacy.key("file", path.encode("utf-8", "surrogateescape"))


def ingest_file(job: IngestJob) -> IngestOutcome:
    """Make the rows of a file, and its entry when they are there. What is wrong with the file is in the outcome.

    Raises OSError when the data set cannot be written, and FleetError.
    """
    source, options = job
    if options.version != __version__:
        raise FleetError(
            f"this worker has gxbridge {__version__}, the command {options.version}: they must be the same"
        )
    privacy, target = Privacy(options.secret), target_of(options.data)
    file = file_id(privacy, source.path)
    before = read_json(target, entry_path(file))
    if is_done(before, source.mark, options.mark):
        return IngestOutcome(source.path, UNCHANGED)
    entry: dict[str, Any] = {
        "file": file,
        "site": privacy.id("site", source.site),
        "path": None if privacy.hides else printable(source.path),
        "mark": source.mark,
        "made_by": MADE_BY,
        "options": options.mark,
        "size": source.size,
    }
    made, words = _made(job, privacy, target, file)
    entry |= made
    write_json(target, entry_path(file), entry)
    for part in (before or {}).get("parts", ()):
        if part not in entry["parts"]:
            target.remove(str(part))
    rows = sum(entry["rows"].values())
    return IngestOutcome(source.path, str(entry["status"]), words, rows, float(entry.get("seconds") or 0.0))


def _made(job: IngestJob, privacy: Privacy, target: Target, file: str) -> tuple[dict[str, Any], str]:
    """Have the rows there; the rest of the entry, and what is wrong in words."""
    source = job.source
    nothing: dict[str, Any] = {"parts": [], "rows": {}, "status": BROKEN, "content": None}
    if not source.size:
        return nothing | {"problem": "empty"}, "it is empty"
    with ExitStack() as stack:
        try:
            path = stack.enter_context(local_copy(source.place))
            content = content_of(path, privacy)
        except OSError as error:  # the next run tries again
            words = f"it cannot be read: {error.strerror or error}"
            return nothing | {"problem": "not readable", "mark": None}, printable(words)
        try:
            return _rows(path, job, privacy, target, file) | {"content": content}, ""
        except (LogError, BoxError, FleetError, EOFError, zlib.error) as error:
            words = printable(str(error).replace(f"{path}: ", "").partition("; one can be forced")[0])
        except OSError:
            raise  # the data set cannot be written: that is no fault of this file
        except Exception as error:  # a fault of ours; one file must not keep a thousand others from being read
            words = printable(f"gxbridge fails on it, please report: {type(error).__name__}: {error}")
    foreign = NOT_A_LOG in words and BOX_NAME not in source.path
    status = {"status": FOREIGN, "problem": "no log"} if foreign else {"problem": "damaged"}
    return nothing | status | {"content": content} | ({} if privacy.hides else {"words": words}), words


def content_of(path: str, privacy: Privacy) -> str:
    """An id of what is in a file. Raises OSError."""
    digest = blake2b(digest_size=16)
    with open(path, "rb") as stream:
        while part := stream.read(PART):
            digest.update(part)
    return privacy.key("content", digest.digest())


def _rows(path: str, job: IngestJob, privacy: Privacy, target: Target, file: str) -> dict[str, Any]:
    source, options = job
    db, site = database(), privacy.id("site", source.site)
    tables, devices = RowTables(target, site, file), KnownDevices(privacy, source.site)
    messages = MessageTable(db, target, site, file, privacy.hide) if options.messages else None
    try:
        with rare_garbage():
            if is_history(path):
                about = history_rows(path, tables, privacy, source.site)
            elif is_box(path):
                about = box_rows(read(Path(path)), db, tables, devices, privacy)
            else:
                about = log_rows(path, db, tables, devices, privacy, messages)
        parts = tables.commit() + ([] if messages is None else messages.commit())
    except BaseException:
        tables.abort()
        if messages is not None:
            messages.abort()
        raise
    return about | {"status": INGESTED, "problem": None, "parts": sorted(parts), "rows": tables.counts}
