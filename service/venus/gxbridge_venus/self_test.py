"""Imports all that the service needs: a GX has Python's standard library in many small packages. Exit code 1 and a line
for people when something is missing."""

from __future__ import annotations

import importlib
import socket
import sys

NEEDED = (
    "can.interfaces.socketcan",
    "yaml",
    "gxbridge.runtime.assembly",
    "gxbridge.edge.can.can_bus",
    "gxbridge.commands.run",
)


def main() -> int:
    for name in NEEDED:
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing = error.name or str(error)
            package = missing.split(".")[0].lstrip("_")
            print(f"this Python cannot import {missing}. If it is a part of Python itself, the GX's feed may have it:")
            print(f"    opkg update && opkg install python3-{package}")
            return 1
    if not hasattr(socket, "AF_CAN"):
        print("this Python was built without SocketCAN (AF_CAN)")
        return 1
    from gxbridge.core.nmea2000.database import database
    from gxbridge.edge.dbus.bus import library

    library()
    return 0 if database().registers else 1


if __name__ == "__main__":
    sys.exit(main())
