"""A dbus-daemon of our own: own configuration, a socket in a folder of its own, everything allowed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


def program(name: str, package: str) -> str:
    """The path of a program that a test needs; fails, and says which Debian package has it, when it is missing."""
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"{name} is missing: install the package {package} (apt-get install {package})")
    return found


class DBusDaemon:
    """Starts in `with`; `address` stays the same over stop() and start()."""

    def __init__(self, config: str = CONFIG) -> None:
        """`config` has {socket} where the path of the socket belongs."""
        self._config = config
        self._folder = Path(tempfile.mkdtemp(prefix="gxdbus"))  # short: a socket's path has 108 characters at most
        self.socket = self._folder / "bus"
        self.address = f"unix:path={self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> DBusDaemon:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Starts the daemon and returns when it listens."""
        config = self._folder / "bus.conf"
        config.write_text(self._config.replace("{socket}", str(self.socket)))
        command = [program("dbus-daemon", "dbus-daemon"), f"--config-file={config}", "--nofork", "--nopidfile"]
        log = self._folder / "log"
        with log.open("wb") as errors:
            self._process = subprocess.Popen([*command, "--print-address=1"], stdout=subprocess.PIPE, stderr=errors)
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), f"dbus-daemon did not start: {log.read_text()}"

    def stop(self) -> None:
        """Ends the daemon; all connections are lost."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        self.socket.unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        """Process id of the running daemon."""
        assert self._process is not None
        return self._process.pid

    @property
    def pids(self) -> tuple[int, ...]:
        """The same, or nothing while it does not run."""
        return () if self._process is None else (self._process.pid,)

    def pause(self) -> None:
        """Lets the daemon hang (SIGSTOP), and returns when it does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        while Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2][0] != "T":
            time.sleep(0.001)

    def resume(self) -> None:
        """Lets it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def standin(module: str, *arguments: str) -> Iterator[None]:
    """A program of the tests on a bus, in `with`: `python -m MODULE ARGUMENTS`, which says "ready" when it is there."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()
