"""The values of D-Bus services without what identifies, as far as they are about batteries, chargers and inverters.

Numbers pass, unless their path sounds like an identity or a place. Of texts only those pass that are listed here, each
in its way; every other text is left out. The settings of a GX, its modem, its radio networks and its accounts are no
business of a capture at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gxbridge.core.capture.private_fields import maker_text, version_text, vocabulary_of
from gxbridge.core.capture.replacements import NoReplacement, Replacements
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import Database

PREFIX: Final = "com.victronenergy."
CLASSES: Final = frozenset(
    {
        "acload", "acsystem", "alternator", "battery", "charger", "dcdc", "dcload", "dcsource", "dcsystem", "fuelcell",
        "genset", "grid", "heatpump", "inverter", "motordrive", "multi", "pvinverter", "solarcharger", "system", "tank",
        "temperature", "vebus", "vecan",
    }
)  # fmt: skip
"""Classes of services that are recorded."""
SAFE_PART: Final = re.compile(
    r"socketcan|v?can\d|vecan\d|vi\d{1,3}|tty[A-Z]{1,4}\d{1,2}|builtin|gxbridge|lynxparallel\d{0,2}|aggregate|virtual|usb|ble|\d{1,3}"
)
"""Parts of a service's name, between dots and underscores, that are the same on every boat."""
UNIQUE_PART: Final = re.compile(r"uc(\d{1,10})")
SERVICE_TEXT: Final = re.compile(r"com\.victronenergy\.[A-Za-z0-9_.\-]+(?:/\d{1,3})?")
PATH_PART: Final = re.compile(r"[A-Za-z]{0,40}\d{0,3}[A-Za-z]{0,40}")
"""Paths as all boats have them are made of words and small numbers."""
WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
PRIVATE_WORDS: Final = frozenset(
    {
        "address", "altitude", "email", "host", "iccid", "identifier", "imei", "imsi", "ip", "key", "latitude",
        "location", "longitude", "mac", "mail", "mmsi", "name", "pass", "password", "phone", "pin", "position",
        "portal", "puk", "serial", "ssid", "token", "unique", "url", "user", "vin", "vrm",
    }
)  # fmt: skip
"""A number below such a word is left out."""
UNIQUE: Final = frozenset({"/N2kUniqueNumber", "/UniqueNumber"})
SERIAL: Final = frozenset({"/Serial", "/SerialNumber"})
NAMES: Final = frozenset({"/CustomName", "/Name", "/Description"})
MAKER: Final = frozenset({"/ProductName", "/Mgmt/Connection"})
VERSION: Final = frozenset({"/HardwareVersion", "/FirmwareVersion", "/Mgmt/ProcessVersion"})
CONNECTIONS: Final = (
    "VE.Can",
    "VE.Bus",
    "VE.Direct",
    "can0",
    "can1",
    "vecan0",
    "vecan1",
    "CAN",
    "D-Bus",
    "USB",
    "Virtual",
)
LEAST_NUMBER: Final = 10_000
"""A number as large as this that is somewhere a unique number or a serial is taken for one everywhere."""
MOST_TEXT: Final = 255
"""Characters of a text or path; a longer one is no name, and a line of a log has its limits."""
LAST_INTEGER: Final = 1 << 64


class ServiceAnonymiser:
    """Uses the replacements of the frames, so that a serial is the same here and there."""

    def __init__(self, db: Database, replacements: Replacements) -> None:
        self._replacements = replacements
        self._vocabulary = vocabulary_of(db, CONNECTIONS)
        self.left_out = 0
        """Values that were left out."""

    def name(self, service: str) -> str | None:
        """What a service is called in the capture; None for one that is not recorded."""
        kind, _, rest = service.removeprefix(PREFIX).partition(".")
        if not service.startswith(PREFIX) or kind not in CLASSES:
            return None
        try:
            return f"{PREFIX}{kind}" + (f".{re.sub(r'[^._]+', self._part, rest)}" if rest else "")
        except NoReplacement:
            return None

    def _part(self, found: re.Match[str]) -> str:
        part = found[0]
        if SAFE_PART.fullmatch(part):
            return part
        if unique := UNIQUE_PART.fullmatch(part):
            return f"uc{str(self._replacements.number(int(unique[1]))).zfill(len(unique[1]))}"
        return self._replacements.text("name", part, len(part.encode())).replace("-", "")

    def values(self, items: Mapping[str, Value]) -> dict[str, Value]:
        """The items that may be recorded, by path."""
        found: dict[str, Value] = {}
        for path, value in items.items():
            try:
                if len(path) > MOST_TEXT or (isinstance(value, str) and len(value) > MOST_TEXT):
                    raise _NotRecorded
                if not path.startswith("/") or not all(map(PATH_PART.fullmatch, path[1:].split("/"))):
                    raise _NotRecorded
                found[path] = None if value is None else self._value(path, value)
            except (NoReplacement, _NotRecorded):
                self.left_out += 1
        return found

    def _value(self, path: str, value: int | float | str) -> Value:
        if path in UNIQUE or path in SERIAL:
            return self._identity(value)
        if isinstance(value, str):
            return self._text(path, value) if value else value
        if PRIVATE_WORDS & {word.lower() for word in WORDS.findall(path)}:
            raise _NotRecorded
        if isinstance(value, int) and value >= LEAST_NUMBER and self._replacements.has_number(value):
            return self._replacements.number(value)
        return value

    def _identity(self, value: int | float | str) -> Value:
        if isinstance(value, str):
            return self._replacements.serial(value) if value.isascii() else self._name(value, "serial")
        if not isinstance(value, int) or not 0 <= value < LAST_INTEGER:
            raise _NotRecorded
        return self._replacements.number(value)

    def _text(self, path: str, value: str) -> str:
        if path in NAMES:
            return self._name(value, "name")
        if path in MAKER:
            return maker_text(value, self._vocabulary)
        if path in VERSION:
            return version_text(value)
        if SERVICE_TEXT.fullmatch(value):
            service, slash, instance = value.partition("/")
            name = self.name(service)
            if name is not None:
                return name + slash + instance
        raise _NotRecorded

    def _name(self, value: str, kind: str) -> str:
        return self._replacements.text("serial" if kind == "serial" else "name", value, len(value.encode()))


class _NotRecorded(Exception):
    """The value is not recorded."""
