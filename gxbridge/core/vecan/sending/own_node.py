"""What we owe the other nodes of a network besides our claim: who we are, what we send and take, and that we live.

NMEA 2000 asks it of every node: an answer to each request addressed to it, be it a refusal, and a heartbeat
(canboat@01d0dc3, PGNs 59392, 126464, 126993, 126996, 126998). Chart plotters leave out nodes that give none.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from gxbridge.core.nmea2000.database import FAST_PGN, SINGLE_PGN
from gxbridge.core.nmea2000.encode import Frame, pgn_frames
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST
from gxbridge.core.vecan.network import ADDRESS_CLAIM

PRODUCT_INFORMATION: Final = 126996
CONFIGURATION: Final = 126998
PGN_LIST: Final = 126464
HEARTBEAT: Final = 126993
REFUSAL: Final = 59392
ISO_REQUEST: Final = 59904
BATTERY_STATUS, DC_DETAILED = 127508, 127506

_BOTH: Final = (ISO_REQUEST, ADDRESS_CLAIM, REFUSAL, PGN_LIST, PRODUCT_INFORMATION, CONFIGURATION, SINGLE_PGN, FAST_PGN)
GROUP_FUNCTION: Final = 126208
"""By which plotters ask for what they are sent."""

PRODUCT_CODE: Final = 0xBA78
"""That of our D-Bus service; no manufacturer's."""
NMEA_2000: Final = 2.1
NOT_SENT: Final = 1
"""Control of a refusal: the node does not send that."""
LONGEST_TEXT: Final = 31
BEATS: Final = 253
"""The sequence of heartbeats counts from 0 to 252."""

ANSWER_S: Final = 1.0
"""Between two answers: somebody who asks without end must not keep us from telling the chargers anything."""
HEARTBEAT_S: Final = 60.0
MOST_ASKED: Final = 8
"""Questions that wait; more are dropped, and who asked asks again."""


class OwnNode:
    """Questions to us, and the frames that answer them. `sends`: what we also send, to plotters."""

    def __init__(self, unique_number: int, version: str, now: float, sends: tuple[int, ...] = ()) -> None:
        takes = (BATTERY_STATUS, DC_DETAILED, *((GROUP_FUNCTION,) if sends else ()))
        self._lists = tuple(
            b"".join(pgn.to_bytes(3, "little") for pgn in (*_BOTH, *more)) for more in ((HEARTBEAT, *sends), takes)
        )
        """What we send and what we take, three bytes a PGN: of what we take only what plotters may look for."""
        self._says: dict[int, dict[str, FieldValue]] = {
            PRODUCT_INFORMATION: {
                "nmea2000_version": NMEA_2000,
                "product_code": PRODUCT_CODE,
                "model_id": "gxbridge",
                "software_version": version[:LONGEST_TEXT],
                "model_version": "",
                "serial_code": str(unique_number),
                "certification_level": 0,
            },
            CONFIGURATION: {
                "installation_description_1": "",
                "installation_description_2": "",
                "manufacturer_information": "gxbridge",
            },
        }
        self._asked: deque[tuple[int, int]] = deque()
        self._answer_at, self._beat_at = now, now + HEARTBEAT_S
        self._beats = self._sequence = 0

    def asked(self, pgn: int, source: int, *, alone: bool) -> None:
        """Somebody asked for a PGN: us `alone`, or everybody."""
        if pgn == HEARTBEAT:
            self._beat_at = float("-inf")
        elif alone or pgn in self._says or pgn == PGN_LIST:
            question = pgn, source
            if question not in self._asked and len(self._asked) < MOST_ASKED:
                self._asked.append(question)

    def due(self, address: int, now: float) -> list[Frame]:
        """The heartbeat or the next answer, if one is due: at most one in a second."""
        if now < self._answer_at:
            return []
        if now >= self._beat_at:
            self._beat_at = now + HEARTBEAT_S
            self._beats = (self._beats + 1) % BEATS
            said: list[tuple[int, int, dict[str, FieldValue]]] = [
                (HEARTBEAT, BROADCAST, {"interval": HEARTBEAT_S * 1000, "sequence": self._beats})
            ]
        elif self._asked:
            said = self._answer(*self._asked.popleft())
        else:
            return []
        self._answer_at = now + ANSWER_S
        return [frame for pgn, to, values in said for frame in self._message(pgn, address, to, values)]

    def deadline(self) -> float:
        """When `due` has something to say."""
        return self._answer_at if self._asked else max(self._answer_at, self._beat_at)

    def _answer(self, pgn: int, to: int) -> list[tuple[int, int, dict[str, FieldValue]]]:
        """(PGN, destination, values) of each message that answers a question."""
        if pgn in self._says:
            return [(pgn, BROADCAST, self._says[pgn])]
        if pgn == PGN_LIST:
            return [(pgn, to, {"function": function, "pgns": pgns}) for function, pgns in enumerate(self._lists)]
        return [(REFUSAL, to, {"control": NOT_SENT, "group_function": None, "pgn": pgn})]

    def _message(self, pgn: int, source: int, to: int, values: dict[str, FieldValue]) -> tuple[Frame, ...]:
        self._sequence += 1
        return pgn_frames(pgn, values, source, to, self._sequence)
