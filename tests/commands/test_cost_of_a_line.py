"""What `gxbridge decode` may take for each message, in instructions of Python, beside decoding it.

Ceilings are a sixth above what was counted when they were set. `benchmarks/decode.py` measures the same as time.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks import genlog
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.decodelog.csvlines import CsvLines
from gxbridge.decodelog.jsonlines import JsonLines
from gxbridge.decodelog.statistics import Statistics
from gxbridge.decodelog.textlines import TextLines
from gxbridge.decodelog.words import LineFormat
from tests.instructions import instructions

FRAMES = 3_000


def heard() -> list[tuple[float, int, bytes, Message | None]]:
    """Rows of a log with many devices, all of whose values move, and the message that each completes."""
    decoder = Decoder(keep_unknown=True)
    return [(t, can_id, data, decoder.feed(can_id, data, t)) for t, can_id, data in genlog.generate(FRAMES)]


@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: JsonLines(database()), 105),
        (lambda: TextLines(database()), 150),
        (lambda: CsvLines(database()), 155),
    ],
)
def test_a_line(make: Callable[[], LineFormat], most: int) -> None:
    messages = [(t, message) for t, _, _, message in heard() if message is not None]
    line = make().line

    def write() -> None:
        for t, message in messages:
            line(t, "can0", message)

    write()  # the forms of the layouts are made once
    assert instructions(write) / len(messages) < most


def test_a_statistic() -> None:
    rows, statistics = heard(), Statistics()

    def count() -> None:
        for t, can_id, data, message in rows:
            statistics.frame(t, "can0", can_id, len(data))
            if message is not None:
                statistics.message("can0", message)

    count()
    assert instructions(count) / len(rows) < 290
