"""What holds although it is not said any more: a refusal until it is taken back, a charger's own limit.

A refusal belongs to a battery, not to a service, and outlives a restart where the battery has an identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import Bms, read_permission
from gxbridge.core.dvcc.read.devices.installation import BatteryMonitor
from gxbridge.core.dvcc.read.devices.services import CHARGERS, Device, VebusSystem, kind_of
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.dvcc.read.selection import VEBUS_BMS
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.remembered import Latch

REFUSED, GAVE = "refused-", "gave-"
CHARGE, DISCHARGE = "charge", "discharge"
LATCHES: Final = {f"{REFUSED}{CHARGE}", f"{GAVE}{CHARGE}", f"{GAVE}{DISCHARGE}"}
"""What these are called in the state: a refusal that holds, and that a permission has been said at least once.

Discharging is withheld, not refused, while its permission is unknown, so a refusal of that is not held.
"""
UNKNOWN: Final = "unknown"
"""Stands on D-Bus for a permission that was said before: neither yes nor no."""

MOST: Final = 200
"""Words and limits that are kept: more than any boat has, and in the state they have room; the oldest go first."""
MOST_NAMES: Final = 3
LONGEST: Final = 60
"""A battery is known by so many words; a longer one identifies nobody."""
WHILE_RUNNING: Final = ", as long as gxbridge runs, because it says neither serial nor unique number"


Word: TypeAlias = tuple[str, str]
"""The name of a latch and whose it is."""


class PermissionStatement(NamedTuple):
    """What a battery, or a VE.Bus BMS, says about charging or discharging.

    `subject`: whose word it is. `value`: 1, 0, something that is neither, or None where nothing is said. `missing`: the
    service shows nothing at all. `counts`: a refusal that is held does not count beside it.
    """

    device: BatteryMonitor
    subject: str
    what: str
    path: str
    value: Value
    missing: bool
    counts: bool


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


def update_held(before: Held, said: Sequence[PermissionStatement], services: Mapping[str, Items]) -> Held:
    """What holds after everybody has said what they say now."""
    words, own_limits = before
    for one in said:
        if one.value in (0, 1):
            words = marked(words, GAVE + one.what, one.subject)
        if one.value == 1:
            words = tuple(word for word in words if word[0] != REFUSED + one.what or not same(word[1], one.subject))
    for one in said:  # after the permissions: of two services of one battery the stricter counts
        if one.value == 0 and one.what == CHARGE:
            words = marked(words, REFUSED + one.what, one.subject)
    for name, items in chargers(services):
        own_a = number(items, p.CHARGE_LIMIT_SETTING)
        if own_a is not None and own_limits.get(name) != own_a:
            own_limits = dict([*own_limits.items(), (name, own_a)][-MOST:])
    return Held(words, own_limits)


def marked(words: tuple[Word, ...], latch: str, subject: str) -> tuple[Word, ...]:
    """With one word more; who is known by more words than before is known by all of them from then on."""
    known = [whose for name, whose in words if name == latch and same(whose, subject)]
    every = dict.fromkeys(" ".join([*known, subject]).split())
    if len(known) == 1 and len(every) == len(known[0].split()):
        return words
    others = tuple(word for word in words if word[0] != latch or word[1] not in known)
    return (*others, (latch, " ".join(list(every)[-MOST_NAMES:])))[-MOST:]


def chargers(services: Mapping[str, Items]) -> Iterator[tuple[str, Items]]:
    """The services that can be chargers."""
    return ((name, items) for name, items in services.items() if kind_of(name) in CHARGERS)


def read_permissions(services: Mapping[str, Items], own: Iterable[Bms] = ()) -> tuple[PermissionStatement, ...]:
    """Everything that is said about charging and discharging; `own`: our own batteries."""
    found: list[PermissionStatement] = []
    for name, items in services.items():
        kind = kind_of(name)
        if kind == p.BATTERY:
            found += of_battery(Device(name, kind, items), items.get(p.ALLOW_CHARGE), items.get(p.ALLOW_DISCHARGE))
        elif kind == p.VEBUS:
            found.append(of_vebus(VebusSystem(name, kind, items)))
    for bms in own:
        found += of_battery(bms, bms.charge, bms.discharge)
    return tuple(found)


def of_battery(battery: BatteryMonitor, charge: Value, discharge: Value) -> Iterator[PermissionStatement]:
    """The two of a battery."""
    subject = subject_of(battery)
    said = ((CHARGE, p.ALLOW_CHARGE, charge), (DISCHARGE, p.ALLOW_DISCHARGE, discharge))
    for what, path, value in said:
        yield PermissionStatement(battery, subject, what, path, value, value is None, value in (0, 1))


def of_vebus(multi: VebusSystem) -> PermissionStatement:
    """That of a VE.Bus system, which is a BMS's word only where it has a VE.Bus BMS. A system that says that it has no
    such BMS takes nothing back; one that says nothing is lost, which has rules of its own."""
    shown = multi.items.get(p.BMS_ALLOW_CHARGE)
    value = shown if multi.items.get(p.BMS_TYPE) == VEBUS_BMS else None
    counts = multi.bms_type in (None, VEBUS_BMS)
    return PermissionStatement(multi, subject_of(multi), CHARGE, p.BMS_ALLOW_CHARGE, value, shown is None, counts)


def subject_of(device: BatteryMonitor) -> str:
    """Whose word it is: what the battery is known by, else the name of its service."""
    return _known_by(device.identity) or device.name


@lru_cache(maxsize=256)
def _known_by(identity: str) -> str:
    return " ".join(word for word in identity.split() if len(word) <= LONGEST)


class CountingServices(NamedTuple):
    """The services of others, and our own batteries, as they count."""

    services: Mapping[str, Items]
    own: tuple[Bms, ...]


def with_held(before: CountingServices, held: Held, said: Iterable[PermissionStatement]) -> CountingServices:
    """The services as they count: with what holds where they do not say it."""
    services, own = before
    changes: dict[str, dict[str, Value]] = {}
    for one in said:
        if one.counts:
            continue
        if held.holds(REFUSED + one.what, one.subject):
            forced = {p.BMS_TYPE: VEBUS_BMS} if one.device.kind == p.VEBUS else {}
            changes.setdefault(one.device.name, {}).update({**forced, one.path: 0})
        elif one.missing and held.holds(GAVE + one.what, one.subject):
            changes.setdefault(one.device.name, {})[one.path] = UNKNOWN
    for name, items in chargers(services):
        if number(items, p.CHARGE_LIMIT_SETTING) is None and name in held.own_limits:
            changes[name] = {p.CHARGE_LIMIT_SETTING: held.own_limits[name]}
    if not changes:
        return before
    found = {name: {**items, **changes[name]} if name in changes else items for name, items in services.items()}
    return CountingServices(found, tuple(with_permissions(bms, changes.get(bms.name, {})) for bms in own))


def with_permissions(bms: Bms, changes: Items) -> Bms:
    """A battery of ours that says these permissions instead."""
    charge, discharge = changes.get(p.ALLOW_CHARGE, bms.charge), changes.get(p.ALLOW_DISCHARGE, bms.discharge)
    return bms._replace(charge=read_permission(charge), discharge=read_permission(discharge))


def held_findings(said: Iterable[PermissionStatement], held: Held, now: float) -> Iterator[Finding]:
    """Refusals that hold although they are not said any more."""
    for one in said:
        if not one.counts and held.holds(REFUSED + one.what, one.subject):
            how = "" if identified(one.subject) else WHILE_RUNNING
            words = {"device": one.device.title, "how": how, "path": one.path}
            yield finding(f"refusal-held-{one.what}", one.device.name, now, **words)
