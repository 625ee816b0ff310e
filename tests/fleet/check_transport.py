"""The examples of docs/fleet-transport.md with the real programs: mosquitto, rsync, curl and s3fs against moto.

Not part of `make test`: `make check-slow` installs the programs and runs it. Each text is taken from the page and only
addresses, ports and folders are put in.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fleet-transport.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- tried: (\S+) -->\n```\w*\n(.*?)```", PAGE, re.DOTALL))
WITHIN_S = 30.0
KEY = {"KEY": "key", "SECRET": "secret"}


def example(name: str, changes: Mapping[str, object]) -> str:
    """A text of the page with other addresses and folders; each must be in it."""
    text = EXAMPLES[name]
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, str(new))
    return text


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait(there: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts programs, and ends them."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*command: object, **more: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*map(str, command)], start_new_session=True, **more)  # type: ignore[call-overload]
        running.append(process)
        return process  # type: ignore[no-any-return]

    yield begin
    for process in reversed(running):
        with_group = [process.pid, *_children(process.pid)]
        for pid in with_group:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue
        process.wait()


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            found += [int(child), *_children(int(child))]
    return found


@pytest.fixture
def boxes(boats: Path, tmp_path: Path) -> Path:
    """The folder of a boat with its black boxes."""
    folder = tmp_path / "blackbox"
    folder.mkdir()
    for path in (boats / "boat-0001").glob("*.gz"):
        shutil.copy(path, folder / path.name.partition("-")[2])
    assert len(list(folder.iterdir())) >= 2
    return folder


def same(there: Path, boxes: Path) -> bool:
    """Whether all boxes are in a folder, whole."""
    return there.is_dir() and {path.name: path.read_bytes() for path in there.iterdir() if path.name[0] != "."} == {
        path.name: path.read_bytes() for path in boxes.iterdir() if path.name[0] != "."
    }


def replayed(folder: Path) -> bool:
    command = [sys.executable, "-m", "gxbridge", "fleet", "replay", str(folder), "--workers", "1"]
    return subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode == 0


def test_a_boat_sends_its_boxes_by_mqtt_also_while_the_shore_is_away(
    boxes: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    boat_port, shore_port = free_port(), free_port()
    boat_conf, shore_conf = tmp_path / "boat.conf", tmp_path / "shore.conf"
    bridge = example("mqtt-boat.conf", {"shore.example:1883": f"127.0.0.1:{shore_port}"})
    boat_conf.write_text(f"listener {boat_port} 127.0.0.1\nallow_anonymous true\n{bridge}restart_timeout 1\n")
    shore_conf.write_text(f"listener {shore_port} 127.0.0.1\nallow_anonymous true\n")
    start("mosquitto", "-c", boat_conf)
    wait(lambda: answers(boat_port))
    places = {"/data/log/gxbridge-blackbox": boxes, "-p 1883": f"-p {boat_port}"}
    script = example("mqtt-boat.sh", places)
    subprocess.run(["sh", "-c", script], check=True)
    start("mosquitto", "-c", shore_conf)
    wait(lambda: answers(shore_port))
    collector = example("mqtt-shore.sh", {"-h shore.example -p 1883": f"-h 127.0.0.1 -p {shore_port}"})
    start("sh", "-c", collector, cwd=tmp_path)
    time.sleep(1.0)
    late = next(boxes.glob("gxbox-000001*"))
    shutil.copy(late, boxes / "gxbox-000009-alarm.jsonl.gz")
    subprocess.run(["sh", "-c", script], check=True)
    hostile = ["mosquitto_pub", "-p", str(shore_port), "-t", "gxbridge/boxes/../evil", "-m", "x"]
    subprocess.run(hostile, check=True)
    wait(lambda: same(tmp_path / "boats" / "boat-0001", boxes))
    assert [path.name for path in (tmp_path / "boats").iterdir()] == ["boat-0001"]
    assert not (tmp_path / "evil").exists()
    assert replayed(tmp_path / "boats")


def test_the_shore_fetches_boxes_by_rsync(
    boxes: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    port = free_port()
    conf = tmp_path / "rsyncd.conf"
    conf.write_text(f"use chroot = no\nport = {port}\n[blackbox]\npath = {boxes}\nread only = yes\n")
    start("rsync", "--daemon", "--no-detach", f"--config={conf}", "--address=127.0.0.1")
    wait(lambda: answers(port))
    (tmp_path / "boats").mkdir()
    script = example("rsync.sh", {"boat-0001.example:873": f"127.0.0.1:{port}"})
    subprocess.run(["sh", "-c", script], check=True, cwd=tmp_path)
    assert same(tmp_path / "boats" / "boat-0001", boxes)
    assert replayed(tmp_path / "boats")


def test_a_bucket_is_read_where_it_is(
    boxes: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    port = free_port()
    start(Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", port, stderr=subprocess.DEVNULL)
    wait(lambda: answers(port))
    place = f"http://127.0.0.1:{port}"
    environment = os.environ | KEY | {"AWS_DEFAULT_REGION": "eu-central-1", "XDG_CONFIG_HOME": str(tmp_path / "c")}
    put = ["curl", "--fail", "--silent", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "key:secret"]
    subprocess.run([*put, "-X", "PUT", f"{place}/fleet"], check=True, stdout=subprocess.DEVNULL)
    boat = example("s3-boat.sh", {"/data/log/gxbridge-blackbox": boxes, "https://s3.example": place})
    subprocess.run(["sh", "-c", boat], check=True, env=environment)
    gxbridge = f"{sys.executable} -m gxbridge fleet"
    shore = example("s3-shore.sh", {"https://s3.example": place, "gxbridge fleet": gxbridge})
    shore = shore.replace("-o data", f"-o {tmp_path}/data").replace("report data", f"report {tmp_path}/data")
    command = ["sh", "-ec", shore]
    done = subprocess.run(command, check=True, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert f"{len(list(boxes.iterdir()))} files: " in done.stdout
    assert "boat-0001" in done.stdout
