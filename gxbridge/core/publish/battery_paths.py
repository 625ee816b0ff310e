"""The D-Bus items of a battery service: which paths there are, and their values now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import gxbridge
from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.publish.battery_rows import (
    ALARMS,
    BALANCING,
    DIAGNOSTICS,
    HISTORY,
    IDENTIFICATION,
    INFO,
    IO,
    MEASUREMENTS,
    SETTINGS,
    STATE,
    SYSTEM,
    Context,
    Make,
    PathRow,
    quantity,
)
from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID
from gxbridge.core.vecan.lynx.distributors import FUSES, fuse_name_of, fuse_status_of, status_of

Publish = Literal["bms", "bms-neutral", "monitor"]


PRODUCT_ID_PATHS = ("/ProductId", "/Devices/0/ProductId")
REASON_PATHS: Mapping[str, str] = {
    "CVL": "/Info/MaxChargeVoltageReason",
    "CCL": "/Info/MaxChargeCurrentReason",
    "DCL": "/Info/MaxDischargeCurrentReason",
}

PATHS: tuple[PathRow, ...] = (
    *IDENTIFICATION,
    *STATE,
    *MEASUREMENTS,
    *INFO,
    *IO,
    *SYSTEM,
    *ALARMS,
    *DIAGNOSTICS,
    *HISTORY,
    *SETTINGS,
)
"""Every path but those of the distributors."""

_RANGES: Mapping[str, tuple[float, float]] = {
    "y": (0, 0xFF),
    "q": (0, 0xFFFF),
    "u": (0, 0xFFFFFFFF),
    "i": (-(1 << 31), (1 << 31) - 1),
    "d": (-1.7e308, 1.7e308),
}
"""What a D-Bus type can hold; infinity and "not a number" are nothing a consumer could use."""


def service_name(battery: Battery) -> str:
    """`com.victronenergy.battery.gxbridge_can0_uc167120`; what D-Bus does not allow in a name becomes `_`."""
    return f"{OWN_PREFIX}{_in_a_name(battery.bus)}_uc{battery.unique_number}"


@lru_cache(maxsize=64)
def _in_a_name(bus: str) -> str:
    return re.sub("[^A-Za-z0-9_]", "_", bus)


def _lost(status: str, bad: int) -> Make:
    def make(context: Context) -> Value:
        value = context.battery.get(status)
        return None if value is None else 2 if value == bad else 0

    return make


def distributor_rows(letter: str) -> tuple[PathRow, ...]:
    """The paths of one distributor; fuses count from 0 on D-Bus and from 1 on the label."""
    base = f"/Distributor/{letter}"
    rows = [
        PathRow(
            f"{base}/Status",
            ItemSpec("u"),
            quantity(status_of(letter)),
            "1 connected, 2 no power on the busbar, 3 lost",
        ),
        PathRow(f"{base}/Alarms/ConnectionLost", ItemSpec("u"), _lost(status_of(letter), 3), "0 ok, 2 alarm"),
    ]
    for fuse in FUSES:
        at, status = f"{base}/Fuse/{fuse - 1}", fuse_status_of(letter, fuse)
        rows += [
            PathRow(f"{at}/Name", ItemSpec("s"), quantity(fuse_name_of(letter, fuse)), "name given to the fuse"),
            PathRow(f"{at}/Status", ItemSpec("u"), quantity(status), "1 not used, 2 ok, 3 blown"),
            PathRow(f"{at}/Alarms/Blown", ItemSpec("u"), _lost(status, 3), "0 ok, 2 alarm"),
        ]
    return tuple(rows)


@lru_cache(maxsize=64)
def rows(publish: Publish, *, balances: bool = False, distributors: str = "") -> tuple[PathRow, ...]:
    """The rows of a service: no `/Info` with `monitor`, `/Balancing` and distributors where they were ever reported."""
    chosen = tuple(
        row
        for row in PATHS
        if (balances or row.path != BALANCING) and (publish != "monitor" or not row.path.startswith("/Info/"))
    )
    return chosen + tuple(row for letter in distributors for row in distributor_rows(letter))


@lru_cache(maxsize=64)
def specs(publish: Publish, *, balances: bool = False, distributors: str = "") -> Mapping[str, ItemSpec]:
    """Type, text and writability of every path. A write that is refused is asked for all the same, to answer 2."""
    return MappingProxyType({row.path: row.spec for row in rows(publish, balances=balances, distributors=distributors)})


def battery_items(
    battery: Battery,
    instance: int,
    custom_name: str = "",
    *,
    transmit_writes: bool = False,
    version: str = gxbridge.__version__,
) -> dict[str, Value]:
    """Every path with its value, None = invalid: all that is known of the battery, as the vendor's service has it."""
    context = Context(
        battery=battery,
        service=service_name(battery),
        instance=instance,
        custom_name=custom_name or battery.description or "",
        version=version,
        transmit_writes=transmit_writes,
    )
    return {
        row.path: fitted(row.spec, row.make(context))
        for row in rows("bms", balances=battery.balances, distributors=battery.distributors)
    }


def as_published(items: Mapping[str, Value], publish: Publish, reasons: Mapping[str, str]) -> dict[str, Value]:
    """The same as it is published; `reasons`: `CVL`, `CCL`, `DCL` -> why it is what it is.

    The product id is the vendor's with `bms` only: by it a GX knows how to treat the battery, and starts its own
    aggregation of parallel BMSes.
    """
    if publish == "monitor":
        found = {path: value for path, value in items.items() if not path.startswith("/Info/")}
    else:
        found = {**items, **{path: reasons.get(name) for name, path in REASON_PATHS.items()}}
    return found if publish == "bms" else {**found, **dict.fromkeys(PRODUCT_ID_PATHS, OWN_PRODUCT_ID)}


def fitted(spec: ItemSpec, value: Value) -> Value:
    """The value in its D-Bus type; None where it does not fit, because a wrong number is worse than none."""
    if spec.signature == "s":
        return value if isinstance(value, str) else None
    low, high = _RANGES[spec.signature]
    if not isinstance(value, int | float) or not low <= value <= high:
        return None
    return float(value) if spec.signature == "d" else int(value)
