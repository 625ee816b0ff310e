"""The first configuration: the example, with the CAN ports of this GX that carry VE.Can.

Prints it. The ports come from the profiles in the GX's settings; where they cannot be asked, the example stays.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from gxbridge.edge.dbus import client
from gxbridge.edge.dbus.bus import BusError, opened
from gxbridge.edge.dbus.parse import WireValue
from gxbridge.edge.dbus.settings import SERVICE

PROFILE = re.compile(r"/Settings/Canbus/(\w+)/Profile")
VE_CAN = {1: "VE.Can", 2: "VE.Can & CAN-bus BMS", 4: "Oceanvolt", 5: "up, no services", 9: "VE.Can & CANopen"}
"""Profiles at 250 kbit/s on which a Lynx can be. Source: venus-platform and veutil, canbus_interfaces.cpp."""
CHANNEL = "    channel: vecan0\n"
OPTIONS = "    options: {}"
ASK_S = 10.0


def ports(settings: Mapping[str, WireValue]) -> list[str]:
    """The CAN interfaces whose profile has VE.Can, sorted."""
    found = ((PROFILE.fullmatch(path), value) for path, value in settings.items())
    return sorted(match[1] for match, value in found if match is not None and value in VE_CAN)


def with_ports(example: str, channels: list[str]) -> str:
    """The example listening to these channels. Raises ValueError when it is not written as we know it."""
    if not channels:
        return example
    if example.count(CHANNEL) != 1 or OPTIONS not in example:
        raise ValueError("the example no longer has the one bus that this replaces")
    example = example.replace(CHANNEL, f"    channel: {channels[0]}\n")
    further = "".join(f"  - interface: socketcan\n    channel: {channel}\n" for channel in channels[1:])
    end = example.index("\n", example.index(OPTIONS)) + 1
    return example[:end] + further + example[end:]


async def found(bus: str) -> list[str]:
    async with asyncio.timeout(ASK_S), opened(bus) as connection:
        return ports(await client.items(connection, SERVICE))


def main() -> int:
    example = Path(sys.argv[1]).read_text(encoding="utf-8")
    try:
        channels = asyncio.run(found(sys.argv[2] if len(sys.argv) > 2 else "system"))
    except (BusError, OSError, TimeoutError) as error:
        print(f"gxbridge: the CAN ports could not be asked for ({error or 'no answer in time'})", file=sys.stderr)
        channels = []
    if channels:
        print(f"gxbridge: VE.Can is on {', '.join(channels)}", file=sys.stderr)
    else:
        print("gxbridge: no port with a VE.Can profile is known; check `can:` in the configuration", file=sys.stderr)
    sys.stdout.write(with_ports(example, channels))
    return 0


if __name__ == "__main__":
    sys.exit(main())
