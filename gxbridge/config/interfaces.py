"""The kinds of CAN interface that can be named in the file and on the command line."""

from __future__ import annotations

from typing import Final

INTERFACES: Final = (
    "socketcan", "gxsocket", "virtual", "udp_multicast", "slcan", "socketcand", "serial", "gs_usb", "pcan", "kvaser",
    "cantact", "canalystii", "etas", "iscan", "ixxat", "neousys", "neovi", "nican", "nixnet", "robotell",
    "seeedstudio", "systec", "usb2can", "vector",
)  # fmt: skip
"""What python-can 4 brings, and ours; a plug-in of another name is accepted when it is installed."""


MULTICAST: Final = "udp_multicast"
MULTICAST_GROUP: Final = "239.74.163.2"
"""python-can's usual IPv4 group, where none is given."""


def plugin_exists(interface: str) -> bool:
    """Whether another package gives python-can an interface of this name."""
    from importlib.metadata import entry_points

    return any(entry.name == interface for entry in entry_points(group="can.interface"))
