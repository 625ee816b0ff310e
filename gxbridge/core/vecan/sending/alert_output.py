"""Findings about batteries as alerts for chart plotters: NMEA 2000 groups 126983 (state) and 126985 (text).

Each alert says that it can neither be acknowledged nor silenced, which the standard allows (its "basic system",
victronenergy/venus#1241): a plotter shows it and has no say. What system, subsystem and priority count is not public,
so these are not available, as in the alerts of a Maretron CLMD16 (SignalK/n2k-signalk#283). Layouts: canboat@01d0dc3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Final, Literal

from gxbridge.core.model.finding import Finding
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.encode import Frame, pgn_frames
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.nmea2000.name import VICTRON, Name
from gxbridge.core.vecan.sending.plotter_output import LISTEN_S, NO_RIVAL, SHOWN_S, Rival

ALERT: Final = 126983
ALERT_RESPONSE: Final = 126984
ALERT_TEXT: Final = 126985

AlertLevel = Literal["off", "alarms", "warnings"]

ALERT_IDS: Final[Mapping[str, int]] = {
    "bms-silent": 1,
    "bms-lost": 2,
    "bms-hangs": 3,
    "silent-on-can": 4,
    "bms-not-followed": 5,
    "bms-trouble": 10,
    "bms-warning": 11,
    "bms-alarm-unknown": 12,
    "vebus-bms-connection-lost": 13,
    "vebus-bms-error": 14,
    "battery-refuses": 20,
    "refusal-not-obeyed": 21,
    "told-despite-stop": 22,
    "charge-unknown": 23,
    "terminals-both-open": 24,
    "pre-alarm": 30,
    "vebus-bms-pre-alarm": 31,
    "terminal-pre-alarm": 32,
    "readout-pre-alarm": 33,
    "limit-unreadable": 40,
    "cvl-unknown": 41,
    "cvl-refused": 42,
    "cvl-exceeded": 50,
    "ccl-exceeded": 51,
    "dcl-exceeded": 52,
    "charge-creeps": 53,
    "discharge-creeps": 54,
    "battery-gone": 60,
    "bank-member-silent": 61,
    "bank-member-away": 62,
    "bank-imbalance": 63,
    "bank-voltages": 64,
    "bank-nominal": 65,
}
"""The findings that are about batteries, and the number of each: it never changes and is never given again."""

TYPES: Final = {"alarm": 2, "warning": 5}
"""Alert types by severity; emergency alarms (1) are for danger to life, and never ours."""
TECHNICAL: Final = 1
AUTOMATIC: Final = 1
_NEVER: Final = (
    *("temporarily_silenced", "acknowledged", "escalated"),
    *("can_be_silenced", "can_be_acknowledged", "can_be_escalated"),
)
NORMAL, ACTIVE = 1, 2
ENGLISH_UK: Final = 1

ALERT_S: Final = 1.0
TEXT_S: Final = 10.0
"""How often state and text are said (ttlappalainen/NMEA2000@6589531; seen so in SignalK/n2k-signalk#173)."""
PACE_S: Final = 0.1
"""Between two messages: a text has up to 14 frames."""
NORMALS: Final = 3
"""So often the end is said: one message may be lost."""
CALM_S: Final = 10.0
"""An alert ends when its finding has been away for so long: one that comes and goes does not ring each time."""
MOST_ALERTS: Final = 8
MOST_WARNINGS: Final = 4
"""At once; so there is always room for alarms."""
LONGEST_TEXT: Final = 70
"""Bytes that every device is known to take in a text (ttlappalainen/NMEA2000@6589531, configuration information)."""
OCCURRENCES: Final = 252
"""They count from 1 to 252, and again from 1."""


class _Alert:
    """One alert: from the first time that its finding holds until its end has been said."""

    __slots__ = (
        "alert_at",
        "held_at",
        "index",
        "kind",
        "normals",
        "number",
        "occurrence",
        "text",
        "text_at",
        "told_at",
    )

    def __init__(self, kind: int, number: int, index: int, occurrence: int, now: float) -> None:
        self.kind, self.number, self.index, self.occurrence = kind, number, index, occurrence
        """By these it is told from others: two subjects of one finding by the index, two times by the occurrence."""
        self.text = ""
        self.held_at = self.alert_at = self.text_at = now
        self.told_at = float("-inf")
        """When its text was said last."""
        self.normals = 0
        """How often its end is still to be said; 0 while it is active."""


class AlertOutput:
    """Says alerts on one bus. `least`: alarms only, or warnings too. `instance`: that of the plotted battery."""

    def __init__(self, name: Name, instance: int, least: AlertLevel, now: float) -> None:
        self._name = name.raw
        self._instance = instance
        self._least = least
        self._begin_at = now + LISTEN_S
        self.next_at = float("inf")
        """When `due` wants to be asked (monotonic s)."""
        self.answers = 0
        """How often somebody answered one of our alerts, which changes nothing."""
        self._rival = NO_RIVAL
        self._own: Set[int] = frozenset()
        self._shown_at = float("-inf")
        self._alerts: dict[tuple[str, str], _Alert] = {}
        self._occurrences: dict[tuple[int, int], int] = {}
        self._free_at = now
        self._sequence = 0

    def hear(self, message: Message, sender: Name | None, now: float) -> None:
        """Take a message of somebody else; `sender`: who claimed its address, if known."""
        layout, source, _, values, _ = message
        if layout.pgn == ALERT:
            if source in self._own or sender is None or sender.manufacturer == VICTRON:
                self._rival = Rival(source, now)
        elif layout.pgn == ALERT_RESPONSE:
            said = dict(zip((field.name for field in layout.fields), values, strict=False))
            self.answers += said.get("source_name") == self._name

    def rival(self, now: float) -> int | None:
        """The address of another source that keeps us from sending: a battery of ours, a GX, or nobody knows who."""
        return self._rival.address_at(now)

    def show(self, findings: Iterable[Finding], own: Set[int], now: float, *, elsewhere: bool) -> None:
        """What holds now, worst first. `own`: the addresses of our batteries on this bus; `elsewhere`: plotters are
        told the battery by another source, so that every alert of ours ends."""
        self._own, self._shown_at = own, now
        silent = elsewhere or self.rival(now) is not None or now < self._begin_at
        held = {} if silent else {(found.id, found.subject): found for found in findings if self._wanted(found)}
        for key, alert in self._alerts.items():
            if key not in held and not alert.normals and (silent or now - alert.held_at >= CALM_S):
                alert.normals, alert.alert_at = NORMALS, now
        for key, found in held.items():
            known = self._alerts.get(key)
            if known is None and not self._room(found):
                continue
            if known is None or known.normals:
                index = self._free_index(found) if known is None else known.index
                known = self._alerts[key] = self._begin(found, index, now)
            known.held_at, known.text = now, fitting_text(found.text) or found.id
        self._plan()

    def asked(self, pgn: int, now: float) -> bool:
        """Somebody asked for a PGN; whether we send it. A state is said within a second anyway, a text then too."""
        if pgn not in (ALERT, ALERT_TEXT) or not self._alerts:
            return False
        for alert in self._alerts.values():
            alert.text_at = min(alert.text_at, max(now, alert.told_at + ALERT_S))
        self._plan()
        return True

    def due(self, address: int, now: float) -> list[Frame]:
        """What is to be sent now: one message at most."""
        if now < self.next_at:
            return []
        if now - self._shown_at >= SHOWN_S:
            self.next_at = now + ALERT_S
            return []
        key, alert = min(self._alerts.items(), key=lambda pair: _due_at(pair[1]))
        if alert.normals or alert.alert_at <= alert.text_at:
            alert.alert_at = now + ALERT_S
            pgn, says = ALERT, _state(NORMAL if alert.normals else ACTIVE)
        else:
            alert.told_at, alert.text_at = now, now + TEXT_S
            pgn, says = ALERT_TEXT, {"language": ENGLISH_UK, "description": alert.text, "location": ""}
        if alert.normals == 1:
            del self._alerts[key]
        alert.normals = max(0, alert.normals - 1)
        self._free_at = now + PACE_S
        self._plan()
        return list(self._message(pgn, address, self._identity(alert) | says))

    def _plan(self) -> None:
        self.next_at = max(self._free_at, min(map(_due_at, self._alerts.values()), default=float("inf")))

    def _wanted(self, found: Finding) -> bool:
        return found.id in ALERT_IDS and (
            found.severity == "alarm" or (found.severity == "warning" and self._least == "warnings")
        )

    def _room(self, found: Finding) -> bool:
        warnings = sum(alert.kind == TYPES["warning"] for alert in self._alerts.values())
        return len(self._alerts) < MOST_ALERTS and (found.severity == "alarm" or warnings < MOST_WARNINGS)

    def _free_index(self, found: Finding) -> int:
        taken = {alert.index for alert in self._alerts.values() if alert.number == ALERT_IDS[found.id]}
        return next(index for index in range(MOST_ALERTS) if index not in taken)

    def _begin(self, found: Finding, index: int, now: float) -> _Alert:
        number = ALERT_IDS[found.id]
        occurrence = self._occurrences.get((number, index), 0) % OCCURRENCES + 1
        self._occurrences[number, index] = occurrence
        return _Alert(TYPES[found.severity], number, index, occurrence, now)

    def _identity(self, alert: _Alert) -> dict[str, FieldValue]:
        """The fields with which both messages begin."""
        return {
            "alert_type": alert.kind,
            "category": TECHNICAL,
            "alert_id": alert.number,
            "source_name": self._name,
            "source_instance": self._instance,
            "source_index": alert.index,
            "occurrence": alert.occurrence,
        }

    def _message(self, pgn: int, source: int, values: dict[str, FieldValue]) -> tuple[Frame, ...]:
        self._sequence += 1
        return pgn_frames(pgn, values, source, sequence=self._sequence)


def fitting_text(text: str) -> str:
    """A text as every plotter can show it: printable ASCII, `LONGEST_TEXT` bytes at most, cut between words."""
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in " ".join(text.split()))
    if len(plain) <= LONGEST_TEXT:
        return plain
    whole, blank, _ = plain[: LONGEST_TEXT - 2].rpartition(" ")
    return f"{whole if blank else plain[: LONGEST_TEXT - 3]}..."


def _due_at(alert: _Alert) -> float:
    return alert.alert_at if alert.normals else min(alert.alert_at, alert.text_at)


def _state(state: int) -> dict[str, FieldValue]:
    """The fields of 126983 that are about the state: it can be neither silenced, acknowledged nor escalated."""
    return {**dict.fromkeys(_NEVER, 0), "trigger": AUTOMATIC, "state": state}
