"""Several devices over time: whose advertisement this is, whether it is new, and what holds now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.permission import Restriction
from gxbridge.core.model.record import record

if TYPE_CHECKING:
    from gxbridge.core.channels.readout.advertisement import AdvertisedValues, DeviceKey, Refusal

NONCE_WINDOW = 60
"""How far back a counter counts as seen before; as the vendor's own receiver does (dbus-ble-sensors v0.31)."""

FORGET_S = 60.0
"""A reading older than this says nothing any more. Devices advertise about once a second."""

WRONG_KEY_TIMES = 3
"""Mismatches in a row before it is told: one damaged or forged frame is no reason to alarm anybody."""


@record
class LastAdvertised:
    """One device: its newest reading, when it came (monotonic seconds), and mismatches since."""

    reading: AdvertisedValues | None = None
    at: float = 0.0
    mismatches: int = 0


class Receiver:
    """Takes advertisements of configured devices; the others are counted and dropped.

    A key that does not fit suspends nothing for good: the check costs nothing, and the device speaks again as soon as
    the key fits. Nothing configured is ever erased.
    """

    def __init__(self, keys: Mapping[str, DeviceKey]) -> None:
        """`keys` by the device's address, however its letters are written."""
        self._keys = {address.upper(): key for address, key in keys.items()}
        self._heard = {address: LastAdvertised() for address in self._keys}
        self.refused: Counter[str] = Counter()
        """Dropped advertisements by reason."""

    def hear(self, address: str, data: bytes, now: float) -> AdvertisedValues | Refusal:
        """One advertisement's manufacturer data. What it says is kept if it is new; never raises."""
        from gxbridge.core.channels.readout.advertisement import Refusal  # hardly any boat needs it

        result = self._judge(address.upper(), data, now)
        if isinstance(result, Refusal):
            self.refused[result.reason] += 1
        return result

    def _judge(self, address: str, data: bytes, now: float) -> AdvertisedValues | Refusal:
        from gxbridge.core.channels.readout.advertisement import Refusal, open_sealed, parse

        key = self._keys.get(address)
        if key is None:
            return Refusal("no-key", "no key is configured for this device")
        sealed = parse(data)
        if isinstance(sealed, Refusal):
            return sealed
        before = self._heard[address]
        result = open_sealed(sealed, key)
        if isinstance(result, Refusal):
            if result.reason == "wrong-key":
                self._heard[address] = replace(before, mismatches=before.mismatches + 1)
            return result
        if before.reading is not None and (before.reading.nonce - result.nonce) % 0x10000 < NONCE_WINDOW:
            self._heard[address] = replace(before, mismatches=0)
            return Refusal("duplicate", "this advertisement, or a newer one, has been heard before")
        self._heard[address] = LastAdvertised(result, now)
        return result

    def heard(self, address: str) -> LastAdvertised | None:
        """All that is kept of a device."""
        return self._heard.get(address.upper())

    def recall(self, address: str, heard: LastAdvertised) -> None:
        """Take over what `heard` gave, where there are no keys: a record of the past is played again."""
        self._heard[address.upper()] = heard

    def reading(self, address: str, now: float) -> AdvertisedValues | None:
        """The newest reading of a device, None once it is older than 60 s."""
        heard = self._heard.get(address.upper(), LastAdvertised())
        return heard.reading if heard.reading is not None and now - heard.at <= FORGET_S else None

    def restriction(self, address: str, now: float) -> Restriction:
        """What a device stops or warns of now. Silence restricts nothing, as it never allowed anything."""
        reading = self.reading(address, now)
        return Restriction() if reading is None else reading.restriction()

    def findings(self, now: float) -> tuple[Finding, ...]:
        """Devices whose key does not fit."""
        return tuple(
            finding("readout-wrong-key", address, now, address=address)
            for address, heard in self._heard.items()
            if heard.mismatches >= WRONG_KEY_TIMES
        )
