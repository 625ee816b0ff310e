"""Whether a port's devices may be served: never beside another program that serves them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from gxbridge.core.dvcc.read.devices.services import kind_of
from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.items import Items
from gxbridge.core.publish.publication import vendor_driver


def owner_of(port: str, names: Iterable[str]) -> str | None:
    """A service of others that says by its name that its program has the port: `vecan.can0`, or
    `socketcan_can0_...` of any class but `acsystem`: that a GX makes of the services of whoever has the port."""
    mark = re.compile(rf"com\.victronenergy\.(?:vecan\.|(?!acsystem\.)[a-z]+\.socketcan_){re.escape(port)}(?:_|$)")
    return next((name for name in sorted(names) if mark.match(name)), None)


def taken_by(bus: str, port: str, services: Mapping[str, Items], names: Iterable[str], now: float) -> Finding | None:
    """Who has a port, so that nothing of it may be served; None: nobody. `bus`: as gxbridge calls it; `names`: of
    services of others, read or not; `services` includes the settings."""
    profile = vendor_driver(port, services)
    if profile is not None:
        return finding("port-driver", bus, now, port=port, profile=profile)
    owner = owner_of(port, names)
    return None if owner is None else finding("port-taken", bus, now, port=port, service=owner)


def served_by(kind: str, unique_number: int, services: Mapping[str, Items], ours: Collection[str]) -> str | None:
    """The service of others that is this device, by its class and unique number, whatever port it names."""
    return next(
        (
            name
            for name, items in services.items()
            if items.get("/N2kUniqueNumber") == unique_number and kind_of(name) == kind
            if name not in ours and not name.startswith(OWN_PREFIX)
        ),
        None,
    )
