"""What clients may write: kept here, sent to the BMS, or refused; a listener on the CAN bus sees what is said."""

from __future__ import annotations

from typing import Any

from tests.contract.lynx import CLAIM, FAST, ISO_REQUEST, SINGLE, kind_of, written
from tests.contract.scene import INVALID, LYNX_SERVICE, SETTINGS, Scene, pause
from tests.runtime.service import OWN, wait_for

ACCEPTED, WRONG, REFUSED = 0, 1, 2

SENT: dict[str, tuple[str, Any, int, bytes]] = {
    "/Mode": ("Int32", 252, 0x0200, b"\xfc\0\0\0"),
    "/CustomName": ("String", "Aft bank, port side", 0x010C, b"Aft bank, port side\0"),
    "/Settings/Battery/Capacity": ("Double", 400.0, 0x1000, b"\x90\x01\0\0"),
    "/Settings/Battery/NominalVoltage": ("UInt16", 12, 0xEDEF, b"\x0c\0\0\0"),
}
"""Path -> what a client writes (its type varies, as clients' do), and the register and bytes that must reach the BMS;
a short register is padded to 4 bytes."""

NEVER = {
    "/Settings/RestoreDefaults": 1,
    "/Settings/BluetoothMode": 0,
    "/History/Clear": 1,
}
"""Behind these are registers that are never written, whatever the configuration says."""


def write_all(stage: Scene) -> dict[str, int]:
    """The answers to a write to every path of the battery, in the types that clients send."""
    answers = {}
    for path in stage.consumer("items", LYNX_SERVICE):
        kind, value = ("Int32", NEVER[path]) if path in NEVER else SENT.get(path, ("Int32", 77, 0, b""))[:2]
        answers[path] = stage.consumer("set", LYNX_SERVICE, path, kind, value)
    return answers


def test_with_writes_and_the_switch_exactly_four_registers_are_sent(stage: Scene) -> None:
    stage.start(transmit={"level": "writes", "allow_mode": True})
    stage.consumer.until_complete(LYNX_SERVICE)
    assert stage.consumer.value(LYNX_SERVICE, "/Settings/HasSettings") == 1
    assert stage.consumer.value(LYNX_SERVICE, "/History/CanBeCleared") == 0
    wait_for(lambda: [i for i, _ in stage.wire.heard if kind_of(i) == CLAIM], bool, "our claim")

    answers = write_all(stage)
    assert {path for path, code in answers.items() if code == ACCEPTED} == SENT.keys()
    assert {path for path, code in answers.items() if code == REFUSED} == NEVER.keys()
    # What the BMS has not confirmed is not shown; a name is ours to keep.
    assert stage.consumer.value(LYNX_SERVICE, "/Mode") == 3
    assert stage.consumer.value(LYNX_SERVICE, "/Settings/Battery/Capacity") == 800
    assert stage.consumer.value(LYNX_SERVICE, "/CustomName") == "Aft bank, port side"

    wait_for(lambda: len(written(stage.wire.heard)), 4, "register writes")
    for path, value in (("/Mode", 4), ("/Mode", 0), ("/Settings/Battery/NominalVoltage", 13)):
        assert stage.consumer("set", LYNX_SERVICE, path, "Int32", value) == REFUSED
    pause(0.5)
    wanted = {(register, data, stage.wire.lynxes[0].source) for _, _, register, data in SENT.values()}
    assert set(written(stage.wire.heard)) == wanted
    assert len(written(stage.wire.heard)) == len(wanted)
    assert {kind_of(can_id) for can_id, _ in stage.wire.heard} <= {CLAIM, ISO_REQUEST, SINGLE, FAST}

    lynx = stage.wire.lynxes[0]
    stage.wire.say(lynx, x0200="FC", x1000="90 01")
    stage.consumer.until(LYNX_SERVICE, "/Mode", 252)
    stage.consumer.until(LYNX_SERVICE, "/Settings/Battery/Capacity", 400)


def test_without_its_switch_the_mode_is_refused_and_all_else_as_before(stage: Scene) -> None:
    stage.start(transmit={"level": "writes"})
    stage.consumer.until_complete(LYNX_SERVICE)
    answers = write_all(stage)
    assert {path for path, code in answers.items() if code == ACCEPTED} == SENT.keys() - {"/Mode"}
    assert {path for path, code in answers.items() if code == REFUSED} == {*NEVER, "/Mode"}


def test_with_transmit_off_nothing_is_said_and_nothing_is_offered(stage: Scene) -> None:
    stage.start()
    stage.consumer.until_complete(LYNX_SERVICE)
    assert stage.consumer.value(LYNX_SERVICE, "/Settings/HasSettings") == 0
    assert stage.consumer.value(LYNX_SERVICE, "/History/CanBeCleared") == 0
    answers = write_all(stage)
    assert {path for path, code in answers.items() if code == ACCEPTED} == {"/CustomName"}
    assert {path for path, code in answers.items() if code == REFUSED} == {*NEVER, *SENT} - {"/CustomName"}
    assert stage.consumer.value(LYNX_SERVICE, "/Mode") == 3
    pause(0.5)
    assert stage.wire.heard == []


def test_a_name_is_kept_in_the_settings_and_found_again_after_a_restart(stage: Scene) -> None:
    stage.others("settings", {})
    service = stage.start()
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "")
    stage.consumer("heard")
    name = "  Vorne\n – ein sehr langer Name für eine Batterie"
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "String", name) == ACCEPTED
    stored = "Vorne – ein sehr langer Name für"
    where = "/Settings/Devices/gxbridge_uc167120/CustomName"
    stage.consumer.until(SETTINGS, where, stored)
    stage.consumer.until(LYNX_SERVICE, "/Devices/0/CustomName", stored)
    announced = [
        changes["/CustomName"][1]["Value"][1]
        for kind, _, sender, _, changes in stage.consumer("heard")
        if kind == "ItemsChanged" and sender == stage.consumer("owner", LYNX_SERVICE) and "/CustomName" in changes
    ]
    assert announced == [stored], "only the name as it is kept is ever announced"
    stage.consumer.until(OWN, "/Batteries/0/Name", lambda name: isinstance(name, str))

    assert service.end() == 0
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/CustomName", stored)
    stage.others("set", SETTINGS, {where: "From the GUI"})
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "From the GUI")


def test_a_name_is_accepted_where_nobody_keeps_it(stage: Scene) -> None:
    stage.start(transmit={"level": "writes"})
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "")
    for name in ("Bow", "Stern"):
        assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "String", name) == ACCEPTED
        stage.consumer.until(LYNX_SERVICE, "/Devices/0/CustomName", name)
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "Int32", 5) == ACCEPTED, "dbus-spy sends it so"
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "5")
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "String", "") == ACCEPTED
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "")


def test_every_way_of_writing_that_clients_have(stage: Scene) -> None:
    """Any width, texts of numbers, the bare empty array, no interface name, no reply wanted."""
    stage.start()
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "")
    for kind in ("Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Double"):
        assert stage.consumer("set", LYNX_SERVICE, "/Mode", kind, 3) == ACCEPTED, "equal to what is there"
        assert stage.consumer("set", LYNX_SERVICE, "/Mode", kind, 252) == REFUSED
        assert stage.consumer("set", LYNX_SERVICE, "/Soc", kind, 50) == WRONG
    assert stage.consumer("set", LYNX_SERVICE, "/Mode", "bare", None) == REFUSED
    assert stage.consumer("set", LYNX_SERVICE, "/CustomName", "bare", None) in (ACCEPTED, WRONG)
    assert stage.consumer("nameless", LYNX_SERVICE, "/Mode", "GetValue") == ["UInt32", 3]
    assert stage.consumer("nameless", LYNX_SERVICE, "/Dc/0/Temperature", "GetValue") == INVALID
    assert stage.consumer("unanswered", LYNX_SERVICE, "/CustomName", "String", "Silent") is False
    stage.consumer.until(LYNX_SERVICE, "/CustomName", "Silent")
    for path in ("/Not/There", "/Distributor/A/Status"):
        assert stage.consumer("get", LYNX_SERVICE, path)["error"].endswith(".UnknownObject")


def test_nothing_of_our_own_service_can_be_written(quiet: Scene) -> None:
    for path in quiet.consumer("items", OWN):
        for kind, value in (("Int32", 1), ("String", "control")):
            before = quiet.consumer("get", OWN, path)
            assert quiet.consumer("set", OWN, path, kind, value) == WRONG, path
            after = quiet.consumer("get", OWN, path)
            assert after == before or path.startswith(("/Can", "/Devices", "/Explain")), path
