"""What stands in place of a number or a text that identifies: always the same for the same, and as long.

Replacements are counted through and not computed from what they replace, so nothing leads back. One table serves all
buses and D-Bus, so that relations stay visible: a serial number is the same in a register, in a PGN and on D-Bus.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal

TextKind = Literal["serial", "name"]

MOST_REPLACED: Final = 4096
"""Numbers and texts that are told apart; a bus has 253 addresses, so more is a hostile log."""
LAST_UNIQUE: Final = (1 << 21) - 1
UNIQUE_DIGITS: Final = 7
"""The largest unique number of a NAME has 21 bits. Replacements are counted down from the largest numbers: those that
people invent are small, and nobody should take a replacement for one of these."""
DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


class NoReplacement(Exception):
    """There is none left: what holds the original must be left out."""


class Replacements:
    """Grows with what it has seen, up to `MOST_REPLACED` originals."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._texts: dict[str, tuple[TextKind, int]] = {}
        self._last_text = 0
        self._used: dict[int, int] = {}
        """Digits -> how many numbers with so many were tried as replacements."""
        self._sought: tuple[int, set[bytes]] = (0, set())
        """What `knows` looks for, and of how many originals that was made."""

    def number(self, original: int) -> int:
        """A number with as many decimal digits. Raises NoReplacement."""
        known = self._numbers.get(original)
        if known is None:
            self._check_room()
            known = self._numbers[original] = self._next_number(original)
        return known

    def has_number(self, original: int) -> bool:
        """Whether a number was replaced."""
        return original in self._numbers

    def _next_number(self, original: int) -> int:
        digits = len(str(original))
        if digits == 1:
            return (original + 1) % 10
        while True:
            tried = self._used.get(digits, 0)
            self._used[digits] = tried + 1
            top: int = min(10**digits - 1, LAST_UNIQUE) if digits == UNIQUE_DIGITS else 10**digits - 1
            replacement = top - tried
            if replacement < 10 ** (digits - 1):
                raise NoReplacement(f"no more numbers of {digits} digits")
            if replacement != original and replacement not in self._numbers:
                return replacement

    def text(self, kind: TextKind, original: str, size: int) -> str:
        """An ASCII text of `size` characters, such as `serial-0001`. A name that is a known serial stays one.
        Raises NoReplacement."""
        known = self._texts.get(original)
        if known is None:
            self._check_room()
            known = self._texts[original] = kind, self._next_text()
        text = numbered(*known, size)
        if text == original:  # somebody is called like a replacement
            known = self._texts[original] = known[0], self._next_text()
            text = numbered(*known, size)
        return text

    def _next_text(self) -> int:
        self._last_text += 1
        return self._last_text

    def serial(self, original: str) -> str:
        """A serial code of as many bytes: a word of digits is a number, every other word a serial of its own.
        Raises NoReplacement."""
        return words_replaced(original, self._serial_word)

    def _serial_word(self, word: str) -> str:
        if word.isascii() and word.isdecimal():
            return str(self.number(int(word))).zfill(len(word))
        return self.text("serial", word, len(word.encode()))

    def knows(self, payload: bytes) -> bool:
        """Whether bytes hold a number (of at least two bytes, in either order) or a text that was replaced."""
        size = len(self._numbers) + len(self._texts)
        if self._sought[0] != size:
            self._sought = size, self._needles()
        return any(needle in payload for needle in self._sought[1])

    def _needles(self) -> set[bytes]:
        found = {text.encode() for text in self._texts if len(text) >= LEAST_TEXT}
        for number in self._numbers:
            if number >= LEAST_NUMBER:
                size = (number.bit_length() + 7) // 8
                found |= {number.to_bytes(size, "little"), number.to_bytes(size, "big"), str(number).encode()}
        return found

    def _check_room(self) -> None:
        if len(self._numbers) + len(self._texts) >= MOST_REPLACED:
            raise NoReplacement(f"more than {MOST_REPLACED} numbers and texts")


LEAST_TEXT: Final = 3
LEAST_NUMBER: Final = 0x100
"""What is shorter is in any payload by chance."""
WORD: Final = re.compile(r"[^ ]+")


def words_replaced(text: str, replace: Callable[[str], str]) -> str:
    """A text with each of its words replaced, and its blanks where they were."""
    return WORD.sub(lambda found: replace(found[0]), text)


def numbered(kind: TextKind, number: int, size: int) -> str:
    """`serial-0001` with exactly `size` characters; where it is too short for that `s001`, or only a digit or letter.
    Raises NoReplacement where the number has no room."""
    digits = str(number)
    if size > len(kind) + len(digits):
        return f"{kind}-{digits.zfill(size - len(kind) - 1)}"
    code = ""
    while number:
        number, digit = divmod(number, len(DIGITS))
        code = DIGITS[digit] + code
    head = kind[:1] if size > 1 else ""
    if len(head) + len(code) > size:
        raise NoReplacement(f"no text of {counted_characters(size)} left")
    return head + code.zfill(size - len(head))


def counted_characters(size: int) -> str:
    return f"{size} character" if size == 1 else f"{size} characters"
