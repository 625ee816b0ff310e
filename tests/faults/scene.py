"""The stage of a fault: a dbus-daemon, a directory as CAN bus, a Lynx on it, charger stand-ins, the real service."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gxbridge.edge.dbus.parse import WireValue
from tests.core.boat import LYNX_SERVICE, MULTI, SOLAR
from tests.edge.dbus_daemon import DBusDaemon
from tests.faults.lynx import Lynx
from tests.faults.records import Record
from tests.faults.watch import Watch
from tests.runtime.service import OWN

ROOT: Final = Path(__file__).parents[2]
CURRENT: Final = "/Link/ChargeCurrent"
MULTI_CURRENT: Final = "/BatteryOperationalLimits/MaxChargeCurrent"
MULTI_DISCHARGE: Final = "/BatteryOperationalLimits/MaxDischargeCurrent"
SECOND: Final = "com.victronenergy.solarcharger.ttyO4"

PATIENT_S: Final = 60.0
"""How long a scenario waits for anything by default; the judge is who measures."""
POLL_S: Final = 0.01

CONFIG = """\
can:
  - name: can0
    interface: gxsocket
    channel: {wire}
dbus:
  address: {bus}
dvcc:
  mode: control
"""


class StandIns:
    """A process with devices; `told()` reads what they were told."""

    def __init__(self, address: str, folder: Path, label: str, devices: Mapping[str, str]) -> None:
        self.record = folder / f"{label}.told"
        command = [sys.executable, "-m", "tests.faults.standin", address, str(self.record)]
        command += [f"{name}={kind}" for name, kind in devices.items()]
        with (folder / f"{label}.log").open("ab") as errors:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", (folder / f"{label}.log").read_text()

    def order(self, **order: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def told(self) -> list[tuple[float, str, str, Any]]:
        """(monotonic seconds, service, path, value) of every write."""
        if not self.record.exists():
            return []
        lines = self.record.read_text().splitlines()
        return [tuple(json.loads(line)) for line in lines]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Scene:
    """`service=False`, `standins=False`, `speaking=False`: the test starts them itself, later or not at all."""

    def __init__(
        self,
        *,
        service: bool = True,
        standins: bool = True,
        speaking: bool = True,
        config: str = CONFIG,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.record = Record()
        self.folder = Path(tempfile.mkdtemp(prefix="gxf"))
        self.wire = self.folder / "w"
        self.wire.mkdir()
        self.log_file = self.folder / "service.log"
        self.log_target: str | int | None = None
        """Where the service's standard error goes in place of `log_file`."""
        self.environment = dict(environment or {})
        self.config = config
        self._begin = (service, standins)
        self._stack = contextlib.ExitStack()
        self.daemon = DBusDaemon()
        self.lynx = Lynx(self.wire, speaking=speaking)
        self.devices: StandIns | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.watch: Watch

    def __enter__(self) -> Scene:
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._stack.enter_context(self.daemon)
        self.watch = self._stack.enter_context(Watch(self.daemon.address))
        self._stack.callback(self._end)
        self._stack.enter_context(self.lynx)
        service, standins = self._begin
        if standins:
            self.start_standins()
        if service:
            self.start()
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.close()

    def _end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.devices is not None:
            self.devices.kill()

    # --- who is there ----------------------------------------------------------------------------------------------

    def start_standins(self, devices: Mapping[str, str] | None = None) -> None:
        chosen = {SOLAR: "solar", MULTI: "multi"} if devices is None else devices
        self.devices = StandIns(self.daemon.address, self.folder, "standins", chosen)

    def config_file(self) -> Path:
        path = self.folder / "gxbridge.yaml"
        bus, wire = json.dumps(self.daemon.address), json.dumps(str(self.wire))
        path.write_text(self.config.format(wire=wire, bus=bus))
        return path

    def start(self) -> None:
        """Start the service with its configuration file."""
        command = [sys.executable, "-m", "gxbridge", "run", "--config", str(self.config_file())]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=log,
                stderr=log if self.log_target is None else self.log_target,  # type: ignore[arg-type]
                env={**os.environ, **self.environment},
            )

    def kill(self) -> None:
        """SIGKILL to the service."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def finish(self) -> None:
        """The service is alive and well, ends when told to, with code 0 and without a traceback."""
        assert self.process is not None
        assert self.process.poll() is None, f"the service ended by itself: {self.log()}"
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENT_S) == 0, self.log()
        assert "Traceback" not in self.log(), self.log()

    # --- what is seen ----------------------------------------------------------------------------------------------

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait(self, test: Callable[[], Any], what: str | Callable[[], str], within_s: float = PATIENT_S) -> float:
        """Wait until `test()` is true; returns the monotonic time. Fails with `what`."""
        begin = now = time.monotonic()
        before, late = self._kept_waiting(), 0.0
        while not test():
            if now > begin + within_s:
                text = what if isinstance(what, str) else what()
                raise AssertionError(f"not within {within_s:g} s: {text}\n--- log\n{self.log()[-3000:]}")
            time.sleep(POLL_S)
            slept, now = time.monotonic() - now, time.monotonic()
            late += max(0.0, slept - 2 * POLL_S)
        kept = sum(now_s - before.get(pid, 0.0) for pid, now_s in self._kept_waiting().items())
        self.record.starved_s = max(self.record.starved_s, kept + late)
        return time.monotonic()

    def _kept_waiting(self) -> dict[int, float]:
        """For how long the kernel has kept each process waiting for a processor, though it could run."""
        devices = None if self.devices is None else self.devices.process
        pids = [process.pid for process in (self.process, devices) if process is not None]
        found = {}
        for pid in (*pids, *self.daemon.pids):
            with contextlib.suppress(OSError):  # it has ended, or this kernel does not count
                found[pid] = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
        return found

    def told(self, since: float = 0.0, service: str = SOLAR, path: str = CURRENT) -> list[tuple[float, Any]]:
        """What a stand-in was told: (monotonic seconds, value)."""
        assert self.devices is not None
        rows = self.devices.told()
        return [(at, value) for at, name, where, value in rows if name == service and where == path and at >= since]

    def until_told(
        self,
        test: Callable[[Any], bool],
        since: float,
        what: str,
        within_s: float = PATIENT_S,
        service: str = SOLAR,
        path: str = CURRENT,
    ) -> float:
        """Seconds from `since` to the first write that passes."""
        found: list[float] = []

        def passed() -> bool:
            found[:] = [at for at, value in self.told(since, service, path) if test(value)]
            return bool(found)

        self.wait(passed, lambda: f"{what}; told since: {self.told(since, service, path)[-10:]}", within_s)
        return found[0] - since

    def until(self, path: str, wanted: Any, service: str = OWN, within_s: float = PATIENT_S) -> float:
        """Wait until an item has a value; returns the monotonic time."""

        def there() -> bool:
            seen = self.watch.value(service, path)
            return bool(wanted(seen)) if callable(wanted) else bool(seen == wanted)

        return self.wait(there, lambda: f"{service} {path} is {self.watch.value(service, path)!r}", within_s)

    def changed_at(self, since: float, path: str, wanted: Any, service: str = OWN) -> float:
        """When an item got a value, at `since` or later; the value must have been seen."""
        for at, name, where, value in list(self.watch.changes):
            if at >= since and name == service and where == path and value == wanted:
                return at
        raise AssertionError(f"{service} {path} never was {wanted!r}")

    def ready(self) -> None:
        """Wait until everything works: the battery has said all that it says, and chargers are granted current."""
        begin = time.monotonic()
        self.until("/Info/MaxChargeCurrent", 200.0, LYNX_SERVICE)
        self.until("/Soc", 99.2, LYNX_SERVICE)  # a quick machine grants current before the battery says this
        self.until_told(lambda value: value is not None and value > 0, begin, "a first grant to the charger")
        self.until_told(
            lambda value: value is not None and value > 0,
            0.0,
            "a grant to the Multi",
            service=MULTI,
            path=MULTI_CURRENT,
        )
        self.record.starved_s = 0.0  # a start is slow on a busy machine; it is nothing that a row measures

    # --- what is written down --------------------------------------------------------------------------------------

    def findings(self) -> dict[str, WireValue]:
        """Id -> text of the findings that hold now."""
        items = self.watch.items(OWN)
        count = items.get("/Findings/Count") or 0
        assert isinstance(count, int)
        return {str(items.get(f"/Findings/{n}/Id")): items.get(f"/Findings/{n}/Text") for n in range(count)}

    def sees_finding(self, name: str, within_s: float = PATIENT_S) -> float:
        at = self.wait(lambda: name in self.findings(), lambda: f"finding {name}: {self.findings()}", within_s)
        self.record.see(f"finding `{name}`")
        return at

    def sees_log(self, fragment: str, within_s: float = PATIENT_S) -> str:
        """A line of the log that holds `fragment`."""
        self.wait(lambda: fragment in self.log(), f"{fragment!r} in the log", within_s)
        line = next(line for line in self.log().splitlines() if fragment in line)
        self.record.see(f"log: `{line.split()[0]}` “{fragment}”")
        return line

    def sees(self, path: str, wanted: Any, service: str = OWN, within_s: float = PATIENT_S, text: str = "") -> float:
        """An item's value."""
        at = self.until(path, wanted, service, within_s)
        label = "" if service == OWN else "the battery's "
        self.record.see(f"{label}`{path}` {text or ('invalid' if wanted is None else f'= {wanted}')}")
        return at

    def safe(self, after_s: float) -> None:
        """The slowest of several counts."""
        self.record.safe_s = max(self.record.safe_s or 0.0, after_s)

    def recovered(self, after_s: float) -> None:
        self.record.recovery_s = max(self.record.recovery_s or 0.0, after_s)
