"""What a person should know: each finding with its words, its subject and its number."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.explain.findings import loss_finding, of_reason, remembered_findings, round_findings
from gxbridge.core.dvcc.limit.caps import Capped
from gxbridge.core.dvcc.limit.current import Currents
from gxbridge.core.dvcc.limit.reasons import cap
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.services import Charger
from gxbridge.core.dvcc.read.inputs import Inputs, read_inputs
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.tell.charger_order import ChargerOrder
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.findings_table import FINDINGS
from tests.core.dvcc.world import ALTERNATOR, CAN_BMS, LYNX, MULTI, SUN, SUN_2, World, can_bms, charger, lynx, multi

OTHER_BMS = "com.victronenergy.battery.socketcan_can2"
NO_LIMIT = Capped(None, ())
NO_AMPS = Currents(None, None, False, ())


def inputs(**services: Any) -> Inputs:
    """A scene of services given by the names of this module's constants."""
    return read_inputs(World({globals()[name]: items for name, items in services.items()}).snapshot())


def found(where: Inputs, **changes: Any) -> list[Finding]:
    """The findings of a round in which nothing is to be found but what is given."""
    given = {
        "ccl": NO_LIMIT,
        "dcl": NO_LIMIT,
        "amps": NO_AMPS,
        "told": (),
        "old": (),
        "refused": None,
        "seen": {},
    } | changes
    return list(round_findings(where, **given, now=7.0))


def test_a_reason_becomes_a_finding_that_begins_with_a_capital_letter() -> None:
    one = of_reason(7.0, cap("ccl-unknown", 0.0, "A", LYNX, p.CCL, bms="Lynx"))
    assert (one.id, one.severity, one.subject, one.first, one.last, one.count) == (
        "ccl-unknown", "warning", LYNX, 7.0, 7.0, 1,
    )  # fmt: skip
    assert one.text == "The Lynx gives no valid charge current limit, and unknown is not permission"
    assert one.advice == FINDINGS["ccl-unknown"].advice


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("charge-unknown", ["charge-unknown"]),
        ("vebus-unknown", ["vebus-unknown"]),
        ("bms-ccl", []),
        ("ccl-missing", []),
        ("user-current", []),
    ],
)
def test_only_what_is_unknown_about_the_charge_current_is_a_finding(name: str, expected: list[str]) -> None:
    limits = Capped(0.0, (cap("bms-ccl", 0.0, "A", bms="x"), cap(name, 0.0, "A", bms="x")))
    assert [one.id for one in found(inputs(LYNX=lynx()), ccl=limits)] == expected


def test_feed_in_says_the_limit_that_is_not_applied_and_is_about_the_multi() -> None:
    device = Charger(SUN, p.SOLAR, {})
    told = (ChargerOrder(device, 50.0, "own-limit"), ChargerOrder(device, 50.0, "feed-in"))
    with_multi, without = inputs(LYNX=lynx(), MULTI=multi()), inputs(LYNX=lynx())
    for where, subject in ((with_multi, MULTI), (without, "")):
        (one,) = found(where, ccl=Capped(20.5, ()), told=told)
        assert (one.id, one.subject) == ("feed-in-override", subject)
        assert one.text == "Feed-in is on, so the charge current limit of 20.5 A is not applied to solar"
    assert not found(with_multi, ccl=NO_LIMIT, told=told)
    for why in ("own-limit", "asleep", "share", "genset", "stopped"):
        assert not found(with_multi, ccl=Capped(20.5, ()), told=(ChargerOrder(device, 50.0, why),))


def test_dc_loads_that_are_not_added_are_about_the_bms() -> None:
    for where, subject in ((inputs(LYNX=lynx()), LYNX), (inputs(MULTI=multi()), "")):
        (one,) = found(where, amps=Currents(20.0, 20.0, False, (cap("dc-loads-not", None, "A"),)))
        assert (one.id, one.subject) == ("dc-loads-not-added", subject)
    for name in ("dc-loads", "ac-loads", "rs-feed-in", "feed-in", "pv-disabled"):
        term = cap(name, None, "A", added="3")
        assert not found(inputs(LYNX=lynx()), amps=Currents(20.0, 20.0, False, (term,)))


def test_old_firmware_names_every_device() -> None:
    old = [Charger(SUN, p.SOLAR, {p.PRODUCT_NAME: "SmartSolar"}), Charger(SUN_2, p.SOLAR, {})]
    assert [(one.subject, one.text) for one in found(inputs(LYNX=lynx()), old=old)] == [
        (SUN, "The firmware of SmartSolar is too old for external control"),
        (SUN_2, "The firmware of ttyS6 is too old for external control"),
    ]


def test_several_bmses_are_counted_and_who_controls_is_named() -> None:
    three = {"LYNX": lynx(), "CAN_BMS": can_bms(VOLTAGE=26.0, CVL=28.0), "ALTERNATOR": charger()}
    vendor = Options.vendor()
    (one,) = found(inputs(**three)._replace(options=vendor))
    assert (one.id, one.subject) == ("multiple-batteries", LYNX)
    assert one.text == "2 battery services give limits; Lynx Smart BMS NG controls"
    assert not found(inputs(LYNX=lynx())._replace(options=vendor))
    assert not found(inputs(**three)), "in the strict profile both limit and stop"
    nobody = World({LYNX: lynx(), CAN_BMS: can_bms()}, vendor, {p.SET_DVCC: 1, p.SET_BMS_INSTANCE: 77})
    (one,) = found(read_inputs(nobody.snapshot()))
    assert (one.subject, one.text) == ("", "2 battery services give limits; none of them controls")


def test_a_refusal_and_an_unenforced_stop_say_why() -> None:
    refused = cap("cvl-refused", None, "V", LYNX, said="57", nominal="24", low="20", high="32")
    (one,) = found(inputs(LYNX=lynx()), refused=refused)
    assert (one.id, one.severity, one.subject) == ("cvl-refused", "alarm", LYNX)
    assert (
        one.text == "57 V is no charge voltage for a 24 V battery (20 V to 32 V): refused, and no charging is granted"
    )
    stop = cap("discharge-observed", None, "A", ALTERNATOR, text="Terminal: open")
    (one,) = found(inputs(LYNX=lynx()), dcl=Capped(None, (stop,)))
    assert (one.id, one.subject) == ("discharge-not-enforced", ALTERNATOR)
    assert one.text.startswith("Terminal: open; observed, not enforced: ")
    assert not found(inputs(LYNX=lynx()), dcl=Capped(0.0, (cap("discharge-refused", 0.0, "A", bms="x"),)))


@pytest.mark.parametrize("other", [0, None, 2, -1])
def test_the_charger_that_remembers_a_bms_is_named_not_the_first_one(other: int | None) -> None:
    known = charger(BMS_PRESENT=1) | {p.PRODUCT_NAME: "MPPT 150/35"}
    (one,) = remembered_findings(inputs(SUN=charger(BMS_PRESENT=other), SUN_2=known), {}, 7.0)
    assert one.subject == SUN_2
    assert one.text == "MPPT 150/35 remembers a BMS, and none is there: no charger is told anything"


def test_a_reset_is_advised_only_when_nothing_is_or_may_be_a_bms_and_not_in_the_first_ten_seconds() -> None:
    sun = charger(BMS_PRESENT=1)
    assert not list(remembered_findings(inputs(SUN=sun), {"": 0.0}, 9.0))
    (one,) = remembered_findings(inputs(SUN=sun), {"": 0.0}, 10.0)
    assert (one.id, "reset" in one.advice) == ("bms-remembered", True)
    awaited = inputs(SUN=sun)._replace(bms_awaited=True)
    for where in (awaited, inputs(SUN=sun, LYNX=lynx(CVL=None))):
        (one,) = remembered_findings(where, {"": 0.0}, 10.0)
        assert (one.id, "reset" in one.advice) == ("bms-there", False)


@pytest.mark.parametrize(
    ("silent", "name", "text"),
    [
        (True, "bms-silent", "Lynx is silent, or gives no charge voltage limit any more: nothing is granted"),
        (False, "bms-lost", "Lynx is lost: it has not been heard, or has given no charge voltage limit, for a minute"),
    ],
)  # fmt: skip
def test_a_bms_that_is_not_heard_is_silent_and_then_lost(silent: bool, name: str, text: str) -> None:
    one = loss_finding(LYNX, "Lynx", silent, 7.0, gives_voltage=True)
    assert (one.id, one.severity, one.subject, one.text, one.last) == (name, "alarm", LYNX, text, 7.0)


def test_batteries_with_one_device_instance_are_named_together() -> None:
    """The GX forgets the one that came first."""
    world = World({CAN_BMS: can_bms(), OTHER_BMS: can_bms(CUSTOM_NAME="Stern"), LYNX: lynx()})
    world.run(3)
    (found,) = (one for one in world.decision.findings if one.id == "same-instance")
    assert (found.subject, found.text) == (
        CAN_BMS,
        "BMS and Stern have the same device instance 512: "
        "a GX forgets all but one of them, and the limits of the others",
    )


def test_what_is_set_for_a_test_at_the_gx_is_a_finding() -> None:
    world = World({CAN_BMS: can_bms(), p.SYSTEM: {p.DEBUG[0]: 0.4, p.DEBUG[1]: 0, p.DEBUG[3]: 1}})
    world.run(3)
    found = [one.text.partition(":")[0] for one in world.decision.findings if one.id == "debug-values"]
    assert found == [
        f"{p.DEBUG[0]} of com.victronenergy.system is set to 0.4",
        f"{p.DEBUG[3]} of com.victronenergy.system is set to 1",
    ]
