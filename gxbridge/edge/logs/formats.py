"""The table of all formats, and how a log is recognised.

Binary logs are known by their magic number or their structure. Of texts, the format counts whose reader makes the most
of the first lines: no single word decides.
"""

from __future__ import annotations

from collections.abc import Callable

from gxbridge.core.capture.remarks import FIRST_LINE
from gxbridge.core.model.record import record
from gxbridge.edge.logs.lines import BadLine, Comment, Parse, Records
from gxbridge.edge.logs.readers.binary import blf, mf4, mk2_trace, pcap, sqlite
from gxbridge.edge.logs.readers.can_tools.asc import asc
from gxbridge.edge.logs.readers.can_tools.busmaster import busmaster
from gxbridge.edge.logs.readers.can_tools.candump import candump_log
from gxbridge.edge.logs.readers.can_tools.candump_screen import candump_text
from gxbridge.edge.logs.readers.can_tools.crtd import crtd
from gxbridge.edge.logs.readers.can_tools.headed_csv import headed_csv
from gxbridge.edge.logs.readers.can_tools.microchip import microchip
from gxbridge.edge.logs.readers.can_tools.python_can_csv import python_can_csv
from gxbridge.edge.logs.readers.can_tools.slcan import slcan
from gxbridge.edge.logs.readers.can_tools.trc import trc
from gxbridge.edge.logs.readers.marine import actisense_binary, ydvr
from gxbridge.edge.logs.readers.marine.actisense_ascii import actisense
from gxbridge.edge.logs.readers.marine.canboat import canboat
from gxbridge.edge.logs.readers.marine.garmin import garmin
from gxbridge.edge.logs.readers.marine.ikonvert import ikonvert
from gxbridge.edge.logs.readers.marine.nmea0183 import nmea0183
from gxbridge.edge.logs.readers.marine.signalk import signalk
from gxbridge.edge.logs.readers.marine.yacht_devices import yacht_devices


@record
class LogFormat:
    """Either `parse` makes a parser of lines, given the beginning of the log, or `records` reads a binary log."""

    name: str
    title: str
    parse: Callable[[bytes], Parse] | None = None
    records: Records | None = None
    is_it: Callable[[bytes], bool] | None = None
    """Whether the beginning of a file is that of this binary format."""


def _text(name: str, title: str, make: Callable[[], Parse]) -> LogFormat:
    return LogFormat(name, title, lambda _head: make())


def _magic(name: str, title: str, magic: bytes, records: Records) -> LogFormat:
    return LogFormat(name, title, records=records, is_it=lambda head: head.startswith(magic))


FORMATS: dict[str, LogFormat] = {
    item.name: item
    for item in (
        LogFormat("blf", "Vector binary log (BLF)", records=blf.blf_rows, is_it=blf.is_blf),
        _magic("sqlite", "python-can database (sqlite)", sqlite.MAGIC, sqlite.sqlite_rows),
        _magic("mf4", "ASAM MDF 4 (MF4)", mf4.MAGIC, mf4.mf4_rows),
        LogFormat("pcap", "pcap or pcapng of SocketCAN", records=pcap.pcap_rows, is_it=pcap.is_pcap),
        LogFormat("ydvr", "Yacht Devices Voyage Recorder .DAT", records=ydvr.ydvr_rows, is_it=ydvr.is_ydvr),
        LogFormat(
            "actisense-binary",
            "Actisense NGT, BST and EBL",
            records=actisense_binary.actisense_rows,
            is_it=actisense_binary.is_actisense,
        ),
        LogFormat(
            "mk2",
            "VE.Bus: serial line of an MK2 or MK3, bytes or hexadecimal",
            records=mk2_trace.mk2_rows,
            is_it=mk2_trace.is_mk2,
        ),
        _text("candump", "candump -l", candump_log),
        LogFormat("candump-text", "candump on the screen, with or without -t", candump_text),
        LogFormat("canboat", "canboat plain", canboat),
        _text("actisense", "Actisense N2K ASCII", actisense),
        _text("yacht-devices", "Yacht Devices RAW", yacht_devices),
        _text("asc", "Vector ASC", asc),
        LogFormat("trc", "PEAK TRC", trc),
        _text("csv", "python-can CSV", python_can_csv),
        LogFormat("signalk", "Signal K raw data log", signalk),
        _text("ikonvert", "Digital Yacht iKonvert", ikonvert),
        LogFormat("nmea0183", "NMEA 0183 with $PCDIN or $MXPGN", nmea0183),
        _text("garmin", "Garmin diagnostics CSV", garmin),
        _text("crtd", "CRTD of OVMS", crtd),
        _text("busmaster", "BusMaster", busmaster),
        _text("microchip", "Microchip CAN Bus Analyzer", microchip),
        _text("slcan", "SLCAN", slcan),
        LogFormat("gvret", "CSV with a heading: SavvyCAN GVRET and others", headed_csv),
    )
}
"""Every format by the name to force it with. Of two that make the same of a log, the first counts."""

LINES_TO_JUDGE = 200
ENOUGH = 25
"""Lines that a reader understood: more do not make it more certain."""


def line_end(head: bytes) -> bytes:
    """What ends the lines of a log: serial adapters end theirs with a carriage return alone."""
    return b"\n" if b"\n" in head or b"\r" not in head[:-1] else b"\r"


def detect(head: bytes) -> LogFormat | None:
    """The format of a log from its beginning (some thousand bytes are enough), or None when nothing is telling."""
    if head.startswith(FIRST_LINE.encode()):  # also one in which nothing was heard
        return FORMATS["candump"]
    for item in FORMATS.values():
        if item.is_it is not None and item.is_it(head):
            return item
    lines = [line for line in head.split(line_end(head))[:LINES_TO_JUDGE] if line.strip()]
    best, most = None, (0, 0, 0)
    for item in FORMATS.values():
        if item.parse is None:
            continue
        score = _understood(item.parse(head), lines)
        if score > most and (score[0] or 2 * sum(score) > len(lines)):  # without a frame, most lines must be right
            best, most = item, score
    return best


def _understood(parse: Parse, lines: list[bytes]) -> tuple[int, int, int]:
    """How many of the lines have a frame, are right without one, and are headings."""
    frames = others = headings = 0
    for line in lines:
        try:
            if parse(line) is None:
                others += 1
            else:
                frames += 1
        except Comment:
            headings += 1
        except BadLine:
            continue
        if frames >= ENOUGH:
            break
    return frames, others, headings
