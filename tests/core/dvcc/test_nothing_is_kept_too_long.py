"""What is read or worked out once and kept while it holds is what reading and working out everything anew gives.

Two play the same boat. One keeps its services from second to second, as the bridge does, with every cache warm. The
other is given new dictionaries in each, and every cache of the core is emptied before: it is the definition. Decisions
and memories are compared as text, so that 70 and 70.0 are two values and NaN is itself.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices import bms, services
from gxbridge.core.dvcc.read.devices.installation import sort_services
from gxbridge.core.dvcc.read.devices.service_items import MEASURED, READINGS, KeptItems
from gxbridge.core.dvcc.read.devices.services import kind_of
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.read.snapshot import Snapshot
from gxbridge.core.dvcc.run.decide import decide
from gxbridge.core.dvcc.run.memory import Memory
from gxbridge.core.model.items import Value
from gxbridge.core.model.permission import Permit, Stop
from tests.core.dvcc.test_properties import FEW, PROFILES, USER, everything
from tests.core.dvcc.world import LYNX, SUN, lynx

OF_BATTERIES = (*bms.WHO, *bms.MEASURED_PATHS)
OF_OTHERS = (*services.STANDING, *READINGS, p.BMS_PRESENT, p.NETWORK_MODE, p.CONNECTED)
SERVICES = st.sampled_from(sorted(everything()))
VALUES = st.sampled_from(
    [
        None,
        0,
        1,
        2,
        3,
        4,
        67,
        70,
        70.0,
        -1,
        3.5,
        26.4,
        27.4,
        30.0,
        52.0,
        55.0,
        -40.0,
        math.nan,
        math.inf,
        "",
        "x",
        "Bow",
    ]
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["go", "come", "show", "show", "show", "second", "second", "second", "second", "arrive"]),
        SERVICES,
        st.integers(0, 60),
        VALUES,
    ),
    min_size=15,
    max_size=40,
)


def caches() -> Iterator[Callable[[], None]]:
    """What empties each cache of the core."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gxbridge.core."):
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and getattr(value, "__module__", "").startswith("gxbridge.core.dvcc."):
                    yield value.cache_clear


class Two:
    """The one that keeps what holds, and the one that works out everything anew."""

    def __init__(self, options: Options, user: dict[str, Any]) -> None:
        self.options, self.user = options, user
        self.kept = {name: KeptItems(items) for name, items in everything().items()}
        self.memory, self.anew, self.now = Memory(), Memory(), 0.0

    def decide(self, more: dict[str, Any], arrivals: tuple[tuple[str, str], ...], second: bool | None) -> None:
        """One decision of each, and that they agree."""
        snapshot = Snapshot(self.kept, self.user, "C003", {LYNX: self.now}, self.options, **more)
        decision, self.memory = decide(snapshot, self.memory, self.now, arrivals, whole_second=second)
        for clear in caches():
            clear()
        new = replace(snapshot, services={name: dict(items) for name, items in self.kept.items()})
        defined, self.anew = decide(new, self.anew, self.now, arrivals, whole_second=second)
        assert text_of(decision) == text_of(defined)
        assert text_of(self.memory) == text_of(self.anew)
        for write in decision.writes:
            self.kept[write.service][write.path] = write.value


def text_of(value: Any) -> str:
    """A value with everything in it; sets in order."""
    if isinstance(value, frozenset):
        return f"frozenset{sorted(map(text_of, value))}"
    if isinstance(value, tuple):
        return f"{type(value).__name__}({', '.join(map(text_of, value))})"
    if hasattr(value, "items"):
        return "{" + ", ".join(f"{key!r}: {text_of(one)}" for key, one in value.items()) + "}"
    return repr(value)


def change(items: KeptItems, service: str, choice: int, value: Value) -> str:
    """Show another value at one of the paths that are read of such a service: by itself, or with a measurement."""
    paths = OF_BATTERIES if kind_of(service) == p.BATTERY else OF_OTHERS
    path = paths[choice % len(paths)]
    if choice % 2:
        items[path] = value
    else:
        items.update({path: value, p.CURRENT: float(choice)})
    return path


@FEW
@given(st.booleans(), st.lists(st.tuples(SERVICES, st.integers(0, 60), VALUES), min_size=40))
def test_what_stands_is_read_anew_when_it_changes(obeys: bool, changes: list[tuple[str, int, Value]]) -> None:
    kept = {name: KeptItems(items) for name, items in everything().items()}
    for service, choice, value in changes:
        change(kept[service], service, choice, value)
        read = text_of(sort_services(kept, obeys))
        for clear in caches():
            clear()
        assert read == text_of(sort_services({name: dict(items) for name, items in kept.items()}, obeys))


@FEW
@given(PROFILES, USER, CHANGES)
def test_what_is_kept_is_what_is_read_anew(
    options: Options, user: dict[str, Any], changes: list[tuple[str, str, int, Value]]
) -> None:
    two = Two(options, user)
    for what, service, choice, value in changes:
        more: dict[str, Any] = {}
        arrivals: tuple[tuple[str, str], ...] = ()
        second: bool | None = None
        if what == "go":
            two.kept.pop(service, None)
        elif what == "come":
            two.kept[service] = KeptItems(everything()[service])
        elif what in ("show", "arrive") and service in two.kept:
            items = two.kept[service]
            path = change(items, service, choice, value)
            arrivals = ((service, path),) if what == "arrive" else ()
        if what == "second":
            two.now += 1.0
            second = True
            for name, items in two.kept.items():
                if p.CURRENT in items and isinstance(items[p.CURRENT], float):
                    items[p.CURRENT] = float(choice % 7 + len(name) % 3)
        if choice == 7:
            more["charge_stops"] = (Stop("wire", "", 0.0, "a wire stops"),)
        if choice == 9:
            more["charge_permits"] = (Permit("wire", "", 0.0, "a wire allows"),)
        if choice in (11, 12):
            more["batteries"] = (bms.read_bms(f"{p.OWN_PREFIX}x", lynx(CCL=float(choice), DEVICE_INSTANCE=7)),)
        if choice == 13:
            more["apart"] = {SUN: 5.0}
        if choice == 17:
            more |= {"another_master": True, "shown_still": frozenset({LYNX})}
        if choice == 19:
            more["bms_awaited"] = True
        two.decide(more, arrivals, second)


def test_no_measurement_is_among_what_stands() -> None:
    assert MEASURED.isdisjoint((*services.STANDING, *bms.WHO))
