"""`gxbridge doctor` on real interfaces: a virtual one, and a controller whose errors a script makes.

Runs in the guest that tests/kernel/boot.py boots.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gxbridge.edge.can import ports
from tests.kernel import adapter as say
from tests.kernel import interfaces
from tests.kernel.adapter import Adapter


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    with Adapter("can0") as plugged:
        yield plugged


def doctor(folder: Path, channel: str) -> dict[str, dict[str, Any]]:
    """The rows by id, for a configuration with this port."""
    config = folder / "gxbridge.yaml"
    config.write_text(f"can:\n  - interface: socketcan\n    channel: {channel}\n")
    command = [sys.executable, "-m", "gxbridge", "doctor", "--json", "--seconds=0.5", f"--config={config}"]
    done = subprocess.run([*command, f"--dbus=unix:path={folder}/nobody"], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    rows = json.loads(done.stdout)["rows"]
    return {row["id"]: row for row in reversed(rows) if channel in row["text"] or row["subject"] == channel}


def test_a_controller_is_described_by_the_kernel(adapter: Adapter, tmp_path: Path) -> None:
    adapter.receive(0x1CEFFF29, bytes(8))
    link = asyncio.run(ports.read_link("can0", None))
    assert link is not None
    assert (link.kind, link.up, link.bitrate) == ("can", True, 250_000)
    rows = doctor(tmp_path, "can0")
    assert rows["port"]["verdict"] == "ok"
    assert rows["port-state"]["text"].startswith("can0 is up, 250 kbit/s, ERROR-ACTIVE")
    assert rows["bus-quiet"]["verdict"] == "warning"
    assert "frames since it came up: 1" in rows["bus-quiet"]["text"]


@pytest.mark.parametrize(
    ("report", "id", "verdict"),
    [(say.WARNING, "can-errors", "warning"), (say.ERROR_PASSIVE, "can-errors", "warning"),
     (say.BUS_OFF, "bus-off", "problem")],
)  # fmt: skip
def test_its_errors_are_told(adapter: Adapter, tmp_path: Path, report: bytes, id: str, verdict: str) -> None:
    adapter.say(report)
    assert doctor(tmp_path, "can0")[id]["verdict"] == verdict


def test_a_wrong_bit_rate_is_told(tmp_path: Path) -> None:
    with Adapter("can0", 500_000):
        assert doctor(tmp_path, "can0")["bit-rate"]["verdict"] == "problem"


def test_a_virtual_interface_and_one_that_is_down(tmp_path: Path) -> None:
    interfaces.add("vcan0")
    try:
        assert doctor(tmp_path, "vcan0")["port-state"]["text"] == "vcan0 is up"
        interfaces.down("vcan0")
        assert doctor(tmp_path, "vcan0")["port-down"]["verdict"] == "problem"
    finally:
        interfaces.delete("vcan0")
    rows = doctor(tmp_path, "vcan0")
    assert rows["no-such-port"]["verdict"] == "problem"
