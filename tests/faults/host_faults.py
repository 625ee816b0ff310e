"""What may happen to the machine: disks, files, pipes, and the process itself."""

from __future__ import annotations

import fcntl
import os
import random
import resource
import signal
import time

from tests.core.boat import LYNX_SERVICE, MULTI, SOLAR
from tests.faults.can_faults import granted, grants, obeys
from tests.faults.records import fault
from tests.faults.scene import CONFIG, CURRENT, MULTI_CURRENT, PATIENT_S, Scene
from tests.runtime.service import OWN

F_SETPIPE_SZ = 1031
"""linux/fcntl.h; Python names it from 3.10 on some builds only."""


def goes_on(scene: Scene) -> None:
    """The service works as if nothing were the matter, and says a few things that it would log."""
    scene.ready()
    scene.safe(obeys(scene))
    for n in range(50):  # each is a line in the log
        code = scene.watch.call(LYNX_SERVICE, "/CustomName", "SetValue", "v", ("s", f"Bank {n}"))
        assert code == [0]
    grants(scene)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    scene.sees("/Dvcc/Effective", "control")
    scene.finish()


@fault(
    "host-disk-full",
    "the log cannot be written: no space left on the device",
    "the service goes on without a log",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def host_disk_full(scene: Scene) -> None:
    with open("/dev/full", "wb") as full:
        scene.log_target = full.fileno()
        scene.start()
        goes_on(scene)


@fault(
    "host-box-unwritable",
    "the disk takes not one byte more (neither log nor black box) while a black box is asked for, and does again later",
    "the service goes on; a box that is asked for later is written",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def host_box_unwritable(scene: Scene) -> None:
    boxes = scene.folder / "boxes"
    scene.config = CONFIG + f"blackbox:\n  folder: {boxes}\n"
    scene.start()
    scene.ready()
    assert scene.process is not None
    before = resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE, (1, before[1]))
    scene.signal(signal.SIGUSR1)
    scene.sees_finding("blackbox-unwritable")
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    assert list(boxes.iterdir()) == [], "nothing half written stays"
    resource.prlimit(scene.process.pid, resource.RLIMIT_FSIZE, before)
    scene.signal(signal.SIGUSR1)
    scene.wait(lambda: any(boxes.glob("gxbox-*-command.jsonl.gz")), "the box is written")
    scene.wait(lambda: "blackbox-unwritable" not in scene.findings(), "the finding is over")
    scene.finish()


@fault(
    "host-log-closed",
    "the reader of the log has gone: a closed pipe",
    "the service goes on without a log",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def host_log_closed(scene: Scene) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    scene.log_target = writer
    scene.start()
    os.close(writer)
    goes_on(scene)


@fault(
    "host-log-stuck",
    "the reader of the log does not read (multilog waits while its disk is full): a full pipe",
    "lines are dropped, nothing waits; the log goes on when it is read again, and says how many lines are missing",
    safe_within_s=1,
    recovers_within_s=5,
    service=False,
)
def host_log_stuck(scene: Scene) -> None:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SZ, 4096)
    scene.log_target = writer
    scene.start()
    scene.ready()
    os.set_blocking(writer, True)
    scene.safe(obeys(scene))
    for n in range(150):
        assert scene.watch.call(LYNX_SERVICE, "/CustomName", "SetValue", "v", ("s", f"Bank {n}")) == [0]
    grants(scene)
    scene.safe(obeys(scene))
    scene.recovered(grants(scene))
    text = os.read(reader, 1 << 16).decode()
    scene.watch.call(LYNX_SERVICE, "/CustomName", "SetValue", "v", ("s", "Bank"))
    text += os.read(reader, 1 << 16).decode()
    assert "lines could not be logged" in text, text[-500:]
    scene.record.see("log: `WARNING` “... lines could not be logged”, once it is read again")
    scene.finish()
    os.close(reader)
    os.close(writer)


@fault(
    "host-config-unreadable",
    "the configuration file is missing, a directory, not a text, or not to be read",
    "it ends with code 2 and one line that names the file; nothing was opened",
    safe_within_s=10,
    service=False,
    speaking=False,
)
def host_config_unreadable(scene: Scene) -> None:
    path = scene.config_file()
    for make in (
        path.unlink,
        path.mkdir,
        lambda: (path.rmdir(), path.write_bytes(bytes(range(256)))),
        lambda: (path.unlink(), path.symlink_to("/proc/self/mem")),
    ):
        make()
        scene.config_file = lambda: path  # type: ignore[method-assign]
        scene.log_file.unlink(missing_ok=True)
        begin = time.monotonic()
        scene.start()
        assert scene.process is not None
        assert scene.process.wait(PATIENT_S) == 2, scene.log()
        scene.safe(time.monotonic() - begin)
        lines = scene.log().splitlines()
        assert len(lines) == 1, lines
        assert str(path) in lines[0]
        assert "Traceback" not in lines[0]
    scene.record.see("one line that names the file and says what is wrong")
    assert scene.devices is not None
    assert not scene.devices.told()


@fault(
    "host-killed",
    "SIGKILL at a random moment, five times; while it is down the BMS withdraws its permission; it is started again",
    "0 is told with the first decision; nothing is granted before. Down, nothing is written: links expire after 60 s",
    safe_within_s=8,
    recovers_within_s=6,
)
def host_killed(scene: Scene) -> None:
    chance = random.Random(8)
    scene.ready()
    for _ in range(5):
        time.sleep(chance.uniform(0.0, 3.0))
        scene.kill()
        scene.lynx.say(ccl=0)
        scene.wait(lambda: OWN not in scene.watch.names(), "its name leaves the bus")
        scene.watch.ask(SOLAR, CURRENT)  # answered after everything that was on its way to the charger
        down = time.monotonic()
        time.sleep(0.3)
        assert not scene.told(down)
        if chance.random() < 0.6:  # killed again while it starts
            scene.start()
            time.sleep(chance.uniform(0.1, 1.0))
            scene.kill()
        begin = time.monotonic()
        scene.start()
        safe = scene.until_told(lambda value: value == 0, begin, "0 A to the charger")
        scene.safe(safe)
        assert not [value for at, value in scene.told(down) if granted(value)], "granted after a restart"
        scene.until("/Dvcc/Effective", "control")
        came = max(at for at, name in scene.watch.came if name == OWN)
        scene.record.figures["from its name to the first word"] = begin + safe - came
        scene.recovered(grants(scene))
    scene.record.see("its names leave the bus, and come back")
    scene.finish()


@fault(
    "host-stays-down",
    "SIGKILL, and nobody starts it again for 65 s; meanwhile the BMS withdraws its permission",
    "nothing is written; the charger stops by itself 60 s after the last message; started again, 0 is the first word",
    safe_within_s=61,
    recovers_within_s=6,
    standins=False,
)
def host_stays_down(scene: Scene) -> None:
    scene.start_standins({SOLAR: "linked", MULTI: "multi"})
    scene.ready()
    scene.kill()
    begin = time.monotonic()
    scene.lynx.say(ccl=0)
    scene.safe(scene.until_told(lambda value: value is None, begin, "the charger ends it by itself", 120))
    scene.record.see("the charger: error #67")
    time.sleep(max(0.0, begin + 65 - time.monotonic()))
    for service, path in ((SOLAR, CURRENT), (MULTI, MULTI_CURRENT)):
        later = [value for at, value in scene.told(begin + 1 + scene.record.starved_s, service, path)]
        assert later in ([], [None]), f"{service} was told {later} by nobody"
    again = time.monotonic()
    scene.start()
    scene.until_told(lambda value: value == 0, again, "0 A to the charger")
    scene.until_told(lambda value: value == 0, again, "0 A to the Multi", service=MULTI, path=MULTI_CURRENT)
    for service, path in ((SOLAR, CURRENT), (MULTI, MULTI_CURRENT)):
        assert not [value for at, value in scene.told(again, service, path) if granted(value)], "an old grant"
    scene.recovered(grants(scene))
    scene.finish()
