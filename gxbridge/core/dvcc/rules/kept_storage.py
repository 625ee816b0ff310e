"""What of the storage profile outlives the process: that a client switched it on, and full charges, as latches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gxbridge.core.dvcc.rules.storage import NO_STORAGE, StorageState
from gxbridge.core.model.remembered import Latch

STORAGE: Final = "storage"
LAST_FULL: Final = "last-full"
TRIED: Final = "full-charge"
BATTERY: Final = "battery"
SEEN: Final = "the state of charge"
COUNTED: Final = "the first start with this rule"
"""Where the moment of the last full charge comes from: it was seen, or the counting began."""


def recall_storage(latches: Iterable[Latch]) -> StorageState:
    """What was known when the program ended the last time."""
    known = {latch.name: latch for latch in latches if latch.subject == BATTERY}
    full, tried = known.get(LAST_FULL), known.get(TRIED)
    return NO_STORAGE._replace(
        on=STORAGE in known,
        last_full=None if full is None else full.since,
        seen_full=full is not None and full.source == SEEN,
        tried_at=None if tried is None else tried.since,
    )


def keep_storage(before: tuple[Latch, ...], state: StorageState, since: float) -> tuple[Latch, ...]:
    """The latches of the state; `since`: now, in seconds since 1970."""
    wanted: dict[str, Latch] = {}
    if state.on:
        switched = next((latch.since for latch in before if latch.name == STORAGE), since)
        wanted[STORAGE] = Latch(STORAGE, BATTERY, switched, "a client by D-Bus")
    if state.last_full is not None:
        wanted[LAST_FULL] = Latch(LAST_FULL, BATTERY, state.last_full, SEEN if state.seen_full else COUNTED)
    if state.tried_at is not None:
        wanted[TRIED] = Latch(TRIED, BATTERY, state.tried_at, "the storage profile")
    names = (STORAGE, LAST_FULL, TRIED)
    if [latch for latch in before if latch.name in names] == list(wanted.values()):
        return before
    return (*(latch for latch in before if latch.name not in names), *wanted.values())
