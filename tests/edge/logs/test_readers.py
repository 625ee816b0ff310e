"""Every reader with a small sample: where it is from, and the rows it gives.

`canboat` is canboat/canboat@01d0dc3 (samples/ and common/parse.c), `canboatjs` canboat/canboatjs@c584d70, `SavvyCAN`
collin80/SavvyCAN (comments of framefileio.cpp). `made` samples follow the description in the reader.
"""

from __future__ import annotations

import gc
import io
import struct
from collections.abc import Iterator
from pathlib import Path

import can
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.channels.vebus.mk2_rows import MK2_FRAME
from gxbridge.core.nmea2000.frame import MAX_ID, WHOLE
from gxbridge.edge.logs.formats import FORMATS, detect
from gxbridge.edge.logs.lines import LogError, LogRow
from gxbridge.edge.logs.reader import LogReader, open_log
from gxbridge.edge.logs.readers.marine.nmea0183 import checksum

VREG = bytes.fromhex("6699900318150000")
BATTERY = bytes.fromhex("00F704FF7FFFFFFF")


def read(folder: Path, content: str | bytes, form: str | None = None) -> tuple[list[LogRow], LogReader, list[str]]:
    path = folder / "log"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    complaints: list[str] = []
    with open_log(str(path), form, lambda number, what: complaints.append(f"{number}: {what}")) as reader:
        return list(reader), reader, complaints


SYSLOG = "Nov 29 10:00:00 einstein candump[99]:  (1700000000.250000) vecan0 1CEFFF29#6699900318150000\n"
OLD_CANDUMP = (
    "interface = vcan2, family = 29, type = 3, proto = 1\n<0x18eeff01> [8] 05 a0 be 1c 00 a0 a0 c0 \n<0x123> [1] 05\n"
)
GARMIN_DATES = """\
Sequence #,Month_Day_Year_Hours_Minutes_Seconds_msTicks,PGN,Processed PGN,Name,Manufacturer,Remote Address,\
Local Address,Priority,Single Frame,Size,Packet
0,6_21_2015_16_11_14_24931648,127508,Processed,Battery Status,Unknown Manufacturer,6,255,2,1,8,0x017505FF7FFFFFFF
1,6_21_2015_16_11_14_24931680,127250,Processed,Vessel Heading,Unknown, Manufacturer,1,255,2,1,8,0xFF4F7AFF7FFF7FFD
"""
BUSMASTER = """\
***BUSMASTER Ver 2.4.0***
***PROTOCOL CAN***
***[START LOGGING SESSION]***
***START DATE AND TIME 8:8:2014 11:49:7:965***
***HEX***
***{mode} MODE***
***<Time><Tx/Rx><Channel><CAN ID><Type><DLC><DataBytes>***
00:00:12:9420 Rx 1 0x1CEFFF29 x 8 66 99 90 03 18 15 00 00
00:00:01:0000 Rx 1 0x023 s 1 40
00:00:02:0000 Rx 2 0x18EAFF24 x 3 14 F0 01
00:00:02:0000 Rx 2 0x18EAFF24 xr 3
"""
MICROCHIP = """\
//---------------------------------
Microchip Technology Inc.
CAN BUS Analyzer
Logging Started: 2/11/2014 12:00:00
//---------------------------------
1247;RX;0x1CEFFF29;8;0x66;0x99;0x90;0x03;0x18;0x15;0x00;0x00
1248;RX;0x236;1;0x00;0x00;0x00;0x00;0x00;0x00;0x00;0xF0
1249;TX;0x18EAFF24;3;0x14;0xF0;0x01;0x00;0x00;0x00;0x00;0xF0
"""
GVRET = """\
Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8
166064000,0000021A,false,Rx,0,8,FE,36,12,FE,69,05,07,AD,
10646301,1CEFFF29,true,Rx,1,8,66,99,90,03,18,15,00,00,
10646400,18EAFF24,true,Tx,0,3,14,F0,01,00,00,00,00,00,
"""
ASC = """\
date Sat Sep 30 15:06:13.191 2017
base hex  timestamps {times}
internal events logged
// version 9.0.0
Begin Triggerblock Sat Sep 30 15:06:13.191 2017
   0.000000 Start of measurement
   0.015991 1  Statistic: D 1 R 0 XD 0 XR 0 E 0 O 0 B 0.04%
   1.000000 1  1CEFFF29x       Rx   d 8 66 99 90 03 18 15 00 00  Length = 260000 BitCount = 133 ID = 485490472x
   1.500000 CANFD   2 Rx 18EAFF24x  Request   0 0 3 3 14 F0 01   130000  130        0 0 0 0 0 0
   1.600000 CANFD   1 Rx 18EAFF24x            1 0 3 3 14 F0 01   130000  130   303000 0 0 0 0 0
   1.700000 1  ErrorFrame
   1.800000 1  123             Rx   d 1 40
   1.900000 1  18EAFF24x       Rx   r
End TriggerBlock
"""
SLCAN = "V1013\rT18EAFF24314F0011388\rt12324050\rT1CEFFF29866999003181500000001\rz\r\a\r"

# origin, name of the format, content, rows, lines without a frame
SAMPLES: list[tuple[str, str, str, list[LogRow], int]] = [
    ("made", "candump", SYSLOG, [(1700000000.25, "vecan0", 0x1CEFFF29, VREG)], 0),
    ("canboat", "candump-text", OLD_CANDUMP, [(0.0, "vcan2", 0x18EEFF01, bytes.fromhex("05a0be1c00a0a0c0"))], 1),
    ("made", "candump-text", "  can0  1CEFFF29   {9}  66 99 90 03 18 15 00 00\n", [(0.0, "can0", 0x1CEFFF29, VREG)], 0),
    (
        "canboat, lowrance-65285.raw",
        "canboat",
        "1969-12-31T16:00:34.206,0,65285,0,0,9,8c,80,00,a1,72,ff,ff,ff,9e\n",
        [(57634.206, "can0", 0xFF0500 | WHOLE, bytes.fromhex("8c8000a172ffffff9e"))],
        0,
    ),
    (
        "canboat, dms-format.in",
        "canboat",
        "2024-07-19-23:24:46.790,2,129025,64,255,8,ca,96,5c,16,c8,96,5c,16\n",
        [(1721431486.79, "can0", 0x09F80140, bytes.fromhex("ca965c16c8965c16"))],
        0,
    ),
    (
        "canboat, susteranna-actisense-serial.raw",
        "canboat",
        "2016-04-09T16:41:09.092Z,3,126208,32,255,0\n2016-04-09T16:41:09.092Z,3,126208,32,255,1,5,\n",
        [(1460220069.092, "can0", 0x0DEDFF20, b""), (1460220069.092, "can0", 0x0DEDFF20, b"\5")],
        0,
    ),
    ("made", "yacht-devices", "1CEFFF29 66 99 90 03 18 15 00 00\n", [(0.0, "can0", 0x1CEFFF29, VREG)], 0),
    (
        "canboatjs",
        "ikonvert",
        "!PDGY,126992,3,2,255,0.563,d2009e45b3b8821d\n$PDGY,000000,3,,,1,1,0\n!PDGY,126992,255,d2009e45b3Y=\n",
        [
            (0.563, "can0", 0x0DF01002 | WHOLE, bytes.fromhex("776d34f5ee396f76fcf36d5d")),
            (0.0, "can0", 0x01F01000 | WHOLE, bytes.fromhex("776d34f5ee396f76")),
        ],
        1,
    ),
    (
        "canboatjs",
        "nmea0183",
        "$PCDIN,01F119,00000000,0F,2AAF00D1067414FF*59\n$GPRMC,1,A*00\n",
        [(0.0, "can0", 0x01F1190F | WHOLE, bytes.fromhex("2AAF00D1067414FF"))],
        1,
    ),
    (
        "canboatjs",
        "nmea0183",
        "\\s:serial,c:1696759212*3E\\$MXPGN,01F801,2801,C1308AC40C5DE343*19\n",
        [(1696759212.0, "can0", 0x09F80101, bytes.fromhex("43e35d0cc48a30c1"))],
        0,
    ),
    (
        "made",
        "nmea0183",
        "$MXPGN,01F214,6824,00F704FF7FFFFFFF\n",
        [(0.0, "can0", 0x19F21424, BATTERY)],
        0,
    ),
    (
        "canboat, sample3_GPSMAP820_NMEA2000_6_21_2015_16_11_8.n2klog.csv; a comma put into a name",
        "garmin",
        GARMIN_DATES,
        [
            (1434903074.0, "can0", 0x09F21406 | WHOLE, bytes.fromhex("017505FF7FFFFFFF")),
            (1434903074.032, "can0", 0x09F11201 | WHOLE, bytes.fromhex("FF4F7AFF7FFF7FFD")),
        ],
        0,
    ),
    (
        "made as Signal K writes it",
        "signalk",
        "1731371761281;N;$GPRMC,1,A*00\n1731371761282;A;A173321.107 29FF6 1EF00 669909010200\n",
        [(1731371761.282, "can0", 0x19EFFF29 | WHOLE, bytes.fromhex("669909010200"))],
        1,
    ),
    (
        "docs.openvehicles.com, with an identifier of 29 bits",
        "crtd",
        "1320745424.000 CXX OVMS\n1320745424.002 R11 402 FA 01\n123.431 2R29 1CEFFF29 66 99 90 03 18 15 00 00\n",
        [(123.431, "can2", 0x1CEFFF29, VREG)],
        1,
    ),
    (
        "SavvyCAN, with identifiers of 29 bits",
        "microchip",
        MICROCHIP,
        [(1.247, "can0", 0x1CEFFF29, VREG), (1.249, "can0", 0x18EAFF24, bytes.fromhex("14F001"))],
        1,
    ),
    (
        "SavvyCAN, with identifiers of 29 bits",
        "gvret",
        GVRET,
        [(10.646301, "can1", 0x1CEFFF29, VREG), (10.6464, "can0", 0x18EAFF24, bytes.fromhex("14F001"))],
        1,
    ),
    (
        "SavvyCAN",
        "gvret",
        "ID,Data Bytes\n1CEFFF29,66 99 90 03 18 15 00 00 \n000004F5,ff 34 \n",
        [(0.0, "can0", 0x1CEFFF29, VREG)],
        1,
    ),
    (
        "made",
        "gvret",
        "Channel;Time [ms];DLC;CAN ID;Payload\nvecan0;1500.5;8;0x1CEFFF29;6699900318150000\n",
        [(1.5005, "vecan0", 0x1CEFFF29, VREG)],
        0,
    ),
    (
        "made",
        "gvret",
        "timestamp,id,dlc,data\n2023-11-14T22:13:20.5Z,1CEFFF29,8,6699900318150000\n",
        [(1700000000.5, "can0", 0x1CEFFF29, VREG)],
        0,
    ),
    (
        "Lawicel's protocol, made",
        "slcan",
        SLCAN,
        [(5.0, "can0", 0x18EAFF24, bytes.fromhex("14F001")), (60.001, "can0", 0x1CEFFF29, VREG)],
        1,
    ),
]


@pytest.mark.parametrize(
    ("name", "content", "rows", "skipped"),
    [sample[1:] for sample in SAMPLES],
    ids=[f"{sample[1]}, {sample[0]}" for sample in SAMPLES],
)
def test_a_sample_is_recognised_and_gives_its_rows(
    tmp_path: Path, name: str, content: str, rows: list[LogRow], skipped: int
) -> None:
    found, reader, complaints = read(tmp_path, content)
    assert (reader.format.name, complaints, reader.skipped) == (name, [], skipped)
    assert [row[0] for row in found] == pytest.approx([row[0] for row in rows])
    assert [row[1:] for row in found] == [row[1:] for row in rows]


@pytest.mark.parametrize(("mode", "between"), [("SYSTEM", -10.942), ("ABSOLUTE", -10.942), ("RELATIVE", 3.0)])
def test_busmaster_counts_times_in_three_ways(tmp_path: Path, mode: str, between: float) -> None:
    rows, reader, complaints = read(tmp_path, BUSMASTER.format(mode=mode))
    assert (reader.format.name, complaints, reader.skipped) == ("busmaster", [], 2)
    assert [row[1:] for row in rows] == [("can1", 0x1CEFFF29, VREG), ("can2", 0x18EAFF24, bytes.fromhex("14F001"))]
    assert rows[1][0] - rows[0][0] == pytest.approx(between)


@pytest.mark.parametrize(("times", "between"), [("absolute", 0.5), ("relative", 1.5)])
def test_a_classic_frame_on_a_flexible_bus_is_read_from_asc(tmp_path: Path, times: str, between: float) -> None:
    rows, reader, complaints = read(tmp_path, ASC.format(times=times))
    assert (reader.format.name, complaints, reader.skipped) == ("asc", [], 5)
    assert [row[1:] for row in rows] == [("can0", 0x1CEFFF29, VREG), ("can1", 0x18EAFF24, bytes.fromhex("14F001"))]
    assert rows[1][0] - rows[0][0] == pytest.approx(between)


def test_mxpgn_with_the_lowest_byte_first_is_told_by_what_is_not_used(tmp_path: Path) -> None:
    manual = "$MXPGN,01F214,6824,FFFFFF7FFF04F700\n"
    other = "$MXPGN,01F214,6824,00F704FF7FFFFFFF\n"
    for line in (manual, other):
        assert [row[3] for row in read(tmp_path, line)[0]] == [BATTERY]


def test_a_wrong_checksum_of_a_sentence_is_told(tmp_path: Path) -> None:
    rows, reader, complaints = read(tmp_path, "$PCDIN,01F119,00000000,0F,2AAF00D1067414FF*58\n", "nmea0183")
    assert (rows, reader.bad_lines) == ([], 1)
    assert "the checksum is wrong" in complaints[0]


# The first records of samples/actisense1.ebl of canboat: a moment, the version, and two messages of 126996 and others.
EBL = bytes.fromhex(
    "1b010390e3c83a04b6db011b0a1b0101e90300001b0a1b010390e3c83a04b6db011b0a10029348041010fc0163ffe50300003dffff0200010001"
    "000c0153514c2053657276657210105cab24eb4ef3020045000000000400000200050144423210105cab24eb4eff200060000000f33f00006010"
    "03"
)
# The first two messages of samples/ydnu-02-raymarine-ev1.dle.
SERIAL = bytes.fromhex(
    "1003100293130212f101ffccb15d0a0008ff4bedff7fff7ffd391003100293130213f101ffccb25d0a0008ffdd45ffffffffff4b1003"
)
# The first records of test/data/00090013.DAT of canboatjs, and one message put together, made.
YDVR = bytes.fromhex(
    "124affffffff5944565220763034124a050df109ff07ff7fefffffff2d4a0d02fd090f4901cfd8faffff2e4ae3ffea1814f0010100"
    "2912f219010b1100000063ff4038ffff05"
)


def test_an_ebl_file_has_the_time_of_day_of_its_messages(tmp_path: Path) -> None:
    rows, reader, complaints = read(tmp_path, EBL)
    assert (reader.format.name, complaints, reader.skipped) == ("actisense-binary", [], 1)
    assert [(round(t, 3), can_id, len(data)) for t, _, can_id, data in rows] == [
        (1745600721.993, 0x11FC10FF | WHOLE, 61)
    ]
    assert rows[0][3][10:20] == b"SQL Server"


def test_messages_of_a_serial_port_have_the_time_of_the_gateway(tmp_path: Path) -> None:
    rows, reader, complaints = read(tmp_path, SERIAL)
    assert (reader.format.name, complaints, reader.skipped) == ("actisense-binary", [], 1), "it begins within a message"
    assert rows == [
        (679.345, "can0", 0x09F112CC | WHOLE, bytes.fromhex("ff4bedff7fff7ffd")),
        (679.346, "can0", 0x09F113CC | WHOLE, bytes.fromhex("ffdd45ffffffffff")),
    ]
    damaged = SERIAL.replace(b"\x39\x10\x03", b"\x38\x10\x03")
    assert read(tmp_path, damaged, "actisense-binary")[2][0].startswith("2: a message with a wrong checksum")


def test_an_ebl_file_of_frames_counts_from_its_moment(tmp_path: Path) -> None:
    # The example in canboat's actisense-serial/actisense.h, and the same frame after the milliseconds ran over.
    moment = bytes.fromhex("1b01030010e7a78483d9011b0a")
    frame = bytes.fromhex("1b0107950e289a0001f8093d0db32248 32590d1b0a")
    later = bytes.fromhex("1b0107950e01000001f8093d0db32248 32590d1b0a")
    rows, reader, complaints = read(tmp_path, moment + frame + later)
    assert (reader.format.name, complaints) == ("actisense-binary", [])
    assert [row[2:] for row in rows] == [(0x09F80100, bytes.fromhex("3d0db3224832590d"))] * 2
    assert rows[1][0] - rows[0][0] == pytest.approx((65536 + 1 - 0x9A28) / 1000)
    cut, reader, complaints = read(tmp_path, (moment + frame)[2:])
    assert (reader.format.name, complaints, reader.skipped) == ("actisense-binary", [], 1), "canboat's pgn1.ebl"
    assert [row[0] for row in cut] == [39.464], "without the moment it counts from the start"


def bdtp(body: str) -> bytes:
    """A message of a serial port: its bytes with checksum, escaped, between its marks."""
    content = bytes.fromhex(body)
    content += bytes([-sum(content) & 0xFF])
    return b"\x10\x02" + content.replace(b"\x10", b"\x10\x10") + b"\x10\x03"


def test_newer_gateways_send_frames_and_messages_of_any_length(tmp_path: Path) -> None:
    # The example of Actisense/SDK docs/DataFormats/Binary/bst-detail/BST-95-can-frame.md, then with 100 us, and sent.
    frame = "950E01203002F809FFFC370A0010FFFF"
    frames = [frame, frame.replace("01203002F809", "02203002F829"), frame.replace("01203002F809", "03203002F889")]
    data = "00F704FF7FFFFFFF"
    messages = [
        "D01500FF2414F2190139300000" + data,
        "D01000298000EF190039300000" + "669909",
        "D0" + (13 + 300).to_bytes(2, "little").hex() + "FF2414F2190239300000" + "10" * 300,
    ]
    rows, reader, complaints = read(tmp_path, b"".join(map(bdtp, frames + messages)))
    assert (reader.format.name, complaints, reader.skipped) == ("actisense-binary", [], 0)
    assert [row[2:] for row in rows[:3]] == [(0x09F80230, bytes.fromhex("FFFC370A0010FFFF"))] * 3
    assert [round(row[0], 4) for row in rows[:3]] == [8.193, 0.8194, 8.195]
    assert rows[3:] == [
        (12.345, "can0", 0x19F21424 | WHOLE, bytes.fromhex(data)),
        (12.345, "can0", 0x19EF2980 | WHOLE, bytes.fromhex("669909")),
        (12.345, "can0", 0x19F21424 | WHOLE, b"\x10" * 300),
    ]


@pytest.mark.parametrize("body", ["950E01203002F809FFFC", "95020120", "D01600FF2414F2190139300000FF", "D00400FF"])
def test_a_damaged_message_of_a_newer_gateway_is_told(tmp_path: Path, body: str) -> None:
    rows, reader, complaints = read(tmp_path, bdtp("950E01203002F809FFFC370A0010FFFF") + bdtp(body))
    assert (reader.format.name, len(rows), len(complaints)) == ("actisense-binary", 1, 1)
    assert "length is wrong" in complaints[0]


def test_an_empty_message_is_told(tmp_path: Path) -> None:
    rows, _, complaints = read(tmp_path, SERIAL + b"\x10\x02\x10\x03")
    assert (len(rows), len(complaints)) == (2, 1)


def test_a_voyage_recorder_keeps_some_messages_whole(tmp_path: Path) -> None:
    rows, reader, complaints = read(tmp_path, YDVR + YDVR[14:28])
    assert (reader.format.name, complaints, reader.skipped) == ("ydvr", [], 1)
    assert rows == [
        (18.962, "can0", 0x09F10D05, bytes.fromhex("ff07ff7fefffffff")),
        (18.989, "can0", 0x09FD020D, bytes.fromhex("0f4901cfd8faffff")),
        (18.99, "can0", 0x18EAFFE3, bytes.fromhex("14f001")),
        (60.001, "can0", 0x19F21229 | WHOLE, bytes.fromhex("1100000063ff4038ffff05")),
        (78.962, "can0", 0x09F10D05, bytes.fromhex("ff07ff7fefffffff")),
    ]


def capture(order: str, magic: int, link: int, *packets: tuple[int, int, bytes]) -> bytes:
    """A pcap file, in the order of bytes of the machine it was made on."""
    head = struct.pack(order + "LHHLLLL", magic, 2, 4, 0, 0, 65535, link)
    return head + b"".join(struct.pack(order + "LLLL", s, p, len(d), len(d)) + d for s, p, d in packets)


def can_packet(can_id: int, data: bytes, flags: int = 0, order: str = ">") -> bytes:
    return struct.pack(order + "LBB2x", can_id, len(data), flags) + data


PACKETS = [
    can_packet(0x80000000 | 0x1CEFFF29, VREG),
    can_packet(0x123, b"\1"),
    can_packet(0xC0000000 | 0x18EAFF24, b""),
    can_packet(0x20000004, bytes(8)),
    can_packet(0x80000000 | 0x18EAFF24, bytes(12), 0x04),
]


@pytest.mark.parametrize(("order", "magic", "parts"), [("<", 0xA1B2C3D4, 500_000), (">", 0xA1B23C4D, 500_000_000)])
def test_a_capture_of_socketcan(tmp_path: Path, order: str, magic: int, parts: int) -> None:
    content = capture(order, magic, 227, *((1700000000, parts, packet) for packet in PACKETS))
    rows, reader, complaints = read(tmp_path, content)
    assert (reader.format.name, complaints, reader.skipped) == ("pcap", [], 4)
    assert rows == [(1700000000.5, "can0", 0x1CEFFF29, VREG)]
    assert "ends inside a packet" in read(tmp_path, content[:-3])[2][0]


def test_a_capture_of_any_interface_has_can_among_others(tmp_path: Path) -> None:
    head = bytes(14)
    frame = can_packet(0x80000000 | 0x1CEFFF29, VREG, order="<")
    content = capture("<", 0xA1B2C3D4, 113, (1, 0, head + b"\x08\0" + bytes(40)), (1, 0, head + b"\0\x0c" + frame))
    rows, reader, _ = read(tmp_path, content)
    assert (rows, reader.skipped) == ([(1.0, "can0", 0x1CEFFF29, VREG)], 1)


def test_a_capture_without_can_says_of_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="link type 1, not of CAN"):
        read(tmp_path, capture("<", 0xA1B2C3D4, 1))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "L", len(body) + 12)
    return struct.pack(order + "L", kind) + size + body + size


def test_pcapng_names_its_interfaces_and_tells_how_times_count(tmp_path: Path) -> None:
    section = block(0x0A0D0D0A, struct.pack("<LHHq", 0x1A2B3C4D, 1, 0, -1))
    options = struct.pack("<HH8sHHB3xHHqHH", 2, 6, b"vecan0", 9, 1, 9, 14, 8, 1_000_000_000, 0, 0)
    interfaces = block(1, struct.pack("<HHL", 227, 0, 0) + options) + block(1, struct.pack("<HHL", 1, 0, 0))
    ticks = 700_000_000_500_000_000
    frame = struct.pack("<LLLLL", 0, ticks >> 32, ticks & 0xFFFFFFFF, 16, 16) + PACKETS[0]
    other = struct.pack("<LLLLL", 1, 0, 0, 16, 16) + bytes(16)
    simple = struct.pack("<L", 16) + PACKETS[0]
    content = section + interfaces + block(6, frame) + block(6, other) + block(5, bytes(12)) + block(3, simple)
    rows, reader, complaints = read(tmp_path, content)
    assert (reader.format.name, complaints, reader.skipped) == ("pcap", [], 1)
    assert rows == [(1700000000.5, "vecan0", 0x1CEFFF29, VREG), (0.0, "vecan0", 0x1CEFFF29, VREG)]
    assert "ends inside a block" in read(tmp_path, content[:-9])[2][0]
    stray = struct.pack("<LLLLL", 7, 0, 0, 16, 16) + PACKETS[0]
    rows, reader, complaints = read(
        tmp_path, section + interfaces + block(6, stray) + block(6, frame) + block(6, b"1234")
    )
    assert (len(rows), [text.split(":")[0] for text in complaints]) == (1, ["1", "3"]), "no packet is lost in silence"
    assert "a block of 7 bytes" in read(tmp_path, section + struct.pack("<LL", 6, 7) + bytes(8))[2][0]


@pytest.mark.parametrize("word", ["logg", "LOGG", "date Mon", "base hex", "timestamp", "begin triggerblock", "MDF"])
def test_no_single_word_makes_a_format(word: str) -> None:
    lines = [f"the {word} of the boat", *["(1700000000.000000) can0 1CEFFF29#6699900318150000"] * 3]
    found = detect("\n".join(lines).encode())
    assert found is FORMATS["candump"]


MF4 = b"MDF     4.10    gxbridge" + bytes(100)


def test_a_damaged_mf4_leaves_no_half_made_object_that_complains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []

    class Damaged:
        def __init__(self, path: str) -> None:
            self.me = self  # as asammdf's: it goes with the next collection only
            raise RuntimeError(f"{Path(path).name} is cut")

        def __del__(self) -> None:
            raise AttributeError("_file")

    monkeypatch.setattr("sys.unraisablehook", told.append)
    monkeypatch.setattr("can.io.mf4.asammdf", object())
    monkeypatch.setattr("can.io.mf4.MF4Reader", Damaged)
    rows, _, complaints = read(tmp_path, MF4)
    gc.collect()
    assert (rows, len(complaints), told) == ([], 1, [])


def test_mf4_needs_a_package_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("can.io.mf4.asammdf", None)
    with pytest.raises(LogError, match="pip install asammdf"):
        read(tmp_path, MF4)


def test_mf4_is_read_through_python_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [
        can.Message(timestamp=1.0, arbitration_id=0x1CEFFF29, data=VREG, channel=1),
        can.Message(timestamp=2.0, arbitration_id=0x123, is_extended_id=False),
        can.Message(timestamp=-1.0, arbitration_id=0x1CEFFF29, data=VREG),
    ]

    def frames(path: str) -> Iterator[can.Message]:
        assert Path(path).read_bytes() == MF4
        yield from messages
        raise RuntimeError("a block is damaged")

    monkeypatch.setattr("can.io.mf4.asammdf", object())
    monkeypatch.setattr("can.io.mf4.MF4Reader", frames)
    rows, reader, complaints = read(tmp_path, MF4)
    assert (reader.format.name, rows, reader.skipped) == ("mf4", [(1.0, "can1", 0x1CEFFF29, VREG)], 1)
    assert complaints == [
        "3: no frame: time -1.0, 8 data bytes",
        "4: the log cannot be read any further: a block is damaged",
    ]


# Frames captured between a GX device and an MK3 (martiby/multiplus2 vebus.py), and from diebietse/invertergui's tests.
MK2_FRAMES = [
    "08 FF 4C 01 0C 00 00 80 00 20",
    "0F 20 01 01 01 09 08 EC 5A 5F FF EC 5A 08 00 C3 08",
    "0F 20 F3 00 C8 02 0C A1 05 00 00 00 28 00 00 88 B2",
    "07 FF 56 24 DB 11 00 42 52",
]
MK2_BYTES = bytes.fromhex("".join(MK2_FRAMES))


def numbered(form: str) -> str:
    """The frames in lines, the number of each in its time."""
    return "".join(form.format(number, text) for number, text in enumerate(MK2_FRAMES))


TRACES: list[tuple[str, str | bytes, list[float]]] = [
    ("bytes", MK2_BYTES, [0.0] * 4),
    ("bytes with noise before them", b"\x0d\x0a" + MK2_BYTES, [0.0] * 4),
    ("lines", numbered("{1}\n"), [0.0] * 4),
    ("a remark, no blanks", "# MK3 at ttyUSB0\n" + numbered("{1}\n").replace(" ", ""), [0.0] * 4),
    ("a clock", numbered("12:00:0{}.5 RX {}\n"), [43200.5, 43201.5, 43202.5, 43203.5]),
    ("seconds", numbered("({}.25) < {}\n"), [0.25, 1.25, 2.25, 3.25]),
    ("a date", numbered("2023-11-14 22:13:2{},0: {}\n"), [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3]),
    ("a direction first", numbered("RX 12:00:0{}.5 {}\n"), [43200.5, 43201.5, 43202.5, 43203.5]),
    ("milliseconds", numbered("100{} {}\n"), [1.0, 1.001, 1.002, 1.003]),
    ("seconds since 1970, whole", numbered("170000000{} {}\n"), [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3]),
    ("milliseconds since 1970", numbered("170000000{}000 {}\n"), [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3]),
    ("a table", "time,dir,data\n" + numbered("12:00:0{}.5,RX,{}\n"), [43200.5, 43201.5, 43202.5, 43203.5]),
    (
        "tabulators, remarks",
        "; MK3\n" + numbered("12:00:0{}\tRX\t{}\n") + "// end\n",
        [43200.0, 43201.0, 43202.0, 43203.0],
    ),
    ("hexdump -C", numbered("000000{}0  {}  |..L.....|\n"), [0.0] * 4),
    ("xxd -g 1", numbered("000000{}0: {}  ..L.....\n"), [0.0] * 4),
    (
        "socat -x",
        numbered("> 2023/11/14 22:13:2{}.000000  length=10 from=0 to=9\n {}\n--\n"),
        [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3],
    ),
    (
        "jpnevulator",
        numbered("2023-11-14 22:13:2{}.000000: /dev/ttyUSB0\n{}\n"),
        [1.7e9, 1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3],
    ),
    ("as they were read", f"0.5 {MK2_BYTES[:20].hex(' ')}\n0.75 {MK2_BYTES[20:].hex(' ')}\n", [0.5, 0.75, 0.75, 0.75]),
]


@pytest.mark.parametrize(("content", "times"), [trace[1:] for trace in TRACES], ids=[trace[0] for trace in TRACES])
def test_a_trace_of_a_vebus_interface_is_recognised(tmp_path: Path, content: str | bytes, times: list[float]) -> None:
    rows, reader, complaints = read(tmp_path, content)
    assert reader.format.name == "mk2"
    assert [row[0] for row in rows] == pytest.approx(times)
    assert [row[3] for row in rows] == [bytes.fromhex(text)[1:-1] for text in MK2_FRAMES]
    assert {row[1:3] for row in rows} == {("vebus", MK2_FRAME)}
    assert len(complaints) == (content[:2] == b"\x0d\x0a")


def test_a_damaged_frame_of_a_vebus_trace_is_counted_and_leds_at_the_end_of_one_are_a_row(tmp_path: Path) -> None:
    lines = [*MK2_FRAMES, "08 FF 4C 01 0C 00 00 80 01 20", "oops", "87 FF 57 85 C8 00 03 00 D3", MK2_FRAMES[0][:11]]
    rows, _, complaints = read(tmp_path, "\n".join(lines))
    assert [row[3].hex() for row in rows[4:]] == ["ff5785c800", "ff4c0300"]
    assert complaints == [
        "5: 1 byte in no frame",
        "6: neither hexadecimal nor a remark: 'oops'",
        "7: 9 bytes in no frame",
        "8: the trace ends inside a frame: 08 ff 4c 01",
    ]


BINARY = {
    "actisense-binary": [EBL, SERIAL],
    "ydvr": [YDVR],
    "pcap": [capture("<", 0xA1B2C3D4, 227, *((1, 0, packet) for packet in PACKETS))],
    "mk2": [MK2_BYTES, "\n".join(MK2_FRAMES).encode()],
}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([(name, sample) for name, samples in BINARY.items() for sample in samples]), st.data())
def test_a_damaged_binary_log_is_read_as_far_as_it_goes(sample: tuple[str, bytes], data: st.DataObject) -> None:
    name, content = sample
    raw = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw)))
        raw[place : place + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=5))
    complaints: list[int] = []
    try:
        reader = LogReader(io.BytesIO(bytes(raw)), "log", name, lambda number, what: complaints.append(number))
        for t, _, can_id, payload in reader:
            assert 0.0 <= t < 1e11
            assert can_id in (can_id & (MAX_ID | WHOLE), MK2_FRAME)
            assert len(payload) <= 255
    except LogError:
        return
    assert reader.bad_lines == len(complaints)


OTHER_LINES = ("slcan", "microchip")
"""Lines end otherwise, or remarks are part of the form."""
TEXTS = [("candump", SYSLOG), *((sample[1], sample[2]) for sample in SAMPLES if sample[1] not in OTHER_LINES)]


@pytest.mark.parametrize(("name", "content"), TEXTS, ids=[f"{name}-{place}" for place, (name, _) in enumerate(TEXTS)])
@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-16-le-unmarked", "utf-16-be-unmarked"])
def test_marks_of_a_coding_and_remarks_change_nothing(tmp_path: Path, name: str, content: str, coding: str) -> None:
    rows, _, _ = read(tmp_path, content)
    coding, unmarked, _ = coding.partition("-unmarked")
    mark = "" if coding == "utf-8-sig" or unmarked else "\ufeff"
    remarked = content + "# engine off\n; engine on\n// oil\n\n"
    found, reader, complaints = read(tmp_path, (mark + remarked).encode(coding))
    assert (reader.format.name, found, complaints) == (name, rows, [])


SCREEN = "  can0  1CEFFF29   [8]  66 99 90 03 18 15 00 00"
MORE = [
    ("candump-text", f"Nov 29 10:00:00 einstein candump[99]: {SCREEN}\n", 0.0, "behind a system log's mark"),
    ("candump-text", f"Nov 14 22:13:20 {SCREEN}\n", 0.0, "behind the time of `ts`"),
    (
        "candump-text",
        "  can0  1CEFFF29   [8]  01100110 10011001 10010000 00000011 00011000 00010101 00000000 00000000\n",
        0.0,
        "-i",
    ),
    ("yacht-devices", "2023-11-14 22:13:20.250 R 1CEFFF29 66 99 90 03 18 15 00 00\n", 1700000000.25, "with a date"),
    (
        "gvret",
        "TimestampEpoch;BusChannel;ID;IDE;DLC;DataLength;Dir;EDL;BRS;DataBytes\n"
        "1700000000.25;1;1CEFFF29;1;8;8;0;0;0;6699900318150000\n",
        1700000000.25,
        "CANedge",
    ),
    (
        "gvret",
        "Timestamp;Type;ID;Data\n20231114T221320250;1;1CEFFF29;6699900318150000\n",
        1700000000.25,
        "CL2000 of CSS Electronics",
    ),
    ("gvret", "Timestamp;Type;ID;Data\n14T221320250;1;1CEFFF29;6699900318150000\n", 80000.25, "only a day"),
    (
        "gvret",
        "Time [s],CAN Channel,Frame Id,DLC,Data Byte 0,Data Byte 1,Data Byte 2,Data Byte 3,Data Byte 4,Data Byte 5,"
        "Data Byte 6,Data Byte 7\n1.5,0,0x1CEFFF29,8,0x66,0x99,0x90,0x03,0x18,0x15,0x00,0x00\n",
        1.5,
        "0x before every byte",
    ),
    ("gvret", "Time [s],ID,Data\n1.5,0x1CEFFF29,0x66 0x99 0x90 0x03 0x18 0x15 0x00 0x00\n", 1.5, "in one cell"),
    ("gvret", "Time;ID;DLC;Data\n1,5;1CEFFF29;8;66 99 90 03 18 15 00 00\n", 1.5, "a decimal comma"),
    ("gvret", "Time [ms];ID;DLC;Data\n1500,5;1CEFFF29;8;66 99 90 03 18 15 00 00\n", 1.5005, "and milliseconds"),
    ("gvret", "timestamp,arbitration_id,dlc,data\n1.5,485490473,8,6699900318150000\n", 1.5, "decimal identifiers"),
    (
        "gvret",
        "Time,ID,Data\n1.5,1CEFFF29,6699900318150000\n" * 2,
        1.5,
        "a second log behind the first, with its heading",
    ),
]


@pytest.mark.parametrize(("name", "content", "t", "_what"), MORE, ids=[what for *_, what in MORE])
def test_what_other_programs_make_of_a_format_is_read_too(
    tmp_path: Path, name: str, content: str, t: float, _what: str
) -> None:
    rows, reader, complaints = read(tmp_path, content)
    assert (reader.format.name, complaints, reader.skipped) == (name, [], 0)
    channels = {"can0", "can1"}
    assert {(row[1] in channels, *row[2:]) for row in rows} == {(True, 0x1CEFFF29, VREG)}
    assert [row[0] for row in rows] == pytest.approx([t] * len(rows))


def test_times_since_the_line_before_are_added_up(tmp_path: Path) -> None:
    times = ("000.000000", "001.000000", "000.500000", "000.600000", "000.400000")
    content = "".join(f" ({t})  can0  1CEFFF29   [8]  66 99 90 03 18 15 00 00\n" for t in times)
    assert [row[0] for row in read(tmp_path, content)[0]] == pytest.approx([0.0, 1.0, 1.5, 2.1, 2.5])
    zero_based = content.replace("000.5", "001.5").replace("000.6", "001.6").replace("000.4", "001.59")
    assert [row[0] for row in read(tmp_path, zero_based)[0]] == pytest.approx([0.0, 1.0, 1.5, 1.6, 1.59])


def test_a_crtd_log_is_one_though_it_begins_with_frames_of_11_bits(tmp_path: Path) -> None:
    content = "1.0 CXX OVMS\n" + "1.0 1R11 402 FA 01\n" * 300 + "2.0 1R29 1CEFFF29 66 99 90 03 18 15 00 00\n"
    rows, reader, _ = read(tmp_path, content)
    assert (reader.format.name, len(rows), reader.skipped) == ("crtd", 1, 300)


def test_an_event_in_a_trc_log_is_counted(tmp_path: Path) -> None:
    heading = ";$FILEVERSION=2.1\n;$COLUMNS=N,O,T,B,I,d,R,L,D\n"
    frame = "      1      1059.900 DT 1    1CEFFF29 Rx -  8    66 99 90 03 18 15 00 00 \n"
    rows, reader, complaints = read(tmp_path, heading + frame + "      2      1060.000 EV User event\n")
    assert (len(rows), reader.skipped, complaints) == (1, 1, [])


def test_a_frame_of_can_xl_is_counted(tmp_path: Path) -> None:
    frame = "(1.0) can0 1CEFFF29#6699900318150000\n"
    rows, reader, complaints = read(tmp_path, frame + "(1.0) can0 45123#81:00:12345678#11223344\n")
    assert (len(rows), reader.skipped, complaints) == (1, 1, [])


def test_rubbish_is_no_log(tmp_path: Path) -> None:
    rubbish = b"\tone tab makes no log\n" + b"\xf7 and so on\n" * 40
    with pytest.raises(LogError, match="does not look like any log format"):
        read(tmp_path, rubbish)


@pytest.mark.parametrize(
    ("content", "timed"),
    [
        ("  can0  1CEFFF29   [2]  66 28   'f('\n", False),
        (" (1.5)  can0  1CEFFF29   [2]  66 28   'f('\n", True),
        ("\\c:1696759212*3E\\$MXPGN,01F801,2801,C1308AC40C5DE343*19\n", True),
    ],
)
def test_whether_a_log_has_times_is_told_by_times(tmp_path: Path, content: str, timed: bool) -> None:
    assert read(tmp_path, content)[1].timed is timed


DAMAGED = [
    ("asc", "   1.0 1  18EAFF24x Tx d 3 1b F0 0c1\n"),
    ("asc", "   1.0 1  18EAFF24x Tx d 1 14 F0 01\n"),
    ("asc", "   1.0 1  1CEFFF29x Rx d 8 66 99 9 03 c18 15 00 00  Length = 260000 BitCount = 133\n"),
    ("crtd", "1320745424.002 R29 1CEFFF29 66 9 90 03 8 15 00 00\n"),
    ("crtd", "1320745424.0e2 R29 1CEFFF29 66 99 90 03 18 15 00 00\n"),
    ("busmaster", "00:00:12:94201 Rx 1 0x1CEFFF29 x 8 66 99 90 03 18 15 00 00\n"),
    ("busmaster", "00:-0:12:9420 Rx 1 0x1CEFFF29 x 8 66 99 90 03 18 15 00 00\n"),
    ("microchip", "1247;RX;0x1CEFFF29;8;0x66;0x999;0x90;0x03;0x18;0x15;0x00;0x00\n"),
    ("microchip", "1247;RX;0x1CEFFF29;8;0x66;0x99;0x90;0A03;0x18;0x15;0x00;0x00\n"),
    ("garmin", "0,486942,127508,Battery Status,Garmin,36,255,6,17,2,0x00F7\n"),
    ("candump-text", " (170.25,  vcan0  18EAFF24  [3]  14 F0 01\n"),
    ("canboat", "2011-11-24-2:42:04.388,2,127251,36,255,8,7d,0b,7d,02,00,ff,ff,ff\n"),
    ("nmea0183", "$PCDIN,01F119,00000000,0F,2AAF00D1067414F*1F\n"),
    ("actisense", "A173321.107 23FF7 1F513 012F3070002F30709\n"),
    ("gvret", "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3\n1,1CEFFF29,true,Rx,0,3,6,6990,03\n"),
]


@pytest.mark.parametrize(("name", "line"), DAMAGED)
def test_the_quick_way_takes_no_damaged_line_for_other_bytes(tmp_path: Path, name: str, line: str) -> None:
    rows, reader, _ = read(tmp_path, line, name)
    assert (rows, reader.bad_lines) == ([], 1)


def test_the_sum_of_a_sentence_is_that_of_its_bytes() -> None:
    for text in (b"", b"A", b"AB", b"GPRMC,123519,A", bytes(range(200))):
        found = 0
        for byte in text:
            found ^= byte
        assert checksum(text) == found


def test_a_text_that_begins_like_a_binary_log_is_a_text(tmp_path: Path) -> None:
    rows, reader, complaints = read(tmp_path, "LOGG starts here\n(1.0) can0 1CEFFF29#6699900318150000\n")
    assert (reader.format.name, len(rows), len(complaints)) == ("candump", 1, 1)


def test_every_source_of_a_log_of_signal_k_is_read_whatever_stood_before(tmp_path: Path) -> None:
    lines = (
        "1731371761281;N;$PCDIN,01F214,0000C20D,24,00F704FF7FFFFFFF*27\n"
        "1731371761282;N;$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68\n"
        "1731371761283;I;!PDGY,127508,6,36,255,481.706,APcE/3////8=\n"
        "1731371761284;Y;17:33:21.107 R 19F21424 00 F7 04 FF 7F FF FF FF\n"
    )
    rows, reader, complaints = read(tmp_path, lines)
    assert [round(row[0] * 1000) % 1000 for row in rows] == [281, 283, 284]
    assert {row[3].hex() for row in rows} == {"00f704ff7fffffff"}
    assert (reader.skipped, complaints) == (1, [])


def test_a_table_of_kvaser_is_no_log_of_peak(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="any log format known"):
        read(
            tmp_path,
            "Chn Identifier Flg   DLC  D0...1...2...3...4...5...6..D7       Time     Dir\n"
            " 0    19F21424  X       8  00  F7  04  FF  7F  FF  FF  FF      50.101000 R\n"
            " 0    1CEFFF29  X       8  66  99  90  03  18  15  00  00      50.601000 R\n",
        )


def test_a_damaged_message_in_a_log_of_signal_k_is_told_and_other_sources_are_counted(tmp_path: Path) -> None:
    good = "1731371761281;A;2024-11-12T00:36:01.281Z,6,127508,36,255,8,00,f7,04,ff,7f,ff,ff,ff\n"
    others = '1731371761282;I;{"a":1}\n1731371761283;V;V\t12800\n'
    rows, reader, complaints = read(tmp_path, good + good.replace(",ff,ff,ff", "") + others)
    assert (reader.format.name, len(rows), reader.skipped) == ("signalk", 1, 2)
    assert [text.split(":")[0] for text in complaints] == ["2"]
    assert "8 data bytes promised, 5 there" in complaints[0]
