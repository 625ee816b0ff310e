"""The bundle on the GX's processor: Debian's Python for armhf under qemu-arm. Run by `make check-slow`."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import can

from gxbridge import __version__
from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.boat.arm import arm_python, resident_kb
from tests.boat.venus import Venus
from tests.core.boat import LYNX_SERVICE, NO_CHARGE, RUNNING, claim, status, vreg
from tests.runtime.service import OWN, Reader, wait_for
from tests.runtime.test_whole_service import write_log

APPS = "/data/apps/gxbridge"
CONFIG = "can:\n  - interface: gxsocket\n    channel: /data/wire\n    name: can0\n"


def test_it_is_a_32_bit_arm(arm: Path) -> None:
    code = "import platform, struct; print(platform.machine(), struct.calcsize('P'))"
    said = subprocess.run([*arm_python(arm).command.split(), "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "armv7l 4\n"


def test_it_decodes_to_the_same_text(arm: Path, unpacked: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "boat.log", 300)
    decode = ["-s", str(unpacked / "lib"), "decode", str(log), "--format", "json"]
    begin = time.monotonic()
    there = subprocess.run([*arm_python(arm).command.split(), *decode], capture_output=True, text=True, check=True)
    passed = time.monotonic() - begin
    here = subprocess.run([sys.executable, *decode], capture_output=True, text=True, check=True)
    assert there.stdout == here.stdout
    assert there.stdout.count("\n") > 3000
    print(f"decoded {there.stdout.count(chr(10))} messages under qemu-arm in {passed:.1f} s")


def test_it_installs_runs_and_obeys(arm: Path, unpacked: Path) -> None:
    """From install.sh to a withdrawn permission on D-Bus, a replay, and the end."""
    with Venus(python=arm_python(arm)) as gx:
        shutil.copytree(unpacked, gx.data / "home", ignore=shutil.ignore_patterns("__pycache__"))
        (gx.data / "wire").mkdir()
        (gx.data / "conf").mkdir()
        (gx.data / "conf/gxbridge.yaml").write_text(CONFIG)
        gx.boot()
        begin = time.monotonic()
        gx.done("sh /data/home/install.sh", timeout_s=300)
        print(f"installed under qemu-arm in {time.monotonic() - begin:.1f} s")
        reader = Reader(gx.address)
        reader.until(OWN, "/Mgmt/ProcessVersion", __version__, within_s=60)

        wire = SocketDirBus(str(gx.data / "wire"))
        try:

            def say(*frames: tuple[int, bytes]) -> None:
                for can_id, data in frames:
                    wire.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))

            def running() -> list[str]:
                say(claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items()))
                time.sleep(0.5)
                return reader.names()

            wait_for(running, lambda names: LYNX_SERVICE in names, "names", within_s=60)
            reader.until(LYNX_SERVICE, "/Io/AllowToCharge", 1)
            say(vreg(0x2108, NO_CHARGE))
            reader.until(LYNX_SERVICE, "/Io/AllowToCharge", 0)
        finally:
            wire.shutdown()
        words = gx.done(f"{APPS}/gxbridge explain")
        assert "Charge current (CCL)" in words

        (service,) = (pid for pid in gx.inside() if b"run\0--config" in Path(f"/proc/{pid}/cmdline").read_bytes())
        used_kb = resident_kb(service)
        print(f"resident under qemu-arm: {used_kb} kB")
        assert used_kb < 30_000

        begin = time.monotonic()
        gx.done("svc -d /service/gxbridge; until svstat /service/gxbridge | grep -q ': down '; do sleep 0.1; done")
        print(f"ended under qemu-arm in {time.monotonic() - begin:.1f} s")

        write_log(gx.data / "boat.log", 30)
        gx.done(f"{APPS}/gxbridge run --replay /data/boat.log >/data/log/replay 2>&1 &")
        reader.until(LYNX_SERVICE, "/Info/MaxChargeCurrent", 200.0, within_s=60)
        gx.done(f"sh {APPS}/uninstall.sh")
        assert not (gx.data / "apps").exists()
