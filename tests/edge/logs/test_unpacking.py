"""Compressed logs: known by their content, unpacked within limits, and what is said where nothing can unpack them."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import sqlite3
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from gxbridge import cli
from gxbridge.edge.logs import on_disk, unpack
from gxbridge.edge.logs.lines import LogError, LogRow
from gxbridge.edge.logs.reader import LogReader, open_log

LOG = b"".join(b"(%d.000000) can0 18EAFF24#%08X\n" % (number, number) for number in range(5000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress}
HIDDEN = {"gzip": "gzip", "xz": "lzma", "bzip2": "bz2"}
COMMANDS = {"gzip": "gzip -dc", "xz": "xz -dc", "bzip2": "bzip2 -dc"}
ZSTD = b"\x28\xb5\x2f\xfd"


def read(path: Path) -> tuple[list[LogRow], LogReader, list[str]]:
    complaints: list[str] = []
    with open_log(str(path), None, lambda number, what: complaints.append(what)) as reader:
        return list(reader), reader, complaints


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_packed_is_known_by_its_content_also_in_parts_one_after_the_other(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "boat.log"
    half = len(LOG) // 2
    path.write_bytes(PACKERS[kind](LOG[:half]) + PACKERS[kind](LOG[half:]))
    rows, reader, complaints = read(path)
    assert (len(rows), complaints, reader.compressed) == (5000, [], True)


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("size", [4, 200_000])
def test_padding_between_and_behind_the_parts_is_no_damage(tmp_path: Path, kind: str, size: int) -> None:
    path = tmp_path / "boat.log"
    packed = PACKERS[kind](LOG)
    path.write_bytes((packed + bytes(size)) * 2)
    rows, _, complaints = read(path)
    assert (len(rows), complaints) == (10_000, [])


@pytest.mark.parametrize("kind", PACKERS)
def test_a_packed_log_that_is_cut_or_damaged_is_read_up_to_there(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "boat.log"
    packed = PACKERS[kind](LOG * 20)
    path.write_bytes(packed[: len(packed) // 2])
    rows, reader, complaints = read(path)
    assert reader.bad_lines == 1
    assert kind in complaints[0]
    path.write_bytes(packed[:64] + bytes(200) + packed[264:])
    with contextlib.suppress(LogError):
        rows, reader, complaints = read(path)
        assert len(rows) < 100_000
        assert kind in complaints[-1]


@pytest.mark.parametrize("kind", PACKERS)
def test_without_the_module_one_sentence_says_how_to_unpack_it(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "boat.log"
    path.write_bytes(PACKERS[kind](LOG))
    monkeypatch.setitem(sys.modules, HIDDEN[kind], None)
    assert cli.main(["decode", str(path)]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert f"packed with {kind}" in error
    assert f"unpack it first: {COMMANDS[kind]} {path} | gxbridge decode -" in error


def test_a_log_that_is_not_packed_needs_none_of_the_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("gzip", "lzma", "bz2", "zlib", "sqlite3", "tempfile", "base64"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in [name for name in sys.modules if name.startswith("gxbridge.edge.logs")]:
        monkeypatch.delitem(sys.modules, name)
    from gxbridge.edge.logs.reader import open_log as anew

    path = tmp_path / "boat.log"
    path.write_bytes(LOG)
    with anew(str(path)) as reader:
        assert len(list(reader)) == 5000


@pytest.mark.parametrize(("magic", "command"), [(b"PK\x03\x04", "unzip -p"), (b"7z\xbc\xaf\x27\x1c", "7z x -so")])
def test_an_archive_is_named_with_what_unpacks_it(tmp_path: Path, magic: bytes, command: str) -> None:
    path = tmp_path / "boat.log"
    path.write_bytes(magic + bytes(100))
    with pytest.raises(LogError, match=command):
        open_log(str(path))


def test_zstd_needs_a_module_of_python_or_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boat.log"
    path.write_bytes(ZSTD + bytes(20))
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(LogError, match=r"packed with zstd.*\(no zstandard\); unpack it first: zstd -dc"):
        open_log(str(path))


def test_zstd_is_unpacked_by_the_package_within_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, int] = {"most": 0}

    class Decompressor:
        """Made of zlib, with the interface of the package's."""

        def __init__(self, max_window_size: int) -> None:
            asked["window"] = max_window_size

        def decompressobj(self) -> _Part:
            return _Part()

    class _Part:
        def __init__(self) -> None:
            self._inner, self._begun = zlib.decompressobj(), 0
            self.eof, self.unused_data = False, b""

        def decompress(self, data: bytes) -> bytes:
            asked["most"] = max(asked["most"], len(data))
            unpacked = self._inner.decompress(data[len(ZSTD) :] if not self._begun else data)
            self._begun += len(data)
            self.eof, self.unused_data = self._inner.eof, self._inner.unused_data
            return unpacked

    module = ModuleType("zstandard")
    module.ZstdDecompressor = Decompressor  # type: ignore[attr-defined]
    module.ZstdError = type("ZstdError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    monkeypatch.setitem(sys.modules, "zstandard", module)
    path = tmp_path / "boat.log"
    packed = ZSTD + zlib.compress(LOG)
    path.write_bytes(packed * 3)
    assert len(read(path)[0]) == 15_000
    assert asked == {"window": unpack.MEMORY, "most": 256}, "what a few bytes unpack to is bounded"
    path.write_bytes(packed * 2 + bytes(100))
    assert (len(read(path)[0]), read(path)[2]) == (10_000, [])
    path.write_bytes(packed * 2 + packed[:-5000])
    rows, reader, complaints = read(path)
    assert 10_000 < len(rows) < 15_000
    assert reader.bad_lines == 1
    assert complaints == ["the log cannot be read any further: zstd: the file ends before its end-of-stream marker"]
    path.write_bytes(b"\x50\x2a\x4d\x18" + zlib.compress(LOG))
    assert len(read(path)[0]) == 5000, "a frame to skip, with which pzstd begins"


def test_zstd_is_unpacked_by_a_newer_python_within_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    class Decompressor:
        """Made of zlib, with the interface of Python 3.14's."""

        def __init__(self, options: dict[object, int]) -> None:
            asked.append(options)
            self._inner = zlib.decompressobj()
            self.unused_data = b""
            self._waiting = ZSTD

        @property
        def eof(self) -> bool:
            return self._inner.eof

        @property
        def needs_input(self) -> bool:
            return not self._inner.unconsumed_tail

        def decompress(self, data: bytes, max_length: int) -> bytes:
            data, self._waiting = data.removeprefix(self._waiting), b""
            return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)

    module = ModuleType("compression.zstd")
    module.ZstdDecompressor = Decompressor  # type: ignore[attr-defined]
    module.DecompressionParameter = SimpleNamespace(window_log_max="window")  # type: ignore[attr-defined]
    module.ZstdError = type("ZstdError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "compression", ModuleType("compression"))
    monkeypatch.setitem(sys.modules, "compression.zstd", module)
    path = tmp_path / "boat.log"
    path.write_bytes(ZSTD + zlib.compress(LOG))
    assert len(read(path)[0]) == 5000
    assert asked[0] == {"window": 27}


def test_xz_may_not_take_all_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boat.log"
    path.write_bytes(lzma.compress(LOG, preset=9))
    assert len(read(path)[0]) == 5000
    monkeypatch.setattr(unpack, "MEMORY", 1 << 20)
    with pytest.raises(LogError, match=r"xz: .*[Mm]emory"):
        open_log(str(path))


def test_a_packed_database_has_a_limit_on_disk_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "boat.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE messages (ts, arbitration_id, extended, remote, error, dlc, data)")
    connection.execute("INSERT INTO messages VALUES (1.0, 485490473, 1, 0, 0, 8, x'6699900318150000')")
    connection.execute("INSERT INTO messages VALUES (2.0, 485490473, 1, 0, 0, 8, zeroblob(200000))")
    connection.commit()
    connection.close()
    packed = tmp_path / "boat.db.gz"
    packed.write_bytes(gzip.compress(database.read_bytes()))
    _, _, complaints = read(packed)
    assert "too big" in complaints[0], "one value may not take the memory either"
    monkeypatch.setattr(on_disk, "MOST_ON_DISK", 1 << 16)
    with pytest.raises(LogError, match=r"unpacked it has more than 0 MB.*unpack it yourself"):
        read(packed)


def blf(*containers: bytes) -> bytes:
    """A BLF file of containers, compressed with zlib."""
    body = b""
    for content in containers:
        packed = zlib.compress(content)
        body += struct.pack("<4sHHLLH6xL4x", b"LOBJ", 16, 1, 32 + len(packed), 10, 2, len(content)) + packed
        body += bytes((32 + len(packed)) % 4)
    return (
        struct.pack("<4sL8BQQLL8H8H", b"LOGG", 144, *[0] * 8, 144 + len(body), 0, 0, 0, *[0] * 16).ljust(144, b"\0")
        + body
    )


def blf_frame(number: int) -> bytes:
    return struct.pack(
        "<4sHHLLLHHQHBBL8s", b"LOBJ", 32, 1, 48, 1, 2, 0, 0, number, 1, 0, 8, 0x9CEFFF29, b"f\x99\x90\3\x18\x15\0\0"
    )


def test_a_container_that_unpacks_to_very_much_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "boat.blf"
    path.write_bytes(blf(blf_frame(1) * 100 + bytes(64 << 20) + blf_frame(2)))
    assert path.stat().st_size < 100_000
    tracemalloc.start()
    try:
        rows, _, complaints = read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(rows) == 101, "reading goes on behind what is no object"
    assert complaints == ["no object where one should begin"]
    assert peak < 4 << 20


@pytest.mark.parametrize("size", [0, 15, 1 << 30])
def test_an_object_of_an_impossible_size_ends(tmp_path: Path, size: int) -> None:
    path = tmp_path / "boat.blf"
    broken = struct.pack("<4sHHLL", b"LOBJ", 32, 1, size, 1) + bytes(32)
    path.write_bytes(blf(blf_frame(1) + broken + blf_frame(2)))
    rows, _, complaints = read(path)
    assert ([row[0] for row in rows], complaints) == ([1e-9, 2e-9], [f"an object of {size} bytes"])
    path.write_bytes(blf(blf_frame(1)) + broken)
    rows, _, complaints = read(path)
    assert len(rows) == 1
    assert complaints


def test_objects_go_on_in_the_next_container_and_may_stand_outside(tmp_path: Path) -> None:
    path = tmp_path / "boat.blf"
    frames = b"".join(blf_frame(number) for number in range(10))
    path.write_bytes(blf(frames[:100], frames[100:]) + blf_frame(10))
    rows, _, complaints = read(path)
    assert (len(rows), complaints) == (11, [])


def test_a_blf_without_zlib_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "boat.blf"
    path.write_bytes(blf(blf_frame(1)))
    monkeypatch.setitem(sys.modules, "zlib", None)
    with pytest.raises(LogError, match="compressed with zlib"):
        read(path)
