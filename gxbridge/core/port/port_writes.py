"""What happens when a D-Bus client writes to a device of a port: kept, sent, handed to the network, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gxbridge.core.model.items import Value
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.encode import EncodeError, encode
from gxbridge.core.port.tables import PortRow, service_table
from gxbridge.core.publish.battery_writes import ACCEPTED, REFUSED, WRONG, Answer, name
from gxbridge.core.vecan.sending.transmit import DESCRIPTION, MODE

TakeLink: TypeAlias = Callable[[str, Value], tuple[int, str]]
"""Takes an order for the network, by path and value; the answer to the writer, with the reason."""


def judge_port_write(
    kind: str, path: str, value: Value, take_link: TakeLink, *, transmit_writes: bool, mode_switch: bool
) -> Answer:
    """What to do with a write to a service of this kind; `take_link` has what goes to `/Link/*`. Never raises."""
    row = next((row for row in service_table(kind).rows if row.path == path), None)
    if row is None or not row.write:
        return Answer(WRONG, f"{path} cannot be written")
    if row.write == "link":
        return Answer(*take_link(path, value))
    if row.write == "again":
        return Answer(ACCEPTED if value == 0 else REFUSED, f"{path} = {value!r}: it is looked at every second")
    if row.write == "name":
        taken = name(value)
        if taken is None:
            return Answer(WRONG, f"{path} takes a name of up to 32 characters, not {value!r}")
        data = taken.encode() + b"\x00"
        sent = " and sent to the device" if transmit_writes else ""
        return Answer(ACCEPTED, f"{path} = {taken!r} is kept{sent}", taken, DESCRIPTION if sent else None, data)
    return _register(row, value, transmit_writes=transmit_writes, mode_switch=mode_switch)


def _register(row: PortRow, value: Value, *, transmit_writes: bool, mode_switch: bool) -> Answer:
    """A setting of the device itself: sent once, and shown when the device says it."""
    if not transmit_writes or (row.register == MODE and not mode_switch):
        need = "the switch for /Mode" if transmit_writes else "transmit: writes"
        return Answer(REFUSED, f"{row.path} is not sent: the configuration lacks {need}")
    if row.allowed and value not in row.allowed:
        return Answer(REFUSED, f"{row.path} takes {', '.join(map(str, row.allowed))}, not {value!r}")
    register = row.register or 0
    layout = database().registers[register]
    try:
        payload = encode(layout, {layout.fields[0].name: value})
    except EncodeError as error:
        return Answer(REFUSED, f"{row.path}: {error}")
    return Answer(ACCEPTED, f"{row.path} = {value!r} is sent to the device", None, register, payload[layout.header :])
