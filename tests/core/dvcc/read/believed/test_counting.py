"""The services as they count: with the contactors that are open on CAN, and untouched in profile `vendor`."""

from __future__ import annotations

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.believed.can_word import PublishedElsewhere
from gxbridge.core.dvcc.read.believed.counting import Believed, believe, with_contactors
from gxbridge.core.dvcc.read.believed.held import CountingServices
from gxbridge.core.dvcc.read.inputs import read_inputs
from gxbridge.core.dvcc.read.snapshot import Snapshot
from tests.core.dvcc.world import CAN_BMS, LYNX, can_bms, lynx
from tests.core.gate.boat import on_can

OWN = read_inputs(Snapshot({LYNX: lynx()})).batteries[0]


def test_an_open_contactor_is_one_of_the_service_that_is_named_and_of_no_other() -> None:
    there = CountingServices({CAN_BMS: can_bms(), LYNX: lynx()}, (OWN, OWN._replace(name="other")))
    assert with_contactors(there, ()) is there
    found = with_contactors(there, (CAN_BMS,))
    assert found.services == {CAN_BMS: can_bms() | {p.CONTACTOR_CLOSED: 0}, LYNX: lynx()}
    assert found.own == there.own
    found = with_contactors(there, (LYNX,))
    assert [bms.contactor_closed for bms in found.own] == [0, OWN.contactor_closed]


def test_what_counts_instead_of_what_is_shown_and_in_profile_vendor_what_is_shown() -> None:
    there = CountingServices({CAN_BMS: can_bms()}, ())
    said = {"charge_voltage_limit_v": 60.0, "discharge_current_limit_a": 150.0, "low_voltage_limit_v": 46.0}
    elsewhere = (PublishedElsewhere(on_can(7, charge_current_limit_a=20.0, **said), CAN_BMS, others_heard=True),)
    strict = believe(Believed(), there, elsewhere, (CAN_BMS,), 5.0, strict=True)
    assert strict.services.services == {CAN_BMS: can_bms(CCL=20.0) | {p.CONTACTOR_CLOSED: 0}}
    assert strict.arrivals == ((CAN_BMS, p.CCL),)
    again = believe(strict, there, elsewhere, (CAN_BMS,), 15.0, strict=True)
    assert (again.arrivals, [one.id for one in again.findings]) == ((), ["stricter-on-can"])
    vendor = believe(Believed(), there, elsewhere, (CAN_BMS,), 5.0, strict=False)
    assert vendor.services is there
    assert (vendor.arrivals, vendor.findings) == ((), ())
    assert vendor.on_can.changes == {CAN_BMS: {p.CCL: 20.0}}, "what would count is known"
