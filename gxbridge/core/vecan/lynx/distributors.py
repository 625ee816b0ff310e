"""The distributors of a Lynx system: A to H, eight fuses each, with state and name.

Register ids by the rule in gui-v2@3b94597 ve_regs.h: all distributors 0x2150; fuses of A..H 0x2152 + d; names of A..D
0x2160 + 4 d (fuses 1..4) and 0x2170 + 4 d (5..8), of E..H 0x2130 + 4 d and 0x2140 + 4 d. 0x2151 is the older form.
"""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.model import conversions as convert
from gxbridge.core.model.battery import Known
from gxbridge.core.vecan.quantities import Quantity, QuantitySource, register

LETTERS = "ABCDEFGH"
FUSES = range(1, 9)


def status_of(letter: str) -> str:
    """Name of the quantity that holds a distributor's state."""
    return f"distributor_{letter.lower()}_status"


def fuse_status_of(letter: str, fuse: int) -> str:
    """Name of the quantity that holds a fuse's state; fuses count from 1."""
    return f"distributor_{letter.lower()}_fuse_{fuse}_status"


def fuse_name_of(letter: str, fuse: int) -> str:
    """Name of the quantity that holds a fuse's name."""
    return f"distributor_{letter.lower()}_fuse_{fuse}_name"


def remembered(letters: str, values: Mapping[str, Known]) -> str:
    """The distributors known so far and those reported now, in order."""
    reported = {letter for letter in LETTERS if (known := values.get(status_of(letter))) is not None and known.value}
    return "".join(letter for letter in LETTERS if letter in letters or letter in reported)


def _name_register(letter: str, fuse: int) -> int:
    first = fuse <= 4
    if letter <= "D":
        base = 0x2160 if first else 0x2170
    else:
        base = 0x2130 if first else 0x2140
    return base + 4 * (LETTERS.index(letter) % 4) + (fuse - 1) % 4


def _fuse_sources(letter: str, fuse: int) -> tuple[QuantitySource, ...]:
    status = register(0x2152 + LETTERS.index(letter), f"fuse_{fuse}", convert.whole)
    if letter > "D" or fuse > 4:
        return (status,)
    return (status, register(0x2151, f"dist_{letter.lower()}_fuse_{fuse}", convert.blown))


def _status(letter: str) -> Quantity:
    source = register(0x2150, f"distributor_{letter.lower()}", convert.whole)
    return Quantity(
        status_of(letter), "state", "", f"distributor {letter} (1 connected, 2 no power, 3 lost)", (source,)
    )


def _fuse(letter: str, fuse: int) -> Quantity:
    text = f"fuse {fuse} of distributor {letter} (1 not used, 2 ok, 3 blown)"
    return Quantity(fuse_status_of(letter, fuse), "state", "", text, _fuse_sources(letter, fuse))


def _fuse_name(letter: str, fuse: int) -> Quantity:
    source = register(_name_register(letter, fuse), f"distributor_{letter.lower()}_fuse{fuse}_name", convert.stripped)
    return Quantity(
        fuse_name_of(letter, fuse), "setting", "", f"name of fuse {fuse} of distributor {letter}", (source,)
    )


_ALL = " ".join(f"distributor_{letter.lower()}" for letter in LETTERS)

COUNT = Quantity(
    "distributor_count",
    "state",
    "",
    "distributors that answer or have answered",
    (register(0x2150, _ALL, convert.count, gaps=True),),
)

DISTRIBUTORS = (
    COUNT,
    *(_status(letter) for letter in LETTERS),
    *(_fuse(letter, fuse) for letter in LETTERS for fuse in FUSES),
    *(_fuse_name(letter, fuse) for letter in LETTERS for fuse in FUSES),
)
