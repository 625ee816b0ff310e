"""What must outlive the process: who the batteries are, lowered limits, latches, and the members of a bank.

Memory gives an identity, and otherwise only lowers or withholds: it is never a limit or permission by itself. Here is
the value with its form as plain data, every field checked, and when it is due to be written; `gxbridge/state` has the
file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from gxbridge.core.model.record import record

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
"""Of the whole file: it is read at every start, and written to a flash memory."""
WRITE_EVERY_S: Final = 60.0
"""What does not become stricter is written at most so often."""
MAX_TEXT: Final = 200
MOST_LIMIT: Final = 1e5
NAME: Final = re.compile(r"[0-9a-f]{16}")


class StateError(ValueError):
    """The data are not a state of this version; the text says why."""


class AnotherBoatError(StateError):
    """The data are a state, but of another installation."""


@record
class RememberedIdentity:
    """A battery heard on CAN. It says who is there once its NAME is heard again, and nothing about what is allowed."""

    name: str
    """NAME without the two instances, 16 hexadecimal digits (`Name.identity`)."""
    product_id: int
    serial: str | None
    device_instance: int
    """As last heard; the NAME that is heard again says its own."""
    since: float
    """Seconds since 1970 (UTC) by the clock of this machine, here and below: for people; only full charges of the
    rules are counted by it."""
    source: str


@record
class RememberedLimit:
    """A limit that was lowered, in the unit that its quantity names (`max_charge_current_a`)."""

    subject: str
    quantity: str
    value: float
    since: float
    source: str


@record
class Latch:
    """A latch that is set or a refusal that holds, until somebody or something ends it."""

    name: str
    subject: str
    since: float
    source: str
    boot: str | None = None
    """The boot of the machine that it was set in, where the next one ends it."""


OVERRULED: Final = "overruled"
"""The latch that another master sets; its subject is what it changed (service and path)."""


ACKNOWLEDGED: Final = "somebody's word: it is gone"
"""The source of a member whose loss is acknowledged."""
OPENED: Final = "what it said: its contactor is open"
"""The source of a member whose contactor was open when it was last heard."""
HARMLESS: Final = (ACKNOWLEDGED, OPENED)
"""A member of these sources does not stop its bank when it is gone."""


@record
class BankMember:
    """A battery that belongs to a bank. `member`: the word by which it is known; `source`: its last word."""

    bank: str
    member: str
    since: float
    source: str


@record
class Remembered:
    """Everything that is remembered; of each section the oldest entry is the first."""

    identities: tuple[RememberedIdentity, ...] = ()
    limits: tuple[RememberedLimit, ...] = ()
    latches: tuple[Latch, ...] = ()
    members: tuple[BankMember, ...] = ()

    def learn(self, heard: Iterable[RememberedIdentity]) -> Remembered:
        """With the identities that were heard; a new or changed one is the youngest. Of two with one NAME the first
        counts. A serial that was not heard (yet) is kept while the product is the same; rubbish is no serial."""
        known = {identity.name: identity for identity in self.identities}
        seen = set()
        for new in heard:
            if new.name in seen:
                continue
            seen.add(new.name)
            if not _text_or_none(new.serial):
                new = replace(new, serial=None)
            old = known.get(new.name)
            if old is not None and old.product_id == new.product_id:
                new = replace(new, serial=new.serial or old.serial)
                if replace(new, since=old.since, source=old.source) == old:
                    continue
            known.pop(new.name, None)
            known[new.name] = new
        identities = tuple(known.values())
        return self if identities == self.identities else replace(self, identities=identities)

    @property
    def overruled(self) -> str:
        """What another master changed (service and path); "" when there is none."""
        return next((latch.subject for latch in self.latches if latch.name == OVERRULED), "")

    def overrule(self, subject: str, since: float, boot: str | None) -> Remembered:
        """With the latch of another master, or without it (`subject` empty)."""
        subject = subject[:MAX_TEXT]
        if subject == self.overruled:
            return self
        latches = tuple(latch for latch in self.latches if latch.name != OVERRULED)
        if subject:
            latches += (Latch(OVERRULED, subject, since, "what the device showed", boot),)
        return replace(self, latches=latches)

    def since_boot(self, boot: str | None) -> Remembered:
        """Without the latches that were to end with an earlier boot; where that is unknown, they hold."""
        kept = tuple(latch for latch in self.latches if latch.boot in (None, boot) or boot is None)
        return replace(self, latches=kept)

    def forget(self, what: str) -> Remembered:
        """Without a section, without the battery of a NAME, without everything (`all`); or a member of a bank, which
        is not expected any more until it is heard.

        Raises KeyError for anything else.
        """
        if what == "all":
            return Remembered()
        if what in SECTIONS:
            return replace(self, **{what: ()})
        if any(one.member == what for one in self.members):
            members = (replace(one, source=ACKNOWLEDGED) if one.member == what else one for one in self.members)
            return replace(self, members=tuple(members))
        identities = tuple(identity for identity in self.identities if identity.name != what)
        if identities == self.identities:
            raise KeyError(what)
        return replace(self, identities=identities)


# --- as plain data -------------------------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _text_or_none(value: object) -> bool:
    return value is None or _is_text(value)


def _name(value: object) -> bool:
    return isinstance(value, str) and NAME.fullmatch(value) is not None


def _integer(most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _number(most: float) -> Callable[[object], bool]:
    """NaN is not between any two numbers."""
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


_MOMENT: Final = _number(1e11)
_Checks = Mapping[str, Callable[[object], bool]]

SECTIONS: Final[Mapping[str, tuple[type, tuple[str, ...], _Checks]]] = {
    "identities": (
        RememberedIdentity,
        ("name",),
        {
            "name": _name,
            "product_id": _integer(0xFFFF),
            "serial": _text_or_none,
            "device_instance": _integer(0xFF),
            "since": _MOMENT,
            "source": _is_text,
        },
    ),
    "limits": (
        RememberedLimit,
        ("subject", "quantity"),
        {"subject": _is_text, "quantity": _is_text, "value": _number(MOST_LIMIT), "since": _MOMENT, "source": _is_text},
    ),
    "latches": (
        Latch,
        ("name", "subject"),
        {"name": _is_text, "subject": _is_text, "since": _MOMENT, "source": _is_text, "boot": _text_or_none},
    ),
    "members": (
        BankMember,
        ("bank", "member"),
        {"bank": _is_text, "member": _is_text, "since": _MOMENT, "source": _is_text},
    ),
}
"""Section -> type of its entries, the fields that tell one entry from another, and what each field may be."""


def to_plain(remembered: Remembered, boat: str) -> dict[str, Any]:
    """The state of the installation `boat` as dictionaries, lists, texts and numbers."""
    sections = {
        section: [{name: getattr(entry, name) for name in checks} for entry in getattr(remembered, section)]
        for section, (_, _, checks) in SECTIONS.items()
    }
    return {"version": VERSION, "boat": boat, **sections}


def from_plain(plain: object, boat: str) -> Remembered:
    """The state in plain data. Raises StateError, and AnotherBoatError when it is not of the installation `boat`."""
    if not isinstance(plain, dict):
        raise StateError("it is not a state of gxbridge")
    version = plain.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise StateError("it is of another version of gxbridge")
    if plain.keys() != {"version", "boat", *SECTIONS}:
        raise StateError("sections are missing or unknown")
    if not isinstance(plain["boat"], str):
        raise StateError("boat is not text")
    sections = {section: _entries(section, plain[section]) for section in SECTIONS}
    if plain["boat"] != boat:
        raise AnotherBoatError("it is the state of another installation")
    return Remembered(**sections)


def _entries(section: str, plain: object) -> tuple[Any, ...]:
    kind, key, checks = SECTIONS[section]
    if not isinstance(plain, list):
        raise StateError(f"{section} is not a list")
    found = {}
    for number, entry in enumerate(plain):
        if not isinstance(entry, dict) or entry.keys() != checks.keys():
            raise StateError(f"{section}[{number}] does not have the fields {', '.join(checks)}")
        for name, is_valid in checks.items():
            if not is_valid(entry[name]):
                raise StateError(f"{section}[{number}].{name} is not valid")
        found[tuple(entry[name] for name in key)] = kind(**entry)
    if len(found) != len(plain):
        raise StateError(f"an entry of {section} is there twice")
    return tuple(found.values())


# --- as bytes ------------------------------------------------------------------------------------------------------


def encode(remembered: Remembered, boat: str) -> tuple[bytes, int]:
    """The content of the file, and how many entries were left out because it would be larger than `MAX_BYTES`.

    The oldest identities are left out first, then members of banks; what is learnt again when it is heard. Limits and
    latches never: raises StateError when they alone are too large, or when something could not be read again.
    """
    left_out = 0
    data = _json(to_plain(remembered, boat))
    for section in ("identities", "members"):
        entries = to_plain(remembered, boat)[section]
        excess, first = len(data) - MAX_BYTES, 0
        while excess > 0 and first < len(entries):
            excess -= len(_json(entries[first]))
            first += 1
        if first:
            remembered = replace(remembered, **{section: getattr(remembered, section)[first:]})
            data = _json(to_plain(remembered, boat))
            left_out += first
    if len(data) > MAX_BYTES:
        raise StateError(f"limits and latches alone are larger than {MAX_BYTES // 1024} KB")
    from_plain(to_plain(remembered, boat), boat)
    return data, left_out


def decode(data: bytes, boat: str) -> Remembered:
    """The state in the content of a file. Raises StateError and AnotherBoatError."""
    if len(data) > MAX_BYTES:
        raise StateError(f"it is larger than {MAX_BYTES // 1024} KB")
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StateError("it is not JSON") from error
    return from_plain(plain, boat)


def _json(plain: object) -> bytes:
    """One line of ASCII."""
    return json.dumps(plain, separators=(",", ":")).encode("ascii") + b"\n"


# --- when it is written --------------------------------------------------------------------------------------------


class Due(Enum):
    """When something is to be written."""

    NOTHING = 0
    LATER = 1
    NOW = 2


def due(saved: Remembered, wanted: Remembered, written_at: float | None, now: float) -> Due:
    """Whether `wanted` is to be written, when `saved` was at `written_at` (None: not by this process).

    At once when it is stricter, else at most once a minute.
    """
    if wanted == saved:
        return Due.NOTHING
    if is_stricter(saved, wanted) or written_at is None or now - written_at >= WRITE_EVERY_S:
        return Due.NOW
    return Due.LATER


def is_stricter(before: Remembered, after: Remembered) -> bool:
    """Whether a latch or refusal was set, a limit is new or lower, or the loss of a member would stop its bank now."""
    set_before = {(latch.name, latch.subject) for latch in before.latches}
    if any((latch.name, latch.subject) not in set_before for latch in after.latches):
        return True
    stopping = {(one.bank, one.member) for one in before.members if one.source not in HARMLESS}
    if any((one.bank, one.member) not in stopping for one in after.members if one.source not in HARMLESS):
        return True
    limits = {(limit.subject, limit.quantity): limit.value for limit in before.limits}
    return any(limit.value < limits.get((limit.subject, limit.quantity), float("inf")) for limit in after.limits)
