"""What an MK2/MK3 frame says. Raw numbers stay raw where the scale depends on the inverter's own tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gxbridge.core.channels.vebus.mk2 import HEADER_COMMAND, HEADER_CONFIG, HEADER_INFO, SHORTEST, Mk2Frame
from gxbridge.core.model.record import record

KIND_AT = 5
"""Byte of an info frame that tells what it holds, counted from the header."""
KIND_DC = 0x0C
KINDS_AC = range(0x05, 0x0C)
KIND_BMS_VERSION = 0x83
KIND_DMC_VERSION = 0x80

LED_NAMES = ("mains", "absorption", "bulk", "float", "inverter", "overload", "low battery", "temperature")
ALARM_NAMES = (
    *("temperature pre-alarm", "low battery pre-alarm", "overload pre-alarm", "ripple pre-alarm"),
    *("temperature", "low battery", "overload", "ripple"),
)
LEDS_INVALID = (0x1F, 0x1F)
ERROR_BITS = 0x1F
BLOCKED_BIT = 0x80


@record
class Request:
    """A command letter asked, with its argument bytes (`F 00` asks for DC values)."""

    command: str
    data: bytes


@record
class Address:
    action: int
    address: int


@record
class Version:
    """`number` as the wire has it: four digits of product, three of firmware (1170216: MK3 0x1170, firmware 216)."""

    of: str
    number: int
    mode: int | None = None

    @property
    def product_id(self) -> int:
        """The four digits read as hexadecimal."""
        return int(str(self.number // 1000), 16)

    @property
    def firmware(self) -> int:
        return self.number % 1000


@record
class Leds:
    """The LED frame, the only documented one near battery protection. Its low-battery pre-alarm is the Multi's own.

    A BMS pre-alarm raises that too, so it must not be read backwards as a BMS's word.
    """

    on: int
    blink: int
    alarms: int | None
    error_raw: int | None
    extra: bytes

    @property
    def valid(self) -> bool:
        return (self.on, self.blink) != LEDS_INVALID

    @property
    def lit(self) -> tuple[str, ...]:
        return _names(self.on, LED_NAMES) if self.valid else ()

    @property
    def blinking(self) -> tuple[str, ...]:
        return _names(self.blink, LED_NAMES) if self.valid else ()

    @property
    def alarm_names(self) -> tuple[str, ...]:
        return _names(self.alarms or 0, ALARM_NAMES)

    @property
    def vebus_error(self) -> int | None:
        """The VE.Bus error number; 7 is a BMS without the assistant that it needs."""
        return None if self.error_raw is None else self.error_raw & ERROR_BITS

    @property
    def blocked(self) -> bool:
        return bool((self.error_raw or 0) & BLOCKED_BIT)


@record
class Dc:
    """Voltage in V (raw / 100, the usual scale); currents raw, as their scale is in the inverter."""

    voltage_v: float
    inverter_current_raw: int
    charger_current_raw: int
    period_raw: int | None


@record
class Ac:
    """`kind` 8 is L1 of a one-phase system. Voltages in V (raw / 100), currents raw and signed."""

    kind: int
    state: int
    mains_voltage_v: float
    mains_current_raw: int
    inverter_voltage_v: float
    inverter_current_raw: int
    period_raw: int | None


@record
class Mk2Config:
    """Input current limits in A; `active_input` counts from 0."""

    active_input: int
    limit_overridden: bool
    digital_multi_control: bool
    inputs: int
    remote_panel: bool
    minimum_a: float
    maximum_a: float
    limit_a: float
    switches: int | None


@record
class Mk2Memory:
    """A reply or request of the memory commands W, X, Y, Z: a code and its bytes."""

    command: str
    code: int
    data: bytes

    @property
    def value(self) -> int | None:
        """The first two bytes as a signed number."""
        return int.from_bytes(self.data[:2], "little", signed=True) if len(self.data) >= 2 else None


@record
class Raw:
    """Recognised as a frame and nothing more."""

    payload: bytes


Mk2Message: TypeAlias = Request | Address | Version | Leds | Dc | Ac | Mk2Config | Mk2Memory | Raw


def decode(frame: Mk2Frame) -> Mk2Message:
    """What the frame says; Raw where it is too short for its kind or of no known kind. Never raises."""
    payload = frame.payload
    if len(payload) < SHORTEST:
        return Raw(payload)
    if payload[0] == HEADER_COMMAND:
        return _command(chr(payload[1]), payload[2:]) or Raw(payload)
    if payload[0] == HEADER_INFO and len(payload) > KIND_AT:
        return _info(payload) or Raw(payload)
    if payload[0] == HEADER_CONFIG:
        return _config(payload) or Raw(payload)
    return Raw(payload)


def _command(command: str, data: bytes) -> Mk2Message | None:
    reader = _COMMANDS.get(command)
    return reader(command, data) if reader else None


def _address(_command: str, data: bytes) -> Mk2Message | None:
    return Address(data[0], data[1]) if len(data) >= 2 else None


def _version(command: str, data: bytes) -> Mk2Message | None:
    if not data:
        return Request(command, data)
    return _numbered("interface", data, data[4] if len(data) > 4 else None)


def _numbered(of: str, data: bytes, mode: int | None = None) -> Version | None:
    """A version number of exactly seven decimal digits; anything else is not one."""
    number = int.from_bytes(data[:4], "little")
    return Version(of, number, mode) if len(data) >= 4 and 1_000_000 <= number <= 9_999_999 else None


def _leds(command: str, data: bytes) -> Mk2Message | None:
    if not data:
        return Request(command, data)
    if len(data) < 2:
        return None
    return Leds(data[0], data[1], data[2] if len(data) > 2 else None, data[3] if len(data) > 3 else None, data[4:])


def _memory(command: str, data: bytes) -> Mk2Message | None:
    return Mk2Memory(command, data[0], data[1:]) if data else None


_COMMANDS: dict[str, Callable[[str, bytes], Mk2Message | None]] = {
    "A": _address,
    "V": _version,
    "L": _leds,
    "F": Request,
    "S": Request,
    "H": Request,
    "W": _memory,
    "X": _memory,
    "Y": _memory,
    "Z": _memory,
}


def _info(payload: bytes) -> Mk2Message | None:
    kind, data = payload[KIND_AT], payload[KIND_AT + 1 :]
    if kind == KIND_DC and len(data) >= 8:
        return Dc(
            voltage_v=_unsigned(data[0:2]) / 100,
            inverter_current_raw=_unsigned(data[2:5]),
            charger_current_raw=_unsigned(data[5:8]),
            period_raw=data[8] if len(data) > 8 else None,
        )
    if kind in KINDS_AC and len(data) >= 8:
        return Ac(
            kind=kind,
            state=payload[KIND_AT - 1],
            mains_voltage_v=_unsigned(data[0:2]) / 100,
            mains_current_raw=_signed(data[2:4]),
            inverter_voltage_v=_unsigned(data[4:6]) / 100,
            inverter_current_raw=_signed(data[6:8]),
            period_raw=data[8] if len(data) > 8 else None,
        )
    if kind == KIND_BMS_VERSION:
        return _numbered("BMS", data)
    if kind == KIND_DMC_VERSION:
        return _numbered("Digital Multi Control", data)
    return None


def _config(payload: bytes) -> Mk2Message | None:
    if len(payload) < 12:
        return None
    bits = payload[5]
    return Mk2Config(
        active_input=bits & 0x03,
        limit_overridden=bool(bits & 0x04),
        digital_multi_control=bool(bits & 0x08),
        inputs=(bits >> 4) & 0x07,
        remote_panel=bool(bits & 0x80),
        minimum_a=_unsigned(payload[6:8]) / 10,
        maximum_a=_unsigned(payload[8:10]) / 10,
        limit_a=_unsigned(payload[10:12]) / 10,
        switches=payload[12] if len(payload) > 12 else None,
    )


def _unsigned(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _signed(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


def _names(bits: int, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(names) if bits >> bit & 1)
