"""A small coverage-guided fuzzer: inputs that reach new lines are kept and changed further.

Hypothesis makes inputs from a description; this one needs none and finds its way by what the code does with them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

INTERESTING = (
    0x00,
    0x01,
    0x06,
    0x0B,
    0x20,
    0x28,
    0x29,
    0x2C,
    0x2E,
    0x0A,
    0x23,
    0x66,
    0x7F,
    0x80,
    0x99,
    0xDF,
    0xFE,
    0xFF,
)
LONGEST = 1500

Jump = tuple[str, int, int]
"""A step from line to line in a file."""


class _Tracer:
    """Collects the jumps made inside files whose path contains one of `parts`."""

    def __init__(self, parts: Sequence[str]) -> None:
        self._parts = parts
        self._wanted: dict[str, bool] = {}
        self.jumps: set[Jump] = set()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        path = frame.f_code.co_filename
        wanted = self._wanted.get(path)
        if wanted is None:
            wanted = self._wanted[path] = any(part in path for part in self._parts)
        if not wanted:
            return None
        last = frame.f_lineno

        def local(frame: FrameType, event: str, argument: Any) -> Any:
            nonlocal last
            self.jumps.add((path, last, frame.f_lineno))
            last = frame.f_lineno
            return local

        return local


def changed(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """`data` with one to four random changes; `other` may be joined in."""
    made = bytearray(data)
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(made) + 1)
        kind = chance.randrange(7)
        if kind == 0 and made:
            made[at % len(made)] ^= 1 << chance.randrange(8)
        elif kind == 1 and made:
            made[at % len(made)] = chance.choice(INTERESTING)
        elif kind == 2:
            made[at:at] = bytes((chance.choice(INTERESTING),))
        elif kind == 3:
            del made[at : at + chance.randrange(1, 12)]
        elif kind == 4:
            end = at + chance.randrange(1, 40)
            made[at:at] = made[at:end]
        elif kind == 5 and other:
            begin = chance.randrange(len(other))
            made[at:at] = other[begin : begin + chance.randrange(1, 80)]
        else:
            made[at:at] = chance.randbytes(chance.randrange(1, 5))
    return bytes(made[:LONGEST])


def explore(run: Callable[[bytes], None], seeds: Sequence[bytes], rounds: int, parts: Sequence[str]) -> tuple[int, int]:
    """Run `run` on the seeds and `rounds` inputs made from them; returns how many jumps the seeds alone made, and all.

    Whatever `run` raises fails the test with the input that did it. The same arguments give the same inputs.
    """
    chance = random.Random(1)
    corpus = list(seeds)
    tracer = _Tracer(parts)
    before = sys.gettrace()
    at_first = 0
    try:
        for number in range(len(seeds) + rounds):
            first = number < len(seeds)
            data = seeds[number] if first else changed(chance, chance.choice(corpus), chance.choice(corpus))
            known = len(tracer.jumps)
            sys.settrace(tracer)
            try:
                run(data)
            except BaseException as error:
                sys.settrace(before)
                raise AssertionError(f"{error!r} on {data!r}") from error
            sys.settrace(before)
            if len(tracer.jumps) > known and not first:
                corpus.append(data)
            if first:
                at_first = len(tracer.jumps)
    finally:
        sys.settrace(before)
    return at_first, len(tracer.jumps)
