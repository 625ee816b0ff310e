"""The web page on a GX: a service of its own, off until it is asked for, as nobody. Run by `make check-slow`."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gxbridge.edge.box_files import BoxFolder
from tests.boat.check_venus import APPS, installed, installed_data, pid, until_up
from tests.boat.venus import Venus
from tests.commands.test_blackbox import frozen_boat

__all__ = ["installed", "installed_data"]
BOOT = f"ip link set lo up; sh {APPS}/current/service/venus/boot.sh"
ASK = (
    "python3 -c 'import sys, urllib.request as u; "
    'r = u.Request("http://127.0.0.1:8088" + sys.argv[1], headers={{"Authorization": "Bearer {key}"}}); '
    "print(u.urlopen(r, timeout=5).read().decode())' {path}"
)
KEY = "a-token-of-more-than-twenty"


def until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found


def answer(venus: Venus, path: str, key: str = "") -> Any:
    done = venus.sh(ASK.format(path=path, key=key))
    return json.loads(done.stdout) if done.returncode == 0 else None


def log(venus: Venus) -> str:
    path = venus.data / "log/gxbridge-web/current"
    return path.read_text() if path.exists() else ""


def web_pid(venus: Venus) -> int:
    found = re.search(r"\(pid (\d+)\)", venus.sh("svstat /service/gxbridge-web").stdout)
    return int(found[1]) if found else 0


def test_it_is_off_until_it_is_asked_for(installed: Venus) -> None:
    until_up(installed)
    assert "gxbridge-web" not in installed.done("ls /service")
    assert "lib web" not in installed.done("ps")
    first = pid(installed)
    installed.done("echo 127.0.0.1:8088 >/data/conf/gxbridge-web")
    installed.done(BOOT)
    state = until(lambda: answer(installed, "/api/state"))
    assert state["live"]["service"] == "on"
    assert pid(installed) == first, "the service does not notice"
    owner = installed.done(f"stat -c %U /proc/{web_pid(installed)}").strip()
    assert owner == "nobody"
    assert "lib web" in installed.done("ps")
    assert not any("lib-web" in line for line in maps(installed, first)), "the service loads nothing of it"
    assert "*** starting gxbridge web ***" in log(installed)
    until(lambda: answer(installed, "/api/history?from=1h")["times"])
    folder = installed.data / "log/gxbridge-history"
    assert (folder.stat().st_uid, oct(folder.stat().st_mode)[-3:]) == (65534, "700")
    installed.done("svc -t /service/gxbridge-web")
    until(lambda: answer(installed, "/api/state"))
    installed.reboot()
    installed.done("ip link set lo up")
    until(lambda: answer(installed, "/api/state"))
    installed.done("rm /data/conf/gxbridge-web")
    installed.done(BOOT)
    assert "gxbridge-web" not in installed.done("ls /service")
    assert answer(installed, "/api/state") is None


def maps(venus: Venus, process: int) -> list[str]:
    return venus.done(f"cat /proc/{process}/maps /proc/{process}/environ").splitlines()


def test_beyond_this_machine_it_wants_a_token(installed: Venus) -> None:
    installed.done("echo 0.0.0.0:8088 >/data/conf/gxbridge-web")
    installed.done(BOOT)
    until(lambda: "can be reached from other machines" in log(installed))
    installed.done(f"umask 077; echo {KEY} >/data/conf/gxbridge-web-token")
    installed.done("svc -t /service/gxbridge-web")
    until(lambda: answer(installed, "/api/state", KEY))
    assert answer(installed, "/api/state") is None
    assert KEY not in installed.done("ps")


def test_the_black_boxes_can_be_read_by_it_and_by_nobody_else(installed: Venus) -> None:
    folder = installed.data / "log/gxbridge-blackbox"
    BoxFolder(folder, 4_000_000, 8).write(frozen_boat(), "0.1.0", "digest")
    installed.done("echo 127.0.0.1:8088 >/data/conf/gxbridge-web")
    installed.done(BOOT)
    (box,) = until(lambda: (answer(installed, "/api/boxes") or {}).get("boxes"))
    assert answer(installed, f"/api/boxes/{box['name']}")["verdict"]["name"] == "bms-silent"
    os.chown(folder, 0, 65534)
    newer = BoxFolder(folder, 4_000_000, 8).write(frozen_boat(), "0.1.0", "digest")
    assert oct(newer.stat().st_mode)[-3:] == "640"
    assert answer(installed, f"/api/boxes/{newer.name}")["verdict"]["name"] == "bms-silent"


def test_removed_it_leaves_nothing(installed: Venus) -> None:
    installed.done("echo 127.0.0.1:8088 >/data/conf/gxbridge-web")
    installed.done(BOOT)
    until(lambda: answer(installed, "/api/state"))
    installed.done(f"sh {APPS}/uninstall.sh")
    left = [path for path in installed.data.rglob("*gxbridge*") if "home" not in path.parts]
    assert left == []
    assert "lib web" not in installed.done("ps")
    assert "gxbridge" not in installed.done("ls -a /service")


@pytest.mark.parametrize("content", ["", "here", "127.0.0.1"])
def test_a_wrong_address_is_said_and_the_service_runs_on(installed: Venus, content: str) -> None:
    (installed.data / "conf/gxbridge-web").write_text(f"{content}\n")
    installed.done(BOOT)
    until(lambda: "127.0.0.1:8088" in log(installed))
    until_up(installed)


def test_what_it_needs_is_apart_from_what_the_service_needs(unpacked: Path) -> None:
    names = {path.name for path in (unpacked / "lib-web").iterdir() if not path.name.endswith("dist-info")}
    assert names == {"anyio", "click", "h11", "idna", "prometheus_client", "starlette", "uvicorn"}
    assert not names & {path.name for path in (unpacked / "lib").iterdir()}
