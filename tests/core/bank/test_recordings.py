"""Recordings of the vendor's totals of parallel Lynx: equal where the policies agree, explained where they do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.bank.banks import recognise
from gxbridge.core.bank.figures import figures_of
from gxbridge.core.bank.member import MemberCandidate
from gxbridge.core.bank.view import BankView
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bms import read_bms

RECORDED = json.loads((Path(__file__).parent / "data" / "totals.json").read_text())
SAME = (p.VOLTAGE, p.CURRENT, p.POWER, p.SOC, "/Capacity", "/ConsumedAmphours", p.CVL, p.STATE, p.NUMBER_OF_BMSES)
"""What the recorded totals make in the same way; a tenth of what is shown is rounding."""
ROUNDED = {p.VOLTAGE: 0.011, p.CURRENT: 0.11, p.POWER: 3, p.SOC: 0.09, "/ConsumedAmphours": 0.11}
ADDED_UP = (p.CCL, p.DCL)


def moments(name: str) -> Iterator[tuple[dict[str, Any], BankView]]:
    """What the totals showed, and what we would say."""
    recorded = RECORDED[name]
    for moment in recorded["moments"]:
        shown = {recorded["totals"]: moment["totals"], **dict(zip(recorded["members"], moment["members"], strict=True))}
        if name == "s":  # one of two equal batteries was given another nominal voltage by hand
            shown[recorded["members"][1]]["/Settings/Battery/NominalVoltage"] = 24
        heard = [MemberCandidate(read_bms(service, items), items) for service, items in shown.items()]
        (view,) = recognise(heard, ())
        yield moment["totals"], view


@pytest.mark.parametrize("name", RECORDED)
def test_what_both_make_in_one_way_is_equal(name: str) -> None:
    for totals, view in moments(name):
        for path in SAME:
            ours = view.figures[path].value
            if isinstance(totals[path], str):
                assert ours == totals[path]
            else:
                assert ours == pytest.approx(totals[path], abs=ROUNDED.get(path, 0)), path


@pytest.mark.parametrize("name", RECORDED)
def test_added_up_the_limits_are_those_of_the_totals_and_by_share_they_are_never_above(name: str) -> None:
    for totals, view in moments(name):
        added = figures_of(view.bank._replace(entry=type(view.entry)("house", sums=True)))
        for path in ADDED_UP:
            assert added[path].value == totals[path]
            assert (view.value(path) or 0) <= totals[path]


def test_where_the_policies_differ_it_is_said_with_the_reason() -> None:
    _, view = next(moments("lp"))
    assert view.why == "It is only explained: com.victronenergy.battery.lynxparallel500_1 adds the same batteries up"
    said = {text.partition(":")[0]: text for text in view.differences}
    assert said.keys() == {"charge current limit (CCL)", "discharge current limit (DCL)", "time to go"}
    assert said["charge current limit (CCL)"].startswith(
        "charge current limit (CCL): the totals say 100 A, by gxbridge's policy 90.9 A: Lynx Smart BMS 500 allows"
    )
    assert said["time to go"] == (
        "time to go: the totals say 7260 s, by gxbridge's policy 6660 s: that of Lynx Smart BMS 500, which is empty "
        "first and then stops all"
    )


def test_a_pending_member_is_in_nothing() -> None:
    for totals, view in moments("lpp"):
        assert [one.state for one in view.bank.members] == ["in", "open"]
        assert view.figures[p.CCL].value == totals[p.CCL] == 50
        said = {text.partition(":")[0] for text in view.differences}
        assert said == {"time to go"}, "the totals keep what was said before it charged"


def test_a_lynx_of_another_nominal_voltage_is_no_member() -> None:
    for _, view in moments("bct"):
        assert [one.bms.nominal_v for one in view.bank.members] == [48]


def test_members_of_different_nominal_voltage_are_no_bank() -> None:
    """As the recording has it: 24 V and 48 V."""
    recorded = RECORDED["s"]["moments"][0]["members"]
    services = dict(zip(RECORDED["s"]["members"], json.loads(json.dumps(recorded)), strict=True))
    items = [*services.values()]
    items[0]["/Settings/Battery/NominalVoltage"], items[1]["/Settings/Battery/NominalVoltage"] = 24, 48
    heard = [MemberCandidate(read_bms(service, one), one, "can0") for service, one in services.items()]
    assert list(recognise(heard, ())) == []


def test_totals_whose_members_are_not_there_are_no_bank() -> None:
    recorded = RECORDED["lp"]
    shown = recorded["moments"][0]["totals"]
    assert list(recognise([MemberCandidate(read_bms(recorded["totals"], shown), shown)], ())) == []
