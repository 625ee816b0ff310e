"""Does a charger take what it is told? Its present value is written to it once more, and read back. Asked first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from gxbridge.core.dvcc.limit.reasons import amount
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import device_says
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Value, plain_items
from gxbridge.doctor.row import Row
from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, Connection

SECTION: Final = "Read-back"
PATHS: Final = {"charger": p.CHARGE_CURRENT, "multi": p.BOL_CHARGE_CURRENT}

Ask = Callable[[str], bool]
"""A question with yes or no."""


def to_try(explanation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(service, name, path) of everything that is told a charge current."""
    for limit in explanation["limits"]:
        if limit["name"] in PATHS and limit["subject"]:
            yield limit["subject"], limit["subject_name"] or limit["subject"], PATHS[limit["name"]]


async def try_read_back(connection: Connection, explanation: Mapping[str, Any], ask: Ask) -> AsyncIterator[Row]:
    """One row for each; nothing is written but a value that the device shows at that moment, and only after a yes."""
    for service, name, path in to_try(explanation):
        yield await _one(connection, service, name, path, ask)


async def _one(connection: Connection, service: str, name: str, path: str, ask: Ask) -> Row:
    def row(verdict: Any, text: str, advice: str = "") -> Row:
        return Row(SECTION, "read-back", verdict, f"{name}: {text}", advice, service)

    try:
        if await _is_ours(connection, service):
            return row("note", "gxbridge serves it itself: `gxbridge link try` shows whether it takes what it is told")
        shown = await _read(connection, service, path)
        if shown is None:
            return row("note", "it is told nothing now, so there is no value to write back")
        if not ask(f"Write {amount(shown, 'A')}, which {name} shows at {path} now, to it once more?"):
            return row("note", "not tried")
        present = await _read(connection, service, path)
        if present != shown:
            return row("note", "it was told something else meanwhile: not tried")
        code = await client.write(connection, service, path, present)
        after = await _read(connection, service, path)
    except BusError as error:
        return row("problem", f"it does not take what it is told: {error}", "Update its firmware, or limit it itself.")
    if code or after != present:
        text = f"it answered {code} and shows {'nothing' if after is None else amount(after, 'A')} afterwards"
        return row("problem", text, "Find what else tells it, or limit it by its own settings.")
    return row("ok", f"yes: it takes {amount(present, 'A')} and shows it")


async def _is_ours(connection: Connection, service: str) -> bool:
    with suppress(BusError):
        return device_says(plain_items({p.PROCESS: await client.fetch(connection, service, p.PROCESS)}))
    return False  # it does not say who serves it


async def _read(connection: Connection, service: str, path: str) -> float | None:
    items: Mapping[str, Value] = plain_items({path: await client.fetch(connection, service, path)})
    return number(items, path)
