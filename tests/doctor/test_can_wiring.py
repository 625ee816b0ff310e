"""What the doctor says of the CAN wiring of each device."""

from __future__ import annotations

from gxbridge.core.model.items import Value
from gxbridge.doctor.checks.can_wiring import check_can_wiring
from gxbridge.doctor.row import Row
from tests.doctor.facts_of import changed, configured, facts


def rows(*devices: tuple[str, str], transmit: str = "requests") -> list[Row]:
    """Devices by word and reason, as our service shows them."""
    items: dict[str, Value] = {}
    for n, (word, reason) in enumerate(devices):
        items |= {f"/Devices/{n}/Wiring": word, f"/Devices/{n}/WiringReason": reason, f"/Devices/{n}/Bus": "can0",
                  f"/Devices/{n}/Address": 36 + n, f"/Devices/{n}/Product": f"MPPT {n}"}  # fmt: skip
    return list(check_can_wiring(facts(services=changed(OWN=items), configured=configured(transmit=transmit))))


def test_without_devices_nothing_is_said() -> None:
    assert rows() == []
    assert list(check_can_wiring(facts(services=changed(OWN=None)))) == []


def test_who_counts_errors_is_named_and_who_is_well_is_counted() -> None:
    bad, well = rows(("good", "no CAN error"), ("bad", "2 times off the bus"), ("good", ""))
    assert (bad.id, bad.verdict) == ("wiring-bad", "warning")
    assert bad.text == "MPPT 1 at address 37 on can0: 2 times off the bus"
    assert "60 ohms" in bad.advice
    assert (well.id, well.verdict, well.text) == ("wiring-good", "ok", "2 devices counted no new CAN error")


def test_frames_lost_are_a_note_and_two_at_one_address_a_problem() -> None:
    assert [(row.id, row.verdict) for row in rows(("busy", "3 frames lost"), ("conflict", "another"))] == [
        ("wiring-busy", "note"),
        ("wiring-conflict", "problem"),
    ]


def test_unknown_is_said_as_unknown_with_the_reason_and_how_to_be_asked() -> None:
    (silent,) = rows(("unknown", "it is silent"))
    assert (silent.id, silent.verdict, silent.text) == ("wiring-unknown", "note", "not known of 1 device")
    assert silent.advice == "MPPT 0 at address 36 on can0: it is silent."
    (mute,) = rows(("unknown", "not told"), ("a word of a later version", "why"), transmit="off")
    assert mute.text == "not known of 2 devices"
    assert mute.advice.startswith("They are told only when asked: `transmit: requests`")
    assert "MPPT 1 at address 37 on can0: why." in mute.advice


def test_a_device_without_address_or_product_is_named_by_its_bus() -> None:
    items: dict[str, Value] = {"/Devices/0/Wiring": "bad", "/Devices/0/Bus": "can0"}
    (row,) = check_can_wiring(facts(services=changed(OWN=items)))
    assert row.text == "a device on can0: no reason is told"
