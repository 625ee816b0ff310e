"""What holds although it is not said any more: a refusal until it is taken back, a charger's own limit.

A refusal belongs to a battery, not to a service, and outlives a restart where the battery has an identity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.selection import VEBUS_BMS
from gxbridge.core.dvcc.read.services import CHARGERS, Device, identity_of, kind_of, title
from gxbridge.core.dvcc.read.snapshot import Service
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Value
from gxbridge.core.model.remembered import Latch

PERMISSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    p.BATTERY: {p.ALLOW_CHARGE: "charge", p.ALLOW_DISCHARGE: "discharge"},
    p.VEBUS: {p.BMS_ALLOW_CHARGE: "charge"},
}
"""Class of service -> path of a permission -> what it permits."""
REFUSED, GAVE = "refused-", "gave-"
CHARGE: Final = "charge"
LATCHES: Final = {f"{REFUSED}{CHARGE}", f"{GAVE}charge", f"{GAVE}discharge"}
"""What these are called in the state: a refusal that holds, and that a permission has been said at least once.

Discharging is withheld, not refused, while its permission is unknown, so a refusal of that is not held.
"""
UNKNOWN: Final = "unknown"
"""Stands for a permission that was said before: neither yes nor no."""

MOST: Final = 200
"""Words and limits that are kept: more than any boat has, and in the state they have room; the oldest go first."""
MOST_NAMES: Final = 3
LONGEST: Final = 60
"""A battery is known by so many words; a longer one identifies nobody."""
WHILE_RUNNING: Final = ", as long as gxbridge runs"


Word: TypeAlias = tuple[str, str]
"""The name of a latch and whose it is."""


class Held(NamedTuple):
    """`words`: the oldest first; `own_limits`: charger -> its own limit as it said it last (A)."""

    words: tuple[Word, ...] = ()
    own_limits: Mapping[str, float] = MappingProxyType({})

    def holds(self, latch: str, subject: str) -> bool:
        """Is it held?"""
        return any(name == latch and same(whose, subject) for name, whose in self.words)


def same(one: str, other: str) -> bool:
    """Do two subjects share a word?"""
    return not set(one.split()).isdisjoint(other.split())


def subject_of(device: Device) -> str:
    """Whose word it is: what the battery is known by, else the name of its service."""
    return " ".join(word for word in identity_of(device).split() if len(word) <= LONGEST) or device.name


def identified(subject: str) -> bool:
    """Would it be known again after a restart?"""
    return not subject.startswith(p.PREFIX)


def recall(latches: Iterable[Latch]) -> Held:
    """What was held when the program ended the last time."""
    return Held(tuple((latch.name, latch.subject) for latch in latches if latch.name in LATCHES))


def keep(before: tuple[Latch, ...], held: Held, since: float) -> tuple[Latch, ...]:
    """The latches of the state; `since`: now, in seconds since 1970."""
    wanted = [word for word in held.words if identified(word[1])]
    kept = tuple(latch for latch in before if latch.name not in LATCHES or (latch.name, latch.subject) in wanted)
    known = {(latch.name, latch.subject) for latch in kept}
    return kept + tuple(Latch(*word, since, "its permission") for word in wanted if word not in known)


def update_held(before: Held, services: Mapping[str, Service]) -> Held:
    """What holds after everybody has said what they say now."""
    words, own_limits = before
    said = [(what, subject_of(device), permission_of(device, path)) for device, path, what in permissions(services)]
    for what, subject, value in said:
        if value in (0, 1):
            words = marked(words, GAVE + what, subject)
        if value == 1:
            words = tuple(word for word in words if word[0] != REFUSED + what or not same(word[1], subject))
    for what, subject, value in said:  # after the permissions: of two services of one battery the stricter counts
        if value == 0 and what == CHARGE:
            words = marked(words, REFUSED + what, subject)
    for device in of_kinds(services, CHARGERS):
        own_a = number(device.items, p.CHARGE_LIMIT_SETTING)
        if own_a is not None and own_limits.get(device.name) != own_a:
            own_limits = dict([*own_limits.items(), (device.name, own_a)][-MOST:])
    return Held(words, own_limits)


def marked(words: tuple[Word, ...], latch: str, subject: str) -> tuple[Word, ...]:
    """With one word more; who is known by more words than before is known by all of them from then on."""
    known = [whose for name, whose in words if name == latch and same(whose, subject)]
    every = dict.fromkeys(" ".join([*known, subject]).split())
    if len(known) == 1 and len(every) == len(known[0].split()):
        return words
    others = tuple(word for word in words if word[0] != latch or word[1] not in known)
    return (*others, (latch, " ".join(list(every)[-MOST_NAMES:])))[-MOST:]


def of_kinds(services: Mapping[str, Service], kinds: Collection[str]) -> Iterator[Device]:
    """The services of some classes."""
    return (Device(name, kind, items) for name, items in services.items() if (kind := kind_of(name)) in kinds)


def permissions(services: Mapping[str, Service]) -> Iterator[tuple[Device, str, str]]:
    """Who may say whether charging or discharging is permitted, on which path, and which of the two."""
    for device in of_kinds(services, PERMISSIONS):
        for path, what in PERMISSIONS[device.kind].items():
            yield device, path, what


def permission_of(device: Device, path: str) -> Value:
    """The permission as it counts: that of a VE.Bus system is a BMS's word only where it has a VE.Bus BMS."""
    if device.kind == p.VEBUS and device.items.get(p.BMS_TYPE) != VEBUS_BMS:
        return None
    return device.items.get(path)


def unsaid(device: Device, path: str) -> bool:
    """Does a refusal that is held count here, because nothing else is said? A VE.Bus system that says that it has no
    such BMS takes nothing back; one that says nothing is lost, which has rules of its own."""
    if device.kind == p.VEBUS:
        return number(device.items, p.BMS_TYPE) not in (None, VEBUS_BMS)
    return permission_of(device, path) not in (0, 1)


def with_held(services: Mapping[str, Service], held: Held) -> Mapping[str, Service]:
    """The services as they count: with what holds where they do not say it."""
    changes: dict[str, dict[str, Value]] = {}
    for device, path, what in permissions(services):
        if unsaid(device, path):
            if held.holds(REFUSED + what, subject_of(device)):
                forced = {p.BMS_TYPE: VEBUS_BMS} if device.kind == p.VEBUS else {}
                changes.setdefault(device.name, {}).update({**forced, path: 0})
            elif device.items.get(path) is None and held.holds(GAVE + what, subject_of(device)):
                changes.setdefault(device.name, {})[path] = UNKNOWN
    for device in of_kinds(services, CHARGERS):
        if number(device.items, p.CHARGE_LIMIT_SETTING) is None and device.name in held.own_limits:
            changes[device.name] = {p.CHARGE_LIMIT_SETTING: held.own_limits[device.name]}
    if not changes:
        return services
    return {name: {**items, **changes[name]} if name in changes else items for name, items in services.items()}


def held_findings(services: Mapping[str, Service], held: Held, now: float) -> Iterator[Finding]:
    """Refusals that hold although they are not said any more."""
    for device, path, what in permissions(services):
        subject = subject_of(device)
        if unsaid(device, path) and held.holds(REFUSED + what, subject):
            how = "" if identified(subject) else f"{WHILE_RUNNING}, because it says neither serial nor unique number"
            yield finding(f"refusal-held-{what}", device.name, now, device=title(device), how=how, path=path)
