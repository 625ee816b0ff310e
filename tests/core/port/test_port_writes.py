"""What clients may write to a device of a port."""

from __future__ import annotations

import pytest

from gxbridge.core.port.port_writes import judge_port_write
from gxbridge.core.publish.battery_writes import Answer


def judged(path: str, value: object, kind: str = "solarcharger", *, writes: bool = True, mode: bool = True) -> Answer:
    def take(path: str, value: object) -> tuple[int, str]:
        return 2, f"{path} = {value} is held back"

    return judge_port_write(kind, path, value, take, transmit_writes=writes, mode_switch=mode)  # type: ignore[arg-type]


def test_what_is_measured_cannot_be_written() -> None:
    assert judged("/Dc/0/Voltage", 1.0).code == 1
    assert judged("/No/Such", 1.0).code == 1


def test_an_order_for_the_network_is_handed_over() -> None:
    assert judged("/Link/ChargeCurrent", 20.0) == Answer(2, "/Link/ChargeCurrent = 20.0 is held back")
    assert judged("/Link/ChargeVoltage", 56.0, "vecan").code == 2
    assert judged("/Link/ChargeVoltage", 56.0).code == 1


def test_a_setting_of_the_device_is_sent_where_writing_is_allowed() -> None:
    answer = judged("/Settings/ChargeCurrentLimit", 30.0)
    assert (answer.code, answer.register, answer.data.hex(), answer.local) == (0, 0xEDF0, "2c01", None)
    assert judged("/Settings/ChargeCurrentLimit", 30.0, writes=False).code == 2
    assert judged("/Settings/ChargeCurrentLimit", 1e6).code == 2
    assert judged("/Settings/ChargeCurrentLimit", "much").code == 2
    assert judged("/Ac/In/1/CurrentLimit", 12.5, "multi").data.hex() == "7d00"


def test_the_mode_needs_its_own_switch_and_a_mode_of_the_kind() -> None:
    assert (judged("/Mode", 4).code, judged("/Mode", 4).data) == (0, b"\x04")
    assert judged("/Mode", 3).code == 2
    assert judged("/Mode", 3, "multi").code == 0
    refused = judged("/Mode", 4, mode=False)
    assert (refused.code, refused.text.endswith("lacks transmit.allow_mode: yes")) == (2, True)
    assert "transmit: writes" in judged("/Mode", 4, writes=False).text


def test_a_name_is_kept_and_sent_where_that_is_allowed() -> None:
    answer = judged("/CustomName", " Roof\n")
    assert (answer.code, answer.local, answer.register, answer.data) == (0, "Roof", 0x010C, b"Roof\x00")
    kept = judged("/CustomName", "Roof", writes=False)
    assert (kept.code, kept.local, kept.register) == (0, "Roof", None)
    assert judged("/CustomName", 5).code == 1


LISTED = "/Devices/0000A2610A4B"


def test_what_a_device_warns_of_is_told_alone() -> None:
    level = judged("/Settings/AlarmLevel/HighTemperature", 2, "multi")
    assert (level.code, level.register, level.data.hex()) == (0, 0x0333, "00300000"), "3 in bits 12 and 13"
    assert judged("/Settings/AlarmLevel/LowVoltage", 0, "inverter").data.hex() == "01000000"
    assert judged("/Settings/AlarmLevel/LowVoltage", 1.0, "multi").data.hex() == "02000000"
    for wrong in (3, -1, None, "1", float("nan")):
        assert judged("/Settings/AlarmLevel/LowVoltage", wrong, "multi").code == 2
    assert judged("/Settings/AlarmLevel/LowVoltage", 1, "multi", writes=False).code == 2


@pytest.mark.parametrize("path", ["/Link/ChargeVoltageSolarOffset", "/Link/Soc"])
def test_what_has_no_known_register_or_proof_is_taken_and_not_sent(path: str) -> None:
    answer = judged(path, 0.4, "vecan")
    assert (answer.code, answer.register, "not known" in answer.text) == (0, None, True)


def test_settings_of_an_ess_are_sent() -> None:
    lowest = judged("/Settings/Ess/MinimumSocLimit", 25.5, "multi")
    assert (lowest.code, lowest.register, lowest.data.hex()) == (0, 0xD053, "ff00")
    assert judged("/Settings/Ess/Mode", 2, "multi").data.hex() == "02"
    assert judged("/Settings/Ess/Mode", 4, "multi").code == 2


def test_a_device_of_the_list_takes_an_instance_and_a_name() -> None:
    answer = judged(f"{LISTED}/DeviceInstance", 3, "vecan")
    assert (answer.code, answer.instance, answer.register, answer.local) == (0, 3, None, None)
    assert judged(f"{LISTED}/DeviceInstance", 253.0, "vecan").instance == 253
    for wrong in (254, -1, 0.5, None, "x"):
        assert judged(f"{LISTED}/DeviceInstance", wrong, "vecan").code == 2
    named = judged(f"{LISTED}/CustomName", "Roof", "vecan")
    assert (named.code, named.register, named.data, named.local) == (0, 0x010C, b"Roof\0", None)
    assert judged(f"{LISTED}/CustomName", 5, "vecan").code == 1
    for path in ("DeviceInstance", "CustomName"):
        refused = judged(f"{LISTED}/{path}", 3, "vecan", writes=False)
        assert (refused.code, "transmit: writes" in refused.text) == (2, True)
    assert judged(f"{LISTED}/Serial", "x", "vecan").code == 1
    assert judged("/Devices/", 3, "vecan").code == 1


def test_somebody_may_have_our_number_looked_for_again() -> None:
    assert judged("/Alarms/SameUniqueNameUsed", 0, "vecan").code == 0
    refused = judged("/Alarms/SameUniqueNameUsed", 1, "vecan")
    assert (refused.code, refused.text) == (2, "/Alarms/SameUniqueNameUsed takes 0, not 1")
