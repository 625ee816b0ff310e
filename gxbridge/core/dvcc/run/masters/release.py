"""Which of the writes that were decided may go out where we are master, but not wholly: raised limits wait, or a device
is set apart."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.dbus_state import DbusState
from gxbridge.core.dvcc.read.numbers import least, sensible
from gxbridge.core.dvcc.run.masters.read_back import LastWrites
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.items import Value
from gxbridge.core.vecan.readings import LINK_S

GRANTS: Final = frozenset(
    {
        p.CHARGE_VOLTAGE,
        p.CHARGE_CURRENT,
        p.DISCHARGE_CURRENT,
        p.BOL_CHARGE_VOLTAGE,
        p.BOL_CHARGE_CURRENT,
        p.BOL_DISCHARGE_CURRENT,
        p.MULTI_CHARGE_CURRENT,
    }
)
"""Paths where more is more."""
TINY: Final = 1e-6


def released(
    writes: Iterable[Write],
    told: LastWrites,
    apart: Set[str],
    bus: DbusState,
    now: float,
    *,
    raises_wait: bool,
) -> tuple[Write, ...]:
    """The writes that may go out. Who waits for a raise is told again what it was told last.

    A device that is set apart is told 0 A, or less than it was told and shows; nothing else.
    """
    kept: list[Write] = []
    granted = set()
    for write in writes:
        service, path, value = write
        if path in GRANTS:
            before = told.get((service, path))
            if service in apart:
                if not lower(value, None if before is None else before.value, bus.shows(service, path)):
                    continue
            elif raises_wait:
                last = None if before is None or now - before.at > LINK_S else before.value
                if not no_raise(value, last):
                    if not isinstance(last, int | float):
                        continue
                    write = Write(service, path, last)
            granted.add(service)
        kept.append(write)
    # A mode alone would put a device under control that is told nothing; what is measured is no limit.
    return tuple(
        write
        for write in kept
        if write.path in GRANTS
        or write.service in granted
        or not (write.service in apart or (raises_wait and write.path == p.NETWORK_MODE))
    )


def lower(value: Value, last: Value, shows: float | None) -> bool:
    """Is this 0, or less than what a device was told last and shows?"""
    new, bound = sensible(value), least(sensible(last), shows)
    return new is not None and (new <= 0 or (bound is not None and new < bound - TINY))


def no_raise(value: Value, last: Value) -> bool:
    """Is this no more than what was told last?"""
    new, old = sensible(value), sensible(last)
    return new is not None and (new <= 0 or (old is not None and new <= old))
