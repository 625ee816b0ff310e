"""CAN interfaces of the guest's kernel, made and unmade by rtnetlink: what `ip link` does, without starting it."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from typing import Final

# linux/rtnetlink.h, linux/netlink.h, linux/if_link.h, linux/can/netlink.h
RTM_NEWLINK: Final = 16
RTM_DELLINK: Final = 17
NLM_F_REQUEST: Final = 1
NLM_F_ACK: Final = 4
NLM_F_CREATE_EXCL: Final = 0x600
NLMSG_ERROR: Final = 2
IFLA_IFNAME: Final = 3
IFLA_TXQLEN: Final = 13
IFLA_LINKINFO: Final = 18
IFLA_INFO_KIND: Final = 1
IFLA_INFO_DATA: Final = 2
IFLA_CAN_BITTIMING: Final = 1
NLA_F_NESTED: Final = 0x8000
# linux/sockios.h, linux/if.h
SIOCGIFFLAGS: Final = 0x8913
SIOCSIFFLAGS: Final = 0x8914
IFF_UP: Final = 1


def add(name: str) -> None:
    """A vcan interface, up."""
    _link(RTM_NEWLINK, NLM_F_CREATE_EXCL, 0, _text(IFLA_IFNAME, name) + _info("vcan"))
    up(name)


def delete(name: str) -> None:
    _link(RTM_DELLINK, 0, socket.if_nametoindex(name), b"")


def up(name: str) -> None:
    _flags(name, IFF_UP)


def down(name: str) -> None:
    _flags(name, 0)


def rename(old: str, new: str) -> None:
    """Only while it is down."""
    _link(RTM_NEWLINK, 0, socket.if_nametoindex(old), _text(IFLA_IFNAME, new))


def set_bitrate(name: str, bitrate: int) -> None:
    """Only of a real controller, while it is down."""
    timing = _attribute(IFLA_CAN_BITTIMING, struct.pack("=8I", bitrate, *[0] * 7))
    _link(RTM_NEWLINK, 0, socket.if_nametoindex(name), _info("can", timing))


def exists(name: str) -> bool:
    return any(known == name for _, known in socket.if_nameindex())


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", len(value) + 4, kind) + value + bytes(-len(value) % 4)


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _info(kind: str, data: bytes = b"") -> bytes:
    inner = _text(IFLA_INFO_KIND, kind) + (_attribute(IFLA_INFO_DATA | NLA_F_NESTED, data) if data else b"")
    return _attribute(IFLA_LINKINFO | NLA_F_NESTED, inner)


def _link(message: int, flags: int, index: int, attributes: bytes) -> None:
    """One request to the kernel; raises OSError with what it answered."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, 0, 0) + attributes
    head = struct.pack("=IHHII", len(body) + 16, message, NLM_F_REQUEST | NLM_F_ACK | flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(head + body)
        answer = kernel.recv(65536)
    kind, error = struct.unpack_from("=H", answer, 4)[0], struct.unpack_from("=i", answer, 16)[0]
    assert kind == NLMSG_ERROR, f"netlink answered with message {kind}"
    if error:
        raise OSError(-error, os.strerror(-error))


def _flags(name: str, flag: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
        flags = struct.unpack_from("H", request, 16)[0] & ~IFF_UP | flag
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags))
