"""The text formats, line by line: what a line gives, what is passed over, what is broken and how that is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.frame import MAX_ID, WHOLE
from gxbridge.edge.logs.formats import FORMATS, detect
from gxbridge.edge.logs.lines import BadLine, Comment, LogRow, message_id
from gxbridge.edge.logs.reader import LogReader, open_log

REQUEST = bytes.fromhex("14F001")
VREG = bytes.fromhex("6699020152144E03")


def read(
    folder: Path, text: str | bytes, format: str | None = None
) -> tuple[list[LogRow], LogReader, list[tuple[int, str]]]:
    """The rows of a log with this text, its reader, and the complaints."""
    path = folder / "a.log"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    complaints: list[tuple[int, str]] = []
    with open_log(str(path), format, lambda line, what: complaints.append((line, what))) as reader:
        return list(reader), reader, complaints


# One line of each format, from its recorder's documentation or a recorder itself, and what it says.
LINES = [
    ("candump", "(1700000000.250000) vecan0 1CEFFF24#6699020152144E03", (1700000000.25, "vecan0", 0x1CEFFF24, VREG)),
    ("candump", "(1700000000.250000) vecan0 1CEFFF24#6699020152144E03 R", (1700000000.25, "vecan0", 0x1CEFFF24, VREG)),
    ("candump", "(0.5) can0 18eaff24#14f001", (0.5, "can0", 0x18EAFF24, REQUEST)),
    ("candump", "(0.5) can0 18EAFF24#", (0.5, "can0", 0x18EAFF24, b"")),
    ("candump", "(0.5) can0 18EAFF24#14.F0.01", (0.5, "can0", 0x18EAFF24, REQUEST)),
    ("candump-text", "  vcan0  1CEFFF24   [8]  66 99 02 01 52 14 4E 03", (0.0, "vcan0", 0x1CEFFF24, VREG)),
    ("candump-text", " (170.25)  vcan0  18EAFF24   [3]  14 F0 01", (170.25, "vcan0", 0x18EAFF24, REQUEST)),
    ("candump-text", " (1.5)  can1  TX - -  18EAFF24   [3]  14 F0 01", (1.5, "can1", 0x18EAFF24, REQUEST)),
    ("candump-text", " (1.5)  can1  18EAFF24   [3]  14 F0 01     '...'", (1.5, "can1", 0x18EAFF24, REQUEST)),
    ("candump-text", "\x1b[31m  can1  18EAFF24   [3]  14 F0 01\x1b[0m", (0.0, "can1", 0x18EAFF24, REQUEST)),
    ("candump-text", "  can1  18EAFF24   [0] ", (0.0, "can1", 0x18EAFF24, b"")),
    (
        "canboat",
        "2011-11-24-22:42:04.388,2,127251,36,255,8,7d,0b,7d,02,00,ff,ff,ff",
        (1322174524.388, "can0", 0x09F11324, bytes.fromhex("7d0b7d0200ffffff")),
    ),
    (
        "canboat",
        "2014-08-09T00:51:34.123Z,6,59904,15,36,3,14,f0,1",
        (1407545494.123, "can0", 0x18EA240F, bytes.fromhex("14f001")),
    ),
    (
        "actisense",
        "A173321.107 23FF7 1F513 012F3070002F30709F",
        (63201.107, "can0", 0x1DF51323 | WHOLE, bytes.fromhex("012F3070002F30709F")),
    ),
    (
        "yacht-devices",
        "17:33:21.107 R 19F51323 01 2F 30 70 00 2F 30 70",
        (63201.107, "can0", 0x19F51323, bytes.fromhex("012F3070002F3070")),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "line", "row"), LINES, ids=[f"{name}-{i}" for i, (name, _, _) in enumerate(LINES)])
def test_a_line_of_each_format_is_recognised_and_gives_its_frame(
    tmp_path: Path, name: str, line: str, row: LogRow
) -> None:
    for ending in ("\n", "\r\n", ""):
        rows, reader, complaints = read(tmp_path, line + ending)
        assert (reader.format.name, [found[1:] for found in rows], complaints) == (name, [row[1:]], [])
        assert rows[0][0] == pytest.approx(row[0])


PASSED_OVER = [
    ("candump", "(0.5) can0 123#0102"),
    ("candump", "(0.5) can0 18EAFF24#R"),
    ("candump", "(0.5) can0 18EAFF24#R3"),
    ("candump", "(0.5) can0 18EAFF24##1112233445566778899"),
    ("candump", "(0.5) can0 20000004#0001000000000000"),
    ("candump-text", "  can0  123   [2]  01 02"),
    ("candump-text", "  can0  18EAFF24   [3]  remote request"),
    ("candump-text", "  can0  20000088   [8]  00 00 80 19 00 00 00 00   ERRORFRAME"),
    ("asc", "   0.015991 CAN 1 Status:chip status error passive - TxErr: 132 RxErr: 0"),
    ("candump-text", "  can0  18EAFF24  [12]  01 02 03 04 05 06 07 08 09 0A 0B 0C"),
    ("candump", "(0.5) can0 18EAFF24#R8_9"),
    ("candump", "DROPCOUNT: dropped 3 CAN frames on 'can0' socket (total drops 3)"),
    ("candump-text", "DROPCOUNT: dropped 3 CAN frames on 'can0' socket (total drops 3)"),
    ("canboat", "2016-04-09T16:41:09.078Z,0,262386,0,0,3,01,0e,00"),
    ("actisense", "A173321.107 23FF7 400F2 01"),
]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("candump", "1700000000.000000) can0 1CEFFF29#6699900318150000"),
        ("candump", "(1700000000.0000001 can0 1CEFFF29#6699900318150000"),
        ("candump", "Nov 29 einstein candump[99]: (1700000000.000000 can0 1CEFFF29#6699900318150000"),
        ("candump", "Nov 29 einstein candump[99]: (17e8) can0 1CEFFF29#6699900318150000"),
        ("candump", "Nov 29 einstein candump[99]: (1700000000.000000) can0 1CEFFF2#6699900318150000"),
        ("candump", "Nov 29 einstein candump[99]: (1700000000.000000) can0 1CEFFF29#669990031815000011"),
        ("candump-text", " (2023-11-14 22:13:20.2x)  can0  1CEFFF29   [8]  66 99 90 03 18 15 00 00"),
        ("candump-text", " (2023-11-14 22:13:20.25  can0  1CEFFF29   [8]  66 99 90 03 18 15 00 00"),
        ("candump-text", " (2023-11-14 22:13:20.25)  can0  1CEFFF29   [8]  66 99 90 03 18 15 00"),
        ("yacht-devices", "22:13:2x.250 R 1CEFFF29 66 99 90 03 18 15 00 00"),
        ("yacht-devices", "22:13:20.250 X 1CEFFF29 66 99 90 03 18 15 00 00"),
        ("yacht-devices", "22:13:20.250 R 1CEFFF29 66 99 90 03 18 15 00 00 11"),
        ("canboat", "25:13:20.250,6,127508,36,255,8,00,f7,04,ff,7f,ff,ff,ff"),
        ("canboat", "20:13x20.250,6,127508,36,255,8,00,f7,04,ff,7f,ff,ff,ff"),
    ],
)
def test_a_damaged_line_is_no_usual_one(tmp_path: Path, name: str, line: str) -> None:
    rows, reader, complaints = read(tmp_path, line + "\n", name)
    assert (rows, reader.bad_lines, len(complaints)) == ([], 1, 1)


def test_candump_explains_an_error_frame_on_lines_that_count_only_behind_one(tmp_path: Path) -> None:
    explanation = "\tprotocol-violation{{tx-error-flag}{acknowledge-slot}}\n"
    frame = "  can0  20000088   [8]  00 00 80 19 00 00 00 00   ERRORFRAME\n"
    _, reader, complaints = read(tmp_path, frame + explanation)
    assert (reader.format.name, reader.skipped, complaints) == ("candump-text", 2, [])
    assert detect(explanation.encode() * 30) is None, "a text with tabs is no log"


@pytest.mark.parametrize(("name", "line"), PASSED_OVER)
def test_what_is_no_extended_data_frame_is_counted_not_broken(tmp_path: Path, name: str, line: str) -> None:
    rows, reader, complaints = read(tmp_path, line + "\n", name)
    assert (rows, reader.skipped, reader.bad_lines, complaints) == ([], 1, 0, [])


BROKEN = [
    ("candump", "(0.5) can0 18EAFF24#14F0", None),
    ("candump", "(0.5) can0 18EAFF24#14F", "not `(seconds) bus id#data`"),
    ("candump", "(0.5) can0 18EAFF24#1122334455667788AA", "9 data bytes, but a CAN frame holds 8"),
    ("candump", "(0.5) can0 18EAF_24#11", "not `(seconds) bus id#data`"),
    ("candump", "(nan) can0 18EAFF24#11", "not `(seconds) bus id#data`"),
    ("candump", "(-1.0) can0 18EAFF24#11", "not `(seconds) bus id#data`"),
    ("candump", "hello", "'hello'"),
    ("candump-text", "  can0  18EAFF24   [3]  14 F0", "3 data bytes promised, 2 there"),
    ("candump-text", "  can0  18EAFF24   [3]  14 F0 0G", "data is not hexadecimal"),
    ("candump-text", " (yesterday)  can0  18EAFF24   [1]  14", "neither seconds nor a date"),
    ("candump-text", " (2024-13-01 00:00:00)  can0  18EAFF24   [1]  14", "neither seconds nor a date"),
    ("candump-text", "hello", "not `bus id [length] data`"),
    ("canboat", "2011-11-24-22:42:04.388,2,127251,36,255,8,7d,0b", "8 data bytes promised, 2 there"),
    ("canboat", "2011-11-24-25:42:04.388,2,127251,36,255,1,7d", "no such moment"),
    ("canboat", "2011-11-24-22:42:04.388,9,127251,36,255,1,7d", "out of range"),
    ("canboat", "2011-11-24-22:42:04.388,2,99999999,36,255,1,7d", "out of range"),
    ("canboat", "2011-11-24-22:42:04.388,2,127251,36,256,1,7d", "out of range"),
    ("canboat", "hello", "not `time,priority"),
    ("actisense", "A173321.107 23FF7 1F513 012", "not `Ahhmmss.ddd"),
    ("actisense", "A173321.107 23FF7 1F513 " + "00" * 1786, "1786 data bytes, but a message holds 1785"),
    ("yacht-devices", "17:33:21.107 R 39F51323 01", "not `a 29-bit id`"),
    ("yacht-devices", "17:33:21.107 X 19F51323 01", "not `hh:mm:ss.ddd R id data`"),
]


@pytest.mark.parametrize(("name", "line", "said"), BROKEN)
def test_a_broken_line_is_reported_with_its_number_and_skipped(
    tmp_path: Path, name: str, line: str, said: str | None
) -> None:
    good = next(text for format, text, _ in LINES if format == name)
    rows, reader, complaints = read(tmp_path, f"{good}\n\n{line}\n{good}\n", name)
    if said is None:
        assert (len(rows), complaints) == (3, [])
    else:
        assert (len(rows), reader.bad_lines, [number for number, _ in complaints]) == (2, 1, [3])
        assert said in complaints[0][1]


def test_line_numbers_are_right_across_the_blocks_a_file_is_read_in(tmp_path: Path) -> None:
    good = "(1700000000.250000) vecan0 1CEFFF24#6699020152144E03\n"
    rows, _, complaints = read(tmp_path, good * 5000 + "oops\n" + good * 3000 + "oops\n" + good)
    assert len(rows) == 8001
    assert [number for number, _ in complaints] == [5001, 8002]


def test_a_log_that_ends_in_zeros_is_reported_once_and_takes_no_memory(tmp_path: Path) -> None:
    good = b"(1700000000.250000) vecan0 1CEFFF24#6699020152144E03\n"
    rows, _, complaints = read(tmp_path, good + bytes(5_000_000))
    assert len(rows) == 1
    assert complaints == [(2, "no line end within 32768 bytes: this is not text")]


def test_after_an_endless_line_reading_goes_on_with_the_next(tmp_path: Path) -> None:
    good = b"(1700000000.250000) vecan0 1CEFFF24#6699020152144E03\n"
    rows, _, complaints = read(tmp_path, good + bytes(300_000) + b"\n" + good + b"oops\n")
    assert len(rows) == 2
    assert [number for number, _ in complaints] == [2, 4]


def test_the_clock_goes_on_over_midnight(tmp_path: Path) -> None:
    rows, _, _ = read(tmp_path, "23:59:59.900 R 19F51323 01\n00:00:00.100 R 19F51323 02\n")
    assert [row[0] for row in rows] == pytest.approx([86399.9, 86400.1])
    rows, _, _ = read(tmp_path, "A235959.900 23FF7 1F513 01\nA000000.100 23FF7 1F513 02\n")
    assert [row[0] for row in rows] == pytest.approx([86399.9, 86400.1])


def test_a_whole_message_has_the_mark_of_one(tmp_path: Path) -> None:
    line = "2011-11-24-22:42:04.388,6,127506,36,255,11,00,00,00,4e,63,ff,ff,ff,ff,c8,00"
    rows, _, _ = read(tmp_path, line)
    assert rows[0][2:] == (0x19F21224 | WHOLE, bytes.fromhex("0000004e63ffffffffc800"))


SHORT = "2011-11-24-22:42:03.388,6,127507,36,255,6,00,06,31,00,ff,ff\n"
LONG = "2011-11-24-22:42:04.388,6,127506,36,255,11,00,00,00,4e,63,ff,ff,ff,ff,c8,00\n"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (SHORT, [False]),
        (SHORT + LONG, [True, True]),
        ("# format=FAST\n" + SHORT, [True]),
        ("# format=PLAIN\n" + SHORT + LONG + SHORT, [False, True, True]),
        ("# format=PLAIN_MIX_FAST\n" + SHORT + LONG + SHORT, [False, True, False]),
    ],
    ids=["frames", "one long message", "heading", "heading and one long message", "both"],
)
def test_a_canboat_log_of_whole_messages_is_one_from_its_first_line(
    tmp_path: Path, text: str, whole: list[bool]
) -> None:
    rows, _, _ = read(tmp_path, text, "canboat")
    assert [row[2] > MAX_ID for row in rows] == whole


def test_a_message_may_be_longer_than_a_fast_packet(tmp_path: Path) -> None:
    rows, reader, _ = read(tmp_path, "A173321.107 23FF7 1EE00 " + "00" * 224)
    assert (len(rows[0][3]), reader.bad_lines) == (224, 0)


def test_a_log_without_times_says_so(tmp_path: Path) -> None:
    assert not read(tmp_path, "  can1  18EAFF24   [1]  14\n")[1].timed
    assert read(tmp_path, " (1.5)  can1  18EAFF24   [1]  14\n")[1].timed


def test_remarks_before_the_first_telling_line_do_not_matter(tmp_path: Path) -> None:
    rows, reader, _ = read(tmp_path, "boat of somebody\n\n(1.0) can0 18EAFF24#14F001\n")
    assert (reader.format.name, len(rows), reader.bad_lines) == ("candump", 1, 1)


def test_many_ids_and_buses_are_read_right_though_the_cache_is_bounded(tmp_path: Path) -> None:
    text = "".join(f"(1.0) b{i % 700} {0x18000000 + i:08X}#\n" for i in range(9000))
    rows, _, _ = read(tmp_path, text)
    assert [(row[1], row[2]) for row in rows] == [(f"b{i % 700}", 0x18000000 + i) for i in range(9000)]


def test_message_id_puts_the_destination_only_into_addressed_pgns() -> None:
    assert message_id(6, 59904, 1, 36) == 0x18EA2401
    assert message_id(2, 127251, 36, 17) == 0x09F11324


@given(st.binary(max_size=300), st.sampled_from([name for name, item in FORMATS.items() if item.parse]))
def test_whatever_a_line_is_a_parser_gives_a_row_or_says_what_is_wrong(line: bytes, name: str) -> None:
    make = FORMATS[name].parse
    assert make is not None
    try:
        row = make(line)(line)
    except (BadLine, Comment):
        return
    if row is not None:
        t, bus, can_id, data = row
        assert 0.0 <= t < 1e11
        assert bus
        assert 0 <= can_id & ~WHOLE <= MAX_ID
        assert len(data) <= 1785


@given(st.sampled_from(LINES), st.lists(st.tuples(st.integers(0, 80), st.binary(max_size=30)), max_size=4))
def test_a_damaged_line_gives_a_row_or_is_counted(
    tmp_path_factory: pytest.TempPathFactory, sample: tuple[str, str, LogRow], damage: list[tuple[int, bytes]]
) -> None:
    name, text, _ = sample
    line = text.encode()
    for place, rubbish in damage:
        line = line[:place] + rubbish + line[place + len(rubbish) :]
    rows, reader, complaints = read(tmp_path_factory.mktemp("log"), line, name)
    assert reader.bad_lines == len(complaints)
    for t, _, can_id, data in rows:
        assert 0.0 <= t < 1e11
        assert 0 <= can_id & ~WHOLE <= MAX_ID
        assert len(data) <= 1785


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("candump", f"({'9' * 400}.0) can0 18EAFF24#14F001"),
        ("candump-text", " (inf)  can0  18EAFF24   [1]  14"),
        ("candump-text", " (nan)  can0  18EAFF24   [1]  14"),
        ("candump-text", " (0001-01-01 00:00:00)  can0  18EAFF24   [1]  14"),
        ("candump-text", f"  can0  18EAFF24   [{'9' * 5000}]  14"),
        ("canboat", f"2011-11-24-22:42:04.388,2,{'9' * 5000},36,255,1,7d"),
        ("canboat", "1900-01-01-00:00:00.0,2,127251,36,255,1,7d"),
    ],
)
def test_absurd_numbers_are_broken_lines(tmp_path: Path, name: str, line: str) -> None:
    rows, reader, _ = read(tmp_path, line, name)
    assert (rows, reader.bad_lines) == ([], 1)


@given(st.binary(max_size=400))
def test_detection_never_fails_on_rubbish(head: bytes) -> None:
    found = detect(head)
    assert found is None or found.name in FORMATS


@given(
    st.lists(
        st.tuples(st.floats(0, 4e9).map(lambda t: round(t, 6)), st.integers(0, 0x1FFFFFFF), st.binary(max_size=8)),
        max_size=40,
    )
)
def test_what_is_written_as_candump_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[float, int, bytes]]
) -> None:
    text = "".join(f"({t:.6f}) can0 {can_id:08X}#{data.hex().upper()}\n" for t, can_id, data in frames)
    rows, reader, _ = read(tmp_path_factory.mktemp("log"), text, "candump")
    assert rows == [(float(f"{t:.6f}"), "can0", can_id, data) for t, can_id, data in frames]
    assert (reader.bad_lines, reader.skipped) == (0, 0)
