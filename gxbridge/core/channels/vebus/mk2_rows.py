"""Frames of an MK2 trace as messages with named fields, like those of a CAN bus. What a frame does not say stays raw:
where on this wire a BMS's permissions to charge and to discharge stand is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gxbridge.core.channels.vebus.mk2 import Mk2Frame
from gxbridge.core.channels.vebus.mk2_messages import (
    Ac,
    Address,
    Dc,
    Leds,
    Mk2Config,
    Mk2Memory,
    Raw,
    Request,
    Version,
    decode,
)
from gxbridge.core.nmea2000.database import Layout
from gxbridge.core.nmea2000.decoder import Message
from gxbridge.core.nmea2000.field import FieldInfo, FieldValue
from gxbridge.core.nmea2000.frame import BROADCAST

MK2_FRAME: Final = 1 << 33
"""Mark in the place of an identifier in a row of a log: the payload is that of an MK2 frame."""

STATES: Final = (
    *("down", "startup", "off", "slave", "inverting at full power", "inverting at half power", "searching for load"),
    *("assisting", "passing through", "charging"),
)
"""The state byte of AC frames (diebietse/invertergui and yvesf/ve-ctrl-tool agree)."""


def _state_text(message: Ac) -> str | None:
    return STATES[message.state] if message.state < len(STATES) else None


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


#   record      name           title                         fields: name, unit, value
ROWS: Final[dict[type, tuple[str, str, tuple[tuple[str, str, Callable[[Any], FieldValue]], ...]]]] = {
    Request: (
        "mk2_request",
        "Request to the interface",
        (("command", "", lambda m: m.command), ("data", "", lambda m: m.data)),
    ),
    Address: (
        "mk2_address",
        "Address of the device that is asked",
        (("action", "", lambda m: m.action), ("address", "", lambda m: m.address)),
    ),
    Version: (
        "mk2_version",
        "Version of the interface, of a BMS or of a Digital Multi Control",
        (
            ("of", "", lambda m: m.of),
            ("number", "", lambda m: m.number),
            ("product_id", "", lambda m: f"0x{m.product_id:04X}"),
            ("firmware", "", lambda m: m.firmware),
            ("mode", "", lambda m: m.mode),
        ),
    ),
    Leds: (
        "mk2_leds",
        "LEDs, alarms and error of the inverter",
        (
            ("valid", "", lambda m: int(m.valid)),
            ("lit", "", lambda m: _listed(m.lit)),
            ("blinking", "", lambda m: _listed(m.blinking)),
            ("alarms", "", lambda m: None if m.alarms is None else _listed(m.alarm_names)),
            ("vebus_error", "", lambda m: m.vebus_error),
            ("blocked", "", lambda m: None if m.error_raw is None else int(m.blocked)),
            ("extra", "", lambda m: m.extra),
        ),
    ),
    Dc: (
        "mk2_dc",
        "Battery side of the inverter",
        (
            ("voltage", "V", lambda m: m.voltage_v),
            ("inverter_current_raw", "", lambda m: m.inverter_current_raw),
            ("charger_current_raw", "", lambda m: m.charger_current_raw),
            ("period_raw", "", lambda m: m.period_raw),
        ),
    ),
    Ac: (
        "mk2_ac",
        "AC side of the inverter, one phase",
        (
            ("kind", "", lambda m: m.kind),
            ("state", "", lambda m: m.state),
            ("state_text", "", _state_text),
            ("mains_voltage", "V", lambda m: m.mains_voltage_v),
            ("mains_current_raw", "", lambda m: m.mains_current_raw),
            ("inverter_voltage", "V", lambda m: m.inverter_voltage_v),
            ("inverter_current_raw", "", lambda m: m.inverter_current_raw),
            ("period_raw", "", lambda m: m.period_raw),
        ),
    ),
    Mk2Config: (
        "mk2_config",
        "Inputs and their current limits",
        (
            ("active_input", "", lambda m: m.active_input),
            ("inputs", "", lambda m: m.inputs),
            ("minimum", "A", lambda m: m.minimum_a),
            ("maximum", "A", lambda m: m.maximum_a),
            ("limit", "A", lambda m: m.limit_a),
            ("limit_overridden", "", lambda m: int(m.limit_overridden)),
            ("digital_multi_control", "", lambda m: int(m.digital_multi_control)),
            ("remote_panel", "", lambda m: int(m.remote_panel)),
            ("switches", "", lambda m: m.switches),
        ),
    ),
    Mk2Memory: (
        "mk2_memory",
        "Memory, settings and state by number",
        (
            ("command", "", lambda m: m.command),
            ("code", "", lambda m: m.code),
            ("value", "", lambda m: m.value),
            ("data", "", lambda m: m.data),
        ),
    ),
    Raw: ("mk2_raw", "MK2 frame that is not known", (("data", "", lambda m: m.payload),)),
}
TEXTS: Final = ("command", "of", "product_id", "lit", "blinking", "alarms", "state_text")
BYTES: Final = ("data", "extra")


def _layout(name: str, title: str, fields: tuple[tuple[str, str, Callable[[Any], FieldValue]], ...]) -> Layout:
    def kind(field: str) -> str:
        return "text" if field in TEXTS else "bytes" if field in BYTES else "signed"

    infos = tuple(FieldInfo(field, kind(field), 0, 0, unit) for field, unit, _ in fields)
    return Layout("mk2", 0, None, name, title, infos, lambda payload: mk2_message(payload)[3])


LAYOUTS: Final = {record: _layout(*row) for record, row in ROWS.items()}


def mk2_message(payload: bytes) -> Message:
    """The message of a frame's payload, from header to last data byte. Never raises."""
    message = decode(Mk2Frame(payload))
    values = tuple(value(message) for _, _, value in ROWS[type(message)][2])
    return LAYOUTS[type(message)], 0, BROADCAST, values, payload
