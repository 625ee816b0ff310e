"""How to reach a broker: host, TLS, and a name and password that stand in a file and nowhere else."""

from __future__ import annotations

import ssl
import stat
from dataclasses import field
from pathlib import Path

from gxbridge.core.model.record import record


class LoginError(Exception):
    """The broker must not or cannot be reached like this; the text says what to do, and no secret."""


@record
class Broker:
    """`password` is in no repr. `tls` None: no encryption."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None


def broker(host: str, port: int | None, *, tls: bool, ca: str | None, login: str | None, clear_text: bool) -> Broker:
    """What was asked for. Raises LoginError."""
    context = None
    if tls or ca:
        try:
            context = ssl.create_default_context(cafile=ca)
        except (OSError, ssl.SSLError) as error:
            raise LoginError(f"--ca {ca} cannot be used: {error.strerror or error}") from None
    username, password = (None, None) if login is None else read_login(Path(login))
    if password is not None and context is None and not is_here(host) and not clear_text:
        raise LoginError(f"the password would go to {host} in clear text: add --tls, or --clear-text if that is meant")
    return Broker(host, port or (1883 if context is None else 8883), username, password, context)


def read_login(path: Path) -> tuple[str, str]:
    """Name and password: the two lines of a file that nobody else can read. Raises LoginError."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LoginError(f"--login {path} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise LoginError(f"others can read {path}: chmod 600 {path}")
    if len(lines) != 2 or not all(lines):
        raise LoginError(f"{path} does not have two lines: write the name in the first and the password in the second")
    return lines[0], lines[1]


def is_here(host: str) -> bool:
    """Does this name mean this machine?"""
    return host in ("localhost", "::1") or host.startswith("127.")
