"""Who a device says it is: product, firmware, serial, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Final

from gxbridge.core.model import firmware
from gxbridge.core.model.record import state
from gxbridge.core.vecan.readings import VREG, MessageKind

PRODUCT_REGISTER = 0x0100
PRODUCT_INFORMATION = 126996

SELF = 0
"""Identifier of the node itself in registers 0x0100 to 0x0103; others are devices behind it (VE.Can registers v20)."""

MOST_BEHIND = 32


@state
class Identity:
    """What a device says about itself; None is not heard. Texts are without their padding."""

    product_id: int | None = None
    """Register 0x0100."""
    product_code: int | None = None
    """PGN 126996; the product id if it is in the list of known products."""
    firmware: int | None = None
    hardware_revision: int | None = None
    model_name: str | None = None
    serial_register: str | None = None
    """Register 0x010A."""
    description_register: str | None = None
    """Register 0x010C."""
    model_id: str | None = None
    software_version: str | None = None
    model_version: str | None = None
    serial_code: str | None = None
    """PGN 126996; for a Lynx the unique number, a space and the serial."""
    installation_1: str | None = None
    installation_2: str | None = None
    manufacturer_text: str | None = None
    heartbeat_ms: int | None = None
    group: int | None = None
    """Low half of the NAME of the box this address belongs to (PGN 65280, velib udf_name.c)."""
    behind: dict[int, int] = field(default_factory=dict)
    """Identifier -> product id of devices behind this one."""

    @property
    def serial(self) -> str | None:
        """The maker's serial: register 0x010A, else the last word of the serial code unless that is only a number."""
        words = (self.serial_register or self.serial_code or "").split()
        return words[-1] if words and not words[-1].isdigit() else None

    @property
    def description(self) -> str | None:
        """The name the installer gave it: register 0x010C, else the installation description."""
        return self.description_register or self.installation_1

    @property
    def model(self) -> str | None:
        return self.model_name or self.model_id

    @property
    def firmware_text(self) -> str | None:
        """Register 0x0102 in human form, else the software version of PGN 126996 as it stands there."""
        return firmware.text(self.firmware) or self.software_version

    def learn(self, message: MessageKind, told: Mapping[str, object]) -> bool:
        """Take what a message says about its sender; whether it was about its identity at all."""
        wanted = LEARNT.get(message)
        if wanted is None:
            return False
        identifier = told.get("identifier", SELF)
        if identifier == SELF:
            for attribute, name in wanted:
                value = told.get(name)
                if value is not None:
                    setattr(self, attribute, value.strip() if isinstance(value, str) else value)
        elif isinstance(identifier, int) and isinstance(product := told.get("product_id"), int):
            self._learn_behind(identifier, product)
        return True

    def _learn_behind(self, identifier: int, product: int) -> None:
        if identifier in self.behind or len(self.behind) < MOST_BEHIND:
            self.behind[identifier] = product

    def update(self, other: Identity) -> None:
        """Take over what the other knows."""
        for item in fields(Identity):
            value = getattr(other, item.name)
            if value not in (None, {}):
                setattr(self, item.name, value)


LEARNT: Mapping[MessageKind, tuple[tuple[str, str], ...]] = {
    (VREG, PRODUCT_REGISTER): (("product_id", "product_id"),),
    (VREG, 0x0101): (("hardware_revision", "hw_revision"),),
    (VREG, 0x0102): (("firmware", "version"),),
    (VREG, 0x010A): (("serial_register", "serial_number"),),
    (VREG, 0x010B): (("model_name", "model_name"),),
    (VREG, 0x010C): (("description_register", "description1"),),
    (PRODUCT_INFORMATION, None): (
        ("product_code", "product_code"),
        ("model_id", "model_id"),
        ("software_version", "software_version"),
        ("model_version", "model_version"),
        ("serial_code", "serial_code"),
    ),
    (126998, None): (
        ("installation_1", "installation_description_1"),
        ("installation_2", "installation_description_2"),
        ("manufacturer_text", "manufacturer_information"),
    ),
    (126993, None): (("heartbeat_ms", "interval"),),
    (65280, None): (("group", "name_low"),),
}
"""Message -> attribute of Identity and field of the message."""
TELL_PRODUCT: Final = frozenset(
    message
    for message, wanted in LEARNT.items()
    if {"product_id", "product_code"} & {attribute for attribute, _ in wanted}
)
"""The messages that say which product a device is."""
