"""The file of the state: read whole, replaced whole, and held by one process at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from gxbridge.core.model.remembered import MAX_BYTES, Remembered, StateError, decode, encode
from gxbridge.edge.replace_file import replace_file

FILE: Final = "gxbridge-state.json"
BROKEN: Final = f"{FILE}.broken"
PART: Final = f"{FILE}.part"
LOCK: Final = "gxbridge-state.lock"
RESET: Final = "gxbridge-master-reset"
"""Left in the folder by `gxbridge master reset` while the service holds the file: who may write there may ask."""

TRY: Final = "gxbridge-link-try"
"""Left in the folder by `gxbridge link try`: the device. Who may write there may ask."""
TRIED: Final = "gxbridge-link-tried"
"""What came of it, line by line."""
MOST_ASKED: Final = 200
"""Bytes of the name of a device."""
MOST_ANSWERED: Final = 16384

RETRY_S: Final = 0.05


class StateHeldError(StateError):
    """Another program holds the state: the service while it runs, or `gxbridge state forget` for a moment."""


class StateFile:
    """The state of the installation `boat` in a folder.

    Whoever changes the file holds the lock from before reading it; the kernel releases it with the process. Reading
    alone needs no lock, since the file is replaced at once. Paths are text: `pathlib` costs a start on a GX too much.
    """

    def __init__(self, folder: str, boat: str) -> None:
        self.folder = folder
        self.path = os.path.join(folder, FILE)
        self._boat = boat
        self._lock: int | None = None
        self._seen: bytes | None = None
        self._was_read = False

    def read(self) -> Remembered:
        """What the file says; nothing if there is none. Raises OSError, StateError and AnotherBoatError."""
        self._was_read = True
        try:
            with open(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe would be waited for, for ever
                    raise StateError("it is not a regular file")
                self._seen = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            self._seen = None
            return Remembered()
        return decode(self._seen, self._boat)

    def hold(self, wait_s: float = 0.0) -> None:
        """Take the lock, which is kept until `release`. Raises OSError, and StateHeldError after `wait_s`."""
        if self._lock is not None:
            return
        os.makedirs(self.folder, exist_ok=True)
        lock = os.open(os.path.join(self.folder, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        until = time.monotonic() + wait_s
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise StateHeldError("another gxbridge uses it") from None
                time.sleep(RETRY_S)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def release(self) -> None:
        """Let others change the file."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def set_aside(self) -> bool:
        """Keep a file that cannot be used, as `*.broken`, where somebody can look at it: the latest one only.

        Whether that was done; only the holder of the lock does it.
        """
        if self._lock is None:
            return False
        try:
            os.replace(self.path, os.path.join(self.folder, BROKEN))
        except OSError:
            return False
        return True

    def write(self, remembered: Remembered) -> int:
        """Replace the file; on the disk when this returns. How many entries were left out for want of room.

        Raises OSError and StateError; then the file is as it was.
        """
        if self._lock is None and self._was_read:
            self._hold_unchanged()
        self.hold()
        data, left_out = encode(remembered, self._boat)
        replace_file(self.path, data, os.path.join(self.folder, PART))
        return left_out

    def ask_reset(self) -> None:
        """Ask the service that holds the file to forget another master. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(os.path.join(self.folder, RESET), flags, 0o600))

    def reset_asked(self) -> bool:
        """Whether somebody has asked for it."""
        return os.path.lexists(os.path.join(self.folder, RESET))

    def take_reset(self) -> bool:
        """Whether somebody has asked for it; asked once, done once. Raises OSError."""
        if not self.reset_asked():
            return False
        os.unlink(os.path.join(self.folder, RESET))
        return True

    def ask_try(self, device: str) -> None:
        """Ask the service that holds the file to try LINK with a device; an earlier answer goes. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folder, TRIED))
        replace_file(
            os.path.join(self.folder, TRY), device.encode()[:MOST_ASKED], os.path.join(self.folder, f"{TRY}.part")
        )

    def take_try(self) -> str:
        """The device that somebody has asked for; "" if nobody has. Asked once, done once. Raises OSError."""
        return (self._take(TRY, MOST_ASKED) or b"").decode(errors="replace")

    def answer_try(self, lines: Iterable[str]) -> None:
        """Say what came of it. Raises OSError."""
        data = "\n".join(lines).encode()[:MOST_ANSWERED]
        replace_file(os.path.join(self.folder, TRIED), data, os.path.join(self.folder, f"{TRIED}.part"))

    def take_answer(self) -> str | None:
        """What came of it; None: nothing yet. Raises OSError."""
        data = self._take(TRIED, MOST_ANSWERED)
        return None if data is None else data.decode(errors="replace")

    def _take(self, name: str, most: int) -> bytes | None:
        path = os.path.join(self.folder, name)
        if not os.path.lexists(path):
            return None
        try:
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(path, flags), "rb") as file:
                return file.read(most)
        finally:
            os.unlink(path)

    def _hold_unchanged(self) -> None:
        """Take the lock late: who had it until now may have written what this process does not know."""
        self.hold()
        before = self._seen
        with suppress(OSError, StateError):
            self.read()
        if self._seen != before:
            self._seen = before
            self.release()
            raise StateHeldError("another gxbridge has changed it since this one started; start this one again")
