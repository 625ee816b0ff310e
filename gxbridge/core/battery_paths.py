"""Every D-Bus path of our battery service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .battery import Battery
from .items import ItemSpec, Value

Publish = Literal["bms", "bms-neutral", "monitor"]

NO_REASONS: Mapping[str, str] = {}


def service_name(battery: Battery) -> str:
    """`com.victronenergy.battery.gxbridge_can0_uc167120`."""
    return f"com.victronenergy.battery.gxbridge_{battery.bus}_uc{battery.unique_number}"


def specs(publish: Publish, *, ng: bool, distributors: str = "", transmit_writes: bool = False) -> dict[str, ItemSpec]:
    """Type, text and writability of every path. `distributors` are letters (`AB`): their paths exist from then on."""


def battery_items(
    battery: Battery,
    publish: Publish,
    instance: int,
    custom_name: str = "",
    *,
    transmit_writes: bool = False,
    reasons: Mapping[str, str] = NO_REASONS,
    distributors: str = "",
    request_id: int | None = None,
) -> dict[str, Value]:
    """Every path of `specs` with its value, None = invalid. `reasons`: `CVL`, `CCL`, `DCL` -> why it is what it is."""


def distributors_of(battery: Battery) -> str:
    """Letters of the distributors this battery has reported, such as `AB`."""
