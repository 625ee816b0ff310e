"""VREG frames: registers of Victron devices on VE.Can, and what a frame with a register in it is.

    66 99 | register (2) | value            single frame of PGN 61184, longer ones as fast packet of 126720

A broadcast tells the sender's value. A frame addressed to a node is a request (register 0x0001), an answer to one
(0x0002), or somebody writing the register of that node: never a value of the sender. Both PGNs are shared by all
manufacturers; only the header tells whose they are. (Victron, VE.Can registers public, v20; velib C stack, reg_rx.c.)
"""

from __future__ import annotations

from gxbridge.core.nmea2000.database import FAST_PGN, SINGLE_PGN, VREG_HEADER, Layout
from gxbridge.core.nmea2000.fast_packet import MAX_PAYLOAD
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.core.nmea2000.frame import MAX_DATA

HEADER = b"\x66\x99"
"""Industry group 4 << 13 | reserved 3 << 11 | manufacturer 358, little endian."""

REQUEST_REGISTER = 0x0001
ACK_REGISTER = 0x0002
PRODUCT_REGISTER = 0x0100
LINK_PAGE = range(0x2000, 0x2100)
"""The registers of LINK, by which chargers of a network are led (ve_regs.h of gui-v2@3b94597)."""

VREG_PGNS = (SINGLE_PGN, FAST_PGN)
"""A register means the same in either, also a short one in a fast packet (Victron, VE.Can registers public, v20)."""

ONE_REGISTER = 0xFFFF
"""Mask of a request for exactly one register; 0xFF00 asks for a whole page."""

REFUSED = 0x8000
"""An answer's code with this bit is a refusal (texts: enumeration `vreg_answer` of the database)."""


def _words(payload: bytes) -> tuple[FieldValue, ...]:
    register = int.from_bytes(payload[4:6], "little") if len(payload) >= 6 else None
    return register, int.from_bytes(payload[6:8], "little") if len(payload) >= 8 else None


def _written(payload: bytes) -> tuple[FieldValue, ...]:
    return int.from_bytes(payload[2:4], "little"), payload[4:]


_REGISTER = FieldInfo("register", "unsigned", 0, 16)
_MASK = FieldInfo("mask", "unsigned", 16, 16)
_CODE = FieldInfo("code", "unsigned", 16, 16, enum="vreg_answer")


class VregServices:
    """The layouts of frames that are no values, as carried by one of the two PGNs.

    Values: `request` (register, mask), `ack` (register, code), `write` (register, raw value bytes).
    """

    __slots__ = ("ack", "request", "write")

    def __init__(self, pgn: int) -> None:
        self.request = Layout(
            "request",
            pgn,
            REQUEST_REGISTER,
            "VREG request",
            "Request for registers",
            (_REGISTER, _MASK),
            _words,
            header=VREG_HEADER,
            length=8,
        )
        self.ack = Layout(
            "ack",
            pgn,
            ACK_REGISTER,
            "VREG ack",
            "Answer to a request or a write",
            (_REGISTER, _CODE),
            _words,
            header=VREG_HEADER,
            length=8,
        )
        self.write = Layout(
            "write",
            pgn,
            None,
            "VREG write",
            "A register written to another node",
            (FieldInfo("register", "unsigned", -16, 16), FieldInfo("value", "bytes", 0, 0)),
            _written,
            header=VREG_HEADER,
        )


def payload(register: int, value: bytes = b"") -> bytes:
    """Header, register and value. Raises ValueError when the register or the value's size is out of range."""
    if not 0 < register <= 0xFFFF:
        raise ValueError(f"there is no register 0x{register:04X}: registers are 0x0001 to 0xFFFF")
    if len(value) > MAX_PAYLOAD - VREG_HEADER:
        raise ValueError(f"a register holds at most {MAX_PAYLOAD - VREG_HEADER} bytes, not {len(value)}")
    return HEADER + register.to_bytes(2, "little") + value


def pgn_for(payload: bytes) -> int:
    """The PGN that carries a VREG payload of this size."""
    return SINGLE_PGN if len(payload) <= MAX_DATA else FAST_PGN


def request(register: int, mask: int = ONE_REGISTER) -> bytes:
    """Payload that asks for every register with (register & mask) == the wanted one."""
    if not 0 <= register <= 0xFFFF or not 0 <= mask <= 0xFFFF:
        raise ValueError(f"no request for register 0x{register:04X} with mask 0x{mask:04X}")
    return payload(REQUEST_REGISTER, register.to_bytes(2, "little") + mask.to_bytes(2, "little"))


def ack(register: int, code: int) -> bytes:
    """Payload that answers a request or a write; a `code` with bit 15 refuses."""
    if not 0 <= register <= 0xFFFF or not 0 <= code <= 0xFFFF:
        raise ValueError(f"no answer about register 0x{register:04X} with code 0x{code:04X}")
    return payload(ACK_REGISTER, register.to_bytes(2, "little") + code.to_bytes(2, "little"))
