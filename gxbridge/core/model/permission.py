"""Permission to charge or to discharge: yes, no, or unknown, and unknown is never permission."""

from __future__ import annotations

from typing import Literal, TypeAlias

from gxbridge.core.model.items import Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record

Permission: TypeAlias = bool | None
"""True: allowed. False: refused. None: unknown, which whoever acts must treat like refused."""

WORDS: dict[Permission, str] = {True: "allowed", False: "refused", None: "unknown"}


def flag(value: Value) -> Permission:
    """A D-Bus 0 or 1 as tri-state; anything else (invalid, text, 2, NaN) is unknown."""
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    return None


@record
class Restriction:
    """What a source that may never grant has to say. It cannot hold a permission: only a stop, or nothing.

    Bluetooth advertisements are encrypted but not authenticated, and old ones can be replayed: such a source may stop
    or inform.
    """

    stops_charge: bool = False
    stops_discharge: bool = False
    pre_alarm: bool = False
    source: str = ""


class Stop(NamedTuple):
    """A BMS that is not on VE.Can says stop: behind a VE.Bus system, at wired terminals, over Bluetooth.

    It can only stop. `source` is a service or a device, `path` its path where it has one, `since` monotonic seconds,
    `text` the reason without its age, `kind` the channel. `refused`: it says no; False: nobody knows what it says.
    """

    source: str
    path: str
    since: float
    text: str
    kind: Literal["", "vebus", "terminal", "bluetooth"] = ""
    refused: bool = True


class Permit(NamedTuple):
    """A BMS that can only say yes or no says yes to charging, without a limit. Fields as those of `Stop`.

    Never of Bluetooth. It lifts nothing that anybody else holds: it is one more cap, so high that everything else is
    lower. It counts as no BMS for the chargers: they are not told to rely on one.
    """

    source: str
    path: str
    since: float
    text: str
