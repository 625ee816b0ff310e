"""The limit of one charger as it is explained: which reason comes first, and what would hold next."""

from __future__ import annotations

import pytest

from gxbridge.core.dvcc.explain.limits import charger_limits, system_limits
from gxbridge.core.dvcc.limit.cap import Limit
from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.reasons import cap
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder
from tests.core.dvcc.world import SUN


def explained(told_a: float | None, own_a: float | None, why: str, share_of: float | None, ccl: float | None) -> Limit:
    """The limit of a solar charger with this setting of its own."""
    system = cap("no-bms" if ccl is None else "bms-ccl", ccl, "A", "b", p.CCL, bms="Lynx")
    told = ChargerOrder(Charger(SUN, p.SOLAR, {p.CHARGE_LIMIT_SETTING: own_a}), told_a, why, share_of)
    return charger_limits([told], Capped(ccl, (system,)), (), set())[0]


@pytest.mark.parametrize(
    ("told", "own", "why", "share_of", "ccl", "names", "said"),
    [
        (20.0, 50.0, "share", 30.0, 40.0, ["share", "bms-ccl", "own-limit"],
         "20 A: its share of 30 A. Next: 40 A said by the Lynx."),
        (20.0, 50.0, "share", 60.0, 60.0, ["share", "own-limit", "bms-ccl"],
         "20 A: its share of 60 A. Next: its own setting 50 A."),
        (20.0, 40.0, "share", 40.0, 40.0, ["share", "own-limit", "bms-ccl"],
         "20 A: its share of 40 A. Next: its own setting 40 A."),
        (40.0, 50.0, "share", 40.0, 40.0, ["share", "own-limit", "bms-ccl"],
         "40 A: its share of 40 A. Next: its own setting 50 A."),
        (45.0, 50.0, "share", 45.0, 40.0, ["share", "own-limit", "bms-ccl"],
         "45 A: its share of 45 A. Next: its own setting 50 A."),
        (50.0, 50.0, "share", 80.0, 80.0, ["own-limit", "share", "bms-ccl"],
         "50 A: its own setting. Next: 80 A said by the Lynx."),
        (50.0, 50.0, "share", 50.0, 50.0, ["own-limit", "share", "bms-ccl"], "50 A: its own setting."),
        (50.0, 50.0, "share", 40.0, 40.0, ["own-limit", "share", "bms-ccl"], "50 A: its own setting."),
        (50.0, 50.0, "no-limit", None, None, ["own-limit", "no-limit"], "50 A: its own setting."),
        (50.0, 50.0, "feed-in", None, 40.0, ["own-limit", "feed-in"],
         "50 A: its own setting. Feed-in is on, so the charge current limit is not applied to solar (as the vendor "
         "does)."),
        (0.0, 50.0, "stopped", None, 0.0, ["stopped", "own-limit"],
         "0 A: no charging is granted: 0 A said by the Lynx. Next: its own setting 50 A."),
        (0.0, 0.0, "stopped", None, 0.0, ["stopped", "own-limit"],
         "0 A: no charging is granted: 0 A said by the Lynx."),
        (0.0, None, "stopped", None, 0.0, ["stopped"], "0 A: no charging is granted: 0 A said by the Lynx."),
        (None, 50.0, "off", None, 40.0, ["off", "own-limit"], "none: not controllable because it is off."),
        (None, None, "no-setting", None, 40.0, ["no-setting"],
         "none: not controllable because its own limit is unknown."),
        (10.0, None, "share", 30.0, 40.0, ["share", "bms-ccl"], "10 A: its share of 30 A."),
        (10.0, None, "share", 30.0, None, ["share"], "10 A: its share of 30 A."),
        (50.0, 50.0, "share", 80.0, None, ["own-limit", "share"], "50 A: its own setting."),
        (20.0, 50.0, "share", 30.0, None, ["share", "own-limit"],
         "20 A: its share of 30 A. Next: its own setting 50 A."),
        (None, 50.0, "share", 30.0, 40.0, ["share", "own-limit", "bms-ccl"], "none: its share of 30 A."),
        (0.1, 50.0, "asleep", 30.0, 40.0, ["asleep", "bms-ccl", "own-limit"],
         "0.1 A: it is off and may wake up; its share of 30 A. Next: 40 A said by the Lynx."),
        (60.0, 50.0, "share", 30.0, 40.0, ["share", "own-limit", "bms-ccl"], "60 A: its share of 30 A."),
    ],
)  # fmt: skip
def test_a_charger(
    told: float | None,
    own: float | None,
    why: str,
    share_of: float | None,
    ccl: float | None,
    names: list[str],
    said: str,
) -> None:
    limit = explained(told, own, why, share_of, ccl)
    assert [each.name for each in limit.caps] == names
    assert (limit.value, limit.sentence) == (told, f"Charge current {said}")


def test_a_system_limit_is_kept_where_nothing_changed_and_only_there() -> None:
    def limits(before: tuple[Limit, ...], cvl: float, ccl: float, dcl: float) -> tuple[Limit, ...]:
        capped = [Capped(value, (cap("bms-ccl", value, "A", "b", p.CCL, bms="Lynx"),)) for value in (cvl, ccl, dcl)]
        return tuple(system_limits(*capped, (), before))

    first = limits((), 27.0, 40.0, 60.0)
    assert [(limit.name, limit.value) for limit in first] == [("CVL", 27.0), ("CCL", 40.0), ("DCL", 60.0)]
    for before in (first, (*first, first[0]), (*first, first[0], first[1])):
        again = limits(before, 27.0, 40.0, 60.0)
        assert all(new is old for new, old in zip(again, first, strict=True))
    assert [limit.value for limit in limits(first[:2], 27.0, 40.0, 60.0)] == [27.0, 40.0, 60.0]
    assert [limit.value for limit in limits(first, 28.0, 41.0, 61.0)] == [28.0, 41.0, 61.0]
    assert [limit.name for limit in limits(first, 40.0, 40.0, 40.0)] == ["CVL", "CCL", "DCL"]
    lower = first[1]._replace(value=39.0)
    assert limits((first[0], lower, first[2]), 27.0, 40.0, 60.0)[1].value == 40.0
