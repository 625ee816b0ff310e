"""One CAN interface as the kernel describes it: state, bit rate, error counters, traffic.

The form is that of `ip -json -details -statistics link show can0` (iproute2), which a GX also offers on D-Bus as
`com.victronenergy.platform /CanBus/Interface/<if>/Statistics` (veutil canbus_interfaces.cpp, 47bf9d4).
"""

from __future__ import annotations

import json
from typing import Any, Final

from gxbridge.core.model.record import record

FROM_A_LIST: Final = "bittiming_bitrate"
"""Where the bit rate stands for a controller that knows some only, such as a serial adapter (iproute2 iplink_can.c)."""


@record
class CanInterface:
    """`kind` is `can` for a real controller, `vcan` for a virtual one, "" when unknown; counters since it came up."""

    name: str
    up: bool = True
    kind: str = ""
    state: str = ""
    """Of the controller: ERROR-ACTIVE (well), ERROR-WARNING, ERROR-PASSIVE, BUS-OFF, STOPPED; "" when unknown."""
    bitrate: int | None = None
    rx_errors: int | None = None
    """The controller's receive error counter."""
    tx_errors: int | None = None
    bus_offs: int = 0
    passives: int = 0
    restart_ms: int | None = None
    frames: int = 0
    """Received and sent."""
    data_bytes: int = 0
    received: int = 0
    dropped: int = 0
    overruns: int = 0
    faulty: int = 0


@record
class Port:
    """One CAN interface. `kind` is what the GX allows on it (see KINDS of the doctor's checks), `profile` its setting.

    `drivers`: the vendor's services that are installed for this port here, by their folder's name.
    """

    name: str
    label: str = ""
    kind: int | None = None
    profile: int | None = None
    link: CanInterface | None = None
    later: CanInterface | None = None
    """The same some seconds later: what changed meanwhile is the load."""
    seconds: float = 0.0
    drivers: tuple[str, ...] = ()


def parse_link(text: object) -> CanInterface | None:
    """The first interface in iproute2's JSON, None when it is no such text. Never raises."""
    try:
        entries = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    entry = next((entry for entry in entries if isinstance(entry, dict)), None) if isinstance(entries, list) else None
    if entry is None or not isinstance(entry.get("ifname"), str):
        return None
    info = _under(entry, "linkinfo")
    data, counts = _under(info, "info_data"), _under(info, "info_xstats")
    rx, tx = _under(entry, "stats64", "rx"), _under(entry, "stats64", "tx")
    flags = entry.get("flags")
    return CanInterface(
        name=entry["ifname"],
        up="UP" in flags if isinstance(flags, list) else False,
        kind=_word(info.get("info_kind")),
        state=_word(data.get("state")),
        bitrate=_count(_under(data, "bittiming").get("bitrate", data.get(FROM_A_LIST))),
        rx_errors=_count(_under(data, "berr_counter").get("rx")),
        tx_errors=_count(_under(data, "berr_counter").get("tx")),
        bus_offs=_count(counts.get("bus_off")) or 0,
        passives=_count(counts.get("error_passive")) or 0,
        restart_ms=_count(data.get("restart_ms")),
        frames=(_count(rx.get("packets")) or 0) + (_count(tx.get("packets")) or 0),
        data_bytes=(_count(rx.get("bytes")) or 0) + (_count(tx.get("bytes")) or 0),
        received=_count(rx.get("packets")) or 0,
        dropped=_count(rx.get("dropped")) or 0,
        overruns=_count(rx.get("over_errors")) or 0,
        faulty=(_count(rx.get("errors")) or 0) + (_count(tx.get("errors")) or 0),
    )


def _under(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = entry.get(name)
        entry = found if isinstance(found, dict) else {}
    return entry


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
