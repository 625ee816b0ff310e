"""Runs a command on a Linux kernel of its own, with real CAN: `python packaging/uml.py [--timeout S] -- COMMAND ...`.

Most build machines have a kernel without CAN. Debian's package user-mode-linux is a kernel that runs as an ordinary
program, with the modules can, can-raw, vcan and slcan. It boots in three seconds with this machine's files as its own:
the checkout, the interpreters and the virtual environments are at the same paths. What the command writes goes to
memory and is forgotten, except below the folders given with --share. Needs Debian or Ubuntu on x86-64, apt-get, and
unshare (root, or unprivileged user namespaces).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "uml"
"""Where the unpacked package stays (41 MB to fetch, 116 MB unpacked); `make clean` removes it."""
PACKAGE = "user-mode-linux"
MODULES = ("overlay", "can", "can-raw", "can-dev", "vcan", "slcan")
"""In the order in which they need each other."""
MEMORY_MB = 512
GRACE_S = 30.0
"""Boot and halt; a guest that takes longer than its command may plus this is killed."""
TIMED_OUT = 124


class CannotBoot(Exception):
    """Why there is no guest, with what to do."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel program and its modules by name."""

    program: Path
    modules: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Ended:
    """`code`: of the command, 124 when it took too long. `boot_s`: until it started; `total_s`: from boot to halt."""

    code: int
    boot_s: float
    total_s: float
    kernel_log: str


def kernel(cache: Path = CACHE) -> Kernel:
    """The installed kernel, the one in `cache`, or one fetched now. Raises CannotBoot."""
    for root in (Path("/"), cache):
        found = _kernel_below(root)
        if found is not None:
            return found
    if platform.machine() not in ("x86_64", "AMD64"):
        raise CannotBoot(f"user-mode-linux exists for x86-64 only, and this is {platform.machine()}")
    _fetch(cache)
    found = _kernel_below(cache)
    if found is None:
        raise CannotBoot(f"the package {PACKAGE} has not {', '.join(MODULES)}: this test needs another release of it")
    return found


def _kernel_below(root: Path) -> Kernel | None:
    program = root / "usr/bin/linux.uml"
    found = {path.stem: path for path in (root / "usr/lib/uml/modules").glob("*/kernel/**/*.ko")}
    if not os.access(program, os.X_OK) or not set(MODULES) <= found.keys():
        return None
    return Kernel(program, {name: found[name] for name in MODULES})


def _fetch(cache: Path) -> None:
    for name in ("apt-get", "dpkg-deb"):
        if shutil.which(name) is None:
            raise CannotBoot(f"{name} is missing: this needs Debian or Ubuntu (or {PACKAGE} installed)")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gxuml") as folder:
        said = _apt("download", folder)
        if said and os.geteuid() == 0:  # the lists of packages may be missing or old
            _apt("update", folder)
            said = _apt("download", folder)
        packages = list(Path(folder).glob("*.deb"))
        if said or not packages:
            raise CannotBoot(
                f"the package {PACKAGE} cannot be had: {said or 'nothing came'}\n"
                f"Install it (apt-get update && apt-get install {PACKAGE}), or see that apt-get reaches its mirror."
            )
        subprocess.run(["dpkg-deb", "-x", packages[0], cache], check=True)


def _apt(verb: str, folder: str) -> str:
    """Run apt-get; returns what it complained of, "" when all went well."""
    command = ["apt-get", "-q", verb, *([PACKAGE] if verb == "download" else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or done.stdout.strip() or f"code {done.returncode}"


def run(
    command: Sequence[str],
    *,
    timeout_s: float = 300.0,
    shares: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    output: Callable[[bytes], object] = lambda data: os.write(1, data),
    kernel_path: Kernel | None = None,
) -> Ended:
    """Boot, run `command` as root in the current folder, halt. `output` gets what it prints, as it comes.

    Leaves no process behind: the guest's all live in a PID namespace that ends with this one. Raises CannotBoot.
    """
    chosen = kernel_path or kernel()
    with tempfile.TemporaryDirectory(prefix="gxuml") as name:
        folder = Path(name)
        plan = {
            "modules": [str(path) for path in chosen.modules.values()],
            "shares": [name, *map(str, shares)],
            "command": list(command),
            "environment": {**os.environ, "HOME": "/", "TERM": "dumb", **(environment or {})},
            "folder": os.getcwd(),
            "timeout_s": timeout_s,
            "status": str(folder / "status"),
        }
        (folder / "plan").write_text(json.dumps(plan))
        init = folder / "init"
        words = (os.path.realpath(sys.executable), "-I", "-S", str(ROOT / "packaging/uml_guest.py"), f"{name}/plan")
        init.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + "\n")
        init.chmod(0o755)
        began = time.monotonic()
        _boot(chosen, init, output, timeout_s + GRACE_S)
        total_s = time.monotonic() - began
        log = (folder / "kernel.log").read_text(errors="replace")
        try:
            code, inside_s = (folder / "status").read_text().split()
        except (OSError, ValueError):
            raise CannotBoot(f"the guest did not get to its command, or hung:\n{log[-4000:]}") from None
        return Ended(int(code), total_s - float(inside_s), total_s, log)


def _boot(chosen: Kernel, init: Path, output: Callable[[bytes], object], timeout_s: float) -> None:
    """Console 0 is the kernel's log, console 1 what the command says."""
    cage = _cage()
    folder = init.parent
    environment = {**os.environ}
    shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None  # noqa: S108 - where the kernel keeps its memory
    if shm is None or shm.f_bavail * shm.f_frsize < MEMORY_MB << 20:
        environment["TMPDIR"] = str(folder)
    reading, writing = os.pipe()
    with (folder / "kernel.log").open("wb") as log:
        command = [
            *cage,
            str(chosen.program),
            *(f"mem={MEMORY_MB}M", "root=none", "rootfstype=hostfs", "rootflags=/", "ro", f"init={init}"),
            *(f"con0=null,fd:{log.fileno()}", f"con1=null,fd:{writing}", "con=null"),
        ]
        guest = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(log.fileno(), writing),
            env=environment,
        )
    os.close(writing)
    try:
        _pass_on(reading, output, time.monotonic() + timeout_s)
        guest.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        pass  # a guest without a status is told by who waits
    finally:
        guest.kill()
        guest.wait()
        os.close(reading)


def _cage() -> list[str]:
    """What to put before the kernel's command, so that all of its processes end with this one. Raises CannotBoot."""
    for name in ("unshare", "setpriv"):
        if shutil.which(name) is None:
            raise CannotBoot(f"{name} is missing: apt-get install util-linux")
    said = ""
    for more in ([], ["--user", "--map-root-user"]):
        cage = ["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--pid", "--kill-child", *more]
        tried = subprocess.run([*cage, "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return cage
        said = tried.stderr.strip()
    raise CannotBoot(f"this machine allows no PID namespace ({said}): be root, or allow unprivileged user namespaces")


def _pass_on(reading: int, output: Callable[[bytes], object], deadline: float) -> None:
    """Hand on what the guest prints until it ends or time is up."""
    while (left_s := deadline - time.monotonic()) > 0:
        if select.select([reading], [], [], left_s)[0]:
            data = os.read(reading, 65536)
            if not data:
                return
            output(data)


def main() -> int:
    """The command line; the exit code is that of the command."""
    assert __doc__ is not None  # noqa: S101 - for mypy
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], usage="%(prog)s [options] -- COMMAND ...")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="S", help="for the command (default: 300)")
    parser.add_argument("--share", type=Path, action="append", default=[], metavar="FOLDER", help="what stays written")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        parser.error("which command?")
    try:
        ended = run(command, timeout_s=arguments.timeout, shares=arguments.share)
    except CannotBoot as error:
        print(f"uml.py: {error}", file=sys.stderr)
        return 125
    print(f"uml.py: booted in {ended.boot_s:.1f} s, {ended.total_s:.1f} s in all", file=sys.stderr)
    return ended.code


if __name__ == "__main__":
    sys.exit(main())
