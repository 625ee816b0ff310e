"""Listens for Bluetooth advertisements with bleak, an extra. Passing on bytes is all: what they mean is the core's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from gxbridge.core.channels.readout.advertisement import COMPANY_ID, PRODUCT_ADVERTISEMENT

MISSING: Final = (
    "listening by Bluetooth needs the package bleak, which is not installed: pip install 'bleak>=0.22' "
    "(one advertisement can be decoded without it: gxbridge readout --key-file FILE HEX)"
)

OnAdvertisement = Callable[[str, bytes, int], None]
"""Called with the device's address (upper case), the manufacturer data without company id, and the signal in dBm."""


class BluetoothUnavailable(RuntimeError):
    """There is no bleak, no adapter, or no Bluetooth service; the text says which and what to do."""


async def scan(on_advertisement: OnAdvertisement, seconds: float | None = None, address: str | None = None) -> int:
    """Listen for `seconds`, or until cancelled, to all devices or to one. Returns how many advertisements came.

    Raises BluetoothUnavailable. An adapter that is taken away while listening just stops giving advertisements.
    """
    try:
        from bleak import BleakScanner
        from bleak.exc import BleakError
    except ImportError:
        raise BluetoothUnavailable(MISSING) from None
    heard = 0

    def detected(device: Any, advertisement: Any) -> None:
        nonlocal heard
        data = advertisement.manufacturer_data.get(COMPANY_ID)
        found = str(device.address).upper()
        if not data or data[0] != PRODUCT_ADVERTISEMENT or (address is not None and found != address):
            return
        heard += 1
        on_advertisement(found, bytes(data), int(advertisement.rssi))

    scanner = BleakScanner(detection_callback=detected)
    try:
        await scanner.start()
    except (BleakError, OSError, EOFError) as error:
        raise BluetoothUnavailable(
            f"Bluetooth cannot be used here: {error}; check that there is an adapter and that the Bluetooth service "
            "(BlueZ) runs"
        ) from error
    try:
        await (asyncio.sleep(seconds) if seconds is not None else asyncio.Event().wait())
    finally:
        await scanner.stop()
    return heard
