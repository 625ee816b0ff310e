"""Our own address on a bus: claimed, defended, given up, or never had.

Rules as in velib (J1939_acl.c): a claim, then 250 ms of waiting before the address is used; the smaller NAME keeps an
address; the loser takes the next free one. Where none is left we stay silent.
"""

from __future__ import annotations

from typing import Literal

from gxbridge.core.nmea2000.name import CLASS_DISPLAY, FUNCTION_DISPLAY, Name
from gxbridge.core.vecan.network import CLAIM_WAIT_S

FIRST_ADDRESS, LAST_ADDRESS = 0, 251
"""Addresses a device may claim (velib)."""

PREFERRED_ADDRESS = 0xC8
"""Where we begin: far from what Victron devices prefer (0x03, 0x24, 0x29, 0x40, 0xE1)."""

LISTEN_S = 1.25
"""After asking who is there, so long do we listen: random back-off of up to 153 ms and the answers of a full bus."""

REPEAT_S = 60.0
"""How often a claim is repeated (velib)."""

UNASSIGNED_MANUFACTURER = 2046
"""No manufacturer's code; home-made devices use it (ttlappalainen/NMEA2000@6589531). Never Victron's 358."""

ClaimState = Literal["listening", "claiming", "claimed", "silent"]


def own_name(unique_number: int) -> Name:
    """Our NAME; `unique_number` tells one gxbridge from another (21 bits).

    It is that of a display, and so greater than any power device's: an address is never taken from one of those.
    """
    return Name.make(unique_number, UNASSIGNED_MANUFACTURER, function=FUNCTION_DISPLAY, device_class=CLASS_DISPLAY)


class Claim:
    """The claim as a state machine: `say` is set when a claim has to be sent now, `tick` does what time brings."""

    def __init__(self, name: Name, now: float, preferred: int = PREFERRED_ADDRESS) -> None:
        self.name = name
        self.state: ClaimState = "listening"
        self.address: int | None = None
        """The address claimed or being claimed."""
        self.say = False
        self.lost = 0
        """How often an address was lost to a smaller NAME."""
        self._preferred = preferred
        self._taken: dict[int, Name | None] = {}
        self._at = now + LISTEN_S

    @property
    def usable(self) -> bool:
        """Whether we may send from `address`."""
        return self.state == "claimed"

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do."""
        return None if self.state == "silent" else self._at

    def address_of(self, name: Name) -> int | None:
        """Where a device is now, by the claims heard; its instances may have changed."""
        return next(
            (address for address, held in self._taken.items() if held is not None and held.identity == name.identity),
            None,
        )

    def name_at(self, address: int) -> Name | None:
        """Who claimed an address; None while that is not known."""
        return self._taken.get(address)

    def heard(self, address: int) -> None:
        """A frame came from this address: it is in use."""
        if FIRST_ADDRESS <= address <= LAST_ADDRESS and address != self.address:
            self._taken.setdefault(address, None)

    def heard_claim(self, address: int, name: Name, now: float) -> None:
        """A claim of another device was heard; ours, coming back, is ignored."""
        if name == self.name:
            return
        for old in [old for old, held in self._taken.items() if held is not None and held.identity == name.identity]:
            del self._taken[old]
        if not FIRST_ADDRESS <= address <= LAST_ADDRESS:
            return
        holder = self._taken.get(address)
        # A holder challenged by a greater NAME has to defend itself; until then nobody is known to be there.
        self._taken[address] = name if holder is None or name < holder else None
        if address != self.address:
            return
        if self.name < name:
            del self._taken[address]
            self.say = True
            return
        self.lost += 1
        self._choose(now, address + 1)

    def asked(self) -> None:
        """Somebody asked for our claim."""
        self.say = self.say or self.address is not None

    def tick(self, now: float) -> None:
        """Do what time brings: the first claim, the end of the wait, the repeat."""
        if self.state == "silent" or now < self._at:
            return
        if self.state == "listening":
            self._choose(now, self._preferred)
            return
        self.say = self.say or self.state == "claimed"
        self.state = "claimed"
        self._at = now + REPEAT_S

    def _choose(self, now: float, first: int) -> None:
        span = LAST_ADDRESS - FIRST_ADDRESS + 1
        free = ((first + n) % span for n in range(span) if (first + n) % span not in self._taken)
        self.address = next(free, None)
        if self.address is None:
            self.state, self.say = "silent", False
            return
        self.state, self.say = "claiming", True
        self._at = now + CLAIM_WAIT_S
