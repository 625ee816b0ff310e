"""Compressed logs: what a file is packed with is known by its first bytes, and unpacked piece by piece.

gzip, xz and bzip2 need modules of the standard library that a GX device's Python may lack; zstd needs Python 3.14 or
the package `zstandard` (extra `zst`). Where one is missing, the error says with which command to unpack the file.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO, cast

from gxbridge.core.model.record import record
from gxbridge.edge.logs.lines import LogError

MEMORY = 128 << 20
"""Most bytes an unpacker may take for itself: `xz -9` and `zstd --long` need so much, and a file may ask for more."""
PIECE = 1 << 16
FEW = 256
"""Bytes of zstd that the package `zstandard` is given at once: 64 blocks at most, of 128 KB unpacked."""


class _Unpacked(io.RawIOBase):
    """A stream unpacked by a decompressor of the standard library's kind, with all its parts one after the other.

    Between the parts and behind the last there may be zeros (the padding of xz), with which no part begins.
    """

    def __init__(self, stream: BinaryIO, make: Callable[[], Any]) -> None:
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._make = make
        self._unpacker = make()
        self._begun = False
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data:
            if self._unpacker.eof:
                self._rest = self._unpacker.unused_data
                self._unpacker, self._begun = self._make(), False
            if self._rest or self._unpacker.needs_input:
                piece = self._rest or self._read(PIECE)
                self._rest = b""
                if not piece:
                    if self._begun:
                        raise EOFError("the file ends before its end-of-stream marker")
                    return 0
                if not self._begun:
                    piece = piece.lstrip(b"\0")
                self._begun = self._begun or bool(piece)
            else:
                piece = b""
            data = self._unpacker.decompress(piece, len(buffer))
        buffer[: len(data)] = data
        return len(data)


@record
class Packing:
    """`names` are modules to try in turn; `unpacked` makes a stream of one of them and the packed stream."""

    title: str
    magic: bytes
    command: str
    names: tuple[str, ...] = ()
    unpacked: Callable[[Any, BinaryIO], Any] | None = None
    at: int = 0
    """Where the magic number stands."""


class _Zstandard:
    """The decompressor of the package `zstandard` as one of the standard library's kind.

    The package's own stream ends without a word where a file is cut, and its decompressor knows no limit for what one
    call gives.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._packed = self._ready = io.BytesIO()
        self.needs_input, self.eof, self.unused_data = True, False, b""

    def decompress(self, piece: bytes, most: int) -> bytes:
        if piece:
            self._packed = io.BytesIO(piece)
        data = self._ready.read(most)
        while not data and not self._inner.eof and (few := self._packed.read(FEW)):
            self._ready = io.BytesIO(self._inner.decompress(few))
            data = self._ready.read(most)
        if not data and self._inner.eof:
            self.eof, self.unused_data = True, self._inner.unused_data + self._packed.read()
        self.needs_input = not data
        return data


def _zstd(module: Any, stream: BinaryIO) -> Any:
    if module.__name__ == "zstandard":
        make = module.ZstdDecompressor(max_window_size=MEMORY).decompressobj
        return _Unpacked(stream, lambda: _Zstandard(make()))
    options = {module.DecompressionParameter.window_log_max: 27}
    return _Unpacked(stream, lambda: module.ZstdDecompressor(options=options))


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", "gzip -dc", ("gzip",), lambda module, stream: module.GzipFile(fileobj=stream)),
    Packing(
        "xz",
        b"\xfd7zXZ\0",
        "xz -dc",
        ("lzma",),
        lambda module, stream: _Unpacked(stream, lambda: module.LZMADecompressor(memlimit=MEMORY)),
    ),
    Packing("bzip2", b"BZh", "bzip2 -dc", ("bz2",), lambda module, stream: _Unpacked(stream, module.BZ2Decompressor)),
    Packing("zstd", b"\x28\xb5\x2f\xfd", "zstd -dc", ("compression.zstd", "zstandard"), _zstd),
    Packing("zstd", b"\x50\x2a\x4d\x18", "zstd -dc", ("compression.zstd", "zstandard"), _zstd),  # of pzstd
    Packing("zip", b"PK\x03\x04", "unzip -p"),
    Packing("7-Zip", b"7z\xbc\xaf\x27\x1c", "7z x -so"),
    Packing("tar", b"ustar", "tar -xOf", at=257),
)


def packing_of(head: bytes) -> Packing | None:
    """What a file with this beginning is packed with; None when it is not."""
    return next((packing for packing in PACKINGS if head.startswith(packing.magic, packing.at)), None)


def unpacked(packing: Packing, stream: BinaryIO, name: str) -> BinaryIO:
    """A stream of what is packed in `stream`. Raises LogError when nothing here can unpack it."""
    for module_name in packing.names:
        try:
            module = import_module(module_name)
        except ImportError:
            continue
        assert packing.unpacked is not None  # noqa: S101 - whoever names a module says what to do with it
        return cast("BinaryIO", packing.unpacked(module, stream))
    missing = "" if not packing.names else f", and this Python cannot unpack that (no {packing.names[-1]})"
    raise LogError(f"{name}: packed with {packing.title}{missing}; unpack it first: {_piped(name, packing)}")


def packed_twice(name: str, outer: Packing, inner: Packing) -> str:
    """What to do with a log that is packed within what it is packed with."""
    last = "" if inner.names else f"{inner.command} - | "
    piped = _piped(name, outer).replace("gxbridge", f"{last}gxbridge")
    return f"{name}: packed with {inner.title} within {outer.title}; unpack it first: {piped}"


def _piped(name: str, packing: Packing) -> str:
    return f"{packing.command} {'FILE' if name == 'standard input' else name} | gxbridge decode -"


FAULTS = (
    ("zlib", "error"),
    ("lzma", "LZMAError"),
    ("compression.zstd", "ZstdError"),
    ("zstandard", "ZstdError"),
)


def faults() -> tuple[type[BaseException], ...]:
    """What unpackers raise on broken input."""
    found: list[type[BaseException]] = [OSError, EOFError, ValueError]
    for module_name, fault in FAULTS:
        try:
            found.append(getattr(import_module(module_name), fault))
        except ImportError:
            continue
    return tuple(found)
