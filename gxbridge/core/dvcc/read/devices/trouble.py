"""A battery's own trouble, as its D-Bus service shows it: alarms, error code, state, and limits that are no numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.products import is_lynx_product
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Items, Value, printable
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.nmea2000.database import database

TroubleKind: TypeAlias = Literal["alarm", "warning", "unreadable"]

ALARMS: Final = "/Alarms/"
ERRORS: Final = "/Errors/"
GENERAL: Final = "/Alarms/Alarm"
"""Only says that there is one; some drivers have it beside the others."""
RUNNING: Final = frozenset({9, 11, 13, 15})
"""States that need no word: running, unused, another BMS is updated, about to run."""
FAILED: Final = 10
ALSO_CALLED: Final = {"/Alarms/BmsCable": " (battery communication lost)"}
"""What the GX calls an alarm since 2026-08, where its path says something else (gui-v2#3177)."""
SPELLED: Final = {"bms": "BMS", "soc": "SoC", "soh": "SoH"}
LIMITS: Final = (p.CVL, p.CCL, p.DCL)
FAILURES: Final = (p.PRODUCT_ID, p.ERROR_CODE, p.STATE, p.NUMBER_OF_BMSES)
"""What else is shown of a trouble, beside alarms and limits."""


class Trouble(NamedTuple):
    """`kind`: an alarm stops or will stop something, a warning does not yet."""

    text: str
    path: str
    kind: TroubleKind


def troubles(items: Items) -> tuple[Trouble, ...]:
    """What a battery service shows, the alarms first. Most of the time nothing."""
    paths = (*alarm_paths(tuple(items)), *FAILURES)
    texts = [
        (path, shown) for path, shown in zip(LIMITS, map(items.get, LIMITS), strict=True) if isinstance(shown, str)
    ]
    return troubles_of(paths, tuple(map(items.get, paths)), tuple(texts))


@lru_cache(maxsize=64)
def troubles_of(
    paths: tuple[str, ...], values: tuple[Value, ...], texts: tuple[tuple[str, str], ...]
) -> tuple[Trouble, ...]:
    """The troubles of what is shown at these paths, which stays the same for long. `texts`: limits that are none."""
    items = dict(zip(paths, values, strict=True))
    lynx = is_lynx_product(number(items, p.PRODUCT_ID))
    found = [*alarms(items), *failure_troubles(number(items, p.ERROR_CODE), number(items, p.STATE), lynx=lynx)]
    present = re.fullmatch(r"(\d{1,4})/(\d{1,4})", str(items.get(p.NUMBER_OF_BMSES)))
    if present is not None and int(present[1]) < int(present[2]):
        found.append(Trouble(f"only {present[1]} of {present[2]} BMSes are there", p.NUMBER_OF_BMSES, "alarm"))
    for path, shown in texts:
        text = f"{path} is the text '{printable(shown)[:20]}' and not a number"
        found.append(Trouble(text, path, "unreadable"))
    return in_order(found)


def in_order(found: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """The alarms first, and without the one that says only that there is one, if there are others."""
    found = list(found)
    if len(found) > 1:
        found = [one for one in found if one.path != GENERAL]
        found.sort(key=lambda one: one.kind == "warning")
    return tuple(found)


def alarms(items: Items) -> Iterator[Trouble]:
    """The alarms among the items."""
    for path in alarm_paths(tuple(items)):
        value = items[path]
        if value and isinstance(value, int | float) and value >= 1:
            level: TroubleKind = "warning" if value < 2 and ALARMS in path else "alarm"
            yield Trouble(f"{level} '{alarm_words(path)}'{ALSO_CALLED.get(path, '')}", path, level)


@lru_cache(maxsize=64)
def alarm_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a service's paths that are alarms. A service has hundreds of paths, and hardly ever another one."""
    return tuple(path for path in paths if ALARMS in path or path.startswith(ERRORS))


def failure_troubles(error: float | None, state: float | None, *, lynx: bool) -> Iterator[Trouble]:
    """What an error code and a state say. `lynx`: their numbers are those of a Lynx, and known."""
    if error:
        meaning = database().enums["bms_error"].get(int(error), "") if lynx else ""
        text = f"error {error:g}" + (f", {meaning}" if meaning and "#" not in meaning else "")
        yield Trouble(text, p.ERROR_CODE, "alarm")
    if state is not None and state not in RUNNING and (state == FAILED or lynx):
        word = database().enums["bms_state"].get(int(state), "unknown")
        yield Trouble(f"state {state:g}, {word}", p.STATE, "alarm" if state == FAILED else "warning")


@lru_cache(maxsize=1024)
def alarm_words(path: str) -> str:
    """An alarm's path in words: `BMS cable` of `/Alarms/BmsCable`, `distributor A fuse 0 blown`."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", path.replace(ALARMS, "/").replace(ERRORS, "/"))
    spelled = [SPELLED.get(word.lower(), word if word.isupper() else word.lower()) for word in words]
    return " ".join(spelled)
