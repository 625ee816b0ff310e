"""Bluetooth Instant Readout: open one advertisement with the device's key and say what is in it.

The content is encrypted but not authenticated, and old advertisements can be sent again by anybody: a reading may
inform and may stop (`Reading.restriction`), it can never allow.

Sources: Victron, "Extra manufacturer data" (2022-12-14); victronenergy/dbus-ble-sensors v0.31; keshavdv/victron-ble.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from gxbridge.core.channels.readout.aes import BLOCK, KEY, encrypt_block
from gxbridge.core.channels.readout.record_fields import Record, RecordValue
from gxbridge.core.channels.readout.records import RECORDS, UNDECODED
from gxbridge.core.model.permission import Restriction
from gxbridge.core.model.record import record

COMPANY_ID = 0x02E1
"""Bluetooth company id of Victron Energy. Its two bytes (E1 02) come before the data of an advertisement."""

PRODUCT_ADVERTISEMENT = 0x10
TWO_BYTE_TYPE = 0xFF
"""A second type byte follows and the record is not encrypted (a sensor family that has no BMS in it)."""

HEADER = 8
"""Kind, one byte that varies, product id, record type, nonce, copy of the key's first byte."""

RefusalReason: TypeAlias = Literal[
    "not-victron", "short", "not-encrypted", "unknown-record", "too-long", "wrong-key", "duplicate", "no-key"
]


class KeyProblem(ValueError):
    """A key that cannot be one. The text never holds the key or a part of it."""


@record
class DeviceKey:
    """The advertisement key that VictronConnect shows for a device. It never shows in its own text."""

    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.data) != KEY:
            raise KeyProblem(f"a key has {KEY} bytes, this one has {len(self.data)}")

    @classmethod
    def from_text(cls, text: str) -> DeviceKey:
        """32 hexadecimal digits, spaces, colons and dashes between them allowed. Raises KeyProblem."""
        digits = re.sub(r"[\s:\-]", "", text)
        if not re.fullmatch(r"[0-9A-Fa-f]*", digits):
            raise KeyProblem("a key holds hexadecimal digits only (0-9, a-f), this one has other characters in it")
        if len(digits) != 2 * KEY:
            raise KeyProblem(f"a key has {2 * KEY} hexadecimal digits, this one has {len(digits)}")
        return cls(bytes.fromhex(digits))


@record
class Refusal:
    """Why there is no reading, for the program and for people."""

    reason: RefusalReason
    text: str


@record
class Advertisement:
    """The container, before it is opened. `record` is its type, `nonce` a counter that the device steps."""

    product_id: int
    record: int
    nonce: int
    key_check: int
    sealed: bytes


@record
class AdvertisedValues:
    """What one advertisement says: `values` by name, None = not available; `plain` the deciphered bytes."""

    product_id: int
    record: Record
    nonce: int
    values: Mapping[str, RecordValue]
    plain: bytes

    def restriction(self) -> Restriction:
        """What this reading may stop or warn of. An experimental record stops nothing: its flags are not known."""
        return Restriction(
            stops_charge=self.values.get("allowed_to_charge") is False,
            stops_discharge=self.values.get("allowed_to_discharge") is False,
            pre_alarm=self.values.get("pre_alarm") is True,
            source=f"Bluetooth, {self.record.title}",
        )


def parse(data: bytes) -> Advertisement | Refusal:
    """The container of manufacturer data, with or without the company id in front."""
    if data[:2] == COMPANY_ID.to_bytes(2, "little"):
        data = data[2:]
    if not data or data[0] != PRODUCT_ADVERTISEMENT:
        return Refusal(
            "not-victron", "this is not an Instant Readout advertisement: it must begin with 10 (or E1 02 10)"
        )
    if len(data) <= HEADER:
        return Refusal("short", f"the advertisement has {len(data)} bytes; one with content has more than {HEADER}")
    if data[4] == TWO_BYTE_TYPE:
        return Refusal(
            "not-encrypted", "records of type 0xFF are unencrypted sensor data, which gxbridge does not read"
        )
    if len(data) - HEADER > BLOCK:
        return Refusal("too-long", f"the content has {len(data) - HEADER} bytes; a record has at most {BLOCK}")
    return Advertisement(
        product_id=int.from_bytes(data[2:4], "little"),
        record=data[4],
        nonce=int.from_bytes(data[5:7], "little"),
        key_check=data[7],
        sealed=data[HEADER:],
    )


def open_advertisement(data: bytes, key: DeviceKey) -> AdvertisedValues | Refusal:
    """Decipher and decode one advertisement. Never raises for what came over the air."""
    sealed = parse(data)
    return sealed if isinstance(sealed, Refusal) else open_sealed(sealed, key)


def open_sealed(sealed: Advertisement, key: DeviceKey) -> AdvertisedValues | Refusal:
    """Decipher and decode a parsed container."""
    if sealed.key_check != key.data[0]:
        return Refusal(
            "wrong-key",
            "the key does not belong to this device, or the device has a new one (a changed PIN changes it); "
            "VictronConnect shows it under product info, Instant Readout details",
        )
    record = RECORDS.get(sealed.record)
    if record is None:
        what = UNDECODED.get(sealed.record, "of a kind that gxbridge does not know")
        return Refusal("unknown-record", f"record 0x{sealed.record:02X} is {what} and is not decoded")
    counter = sealed.nonce.to_bytes(2, "little") + bytes(BLOCK - 2)
    stream = encrypt_block(key.data, counter)
    plain = bytes(a ^ b for a, b in zip(sealed.sealed, stream, strict=False))
    return AdvertisedValues(sealed.product_id, record, sealed.nonce, record.decode(plain), plain)
