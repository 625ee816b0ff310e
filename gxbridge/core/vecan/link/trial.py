"""A try: what stands for one device is sent to it once, read back, and what was found is put back.

Only what the last gate let pass is sent, or one step less where the device shows that value already: a value that was
there before proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from gxbridge.core.model.record import state
from gxbridge.core.nmea2000.frame import BROADCAST
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.vecan.link.exchange import ACK_S
from gxbridge.core.vecan.link.registers import LinkRow
from gxbridge.core.vecan.sending.transmit import TransmitOrder

TRIES: Final = 3
WAITING_TRIES: Final = 8
"""Of a network mode, which waits until the currents of all, just confirmed, were sent."""
SETTLE_S: Final = 0.5
"""Between a write and its read-back."""
LEAST_PROBE: Final = 20
"""Raw numbers below this are not lowered for a try: one step would be much of them."""

WhyHeld: TypeAlias = Literal["ended", "past", "gone", "quiet", "waits", "held"]
"""Why nothing may be sent: nobody stands for the word any more; it was measured too long ago; the device has no address
or another instance; nothing is broadcast; a mode leaves behind others; the last gate."""
TrialOutcome: TypeAlias = Literal["", "confirmed", "other", "silent", "refused", "unreadable", "the same"] | WhyHeld
_Phase = Literal["find", "write", "read", "restore", "check", "done"]


@state
class TriedRow:
    """One register of the device; raw numbers, None: the device has no value."""

    row: LinkRow
    found: int | None = None
    probe: int = 0
    written: bool = False
    """The probe was sent."""
    shown: int | None = None
    code: int = 0
    outcome: TrialOutcome = ""
    restored: bool | None = None
    """Whether what was found is there again; None: it was not put back, or there was nothing to put back."""

    @property
    def left(self) -> bool:
        """Whether it may have another limit than was found, and was not told that again."""
        changed = self.written and self.outcome != "refused" and self.found not in (None, self.shown)
        return changed and self.restored is None and self.row.limits

    def may_restore(self, lawful: int | WhyHeld) -> bool:
        """What is measured is true now, and what is above the gate's limit stays lowered: both end by themselves.
        Where nothing may be sent any more, nothing is put back either."""
        if self.found is None or self.found == self.shown or not self.row.limits or not isinstance(lawful, int):
            return False
        return self.row.size == 1 or self.found <= lawful


class Trial:
    """The rows one after another. Moments are monotonic seconds."""

    def __init__(self, name: Name, rows: Sequence[LinkRow], lawful: Callable[[LinkRow, float], int | WhyHeld]) -> None:
        """`lawful`: the raw number of a row that may be sent at a moment, or why there is none."""
        self.name = name
        self.rows = [TriedRow(row) for row in rows]
        self._lawful = lawful
        self._index = 0
        self._phase: _Phase = "find"
        self._tries = 0
        self._asked = False
        """A read was sent, so what is heard answers it."""
        self.deadline = float("-inf")

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self._index == len(self.rows)

    @property
    def registers(self) -> frozenset[int]:
        """What nothing else may send meanwhile."""
        return frozenset() if self.over else frozenset((self.rows[self._index].row.register,))

    def next(self, now: float) -> TransmitOrder | None:
        """What to send now."""
        while not self.over and now >= self.deadline:
            tried = self.rows[self._index]
            if self._phase in ("find", "read", "check"):
                if self._tries < TRIES:
                    self._tries, self._asked, self.deadline = self._tries + 1, True, now + ACK_S
                    return TransmitOrder(self.name, register=tried.row.register)
                self._give_up(tried, "silent")
            elif (order := self._write(tried, now)) is not None:
                return order
        return None

    def end(self) -> None:
        """Nothing more may be sent; what was not tried yet is not."""
        self._index = len(self.rows)

    def heard(self, register: int, raw: int | None) -> None:
        """The device broadcast a register."""
        if self.over or not self._asked or self.rows[self._index].row.register != register:
            return
        tried = self.rows[self._index]
        if self._phase == "find":
            tried.found = tried.shown = raw
            self._leave("write")
        elif self._phase == "read":
            tried.shown = raw
            tried.outcome = "confirmed" if raw == tried.probe else "other"
            self._leave("restore")
        else:
            tried.restored = raw == tried.found
            self._leave("done")

    def answered(self, register: int, code: int) -> None:
        """The device answered with a code that refuses."""
        if self.over or self._phase in ("write", "restore") or self.rows[self._index].row.register != register:
            return
        tried = self.rows[self._index]
        tried.code = code
        self._give_up(tried, "refused")

    def _write(self, tried: TriedRow, now: float) -> TransmitOrder | None:
        """The write of this phase, None where there is nothing to write."""
        lawful, restores = self._lawful(tried.row, now), self._phase == "restore"
        tries = {"held": TRIES, "waits": WAITING_TRIES}.get(lawful, 0) if isinstance(lawful, str) else 0
        if self._tries < tries and not restores:
            self._tries, self.deadline = self._tries + 1, now + SETTLE_S  # what was written anew is judged in a second
            return None
        raw = tried.found if restores else self._probe(tried, lawful)
        if raw is None or (restores and not tried.may_restore(lawful)):
            self._leave("done")
            return None
        if not restores:
            tried.written, tried.shown = True, None
        to = self.name if restores or tried.row.way == "addressed" else BROADCAST
        self._leave("check" if restores else "read")
        self.deadline = now + SETTLE_S
        return TransmitOrder(to, register=tried.row.register, data=tried.row.data(raw))

    def _probe(self, tried: TriedRow, lawful: int | WhyHeld) -> int | None:
        """What is sent to see whether it arrives."""
        if not isinstance(lawful, int):
            tried.outcome = lawful
            return None
        tried.probe = lawful
        if tried.found == lawful:
            if not tried.row.limits or tried.row.size == 1 or lawful < LEAST_PROBE:
                tried.outcome = "the same"
                return None
            tried.probe -= 1
        return tried.probe

    def _give_up(self, tried: TriedRow, unproven: TrialOutcome) -> None:
        """The device does not say what this phase asks; `unproven`: what that means of the value that was sent."""
        if self._phase == "find":
            tried.outcome = "unreadable"
        elif self._phase == "read":
            tried.outcome = unproven
            if unproven == "silent":  # it may have taken it all the same
                self._leave("restore")
                return
        else:
            tried.restored = False
        self._leave("done")

    def _leave(self, phase: _Phase) -> None:
        self._phase, self._tries, self._asked, self.deadline = phase, 0, False, float("-inf")
        if phase == "done":
            self._index, self._phase = self._index + 1, "find"


WORDS: Final[Mapping[TrialOutcome, str]] = {
    "": "not tried to its end",
    "confirmed": "confirmed",
    "other": "not confirmed, as it shows another value",
    "silent": "not confirmed, as it did not answer",
    "refused": "not confirmed, as it refuses",
    "unreadable": "not tried, as it does not give this register",
    "the same": "not confirmed, as it had this value already: try again when another one stands",
    "ended": "not tried, as it is not written any more",
    "past": "not tried, as it was not written for 10 s, and what is measured counts no longer",
    "gone": "not tried, as the device has no address, or another N2K device instance than 0",
    "quiet": "not tried, as an alternator regulator on this bus may obey one sender only",
    "waits": "not tried, as a mode leaves behind every charge current and the voltage, and not all of these were sent",
    "held": "not tried, as the last gate lets nothing of it leave now",
}
"""What a try came to."""
IN_VAIN: Final[Mapping[TrialOutcome, str]] = {
    "other": "showed another value",
    "silent": "did not answer",
    "refused": "refused it",
    "unreadable": "does not give it",
}
"""What a device did for which another try of it would do no better."""
BACK: Final = {True: "; what was found is there again", False: "; what was found could not be put back"}
NOT_BACK: Final = "; what was found was not put back"


def report_of(tried: TriedRow) -> str:
    """One line for people."""
    row = tried.row

    def text(raw: int | None) -> str:
        return "no value" if raw is None else f"{row.value(raw):g} {row.unit}".strip()

    sent = f", sent {text(tried.probe)}" if tried.written else ""
    shown = f", then {text(tried.shown)}" if tried.outcome in ("confirmed", "other") else ""
    back = (NOT_BACK if tried.left else "") if tried.restored is None else BACK[tried.restored]
    return f"{row.title}: found {text(tried.found)}{sent}{shown}: {WORDS[tried.outcome]}{back}"
