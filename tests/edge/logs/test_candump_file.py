"""What is written as a log is read again as it was."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from gxbridge.core.nmea2000.frame import WHOLE
from gxbridge.edge.logs.candump_file import CandumpFile, create_file
from gxbridge.edge.logs.reader import LogReader

PRODUCT = 0x19F01424
BATTERY = 0x19F21429


def written(*rows: tuple[float, str, int, bytes]) -> tuple[CandumpFile, bytes]:
    stream = io.BytesIO()
    file = CandumpFile(stream)
    for row in rows:
        file.put(*row)
    return file, stream.getvalue()


def test_a_frame_is_a_line_of_candump() -> None:
    assert written((1700000000.25, "can0", BATTERY, b"\x00\xff"))[1] == b"(1700000000.250000) can0 19F21429#00FF\n"


def test_frames_are_read_again_as_they_were() -> None:
    rows = [(1.5, "can0", BATTERY, bytes(range(size))) for size in range(9)]
    assert list(LogReader(io.BytesIO(written(*rows)[1]), "log")) == rows


@pytest.mark.parametrize("bus", ["", "my bus", "a\nb", "\t"])
def test_the_name_of_a_bus_is_one_word(bus: str) -> None:
    _, text = written((1.0, bus, BATTERY, b"\1"))
    assert len(list(LogReader(io.BytesIO(text), "log"))) == 1


def test_a_message_that_was_put_together_becomes_numbered_frames_again() -> None:
    message = bytes(range(134))
    file, text = written(*[(2.0, "can0", PRODUCT | WHOLE, message)] * 9)
    rows = list(LogReader(io.BytesIO(text), "log"))
    assert file.frames == len(rows) == 9 * 20
    assert [row[3][0] >> 5 for row in rows if not row[3][0] & 31] == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert b"".join([rows[0][3][2:], *(row[3][1:] for row in rows[1:20])])[:134] == message


def test_a_short_message_that_was_put_together_is_one_frame_where_the_standard_has_one() -> None:
    assert written((2.0, "can0", BATTERY | WHOLE, b"\1" * 8))[1].count(b"\n") == 1


def test_a_message_of_rv_c_is_one_frame_and_a_manufacturers_a_fast_packet() -> None:
    assert written((2.0, "can0", 0x19FFFD42 | WHOLE, bytes.fromhex("0178e40100e1f505")))[1].count(b"\n") == 1
    assert written((2.0, "can0", 0x19FF0042 | WHOLE, bytes.fromhex("6699010203040506")))[1].count(b"\n") == 2


@pytest.mark.parametrize(("can_id", "size"), [(PRODUCT, 224), (PRODUCT, 0), (BATTERY, 9)])
def test_what_frames_cannot_carry_is_counted(can_id: int, size: int) -> None:
    file, text = written((2.0, "can0", can_id | WHOLE, bytes(size)))
    assert (file.left_out, text) == (1, b"")


def test_the_numbering_of_a_hostile_log_stays_small() -> None:
    file = CandumpFile(io.BytesIO())
    for number in range(6000):
        file.put(1.0, "can0", 0x19F00000 + (number << 8 & 0xFF00) + (number >> 8) + 0x14 & 0x1FFFFFFF | WHOLE, b"12")
        file.put(1.0, "can0", 0x09FF0000 | (number & 0x3FF) << 3 | (number >> 10) << 26 | WHOLE, b"12")
    assert len(file._sequences) <= 4097


def test_a_file_that_is_there_is_never_overwritten_and_a_new_one_is_private(tmp_path: Path) -> None:
    with create_file(str(tmp_path / "new")):
        assert os.stat(tmp_path / "new").st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        create_file(str(tmp_path / "new"))
