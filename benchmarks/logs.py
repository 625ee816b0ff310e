"""What reading a frame costs in each format of a log, as multiples of `candump -l` in the same run.

    python -m benchmarks.logs [--rounds 5] [--frames 40000]

The same frames in every format; CPU time of the readers alone, without decoding. `most` is the promise for readers.
CSV and wide tables are given as multiples of JSON, decoding included.
"""

from __future__ import annotations

import argparse
import io
import statistics
import struct
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path

import can

from benchmarks import genlog
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.fast_packet import is_fast
from gxbridge.core.nmea2000.frame import destination_of, pgn_of
from gxbridge.decodelog.csvlines import CsvLines
from gxbridge.decodelog.jsonlines import JsonLines
from gxbridge.decodelog.stream import Output, Stream
from gxbridge.decodelog.words import LineFormat
from gxbridge.edge.logs.reader import open_log

Write = Callable[[float, int, bytes], str]
MOST, MOST_CSV = 3.0, 2.0


def date(t: float) -> str:
    return datetime.fromtimestamp(t, UTC).isoformat(timespec="milliseconds")[:23]


def message(can_id: int) -> str:
    """Priority, PGN, source and destination, as canboat and iKonvert have them."""
    return f"{can_id >> 26},{pgn_of(can_id)},{can_id & 255},{destination_of(can_id)}"


def swapped(can_id: int) -> str:
    priority, rest = message(can_id).split(",", 1)
    pgn, rest = rest.split(",", 1)
    return f"{pgn},{priority},{rest}"


TEXTS: dict[str, tuple[str, Write]] = {
    "candump": ("", lambda t, i, d: f"({t:.6f}) can0 {i:08X}#{d.hex().upper()}\n"),
    "candump-text": ("", lambda t, i, d: f" ({t:.6f})  can0  {i:08X}   [{len(d)}]  {d.hex(' ').upper()}\n"),
    "canboat": ("", lambda t, i, d: f"{date(t)}Z,{message(i)},{len(d)},{d.hex(',')}\n"),
    "yacht-devices": ("", lambda t, i, d: f"{date(t)[11:]} R {i:08X} {d.hex(' ').upper()}\n"),
    "asc": ("base hex  timestamps absolute\n", lambda t, i, d: f"{t:.6f} 1  {i:X}x  Rx   d {len(d)} {d.hex(' ')}\n"),
    "trc": (";$FILEVERSION=1.1\n", lambda t, i, d: f"  1)  {t * 1000:.1f}  Rx   {i:08X}  {len(d)}  {d.hex(' ')} \n"),
    "signalk": ("", lambda t, i, d: f"{t * 1000:.0f};A;{date(t)}Z,{message(i)},{len(d)},{d.hex(',')}\n"),
    "ikonvert": ("", lambda t, i, d: f"!PDGY,{swapped(i)},{t:.3f},{b64encode(d).decode()}\n"),
    "crtd": ("", lambda t, i, d: f"{t:.3f} R29 {i:08X} {d.hex(' ')}\n"),
    "busmaster": ("", lambda t, i, d: f"{date(t)[11:19]}:0000 Rx 1 0x{i:08X} x {len(d)} {d.hex(' ')}\n"),
    "slcan": ("", lambda t, i, d: f"T{i:08X}{len(d)}{d.hex().upper()}\r"),
    "actisense": (
        "",
        lambda t, i, d: (
            f"A{date(t)[11:].replace(':', '')} {i & 255:02X}{destination_of(i):02X}{i >> 26} {pgn_of(i):05X} "
            f"{d.hex().upper()}\n"
        ),
    ),
    "csv": (
        "timestamp,arbitration_id,extended,remote,error,dlc,data\n",
        lambda t, i, d: f"{t:.6f},0x{i:X},1,0,0,{len(d)},{b64encode(d).decode()}\n",
    ),
    "microchip": ("", lambda t, i, d: f"{t * 1000:.0f};RX;0x{i:08X};{len(d)};{''.join(f'0x{b:02X};' for b in d)}\n"),
    "garmin": (
        "Sequence #,Time,PGN,Name,Manufacturer,Remote Address,Local Address,Priority,Single Frame,Size,Packet\n",
        lambda t, i, d: f"0,{t * 1000:.0f},{pgn_of(i)},Name,Garmin,{i & 255},255,{i >> 26},1,{len(d)},0x{d.hex()}\n",
    ),
    "nmea0183": ("", lambda t, i, d: sentence(f"PCDIN,{pgn_of(i):06X},{int(t):08X},{i & 255:02X},{d.hex().upper()}")),
    "gvret": (
        "Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,D3,D4,D5,D6,D7,D8\n",
        lambda t, i, d: f"{t * 1e6:.0f},{i:08X},true,Rx,0,{len(d)},{d.ljust(8, bytes(1)).hex(',')},\n",
    ),
}


def sentence(text: str) -> str:
    return f"${text}*{reduce(xor, text.encode()):02X}\n"


def ydvr(rows: list[genlog.Row]) -> bytes:
    """Frames only: what the recorder does not put together."""
    records = (struct.pack("<HL", int(t * 1000) % 60_000, i) + d.ljust(8, b"\xff") for t, i, d in rows)
    return struct.pack("<HL8s", 0, 0xFFFFFFFF, b"YDVR v05") + b"".join(records)


def serial(rows: list[genlog.Row]) -> bytes:
    """As an NGT-1 gives them."""
    made = bytearray()
    for t, i, d in rows:
        head = bytes((i >> 26,)) + pgn_of(i).to_bytes(3, "little") + bytes((destination_of(i), i & 255))
        body = head + (int(t * 1000) & 0xFFFFFFFF).to_bytes(4, "little") + bytes((len(d),)) + d
        body = bytes((0x93, len(body))) + body
        body += bytes((-sum(body) & 0xFF,))
        made += b"\x10\x02" + body.replace(b"\x10", b"\x10\x10") + b"\x10\x03"
    return bytes(made)


def recorded(rows: list[genlog.Row], suffix: str) -> bytes:
    """By python-can."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"log{suffix}")
        with can.Logger(str(path)) as writer:
            for t, i, d in rows:
                writer.on_message_received(can.Message(t, i, True, data=d))
        return path.read_bytes()


def pcap(rows: list[genlog.Row]) -> bytes:
    packets = (
        struct.pack("<LLLL", int(t), int(t % 1 * 1e6), 8 + len(d), 8 + len(d))
        + struct.pack(">LBB2x", i | 1 << 31, len(d), 0)
        + d
        for t, i, d in rows
    )
    return struct.pack("<LHHLLLL", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 227) + b"".join(packets)


BINARIES: dict[str, Callable[[list[genlog.Row]], bytes]] = {
    "pcap": pcap,
    "ydvr": lambda rows: ydvr([row for row in rows if not is_fast(pgn_of(row[1])) and pgn_of(row[1]) != 59904]),
    "actisense-binary": serial,
    "blf": lambda rows: recorded(rows, ".blf"),
    "sqlite": lambda rows: recorded(rows, ".db"),
}


def read(path: Path, form: str) -> float:
    """CPU seconds for each row."""
    begin = time.process_time()
    count = 0
    with open_log(str(path), form) as reader:
        for _ in reader:
            count += 1
        if not count or reader.bad_lines or reader.skipped > 1:  # a .DAT begins with a record about the recorder
            raise SystemExit(f"{form}: {count} frames, {reader.bad_lines} bad and {reader.skipped} skipped lines")
    return (time.process_time() - begin) / count


class Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def decode(path: Path, lines: LineFormat) -> float:
    begin = time.process_time()
    with open_log(str(path)) as reader:
        Stream(database(), None).write(reader, lines, Output(Nowhere()))
    return time.process_time() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=40_000)
    arguments = parser.parse_args()
    rows = list(genlog.generate(arguments.frames))
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in (*TEXTS, *BINARIES)}
        for name, (heading, write) in TEXTS.items():
            files[name].write_text(heading + "".join(write(*row) for row in rows))
        for name, pack in BINARIES.items():
            files[name].write_bytes(pack(rows))
        for _ in range(arguments.rounds):
            for name, path in files.items():
                ratios.setdefault(name, []).append(read(path, name) / read(files["candump"], "candump"))
            csv = decode(files["candump"], CsvLines(database())) / decode(files["candump"], JsonLines(database()))
            ratios.setdefault("CSV, of JSON", []).append(csv)
    missed = 0
    print(f"{'ratio':>8} {'most':>6}")
    for name, found in ratios.items():
        most, ratio = (MOST_CSV if name.startswith("CSV") else MOST), statistics.median(found)
        missed += ratio > most
        print(f"{ratio:8.2f} {most:6.1f}  {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
