"""The secret by which names become ids: made at the first use, kept apart from every data set."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from gxbridge.fleet.columns.arrow import FleetError
from gxbridge.fleet.privacy import SECRET_BYTES

HELP: Final = "keep it: without it nobody can tell which boat is which, and new files get other ids"


def default_place() -> Path:
    """`~/.config/gxbridge/fleet-secret`, or below XDG_CONFIG_HOME."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(base, "gxbridge", "fleet-secret")


def read_secret(place: Path) -> bytes:
    """The secret in a file. Raises FleetError."""
    try:
        text = place.read_text(encoding="ascii").strip()
        secret = bytes.fromhex(text)
    except (OSError, ValueError) as error:
        raise FleetError(f"the secret {place} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(secret) < SECRET_BYTES:
        raise FleetError(f"the secret {place} is too short: {SECRET_BYTES} bytes in hexadecimal are needed")
    return secret


def secret_of(place: Path) -> tuple[bytes, bool]:
    """The secret, and whether it was made just now. Raises FleetError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return read_secret(place), False
    except OSError as error:
        raise FleetError(
            f"no secret can be made at {place}: {error.strerror}; name another place with --secret"
        ) from None
    try:
        with open(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            place.unlink()
        raise FleetError(f"no secret can be made at {place}: {error.strerror}") from None
    return read_secret(place), True
