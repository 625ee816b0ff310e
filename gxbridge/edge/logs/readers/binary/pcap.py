"""pcap and pcapng with frames of SocketCAN (link type 227), as tcpdump and Wireshark write them; also from `-i any`
(113, 276), where CAN has the protocol number 0x000C. (IETF draft-ietf-opsawg-pcap and -pcapng; tcpdump.org linktypes.)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct, unpack
from typing import BinaryIO

from gxbridge.core.nmea2000.frame import MAX_ID
from gxbridge.edge.logs.lines import FAR_FUTURE_S, LogError, LogRow, OpenLog

PCAP_MAGICS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e6),
    b"\xa1\xb2\xc3\xd4": (">", 1e6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9),
    b"\xa1\xb2\x3c\x4d": (">", 1e9),
}
"""Order of bytes, and parts of a second."""
PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
ORDER_MARKS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 1, 2, 3, 6
OPTION_NAME, OPTION_RESOLUTION, OPTION_OFFSET = 2, 9, 14
LARGEST = 1 << 20
MOST_INTERFACES = 256

SOCKETCAN, COOKED, COOKED_2 = 227, 113, 276
COOKED_AT = {SOCKETCAN: 0, COOKED: 16, COOKED_2: 20}
"""Link type -> bytes before the frame."""
PROTOCOL_AT = {COOKED: 14, COOKED_2: 0}
CAN_PROTOCOL = b"\0\x0c"
EXTENDED, FLAGS = 1 << 31, 0x60000000
FD_FRAME, XL_FRAME = 0x04, 0x80


def is_pcap(head: bytes) -> bool:
    return head[:4] in PCAP_MAGICS or (
        head[:4] == PCAPNG_MAGIC and head[8:12] in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d")
    )


def pcap_rows(log: OpenLog, stream: BinaryIO) -> Iterator[LogRow]:
    """The CAN frames in order; packets of other kinds are counted."""
    magic = stream.read(4)
    for link, order, bus, t, packet in _plain(log, stream, magic) if magic in PCAP_MAGICS else _blocks(log, stream):
        log.number += 1
        row = _can_frame(link, order, bus, t, packet)
        if isinstance(row, str):
            log.bad(log.number, row)
        elif row is None:
            log.skipped += 1
        else:
            yield row


Packet = tuple[int, str, str, float, bytes]
"""Link type, order of bytes, bus, seconds, bytes."""


def _can_frame(link: int, order: str, bus: str, t: float, packet: bytes) -> LogRow | str | None:
    """The row of a packet, what is wrong with it, or None when it is no data frame of 29 bits."""
    at = COOKED_AT.get(link)
    if at is None or (link in PROTOCOL_AT and packet[PROTOCOL_AT[link] :][:2] != CAN_PROTOCOL):
        return None
    if len(packet) < at + 8:
        return f"a CAN frame of {len(packet) - at} bytes"
    can_id, size, flags = unpack((order if link in PROTOCOL_AT else ">") + "LBB", packet[at : at + 6])
    if size & XL_FRAME or flags & FD_FRAME or not can_id & EXTENDED or can_id & FLAGS or size > 8:
        return None
    data = packet[at + 8 : at + 8 + size]
    if len(data) != size:
        return f"{size} data bytes promised, {len(data)} there"
    return (t, bus, can_id & MAX_ID, data) if 0.0 <= t < FAR_FUTURE_S else f"{t} is not a time"


def _plain(log: OpenLog, stream: BinaryIO, magic: bytes) -> Iterator[Packet]:
    order, parts = PCAP_MAGICS[magic]
    rest = stream.read(20)
    link = unpack(order + "L", rest[16:20])[0] & 0xFFFF if len(rest) == 20 else -1
    if link not in COOKED_AT:
        raise LogError(f"{log.name}: a capture of link type {link}, not of CAN (227)")
    header = Struct(order + "LLLL")
    while head := stream.read(header.size):
        if len(head) < header.size:
            log.bad(log.number + 1, "the log cannot be read any further: it ends inside a packet")
            return
        seconds, fraction, size, _ = header.unpack(head)
        if size > LARGEST:
            log.bad(log.number + 1, f"the log cannot be read any further: a packet of {size} bytes")
            return
        packet = stream.read(size)
        if len(packet) < size:
            log.bad(log.number + 1, "the log cannot be read any further: it ends inside a packet")
            return
        yield link, order, "can0", seconds + fraction / parts, packet


class _Interface:
    """One interface of a section: where its packets come from and how their times count."""

    def __init__(self, order: str, body: bytes) -> None:
        self.order = order
        self.link = unpack(order + "H", body[:2])[0]
        self.bus, self._parts, self._offset = "can0", 1e6, 0
        at = 8
        while at + 4 <= len(body):
            code, size = unpack(order + "HH", body[at : at + 4])
            value = body[at + 4 : at + 4 + size]
            if code == OPTION_NAME and value:
                self.bus = value.rstrip(b"\0").decode("utf-8", "replace")[:64] or "can0"
            elif code == OPTION_RESOLUTION and size == 1:
                self._parts = 2.0 ** (value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** value[0]
            elif code == OPTION_OFFSET and size == 8:
                self._offset = unpack(order + "q", value)[0]
            elif code == 0:
                break
            at += 4 + size + -size % 4

    def packet(self, ticks: int | None, data: bytes) -> Packet:
        t = 0.0 if ticks is None else self._offset + ticks / self._parts
        return self.link, self.order, self.bus, t, data


def _blocks(log: OpenLog, stream: BinaryIO) -> Iterator[Packet]:
    """The packets of a pcapng file, whose first four bytes have been read."""
    order, interfaces = "<", list[_Interface]()
    kind = PCAPNG_MAGIC
    while len(kind) == 4:
        length = stream.read(4)
        if kind == PCAPNG_MAGIC:
            mark = stream.read(4)
            order = ORDER_MARKS.get(mark, "<")
            interfaces = []
        read = 12 if kind == PCAPNG_MAGIC else 8
        size = unpack(order + "L", length)[0] - read if len(length) == 4 else -1
        if not 4 <= size <= LARGEST or size % 4:
            log.bad(log.number + 1, f"the log cannot be read any further: a block of {size + read} bytes")
            return
        body = stream.read(size)
        if len(body) < size:
            log.bad(log.number + 1, "the log cannot be read any further: it ends inside a block")
            return
        block = unpack(order + "L", kind)[0]
        packet = _of_block(block, order, body[:-4], interfaces)
        if packet is not None:
            yield packet
        elif block in (PACKET, OLD_PACKET, SIMPLE_PACKET):
            log.number += 1
            log.bad(log.number, "a packet that is too short, or of an interface that no block before it describes")
        elif len(interfaces) > MOST_INTERFACES:
            raise LogError(f"{log.name}: a capture of more than {MOST_INTERFACES} interfaces")
        kind = stream.read(4)
    if kind:
        log.bad(log.number + 1, "the log cannot be read any further: it ends inside a block")


def _of_block(kind: int, order: str, body: bytes, interfaces: list[_Interface]) -> Packet | None:
    """The packet of a block, if it holds one; an interface is added to the list."""
    if kind == INTERFACE and len(body) >= 8:
        interfaces.append(_Interface(order, body))
        return None
    if kind in (PACKET, OLD_PACKET) and len(body) >= 20:
        number: int
        number, high, low, size, _ = unpack(order + "LLLLL", body[:20])
        if kind == OLD_PACKET:
            number = unpack(order + "H", body[:2])[0]
        if number < len(interfaces):
            return interfaces[number].packet(high << 32 | low, body[20 : 20 + size])
    if kind == SIMPLE_PACKET and interfaces and len(body) >= 4:
        size = unpack(order + "L", body[:4])[0]
        return interfaces[0].packet(None, body[4 : 4 + size])
    return None
