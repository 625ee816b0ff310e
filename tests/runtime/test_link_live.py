"""`gxbridge link` at the real service: what a try answers, by what the configuration lets be sent."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.dbus_daemon import DBusDaemon
from tests.runtime.service import OWN, Reader, Service


@pytest.fixture
def bus() -> Iterator[DBusDaemon]:
    with DBusDaemon() as daemon:
        yield daemon


@pytest.mark.parametrize(
    ("level", "answer"),
    [
        ("requests", "Nothing may be sent: it needs transmit: link"),
        ("link", "No charger of a bus on which something is written to /Link is called 855."),
    ],
)
def test_a_try_is_answered_by_the_running_service(level: str, answer: str, bus: DBusDaemon, tmp_path: Path) -> None:
    config = tmp_path / "gxbridge.yaml"
    config.write_text(
        f"can: []\ndbus: {{address: '{bus.address}'}}\ndvcc: {{mode: control}}\ntransmit: {level}\n"
        "blackbox: {enabled: no}\n"
    )
    with Service(tmp_path, "--config", str(config)) as service:
        Reader(bus.address).until(OWN, "/Connected", 1)
        done = subprocess.run(
            [sys.executable, "-m", "gxbridge", "link", "--config", str(config), "try", "855"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith(answer)
        assert service.end() == 0
