"""The running service asks a simulated charger for its CAN error counters, and says what they tell."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.scene import Orders, Scene, backdrop, scene
from tests.runtime.service import wait_for


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[tuple[Scene, Orders]]:
    """A bus with a solar charger, and the service with leave to ask."""
    with backdrop() as behind, scene(tmp_path, behind) as found, ExitStack() as stack:
        command = ("tests.port.live", "--interface", "gxsocket", "--channel", str(found.wire.directory), "mppt")
        charger = Orders(sys.executable, "-m", *command)
        stack.callback(charger.close)
        found.start(transmit="requests")
        yield found, charger


def test_counters_are_asked_for_and_a_rise_is_said(stage: tuple[Scene, Orders]) -> None:
    found, charger = stage
    watched = "its CAN error counters have not been watched for long enough"
    wait_for(lambda: found.ask("/Devices/0/WiringReason"), watched, "the answer to our question")
    asked = [
        data.hex().upper() for can_id, data in found.wire.heard if can_id >> 16 == 0x1CEF and data[2:4] == b"\x01\x00"
    ]
    assert "669901003001F8FF" in asked, "all six in one request"
    charger("set", "mppt", {"0x0133": "03000000", "0x0130": "01000000"})
    wait_for(lambda: found.ask("/Devices/0/Wiring"), "bad", "the verdict")
    assert found.ask("/Devices/0/WiringReason").startswith("3 times off the bus (bus-off) since")
    wait_for(lambda: [found.ask(f"/Findings/{n}/Id") for n in range(8)], lambda ids: "can-errors" in ids, "the finding")


def test_who_asks_what_we_are_is_told(stage: tuple[Scene, Orders]) -> None:
    found, charger = stage
    wait_for(lambda: found.ask("/Devices/0/WiringReason"), lambda text: text is not None, "the charger")
    ours = wait_for(
        lambda: next((can_id & 0xFF for can_id, data in found.wire.heard if can_id >> 8 == 0x18EEFF and data[7] == 0xC0
                      and data[6] == 0xF0), None),
        lambda address: address is not None, "our claim",
    )  # fmt: skip
    charger("say", [[f"18EA{ours:02X}24", "14F001"]])
    wait_for(
        lambda: [data for can_id, data in found.wire.heard if can_id == 0x19F01400 | ours],
        lambda frames: len(frames) == 20, "our product information",
    )  # fmt: skip
