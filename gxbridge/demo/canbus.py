"""Which CAN bus the simulated Lynx and the service share: a folder of sockets, or one that the user names."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import can

from gxbridge.demo.trouble import DemoError

OWN_INTERFACE = "gxsocket"
MULTICAST = "udp_multicast"
MULTICAST_GROUP = "239.74.163.2"
"""python-can's usual IPv4 group."""


def choose(wanted: str | None, folder: Path) -> tuple[str, str]:
    """(interface, channel) of the demo's CAN bus; raises DemoError when the wanted one cannot be used here."""
    if wanted is None:
        return OWN_INTERFACE, str(folder / "can")
    interface, _, channel = wanted.partition(":")
    if interface == MULTICAST:
        channel = channel or MULTICAST_GROUP
        if importlib.util.find_spec("msgpack") is None:
            raise DemoError("--can udp_multicast needs the Python package msgpack: pip install 'gxbridge[multicast]'")
    if not channel:
        raise DemoError(f"--can {wanted}: give INTERFACE:CHANNEL, for example socketcan:vcan0 or udp_multicast")
    if interface == "virtual":
        raise DemoError("--can virtual joins only parts of one process; the demo's devices are processes of their own")
    try:
        with can.Bus(interface=interface, channel=channel) as bus:
            bus.send(can.Message(arbitration_id=0x18EAFFFE, data=b"\x00\xee\x00", is_extended_id=True))
    except (can.CanError, OSError, ValueError, NotImplementedError) as error:
        route = "; loopback needs a route: ip route add 239.0.0.0/8 dev lo" if interface == MULTICAST else ""
        raise DemoError(f"--can {wanted} cannot be used here: {error}{route}") from error
    return interface, channel
