"""What happens when somebody writes to a path of our battery service: sent, kept here, or refused.

Sent are the registers of `vecan/sending/transmit.py` and never another, and only with transmit level `writes`; `/Mode`
needs a switch of its own, because standby opens the contactor. Return codes are velib's: 0 accepted, 1 not writable or
wrong type, 2 refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gxbridge.core.model.items import Value
from gxbridge.core.model.record import record
from gxbridge.core.vecan.sending.transmit import CAPACITY, DESCRIPTION, MODE, NOMINAL_VOLTAGE

ACCEPTED, WRONG, REFUSED = 0, 1, 2

MODES = (3, 252)
"""On and standby; off is shown but cannot be chosen from a GX (gui-v2@2ffcc3c PageBattery.qml)."""

NOMINAL_VOLTAGES = (12, 24, 48)
"""What the GUI offers (gui-v2@2ffcc3c BatteryBankModel)."""
LONGEST_NAME = 32
"""Characters the GUI's editor allows."""
CAPACITIES_AH = (1, 0xFFFE)
"""What the register can hold; the vendor's own limits are not known."""


@record
class Writable:
    """A path that clients may write. `register` is what is sent for it, if any; `local` values are kept here too."""

    path: str
    text: str
    """What it takes, for people."""
    takes: Callable[[Value], Value] | None = None
    """The value as it is kept and sent, None when it is not an allowed one; without it every write is refused."""
    register: int | None = None
    length: int | None = None
    """Bytes of the register's number; None for text."""
    local: bool = False
    mode_switch: bool = False
    bounds: tuple[int, int] | None = None
    """What a slider may offer, if it is a range."""


@record
class Answer:
    """`code` for the writer; if accepted, `local` is to be kept (unless None), `register` and `data`, or
    `instance`, to be sent."""

    code: int
    text: str
    local: Value = None
    register: int | None = None
    data: bytes = b""
    instance: int | None = None
    """What the device is to put in its NAME as device instance."""


def whole(value: Value) -> int | None:
    """An integer from whatever number or text of one a client sent; None when it is none."""
    try:
        number = float(value) if value is not None else float("nan")
    except (ValueError, OverflowError):
        return None
    return int(number) if number.is_integer() else None


def one_of(*allowed: int) -> Callable[[Value], Value]:
    """Takes these numbers only."""
    return lambda value: number if (number := whole(value)) in allowed else None


def within(bounds: tuple[int, int]) -> Callable[[Value], Value]:
    """Takes numbers of a range."""
    return lambda value: number if (number := whole(value)) is not None and bounds[0] <= number <= bounds[1] else None


def name(value: Value) -> str | None:
    """A name without control characters, cut to what the GUI can show; empty means "use the product's name"."""
    if not isinstance(value, str):
        return None
    return "".join(char for char in value if char.isprintable()).strip()[:LONGEST_NAME]


def _bytes_of(value: Value, length: int | None) -> bytes:
    if isinstance(value, int) and length is not None:
        return value.to_bytes(length, "little")
    return str(value).encode("utf-8") + b"\x00"


WRITABLES: Mapping[str, Writable] = {
    item.path: item
    for item in (
        Writable("/CustomName", "a name of up to 32 characters", name, DESCRIPTION, local=True),
        Writable("/Mode", "3 (on) or 252 (standby)", one_of(*MODES), MODE, 1, mode_switch=True),
        Writable(
            "/Settings/Battery/Capacity", "1 to 65534 Ah", within(CAPACITIES_AH), CAPACITY, 2, bounds=CAPACITIES_AH
        ),
        Writable("/Settings/Battery/NominalVoltage", "12, 24 or 48 V", one_of(*NOMINAL_VOLTAGES), NOMINAL_VOLTAGE, 1),
        Writable("/Settings/RestoreDefaults", "nothing"),
        Writable("/Settings/BluetoothMode", "nothing"),
        Writable("/History/Clear", "nothing"),
    )
}
"""Every path the vendor's service lets clients write, but for its selector of an individual battery (NG)."""


def judge_write(path: str, value: Value, *, transmit_writes: bool = False, mode_switch: bool = False) -> Answer:
    """What to do with a write by a D-Bus client. Never raises."""
    item = WRITABLES.get(path)
    if item is None:
        return Answer(WRONG, f"{path} cannot be written")
    if item.takes is None:
        return Answer(REFUSED, f"{path} would change the BMS itself; gxbridge never sends it: use VictronConnect")
    taken = item.takes(value)
    if taken is None:
        return Answer(WRONG if item.local else REFUSED, f"{path} takes {item.text}, not {value!r}")
    sends = item.register is not None and transmit_writes and (mode_switch or not item.mode_switch)
    if not sends and not item.local:
        need = "transmit: writes" if not transmit_writes else "transmit.allow_mode: yes"
        return Answer(REFUSED, f"{path} is not sent: the configuration lacks {need}")
    return Answer(
        ACCEPTED,
        f"{path} = {taken!r}" + (" is sent to the BMS" if sends else ""),
        taken if item.local else None,
        item.register if sends else None,
        _bytes_of(taken, item.length) if sends else b"",
    )
