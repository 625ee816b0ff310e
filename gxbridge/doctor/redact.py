"""Takes out what identifies an installation: serials, unique numbers, portal ids, Bluetooth addresses; and keys.

The same secret always becomes the same word, so that relations stay visible: `serial-1`, `number-2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gxbridge.doctor.facts import Services

SERIAL: Final = re.compile(r"\bHQ[0-9A-Z]{8,10}\b")
"""The vendor's serials: HQ, year and week, five or more characters."""
KEY: Final = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])")
"""An encryption key of Bluetooth Instant Readout."""
ADDRESS: Final = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")
HIDDEN_KEY: Final = "(key hidden)"
SERIAL_FIELDS: Final = frozenset({"serial"})
NUMBER_FIELDS: Final = frozenset({"unique_number", "uniquenumber", "n2kuniquenumber"})
HIDDEN_NUMBER: Final = "number-hidden"
MOST: Final = 1 << 64
SHORT: Final = 1000
"""Unique numbers below this look like any other number: they are taken out of names only (`_uc12`)."""
LEAST_LETTERS: Final = 5
"""A shorter serial could be any word."""


NAMED: Final = re.compile(r"(?im)\b(serial|unique_number)\b['\"]?\s*[:=]\s*['\"]?([0-9A-Za-z]+)")
"""A serial or unique number as a configuration file names it."""


class Redactor:
    """Without `keep` set it takes out serials and the like; keys always."""

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self._serials: dict[str, str] = {}
        self._numbers: dict[int, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: object) -> None:
        """Find the secrets in plain data (JSON): by the names of their fields."""
        for name, found in _fields(value):
            field = name.rpartition("/")[2].lower()
            if field in SERIAL_FIELDS and isinstance(found, str):
                for word in found.split():
                    self._learn_serial(word)
            elif field in NUMBER_FIELDS and isinstance(found, int | float) and 0 < found < MOST:
                self._learn_number(int(found))
        self._pattern = None

    def learn_services(self, services: Services) -> None:
        """Find the secrets of every service; the numbers in service names too."""
        for name, items in services.items():
            self.learn(dict(items))
            for found in re.findall(r"_uc(\d+)", name):
                self._learn_number(int(found))
        self._pattern = None

    def learn_text(self, text: str) -> None:
        """Find the secrets in a configuration file, also in one with faults."""
        for field, word in NAMED.findall(text):
            self.learn({field.lower(): int(word) if is_number(word) and field.lower() != "serial" else word})

    def _learn_serial(self, word: str) -> None:
        if is_number(word):
            self._learn_number(int(word))
        elif len(word) >= LEAST_LETTERS:
            self._serials.setdefault(word, f"serial-{len(self._serials) + 1}")

    def _learn_number(self, number: int) -> None:
        self._numbers.setdefault(number, f"number-{len(self._numbers) + 1}")

    def text(self, text: str) -> str:
        """A text without them."""
        text = KEY.sub(HIDDEN_KEY, text)
        if self._keep:
            return text
        text = ADDRESS.sub(lambda found: self._word(found[0].lower(), "address"), text)
        text = SERIAL.sub(lambda found: self._word(found[0], "serial"), text)
        pattern = self._pattern
        if pattern is None:
            pattern = self._pattern = self._compiled()
        return pattern.sub(self._replace, text)

    def data(self, value: Any, field: str = "") -> Any:
        """Plain data without them; a number that identifies becomes a word."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self.data(item, str(name)) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item, field) for item in value]
        if not self._keep and field.rpartition("/")[2].lower() in NUMBER_FIELDS and isinstance(value, int | float):
            return self._numbers.get(int(value), HIDDEN_NUMBER) if 0 < value < MOST else HIDDEN_NUMBER
        return value

    def _word(self, secret: str, kind: str) -> str:
        return self._serials.setdefault(secret, f"{kind}-{len(self._serials) + 1}")

    def _compiled(self) -> re.Pattern[str]:
        words = sorted(self._serials, key=len, reverse=True)
        parts = [rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" for word in words]
        parts += [
            rf"(?<!\d)0*{number}(?!\d)" if number >= SHORT else rf"(?<=_uc){number}(?!\d)" for number in self._numbers
        ]
        return re.compile("|".join(parts) or r"(?!)")

    def _replace(self, found: re.Match[str]) -> str:
        secret = found[0]
        return self._serials.get(secret) or self._numbers[int(secret.lstrip("0"))]


def is_number(word: str) -> bool:
    """Digits only, and not more than a serial could have."""
    return word.isascii() and word.isdecimal() and len(word) < 20


def _fields(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Every (name, value) of nested data."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _fields(item, name)
    else:
        yield name, value


def hide_keys(lines: Iterable[str]) -> str:
    """A configuration file that cannot be read as one: what stands behind `key:` is taken out, whatever it is."""
    return "".join(re.sub(r"(?i)(\bkey\b\s*[:=]\s*)(\S.*)", rf"\1{HIDDEN_KEY}", line) for line in lines)
