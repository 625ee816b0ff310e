"""What of a boat may be known to whoever gets a data set: names and serials become ids by a secret, and what could hold
a name is left out.

An id is a keyed hash: the same name has the same id everywhere, nobody without the secret can try names, and whoever
has the secret and a folder finds out which is whose. With no secret everything stays as it is.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from gxbridge.core.capture.frame_anonymiser import SAFE_BUS
from gxbridge.core.capture.private_fields import Treatment, maker_text, treatment_of, version_text, vocabulary_of
from gxbridge.core.model.items import printable
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.decodelog.words import Shown

ID_LETTERS: Final = 12
"""60 bits: two of a million devices have the same id once in two million fleets."""
SECRET_BYTES: Final = 32

KIND: Final = re.compile(
    "battery|solarcharger|alternator|vebus|multi|inverter|charger|dcdc|dcsystem|dcload|dcsource|acsystem|genset|fuelcell|"
    "grid|pvinverter|evcharger|tank|temperature|motordrive|system|settings|platform|vecan|can|gps|digitalinput|hub4"
)

Cells = tuple[Sequence[FieldValue], Sequence[str | None]]


class Privacy:
    """`secret` None: nothing is hidden."""

    def __init__(self, secret: bytes | None) -> None:
        self._secret = secret
        self._vocabulary: frozenset[str] | None = None
        self._buses: dict[str, str] = {}

    @property
    def hides(self) -> bool:
        return self._secret is not None

    @property
    def fingerprint(self) -> str:
        """Tells one secret from another, and says nothing of it."""
        return "" if self._secret is None else self.id("fingerprint", "gxbridge")

    def id(self, kind: str, name: str) -> str:
        """What stands for a name; names of different kinds have different ids. Without a secret the name itself."""
        if self._secret is None:
            return printable(name)
        return self.key(kind, name.encode("utf-8", "surrogateescape"))

    def key(self, kind: str, content: bytes) -> str:
        """An id of bytes, also without a secret."""
        digest = hmac.new(self._secret or b"", kind.encode() + b"\0" + content, sha256).digest()
        return b32encode(digest).decode().lower()[:ID_LETTERS]

    def device(self, serial: str) -> str:
        """A device by its serial or unique number."""
        return self.id("device", serial)

    def product(self, name: object) -> str | None:
        """A product's name; a word that is in no product's name is somebody's own."""
        if not isinstance(name, str) or not name:
            return None
        return maker_text(name, self._words()) if self.hides else name

    def kind(self, name: str) -> str:
        """The kind of a D-Bus service, where it is the vendor's word."""
        return name if not self.hides or KIND.fullmatch(name) else "other"

    def firmware(self, text: str | None) -> str | None:
        """A version."""
        return version_text(text) if text and self.hides else text

    def bus(self, name: str) -> str:
        """A bus by its name, where that is the same on every boat."""
        if not self.hides or SAFE_BUS.fullmatch(name):
            return printable(name)
        return self._buses.setdefault(name, f"bus{len(self._buses) + 1}")

    def hide(self, field: FieldInfo, values: Sequence[Shown]) -> Cells | None:
        """For `MessageTable`: what stands in place of values that say whose they are."""
        treatment = treatment_of(field)
        if not self.hides or treatment in ("keep", "pgns"):
            return None
        return [None] * len(values), [self._text(treatment, value) for value in values]

    def _text(self, treatment: Treatment, value: Shown) -> str | None:
        if value is None or treatment in ("place", "blank", "parameters"):
            return None
        if treatment == "maker":
            return self.product(value)
        if treatment == "version" and isinstance(value, str):
            return version_text(value)
        return self.device(str(value))

    def _words(self) -> frozenset[str]:
        if self._vocabulary is None:
            self._vocabulary = vocabulary_of(database())
        return self._vocabulary
