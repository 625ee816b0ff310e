"""What stands at a device as its limit, told or its own word, and what a battery allows: the same for every screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.numbers import number
from gxbridge.core.model.items import Items

TAKES_NONE: Final = frozenset({"no-path", "no-setting", "other-network", "ac-charger", "other-multi", "genset"})
"""Reasons for which a charger is told nothing, whoever is master."""


def told_a(items: Items, kind: str) -> float | None:
    """What stands at a charger as its charge current, in amperes; `kind` is `charger` or `multi`. None: nothing."""
    # Without a battery BMS the Multi is told by its own setting.
    paths = (p.BOL_CHARGE_CURRENT, p.MULTI_CHARGE_CURRENT) if kind == "multi" else (p.CHARGE_CURRENT,)
    return next((value for path in paths if (value := number(items, path)) is not None), None)


def allowed(items: Items, path: str) -> str:
    """A permission of a battery service: `yes`, `no` or `unknown`."""
    value = number(items, path)
    return "yes" if value == 1 else "no" if value == 0 else "unknown"


def takes_none(limit: Mapping[str, Any]) -> bool:
    """Whether a device of the explanation is told nothing, whoever is master."""
    return limit["value"] is None and bool(limit["caps"]) and limit["caps"][0]["name"] in TAKES_NONE
