"""The first process of the guest that `uml.py` boots: makes the kernel usable, runs the command, halts.

Runs with the standard library only and before anything is mounted. Nothing here may raise past `main`: a first process
that ends is a kernel panic.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import time
import traceback
import tty
from typing import Any, NoReturn

FINIT_MODULE = 313
"""System call on x86-64 (asm/unistd_64.h)."""
POWER_OFF = 0x4321FEDC
"""linux/reboot.h."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - in the guest nobody else is
TIMED_OUT = 124
NOT_RUN = 126

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int, what: str) -> None:
    """Raise what the C library reported."""
    if result:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)


def mount(kind: str, where: str, options: str = "") -> None:
    """Mount a file system; Debian's mount is setuid, which an unprivileged guest may not use."""
    checked(libc.mount(b"none", where.encode(), kind.encode(), 0, options.encode()), f"{kind} on {where}")


def load(module: str) -> None:
    """Load a kernel module."""
    file = os.open(module, os.O_RDONLY)
    checked(libc.syscall(FINIT_MODULE, file, b"", 0), module)
    os.close(file)


def settle(plan: dict[str, Any]) -> None:
    """Modules, a root that can be written to (in memory), and the usual mounts."""
    for module in plan["modules"]:
        load(module)
    mount("tmpfs", "/mnt")
    for folder in ("upper", "work", "tree"):
        os.mkdir(f"/mnt/{folder}")
    mount("overlay", "/mnt/tree", "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work")
    os.chroot("/mnt/tree")
    os.chdir("/")
    mount("proc", "/proc")
    mount("sysfs", "/sys")
    mount("devtmpfs", "/dev")
    for folder in ("/dev/pts", SHARED_MEMORY):
        os.makedirs(folder, exist_ok=True)
    mount("devpts", "/dev/pts", "newinstance,ptmxmode=0666")
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/dev/ptmx")
    os.symlink("pts/ptmx", "/dev/ptmx")
    mount("tmpfs", SHARED_MEMORY)
    mount("tmpfs", "/run")
    for folder in plan["shares"]:
        mount("hostfs", folder, folder)


def command(plan: dict[str, Any], console: int) -> int:
    """Run the command and wait for it, and for orphans; returns its exit code."""
    child = os.fork()
    if child == 0:
        execute(plan, console)
    deadline = time.monotonic() + plan["timeout_s"]
    while time.monotonic() < deadline:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return os.waitstatus_to_exitcode(status)
        if pid == 0:
            time.sleep(0.02)
    os.write(console, f"\ntook longer than {plan['timeout_s']:.0f} s and was stopped\n".encode())
    os.killpg(child, signal.SIGKILL)
    return TIMED_OUT


def execute(plan: dict[str, Any], console: int) -> NoReturn:
    """The child: becomes the command."""
    try:
        os.setsid()
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        os.dup2(console, 1)
        os.dup2(console, 2)
        os.chdir(plan["folder"])
        os.execvpe(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606
    except OSError as error:
        os.write(console, f"{plan['command'][0]}: {error}\n".encode())
    os._exit(127)


def main() -> None:
    """Everything, with the exit status left for the machine outside."""
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    code, began = NOT_RUN, time.monotonic()
    try:
        console = os.open("/dev/tty1", os.O_RDWR | os.O_NOCTTY)
        tty.setraw(console)  # else line ends are changed and output is echoed
        settle(plan)
        began = time.monotonic()
        code = command(plan, console)
    except Exception:
        traceback.print_exc()  # into the kernel's log
    finally:
        if code != NOT_RUN:
            with open(plan["status"], "w", encoding="ascii") as file:
                file.write(f"{code} {time.monotonic() - began:.3f}")
        os.sync()
        libc.reboot(POWER_OFF)


main()
