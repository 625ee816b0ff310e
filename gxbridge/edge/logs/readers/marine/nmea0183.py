r"""NMEA 2000 messages within NMEA 0183: `$PCDIN,01F119,00000000,0F,2AAF00D1067414FF*59` and
`$MXPGN,01F801,2801,C1308AC40C5DE343*19`, perhaps behind a tag block (`\s:serial,c:1696759212*3E\`).

PCDIN (SeaSmart, Chetco; whole messages): PGN, time, sender, data. The time is milliseconds in canboat, in Signal K's
canboatjs seconds since 2010 in 1/1024, base 32; since one line cannot tell, t is 0 unless a tag block has it.
MXPGN (ShipModul MiniPlex, single frames): PGN, attributes (bit 15 sent, bits 12-14 priority, 8-11 length, 0-7
address), and the data with the highest byte first, as its manual has it; some gateways write the lowest first. Which
it is shows in the log: a byte that is not used, 0xFF, stands at the end of a payload far more often than at its
beginning. Other sentences are passed over, and counted, but for the messages of an iKonvert.
"""

from __future__ import annotations

import re
from binascii import unhexlify

from gxbridge.edge.logs.lines import BadLine, LogRow, Parse, message_row, refuse, shown

TAG = re.compile(rb"\\(?:[^\\]*?\bc:(\d{9,16}))?[^\\]*\\")
PCDIN = re.compile(rb"\$PCDIN,([0-9A-Fa-f]{4,6}),([0-9A-Va-v]{1,8}),([0-9A-Fa-f]{2}),((?:[0-9A-Fa-f]{2})*)")
USUAL = re.compile(
    rb"\$(PCDIN,([0-9A-Fa-f]{4,6}),[0-9A-Va-v]{1,8},([0-9A-Fa-f]{2}),([0-9A-Fa-f]*))\*([0-9A-Fa-f]{2})\s*"
)
MXPGN = re.compile(rb"[$!]MXPGN,([0-9A-Fa-f]{4,6}),([0-9A-Fa-f]{4}),((?:[0-9A-Fa-f]{2}){0,8})")
SENTENCE = re.compile(rb"(?!!PDGY,)[$!][A-Z]{2,5},[^*\r\n]*(?:\*[0-9A-Fa-f]{2})?\s*")
DATA_OF_MXPGN = re.compile(rb"MXPGN,[0-9A-Fa-f]{4,6},[0-9A-Fa-f]{4},([0-9A-Fa-f]{2})[0-9A-Fa-f]*([0-9A-Fa-f]{2})\b")


def nmea0183(head: bytes = b"") -> Parse:
    """`head` tells the order of bytes in $MXPGN; without a sign it is the one of the manual."""
    edges = [(first.upper(), last.upper()) for first, last in DATA_OF_MXPGN.findall(head)]
    lowest_first = sum(last == b"FF" for _, last in edges) > sum(first == b"FF" for first, _ in edges)

    def parse(line: bytes) -> LogRow | None:
        if usual := USUAL.fullmatch(line):
            body, pgn, source, digits, told = usual.groups()
            if not len(digits) % 2 and checksum(body) == int(told, 16):
                return message_row(0.0, (0, int(pgn, 16), int(source, 16), 255), unhexlify(digits))
        tag = TAG.match(line.lstrip())
        sentence = line.strip()[tag.end() :] if tag else line.strip()
        if not SENTENCE.fullmatch(sentence):
            refuse("$PCDIN,pgn,time,source,data*checksum", line)
        t = 0.0 if tag is None or tag[1] is None else _tagged(tag[1])
        body, star, told = sentence.partition(b"*")
        if found := PCDIN.fullmatch(body):
            pgn, _time, source, digits = found.groups()
            row = message_row(t, (0, int(pgn, 16), int(source, 16), 255), unhexlify(digits))
        elif found := MXPGN.fullmatch(body):
            row = _frame(t, found, lowest_first)
        elif body[1:6] in (b"PCDIN", b"MXPGN"):
            refuse("$PCDIN,pgn,time,source,data or $MXPGN,pgn,attributes,data", line)
        else:
            return None
        if star and checksum(body[1:]) != int(told, 16):
            raise BadLine(f"the checksum is wrong: {shown(line)}")
        return row

    return parse


def _frame(t: float, found: re.Match[bytes], lowest_first: bool) -> LogRow | None:
    attributes, data = int(found[2], 16), unhexlify(found[3])
    sent, address = attributes >> 15, attributes & 0xFF
    parts = attributes >> 12 & 7, int(found[1], 16), 0 if sent else address, address if sent else 255
    return message_row(t, parts, data if lowest_first else data[::-1], whole=False)


def _tagged(digits: bytes) -> float:
    """The time of a tag block: seconds, or milliseconds."""
    return int(digits) / (1000 if len(digits) > 11 else 1)


def checksum(text: bytes) -> int:
    """All bytes by exclusive or, the number halved again and again."""
    number, width = int.from_bytes(text, "little"), 8 << max(len(text) - 1, 0).bit_length()
    while width > 8:
        width >>= 1
        number ^= number >> width
    return number & 0xFF
