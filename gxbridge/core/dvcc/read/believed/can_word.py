"""A BMS that is heard on CAN and that somebody else publishes on D-Bus: the stricter of its two words counts.

Who publishes it may hang or may not be who it says it is; what the BMS itself sends is heard here all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.own_bms import ALARM_QUANTITIES
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items, Value
from gxbridge.core.model.named_tuple import NamedTuple

DIFFERS_S: Final = 10.0
"""A service shows what it hears a little later; what lasts longer is a difference."""


class CanWord(NamedTuple):
    """Of what a service shows: the battery's quantity and register, and whether the lower value is the stricter."""

    quantity: str
    register: int
    lower: bool = True
    permits: bool = False


IO: Final = 0x2108
WORDS: Final[Mapping[str, CanWord]] = {
    p.CVL: CanWord("charge_voltage_limit_v", 0x0390),
    p.CCL: CanWord("charge_current_limit_a", 0x0391),
    p.DCL: CanWord("discharge_current_limit_a", 0x0393),
    p.LOW_VOLTAGE: CanWord("low_voltage_limit_v", 0x0392, lower=False),
    p.ALLOW_CHARGE: CanWord("allow_to_charge", IO, permits=True),
    p.ALLOW_DISCHARGE: CanWord("allow_to_discharge", IO, permits=True),
}
"""By path. The alternator's permission is not among them: nothing is told by it."""

MEASURED: Final = (p.VOLTAGE, p.CURRENT, p.TEMPERATURE)
"""What is old as well when the battery has fallen silent: it is neither shared nor held against a limit."""
TROUBLES: Final = {**ALARM_QUANTITIES, p.ERROR_CODE: "bms_error"}
"""Its alarms and its error code: what the battery says counts where the service does not show it."""


class PublishedElsewhere(NamedTuple):
    """A service of others that says it is a battery we have heard. `others_heard`: its bus is, if not the battery."""

    battery: Battery
    service: str
    others_heard: bool


class CanWords(NamedTuple):
    """`changes`: what counts instead of what a service shows; `since`: (service, path) -> since when it does."""

    changes: Mapping[str, Mapping[str, Value]] = MappingProxyType({})
    since: Mapping[tuple[str, str], float] = MappingProxyType({})
    findings: tuple[Finding, ...] = ()

    def applied(self, services: Mapping[str, Items]) -> Mapping[str, Items]:
        """The services as they count."""
        if not self.changes:
            return services
        return {name: {**items, **self.changes.get(name, {})} for name, items in services.items()}

    @property
    def shown_still(self) -> frozenset[str]:
        """Services whose charge voltage does not count, although they show one."""
        return frozenset(name for name, changes in self.changes.items() if p.CVL in changes and changes[p.CVL] is None)

    @property
    def silences(self) -> tuple[Finding, ...]:
        """What is true in any profile: that a battery is not heard."""
        return tuple(one for one in self.findings if one.id != "stricter-on-can")

    def news(self, before: CanWords) -> list[tuple[str, str]]:
        """(service, path) of everything that counts otherwise than before."""
        names = self.changes.keys() | before.changes.keys()
        pairs = ((name, self.changes.get(name, {}), before.changes.get(name, {})) for name in sorted(names))
        return [
            (name, path)
            for name, now, then in pairs
            for path in WORDS
            if (path in now, now.get(path)) != (path in then, then.get(path))
        ]


def hear_can(
    before: CanWords, published: Iterable[PublishedElsewhere], services: Mapping[str, Items], now: float
) -> CanWords:
    """What the batteries themselves say against what services show of them."""
    changes: dict[str, dict[str, Value]] = {}
    since: dict[tuple[str, str], float] = {}
    findings: list[Finding] = []
    for battery, service, others_heard in published:
        words = {"battery": battery.product_name, "service": service, "bus": battery.bus}
        shown = {**services[service], **changes.get(service, {})}
        if battery.state == "live":
            stricter = {**dict(stricter_words(battery, shown)), **dict(unshown_troubles(battery, shown))}
        elif others_heard:
            stricter = {path: None for path in (*WORDS, *MEASURED) if shown.get(path) is not None}
            findings.append(finding("silent-on-can", service, now, battery.silent_since, **words))
        else:
            stricter = {}
            findings.append(finding("not-heard-on-can", service, now, battery.silent_since, **words))
        if stricter:
            changes.setdefault(service, {}).update(stricter)
        for path in stricter:
            began = since[service, path] = before.since.get((service, path), now)
            if battery.state == "live" and now - began >= DIFFERS_S:
                said = {"path": path, "shown": text_of(shown.get(path)), "said": text_of(stricter[path])}
                findings.append(finding("stricter-on-can", f"{service} {path}", now, began, **words, **said))
    return CanWords(changes, since, tuple(findings))


def stricter_words(battery: Battery, shown: Items) -> Iterator[tuple[str, Value]]:
    """Where the battery itself says less than a service shows. What it has not said yet takes nothing away; what it has
    said and calls unknown now is unknown, unless the service shows a refusal."""
    for path, word in WORDS.items():
        said, shows = battery.get(word.quantity), number(shown, path)
        if shows is not None and (shows < 0 or (word.permits and shows not in (0, 1))):
            shows = None  # it says nothing that counts
        if said is None:
            refuses = word.permits and shows == 0
            if shows is not None and not refuses and word.register not in battery.unseen_registers:
                yield path, None
        elif shows is None:
            if word.permits and said == 0:
                yield path, 0
        elif isinstance(said, int | float) and (said < shows if word.lower else said > shows):
            yield path, said


def unshown_troubles(battery: Battery, shown: Items) -> Iterator[tuple[str, Value]]:
    """Alarms and an error that the battery itself says and a service does not show."""
    for path, quantity in TROUBLES.items():
        said = battery.get(quantity)
        if isinstance(said, int | float) and said > (number(shown, path) or 0):
            yield path, said


def text_of(value: Value) -> str:
    """A value for people."""
    return "nothing" if value is None else f"{value:g}" if isinstance(value, int | float) else value
