"""A GX device in a folder: Venus OS' layout, booted into namespaces of its own.

The root file system is read-only, /service lies in memory and is filled at boot from /opt/victronenergy/service,
/var/log leads to /data/log, and only /data survives `update()`. /bin/sh and every tool are busybox; the supervisor is
Debian's daemontools; D-Bus is a real dbus-daemon, which the test reaches by `address`. Nothing in it can outlive
`halt()`: all of it lives in one process namespace. Source: meta-victronenergy (overlays.sh, daemontools-run-venus,
custom-rc.d, volatiles).
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.edge.dbus_daemon import CONFIG, program

PATH = "/bin:/sbin:/usr/bin:/usr/sbin"
FOLDERS = ["bin", "sbin", "usr", "dev", "data", "proc", "sys", "service", "tmp", "run", "var"]
NOT_BUSYBOX = {"svc", "svok", "runsv", "runsvdir", "sv", "chpst", "softlimit", "setuidgid", "envdir", "envuidgid"}
"""busybox has runit's tools under daemontools' names; Venus OS has daemontools' own."""
DAEMONTOOLS = ("svscan", "supervise", "svc", "svok", "svstat", "multilog", "softlimit", "setuidgid", "tai64nlocal")

ANY_USER = '<policy context="default">', '<policy context="default"><allow user="*"/>'
"""Every user may use the system bus of a GX (meta-victronenergy, dbus: system.conf)."""

# Outside: makes the mounts, then changes the root. Written for busybox' sh, like everything here.
MOUNTS = """
set -eu
root=$1
mount --bind "$root" "$root"
for each in service tmp run; do
    mount -t tmpfs -o mode=755 tmpfs "$root/$each"
done
for each in /usr /dev {extra}; do
    mkdir -p "$root$each"
    mount --rbind -o ro "$each" "$root$each"
done
mount --bind "$root-data" "$root/data"
mkdir "$root/run/dbus"
mount --bind "$root-bus" "$root/run/dbus"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec chroot "$root" /bin/sh /etc/boot.sh
"""

# Inside, process 1: what Venus' init scripts do, in their order.
BOOT = """
export PATH={path}
mkdir -p /data/log /data/conf /run/lock
cp -R /opt/victronenergy/service/. /service/
rm -f /run/dbus/bus
dbus-daemon --config-file=/etc/bus.conf --nofork --nopidfile --print-address=1 >/tmp/address &
until [ -s /tmp/address ]; do sleep 0.1; done
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/bus
[ ! -x /data/rcS.local ] || /data/rcS.local
[ "$order" != supervisor-first ] || svscan /service >/data/log/svscan 2>&1 &
[ ! -x /data/rc.local ] || /data/rc.local >/data/log/rc.local 2>&1
[ "$order" = supervisor-first ] || svscan /service >/data/log/svscan 2>&1 &
echo booted
while :; do wait; sleep 1; done
"""


@dataclass(frozen=True, slots=True)
class Python:
    """What `python3` is on the GX: a command line, what must be mounted for it, and whether limits may hold for it."""

    command: str
    mounts: tuple[str, ...] = ()
    limits: bool = True


def python(path: str = sys.executable) -> Python:
    """An interpreter of this machine."""
    code = "import os, sys; print(os.path.realpath(sys.executable), sys.base_prefix)"
    found = subprocess.run([path, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return Python(found[0], () if found[1].startswith("/usr") else (found[1],))


def gx_python() -> Python:
    """Venus OS has 3.12; where that is not here, this one."""
    installed = sorted(Path.home().glob(".pyenv/versions/3.12.*/bin/python3.12"))
    return python(str(installed[-1]) if installed else shutil.which("python3.12") or sys.executable)


OLD_PYTHON = Python("""sh -c '[ "$1" = --version ] && echo Python 3.8.13; exit 1' python3""")
"""Knows only who it is."""


def roomy() -> str | None:
    """Memory to work in where programs may run, so that nothing waits for a disk."""
    memory = "/dev/shm"
    if not os.path.isdir(memory) or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return None
    return memory if shutil.disk_usage(memory).free > 500e6 else None


class Venus:
    """Made in `with`; runs only between `boot()` and `halt()`."""

    def __init__(self, version: str = "v3.66", python: Python | None = None, data: Path | None = None) -> None:
        """`data` is copied to /data."""
        assert os.geteuid() == 0, "these tests make mounts and namespaces, and so need root"
        self._folder = Path(tempfile.mkdtemp(prefix="gx", dir=roomy()))  # short: a socket's path has 108 characters
        self.root = self._folder / "r"
        self.data = self._folder / "r-data"
        self.bus = self._folder / "r-bus"
        self.address = f"unix:path={self.bus}/bus"
        self._machine: subprocess.Popen[bytes] | None = None
        self._mounts: list[str] = []
        if data is None:
            self.data.mkdir()
        else:
            shutil.copytree(data, self.data, symlinks=True)
        self.bus.mkdir()
        try:
            self.update(version, python)
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    def __enter__(self) -> Venus:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.halt()
        shutil.rmtree(self._folder)

    # --- firmware --------------------------------------------------------------------------------------------------

    def update(self, version: str, python: Python | None = None) -> None:
        """Another root file system; /data stays."""
        assert self._machine is None, "a firmware update needs a halt"
        self._mounts = []
        shutil.rmtree(self.root, ignore_errors=True)
        for name in (*FOLDERS, "etc/venus", "opt/victronenergy"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name in ("lib", "lib64"):
            if os.path.islink(f"/{name}"):
                (self.root / name).symlink_to(os.readlink(f"/{name}"))
            elif os.path.isdir(f"/{name}"):
                self._mounts.append(f"/{name}")
                (self.root / name).mkdir()
        busybox = program("busybox", "busybox")
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split()
        for applet in set(applets) - NOT_BUSYBOX:
            (self.root / "bin" / applet).symlink_to(busybox)
        self._install_python(python or gx_python())
        (self.root / "opt/victronenergy/version").write_text(f"{version}\nbuild\n20261122\n")
        self.vendor_service("localsettings")
        (self.root / "var/log").symlink_to("/data/log")
        (self.root / "etc/passwd").write_text(
            "root:x:0:0:root:/home/root:/bin/sh\nnobody:*:65534:65534:nobody::/bin/false\n"
        )
        (self.root / "etc/group").write_text("root:x:0:\nnogroup:*:65534:\n")
        (self.root / "etc/venus/machine").write_text("einstein\n")
        (self.root / "etc/bus.conf").write_text(CONFIG.format(socket="/run/dbus/bus").replace(*ANY_USER))
        (self.root / "etc/boot.sh").write_text(BOOT.format(path=PATH))
        for name in DAEMONTOOLS:
            program(name, "daemontools")

    def vendor_service(self, name: str) -> None:
        """A service of the firmware's own, to be there beside ours."""
        folder = self.root / "opt/victronenergy/service" / name
        folder.mkdir(parents=True)
        (folder / "run").write_text("#!/bin/sh\nexec sleep 100000\n")
        (folder / "run").chmod(0o755)

    def _install_python(self, python: Python) -> None:
        self._mounts += python.mounts
        self._script("python3", f'exec {python.command} "$@"')
        if not python.limits:
            self._script("softlimit", 'while [ "${1#-}" != "$1" ]; do shift 2; done; exec "$@"')

    def _script(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    # --- power -----------------------------------------------------------------------------------------------------

    def boot(self, order: str = "rc.local-first") -> None:
        """Returns when rc.local has run. svscan starts after it, or with `supervisor-first` before."""
        assert self._machine is None
        script = MOUNTS.format(extra=" ".join(self._mounts))
        apart = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--net", "--ipc"]
        command = [program("unshare", "util-linux"), *apart[1:], program("busybox", "busybox"), "sh", "-c", script]
        self._machine = subprocess.Popen(
            [*command, "sh", str(self.root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "order": order},
        )
        assert self._machine.stdout is not None
        said = b""
        deadline = time.monotonic() + 60
        while b"booted\n" not in said:
            ready = select.select([self._machine.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]
            piece = os.read(self._machine.stdout.fileno(), 65536) if ready else b""
            assert piece, f"the GX does not boot: {said.decode(errors='replace')}"
            said += piece

    def halt(self) -> None:
        """Power off, without a warning to anybody."""
        if self._machine is None:
            return
        init = self._init()
        if init is not None:
            os.kill(init, 9)  # with process 1 the kernel ends all others of the namespace
        self._machine.kill()
        self._machine.wait()
        assert self._machine.stdout is not None
        self._machine.stdout.close()
        self._machine = None

    def reboot(self) -> None:
        self.halt()
        self.boot()

    def _init(self) -> int | None:
        """Process 1 of the GX, as seen from here."""
        assert self._machine is not None
        pid = self._machine.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return int(children[0]) if children else None

    def inside(self) -> list[int]:
        """All processes of the GX, by their numbers out here."""
        init = self._init()
        space = os.readlink(f"/proc/{init}/ns/pid")
        found = []
        for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == space:
                    found.append(pid)
            except OSError:
                continue  # it has ended
        return found

    # --- a shell on it ---------------------------------------------------------------------------------------------

    def sh(self, command: str, timeout_s: float = 120.0, **environment: str) -> subprocess.CompletedProcess[str]:
        """A root shell's command; stdout and stderr together in `stdout`."""
        init = self._init()
        assert init is not None, "the GX is off"
        enter = [program("nsenter", "util-linux"), f"--target={init}", "--mount", "--pid", "--net", "--ipc"]
        return subprocess.run(
            [*enter, "--root", "--wd", "/bin/sh", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
            env={"PATH": PATH, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/dbus/bus", **environment},
        )

    def done(self, command: str, timeout_s: float = 120.0) -> str:
        """What a command says; it must succeed."""
        result = self.sh(command, timeout_s)
        assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}"
        return result.stdout

    def log(self) -> str:
        """The service's log, without its time stamps."""
        path = self.data / "log/gxbridge/current"
        if not path.exists():
            return ""
        return "\n".join(line.partition(" ")[2] for line in path.read_text(errors="replace").splitlines())

    def tree(self) -> dict[str, str]:
        """Everything on /data but logs and the wire: path -> what it is."""
        found = {}
        for path in sorted(self.data.rglob("*")):
            name = str(path.relative_to(self.data))
            if name.startswith(("log", "wire")):
                continue
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            else:
                found[name] = "folder" if path.is_dir() else path.read_bytes().hex()
        return found
