"""Who may ask: where the page listens, which names it answers to, and the token."""

from __future__ import annotations

import hmac
import ipaddress
import os
import re
import stat
from pathlib import Path
from typing import Final

from gxbridge.core.model.record import record

LEAST_TOKEN: Final = 20
MOST_TOKEN: Final = 200
TOKEN: Final = re.compile(r"[!-~]+")
NAMES_OF_THIS_MACHINE: Final = frozenset({"localhost"})


class RefusedAddress(Exception):
    """Why it does not listen there, for people."""


def is_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one of this machine's own. `::ffff:127.0.0.1` is none: versions of Python differ."""
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


@record
class Listen:
    """`host` is an address, never a name. `names`: what a browser may call this machine besides its addresses."""

    host: str
    port: int
    token: str = ""
    names: frozenset[str] = NAMES_OF_THIS_MACHINE

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        return is_loopback(ipaddress.ip_address(self.host))

    def answers_to(self, header: str) -> bool:
        """Whether the Host of a request is ours. A page from elsewhere that had its own name lead here (DNS rebinding)
        sends that name; an address cannot be had that way."""
        host = _host_of(header).lower().rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self.names
        return is_loopback(address) or not self.loopback

    def admits(self, authorization: str) -> bool:
        """Whether an Authorization header has the token, or none is asked for."""
        if not self.token:
            return True
        kind, _, given = authorization.partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode())


def _host_of(header: str) -> str:
    """The host of `host`, `host:port`, `[::1]` or `[::1]:port`."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    host, _, _ = header.rpartition(":")
    return host if header.count(":") == 1 else header


def read_listen(text: str, token_file: Path | None, names: tuple[str, ...] = ()) -> Listen:
    """Where to listen, of `127.0.0.1:8088`, `[::1]:8088`, `localhost:8088` or `0.0.0.0:8088`. Raises RefusedAddress."""
    host, colon, port_text = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise RefusedAddress(f"--listen {text}: write an address and a port, such as 127.0.0.1:8088") from None
    if not colon or not re.fullmatch("[0-9]{1,5}", port_text) or int(port_text) > 65535:
        raise RefusedAddress(f"--listen {text}: the port is a number up to 65535, as in 127.0.0.1:8088")
    token = "" if token_file is None else read_token(token_file)
    if not is_loopback(address) and not token:
        raise RefusedAddress(
            f"--listen {text} can be reached from other machines: name a file with a token by --token-file, "
            "or listen on 127.0.0.1"
        )
    return Listen(str(address), int(port_text), token, NAMES_OF_THIS_MACHINE | {name.lower() for name in names})


def read_token(path: Path) -> str:
    """The token in a file that nobody else can read. Raises RefusedAddress."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(MOST_TOKEN + 2).decode("ascii", "replace").strip()
    except OSError as error:
        raise RefusedAddress(f"the token cannot be read: {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & (stat.S_IRWXO | stat.S_IWGRP):
        raise RefusedAddress(f"{path} can be read or changed by others: chmod 640 {path}")
    if not LEAST_TOKEN <= len(text) <= MOST_TOKEN or not TOKEN.fullmatch(text):
        raise RefusedAddress(
            f"{path}: a token has {LEAST_TOKEN} to {MOST_TOKEN} letters, digits and signs without a space; make one "
            f"with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return text
