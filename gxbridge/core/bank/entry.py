"""A bank as the configuration says it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from gxbridge.core.dvcc.read.paths import OWN_PREFIX
from gxbridge.core.model.record import record

Division: TypeAlias = Literal["capacity", "measured"]

IMBALANCE: Final = 0.10
"""By how much of its share a member may take more than its share, where the configuration says nothing else."""
SERVICE_PREFIX: Final = f"{OWN_PREFIX}bank_"
KEY_PREFIX: Final = "bank_"
MOST_MEMBERS: Final = 32
"""Of a bank, more than any has: whoever claims to be one of more is none, and limits like any other battery."""
LYNX_TOTALS: Final = 0xA3E3
"""Product of the vendor's totals of parallel Lynx: a GX stops every charger at a charge current limit of 0 A of it
(dbus-systemcalc-py 9730db0)."""


@record
class BankEntry:
    """One bank. `members`: words by which each is known: a serial, `uc` and a unique number, or a D-Bus service; none:
    every Lynx of one N2K device instance and nominal voltage on one CAN bus."""

    name: str
    title: str = ""
    members: tuple[str, ...] = ()
    bus: str = ""
    network: int = 0
    """N2K device instance of the Lynx, without `members`."""
    nominal_voltage_v: float | None = None
    sums: bool = False
    """Current limits are added up, and nobody knows whether one member takes more than it may."""
    share: Division = "capacity"
    imbalance: float = IMBALANCE

    @property
    def service(self) -> str:
        """The D-Bus service that it is published as."""
        return f"{SERVICE_PREFIX}{self.name}"

    @property
    def key(self) -> str:
        """What its instance and its name are remembered by."""
        return f"{KEY_PREFIX}{self.name}"

    @property
    def called(self) -> str:
        """What a person calls it."""
        return self.title or self.name
