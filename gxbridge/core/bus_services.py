"""The D-Bus services of others as the bridge keeps them: what each shows, when it was heard, what has just arrived."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.bus_life import BusLife, watch_life
from gxbridge.core.dvcc.read.dbus_state import URGENT_PREFIXES, disturbs
from gxbridge.core.dvcc.read.devices.service_items import KeptItems
from gxbridge.core.dvcc.run.masters.bus_names import BusNames
from gxbridge.core.dvcc.run.masters.masters import MAY_MASTER
from gxbridge.core.model.items import Items, plain_items
from gxbridge.core.publish.own_paths import OWN_NAME

NOT_DECIDED_BY: Final = (p.SETTINGS, OWN_NAME)


class BusServices:
    """Time is monotonic seconds; input never makes it raise."""

    def __init__(self) -> None:
        self.items: dict[str, KeptItems] = {}
        """Service -> what it shows."""
        self.heard: dict[str, float] = {}
        """When it last said something; of our own batteries too."""
        self.arrivals: list[tuple[str, str]] = []
        """Service and path of everything that arrived and was not looked at yet."""
        self.disturbed: dict[str, float] = {}
        """When something last happened to a service that makes what it shows say nothing for a while."""
        self.names = BusNames()
        self.life = BusLife()
        """Whether the BMSes among them are alive."""
        self.settings_before: Items = {}
        """The settings as they were when their service left: a port's profile holds until another is known."""

    @property
    def settings(self) -> Items:
        """What the settings service shows, nothing while it is not there."""
        return self.items.get(p.SETTINGS, {})

    def named(self, name: str, now: float, *, appeared: bool) -> bool:
        """A name has an owner, whose items are not known yet; True when that cannot wait."""
        self.names = self.names.named(name, now, appeared=appeared)
        return name.startswith(MAY_MASTER)

    def hold_name(self, ours: bool) -> None:
        """Whether our own D-Bus name is ours."""
        self.names = replace(self.names, ours=ours)

    def added(self, name: str, items: Items, now: float) -> bool:
        """A service was read, with all its items; True when that cannot wait."""
        fresh = plain_items(items)
        if self.life.awaits(name) and fresh == self.items.get(name):
            self.life = self.life.unchanged(name, now)
            self.arrivals += [(name, path) for path in fresh]
            return True
        self.names = self.names.without(name)
        self.disturbed[name] = now
        self.items[name] = KeptItems(fresh)
        return self._arrived(name, items, now)

    def changed(self, name: str, changes: Items, now: float) -> bool:
        """Items of a known service arrived; True when that cannot wait."""
        items, fresh = self.items.get(name), plain_items(changes)
        if items is None:
            items = self.items[name] = KeptItems({})
        if any(disturbs(path, items.get(path), value) for path, value in fresh.items()):
            self.disturbed[name] = now
        items.update(fresh)
        return self._arrived(name, changes, now)

    def removed(self, name: str, now: float) -> bool:
        """A service left the bus; True when that cannot wait."""
        known = self.items.pop(name, None)
        self.names = self.names.without(name)
        self.heard.pop(name, None)
        self.disturbed.pop(name, None)
        if name == p.SETTINGS and known is not None:
            self.settings_before = known
        urgent = known is not None and self._arrived(name, known, now)
        return urgent or name.startswith(MAY_MASTER)

    def _arrived(self, name: str, changes: Items, now: float) -> bool:
        self.heard[name] = now
        self.arrivals += [(name, path) for path in changes]
        return any(path.startswith(URGENT_PREFIXES) for path in changes)

    def on_bus(self, ours: Mapping[str, Items]) -> Mapping[str, Items]:
        """The services that are decided by, as they are on the bus, or would be if ours were published."""
        return {**{name: items for name, items in self.items.items() if name not in NOT_DECIDED_BY}, **ours}

    def watch_life(self, on_can: Collection[str], now: float) -> tuple[str, ...]:
        """Look who is alive; the services that are to be read anew. `on_can`: those that we hear there ourselves."""
        watched = {name: items for name, items in self.items.items() if name not in on_can}
        self.life, read_anew = watch_life(self.life, watched, self.heard, now)
        return read_anew
