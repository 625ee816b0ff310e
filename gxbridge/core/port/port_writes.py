"""What happens when a D-Bus client writes to a device of a port: kept, sent, handed to the network, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gxbridge.core.dvcc.read.paths import VECAN
from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.encode import EncodeError, encode
from gxbridge.core.port.feeds import register_number
from gxbridge.core.port.tables import VECAN_DEVICE, PortRow, service_table
from gxbridge.core.port.vecan_service import DEVICES
from gxbridge.core.publish.battery_writes import ACCEPTED, REFUSED, WRONG, Answer, name, whole
from gxbridge.core.vecan.sending.transmit import DESCRIPTION, INSTANCES, MODE

TakeLink: TypeAlias = Callable[[str, Value], tuple[int, str]]
"""Takes an order for the network, by path and value; the answer to the writer, with the reason."""

NO_NAME = "{} takes a name of up to 32 characters, not {!r}"


def judge_port_write(
    kind: str, path: str, value: Value, take_link: TakeLink, *, transmit_writes: bool, mode_switch: bool
) -> Answer:
    """What to do with a write to a service of this kind; `take_link` has what goes to `/Link/*`. Never raises."""
    if kind == VECAN and path.startswith(DEVICES):
        return _device_write(path, value, transmit_writes=transmit_writes)
    row = next((row for row in service_table(kind).rows if row.path == path), None)
    if row is None or not row.write:
        return Answer(WRONG, f"{path} cannot be written")
    if row.write == "link":
        return Answer(*take_link(path, value))
    if row.write == "nothing":
        return Answer(ACCEPTED, f"{path} = {value!r} is not sent: it is not known how devices are told it")
    if row.write == "again":
        if value == 0:
            return Answer(ACCEPTED, f"{path} = 0: it is looked at every second")
        return Answer(REFUSED, f"{path} takes 0, not {value!r}")
    if row.write == "name":
        taken = name(value)
        if taken is None:
            return Answer(WRONG, NO_NAME.format(path, value))
        sent = " and sent to the device" if transmit_writes else ""
        data = _name_bytes(taken)
        return Answer(ACCEPTED, f"{path} = {taken!r} is kept{sent}", taken, DESCRIPTION if sent else None, data)
    return _register(row, value, transmit_writes=transmit_writes, mode_switch=mode_switch)


def _device_write(path: str, value: Value, *, transmit_writes: bool) -> Answer:
    """A write to a device in the list of its port: nothing of it is kept here, and what the device says is shown."""
    _, _, part = path.removeprefix(DEVICES).partition("/")
    row = next((row for row in service_table(VECAN_DEVICE).rows if row.path == f"/{part}"), None)
    if row is None or not row.write:
        return Answer(WRONG, f"{path} cannot be written")
    if not transmit_writes:
        return Answer(REFUSED, f"{path} is not sent: the configuration lacks transmit: writes")
    if row.write == "instance":
        number = whole(value)
        if number not in INSTANCES:
            return Answer(REFUSED, f"{path} takes 0 to {INSTANCES[-1]}, not {value!r}")
        return Answer(ACCEPTED, f"{path} = {number} is sent to the device", instance=number)
    taken = name(value)
    if taken is None:
        return Answer(WRONG, NO_NAME.format(path, value))
    return Answer(ACCEPTED, f"{path} = {taken!r} is sent to the device", register=DESCRIPTION, data=_name_bytes(taken))


def _name_bytes(taken: str) -> bytes:
    return taken.encode() + b"\x00"


def _register(row: PortRow, value: Value, *, transmit_writes: bool, mode_switch: bool) -> Answer:
    """A setting of the device itself: sent once, and shown when the device says it."""
    if not transmit_writes or (row.register == MODE and not mode_switch):
        need = "transmit.allow_mode: yes" if transmit_writes else "transmit: writes"
        return Answer(REFUSED, f"{row.path} is not sent: the configuration lacks {need}")
    if row.allowed and value not in row.allowed:
        return Answer(REFUSED, f"{row.path} takes {', '.join(map(str, row.allowed))}, not {value!r}")
    register = row.register or 0
    layout = database().registers[register]
    try:
        payload = encode(layout, {layout.fields[0].name: register_number(row.feeds[0], value)})
    except EncodeError as error:
        return Answer(REFUSED, f"{row.path}: {error}")
    return Answer(ACCEPTED, f"{row.path} = {value!r} is sent to the device", None, register, payload[layout.header :])
