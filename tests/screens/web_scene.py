"""What the pictures and tests of the web page look at: an installation, ninety days of history, and a black box."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from gxbridge.edge.box_files import packed
from tests.commands.gx import Gx
from tests.commands.test_blackbox import MOST, frozen_boat
from tests.commands.test_status_and_explain import boat
from tests.screens.kept_days import write_days

OWN = "com.victronenergy.gxbridge"
KEY = "a-token-of-more-than-twenty"


def installation(change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, dict[str, Any]]:
    """The services of a boat where the charge current is limited, and where something is to be told."""
    explained, services = boat()
    words = {
        "severity": "alarm",
        "text": "Fuse 3 of distributor A is blown",
        "advice": "Find out why before replacing it",
    }
    explained["findings"] = [*explained["findings"], words | {"id": "x", "subject": "", "first": 1_700_000_000}]
    if change is not None:
        change(explained)
    own = {
        "/Explain/Json": json.dumps(explained), "/Bms/Service": explained["bms"]["service"], "/Findings/Count": 0,
        "/FirmwareVersion": "0.1.0", "/Limits/Ccl/Value": 50.0, "/Limits/Cvl/Value": 28.4, "/Limits/Dcl/Value": 200.0,
        "/Limits/Ccl/ReasonId": "bms-ccl", "/Dvcc/Effective": "monitor", "/Bms/State": "live",
    }  # fmt: skip
    return {**services, OWN: own}


@contextmanager
def served(
    bus: str,
    folder: Path,
    *,
    change: Callable[[dict[str, Any]], None] | None = None,
    key: str = "",
    port: int = 0,
    running: bool = True,
) -> Iterator[str]:
    """The page of that installation; its address."""
    history, boxes = folder / "history", folder / "boxes"
    if not history.exists():
        write_days(history, time.time())
        boxes.mkdir()
        (boxes / "gxbox-000001-bms-lost.jsonl.gz").write_bytes(packed(frozen_boat(), "0.1.0", "digest", MOST))
    command = [sys.executable, "-m", "gxbridge", "web", "--dbus", bus, "--listen", f"127.0.0.1:{port}",
               "--folder", str(history), "--boxes", str(boxes)]  # fmt: skip
    if key:
        file = folder / "token"
        file.write_text(key)
        file.chmod(0o600)
        command += ["--token-file", str(file)]
    with Gx(bus, installation(change)) if running else nullcontext():
        child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert child.stderr is not None
            line = child.stderr.readline()
            found = re.search(r"http://\S+/", line)
            assert found is not None, line + child.stderr.read()
            yield found[0]
        finally:
            child.terminate()
            child.wait(20)
