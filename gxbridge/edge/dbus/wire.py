"""D-Bus messages as bytes: frames out of a stream, and headers both ways; bodies are bytes here (see `bodies`).

Only what happens often is written here; everything else goes through the library (`bus.Library`), and tests compare
the two byte for byte. We write little endian; a frame in the other order is measured here and read by the library.
Source: D-Bus Specification 0.43, "Message Protocol" and "Marshaling".
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct
from struct import error as StructError
from typing import Final

from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.edge.dbus.bodies import PADDING, string_body

CALL: Final = 1
RETURN: Final = 2
ERROR: Final = 3
SIGNAL: Final = 4

NO_REPLY: Final = 1
"""Flag "no reply expected"; libdbus sets it on replies, errors and signals too, and so do we."""

LITTLE: Final = ord("l")
BIG: Final = ord("B")
VERSION: Final = 1
START_SIZE: Final = 16
MAX_FRAME: Final = 1 << 27
"""The specification's largest message; a longer one means that we lost the thread of the stream."""

_START = Struct("<4BIII")
_START_BIG = Struct(">4BIII")
_START_AND_REPLY_SERIAL = Struct("<4BIII4BI")
_U32 = Struct("<I")

_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SENDER, _SIGNATURE = range(1, 9)
_S, _O, _G, _U = ord("s"), ord("o"), ord("g"), ord("u")


class WireError(ValueError):
    """These bytes are no D-Bus message."""


@record
class Header:
    """The fields of a message that stay the same when a peer sends the like again."""

    path: str | None = None
    interface: str | None = None
    member: str | None = None
    error_name: str | None = None
    destination: str | None = None
    sender: str | None = None
    signature: str = ""


class Incoming(NamedTuple):
    """One received message; `at` is where the body starts in `frame`, or -1 when only the library can read it."""

    kind: int
    flags: int
    serial: int
    reply_serial: int
    header: Header
    frame: bytes
    at: int


# --- in ---------------------------------------------------------------------------------------------------------------


def frame_length(data: bytes, at: int) -> int:
    """Length of the frame that starts at `at`; 0 when too little of it is there to know. Raises WireError."""
    if len(data) - at < START_SIZE:
        return 0
    order = data[at]
    start = _START if order == LITTLE else _START_BIG
    _, _, _, version, body, _, fields = start.unpack_from(data, at)
    length: int = START_SIZE + ((fields + 7) & -8) + body
    if order not in (LITTLE, BIG) or version != VERSION or length > MAX_FRAME:
        raise WireError(f"no D-Bus message at byte {at}: {data[at : at + START_SIZE].hex()}")
    return length


class HeaderReader:
    """Reads headers and remembers the recurring ones: a signal differs from the one before in its serial only."""

    REMEMBERED: Final = 1024

    def __init__(self) -> None:
        self._known: dict[bytes, Header] = {}

    def read(self, frame: bytes) -> Incoming | None:
        """The message in a whole frame; None when it needs the library (other byte order, unknown field)."""
        order, kind, flags, _, _, serial, size = _START.unpack_from(frame)
        if order != LITTLE:
            return None
        end = START_SIZE + size
        body_at = (end + 7) & -8
        fields = frame[START_SIZE:end]
        header = self._known.get(fields)
        if header is not None:
            return Incoming(kind, flags, serial, 0, header, frame, body_at)
        parsed = _parse_fields(frame, end)
        if parsed is None:
            return None
        header, reply_serial = parsed
        if not reply_serial:
            if len(self._known) >= self.REMEMBERED:
                self._known.clear()
            self._known[fields] = header
        return Incoming(kind, flags, serial, reply_serial, header, frame, body_at)


def _parse_fields(frame: bytes, end: int) -> tuple[Header, int] | None:
    texts: dict[int, str] = {}
    reply_serial = 0
    at = START_SIZE
    try:
        while at < end:
            at = (at + 7) & -8
            code, kind = frame[at], frame[at + 2]
            if kind in (_S, _O):
                (size,) = _U32.unpack_from(frame, at + 4)
                texts[code] = frame[at + 8 : at + 8 + size].decode()
                at += 9 + size
            elif kind == _G:
                size = frame[at + 4]
                texts[code] = frame[at + 5 : at + 5 + size].decode()
                at += 6 + size
            elif kind == _U:
                (number,) = _U32.unpack_from(frame, at + 4)
                if code == _REPLY_SERIAL:
                    reply_serial = number
                at += 8
            else:
                return None
    except (IndexError, StructError, UnicodeDecodeError):
        return None
    header = Header(
        path=texts.get(_PATH),
        interface=texts.get(_INTERFACE),
        member=texts.get(_MEMBER),
        error_name=texts.get(_ERROR_NAME),
        destination=texts.get(_DESTINATION),
        sender=texts.get(_SENDER),
        signature=texts.get(_SIGNATURE, ""),
    )
    return header, reply_serial


# --- out --------------------------------------------------------------------------------------------------------------


def _text_field(code: int, kind: str, text: str) -> bytes:
    raw = text.encode()
    size = bytes((len(raw),)) if kind == "g" else _U32.pack(len(raw))
    return bytes((code, 1, ord(kind), 0)) + size + raw + b"\0"


def _join_fields(*fields: bytes) -> tuple[bytes, int]:
    """The fields one after the other, padded to 8, and their length without the last padding."""
    data = b""
    for field in fields:
        data += PADDING[-len(data) & 7] + field
    return data + PADDING[-len(data) & 7], len(data)


@lru_cache(maxsize=256)
def _fields(
    path: str | None,
    interface: str | None,
    member: str | None,
    destination: str | None,
    signature: str,
) -> tuple[bytes, int]:
    fields = []
    if path:
        fields.append(_text_field(_PATH, "o", path))
    if interface:
        fields.append(_text_field(_INTERFACE, "s", interface))
    if member:
        fields.append(_text_field(_MEMBER, "s", member))
    if destination:
        fields.append(_text_field(_DESTINATION, "s", destination))
    if signature:
        fields.append(_text_field(_SIGNATURE, "g", signature))
    return _join_fields(*fields)


def signal(serial: int, path: str, interface: str, member: str, signature: str, body: bytes) -> bytes:
    """A broadcast signal."""
    fields, size = _fields(path, interface, member, None, signature)
    return _START.pack(LITTLE, SIGNAL, NO_REPLY, VERSION, len(body), serial, size) + fields + body


def call(
    serial: int,
    destination: str,
    path: str,
    interface: str | None,
    member: str,
    signature: str = "",
    body: bytes = b"",
    flags: int = 0,
) -> bytes:
    """A method call."""
    fields, size = _fields(path, interface, member, destination, signature)
    return _START.pack(LITTLE, CALL, flags, VERSION, len(body), serial, size) + fields + body


@lru_cache(maxsize=256)
def _answer_fields(destination: str | None, signature: str, error_name: str | None) -> tuple[bytes, int]:
    fields = []
    if error_name:
        fields.append(_text_field(_ERROR_NAME, "s", error_name))
    if destination:
        fields.append(_text_field(_DESTINATION, "s", destination))
    if signature:
        fields.append(_text_field(_SIGNATURE, "g", signature))
    data, size = _join_fields(*fields)
    return data, size + 8


def answer(serial: int, question: Incoming, signature: str = "", body: bytes = b"") -> bytes:
    """The reply to a method call."""
    fields, size = _answer_fields(question.header.sender, signature, None)
    start = (LITTLE, RETURN, NO_REPLY, VERSION, len(body), serial, size)
    return _START_AND_REPLY_SERIAL.pack(*start, _REPLY_SERIAL, 1, _U, 0, question.serial) + fields + body


def refusal(serial: int, question: Incoming, error_name: str, text: str) -> bytes:
    """The error reply to a method call."""
    fields, size = _answer_fields(question.header.sender, "s", error_name)
    body = string_body(text)
    start = (LITTLE, ERROR, NO_REPLY, VERSION, len(body), serial, size)
    return _START_AND_REPLY_SERIAL.pack(*start, _REPLY_SERIAL, 1, _U, 0, question.serial) + fields + body
