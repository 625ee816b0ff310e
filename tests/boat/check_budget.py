"""What gxbridge costs on the GX's processor, in ARM instructions: they do not depend on how busy this machine is.

The ceilings are a sixth above what was counted when they were set, a little more where the moment of counting matters
(docs/on-a-gx.md has the numbers). Run by `make check-slow`.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.boat.arm import arm_python, keeping, resident_kb
from tests.boat.conftest import ROOT
from tests.core.boat import RUNNING, claim, status, vreg
from tests.edge.dbus_daemon import program
from tests.runtime.service import OWN, Reader, wait_for
from tests.runtime.test_whole_service import write_log

MILLION = 1_000_000


class Counted:
    """A command under qemu-arm whose instructions are counted; `count()` also while it runs."""

    def __init__(self, root: Path, library: Path, folder: Path) -> None:
        self._file = folder / "count"
        self.python = arm_python(root, "-plugin", f"{library},count={self._file}").command.split()

    def count(self) -> int:
        return int.from_bytes(self._file.read_bytes(), "little")

    def cost(self, *arguments: str) -> int:
        """Instructions of a whole run."""
        nowhere = subprocess.DEVNULL
        subprocess.run([*self.python, *arguments], check=True, stdout=nowhere, stderr=nowhere, env=keeping())
        return self.count()


@pytest.fixture(scope="module")
def library(unpacked: Path, arm: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counted]:
    """The bundle with byte code for that Python, as install.sh leaves it, and a way to count."""
    folder = tmp_path_factory.mktemp("budget")
    counter = folder / "counter.so"
    source = ROOT / "tests" / "boat" / "counter.c"
    compiler = program("cc", "gcc")
    subprocess.run([compiler, "-Wall", "-O2", "-shared", "-fPIC", "-o", counter, source], check=True)
    lib = folder / "lib"
    shutil.copytree(unpacked / "lib", lib)
    counted = Counted(arm, counter, folder)
    plain = arm_python(arm).command.split()
    subprocess.run([*plain, "-m", "compileall", "-q", lib], check=True)
    return lib, counted


def test_decoding_a_frame(library: tuple[Path, Counted], tmp_path: Path) -> None:
    lib, counted = library
    costs = []
    for seconds in (100, 200):
        log = write_log(tmp_path / f"{seconds}.log", seconds)
        frames = log.read_text().count("\n")
        costs.append((counted.cost("-s", str(lib), "decode", str(log), "--stats"), frames))
    (few, few_frames), (many, many_frames) = costs
    each = (many - few) / (many_frames - few_frames)
    print(f"gxbridge decode --stats: {each:.0f} instructions for each frame, {few / MILLION:.0f} million for the start")
    assert each < 10_000


class Service:
    """`gxbridge run` under qemu-arm, counted, with a wire of frames."""

    def __init__(self, library: tuple[Path, Counted], folder: Path, bus: str) -> None:
        lib, self.counted = library
        self.wire = folder / "wire"
        self.wire.mkdir(exist_ok=True)
        command = [*self.counted.python, "-s", str(lib), "run", "--can", f"gxsocket:{self.wire}", "--dbus", bus]
        nowhere = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, env=keeping())

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def per_second(self, frames_per_s: int, over_s: float) -> float:
        """Instructions in a second while a Lynx says so many frames, in bursts of 20 ms."""
        said = [claim(), status(), *(vreg(register, raw) for register, raw in RUNNING.items())]
        lynx = SocketDirBus(str(self.wire))
        try:
            sent = 0
            begin = time.monotonic()
            first = self.counted.count()
            while (passed := time.monotonic() - begin) < over_s:
                while sent < passed * frames_per_s:
                    # A voltage that moves, so that there is always something to publish.
                    can_id, data = said[sent % len(said)] if sent % len(said) != 1 else status(26.0 + sent % 50 / 100)
                    lynx.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))
                    sent += 1
                time.sleep(0.02)
            return (self.counted.count() - first) / passed
        finally:
            lynx.shutdown()


@pytest.fixture
def service(library: tuple[Path, Counted], tmp_path: Path, bus: str) -> Iterator[Service]:
    """Started the second time: the first one makes what byte code is still missing."""
    running = Service(library, tmp_path, bus)
    reader = Reader(bus)
    try:
        reader.until(OWN, "/Connected", 1, within_s=60)
        running.end()
        wait_for(reader.names, lambda names: OWN not in names, "names", within_s=60)
        running = Service(library, tmp_path, bus)
        yield running
    finally:
        running.end()


def test_the_service(service: Service, bus: str) -> None:
    reader = Reader(bus)
    reader.until(OWN, "/Connected", 1, within_s=60)
    start = service.counted.count()
    battery = "com.victronenergy.battery.gxbridge_wire_uc167120"

    def heard() -> list[str]:
        service.per_second(50, 1.0)
        return reader.names()

    wait_for(heard, lambda names: battery in names, "names", within_s=60)
    time.sleep(3.0)
    first, begin = service.counted.count(), time.monotonic()
    time.sleep(8.0)
    quiet = (service.counted.count() - first) / (time.monotonic() - begin)
    usual = service.per_second(15, 10.0)
    lively = service.per_second(200, 10.0)
    busy = service.per_second(1000, 10.0)
    used_kb = resident_kb(service.process.pid)
    print(
        f"million instructions: start {start / MILLION:.0f}; in a second with a silent bus {quiet / MILLION:.1f}, "
        f"with 15 frames/s {usual / MILLION:.1f}, with 200 {lively / MILLION:.1f}, with 1000 {busy / MILLION:.1f}; "
        f"a frame {(busy - usual) / 985:.0f} instructions; resident {used_kb} kB"
    )
    assert start < 665 * MILLION
    assert quiet < 5 * MILLION
    assert usual < 10 * MILLION
    assert lively < 16 * MILLION
    assert busy < 42 * MILLION
    assert used_kb < 25_000
