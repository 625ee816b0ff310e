"""Removes what the GX's settings keep for gxbridge's batteries: their device instances and names."""

from __future__ import annotations

import sys

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import CallFailed
from gxbridge.edge.dbus.connection import Connection
from gxbridge.edge.dbus.settings import DEVICES, INTERFACE, SERVICE
from gxbridge_venus.asking import ask

OURS = f"{DEVICES}/gxbridge_"


async def forget(connection: Connection) -> list[str]:
    """A line when something was removed. Raises BusError when the settings service refuses or does not answer."""
    try:
        stored = await client.items(connection, SERVICE)
    except CallFailed as error:
        if "ServiceUnknown" in str(error) or "NameHasNoOwner" in str(error):
            return []  # no settings service, so no settings
        raise
    paths = sorted(path for path in stored if path.startswith(OURS))
    if not paths:
        return []
    await connection.call(SERVICE, "/", INTERFACE, "RemoveSettings", "as", connection.encode("as", [paths]))
    return [f"gxbridge: {len(paths)} settings of its batteries were removed from the GX"]


if __name__ == "__main__":
    sys.exit(ask(forget, sys.argv[1] if len(sys.argv) > 1 else "system"))
