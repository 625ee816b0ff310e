"""What the kernel says of one CAN interface, judged: state, bit rate, error counters, losses, load."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gxbridge.core.vecan import bus_load
from gxbridge.core.vecan.bus_load import BITRATE, Carried
from gxbridge.doctor.row import Row, RowVerdict
from gxbridge.edge.can.can_interface import CanInterface

BUSY_PERCENT: Final = 50.0
FULL_PERCENT: Final = 80.0
LOSSY: Final = 0.001
"""Share of received frames that may be lost before it is worth a warning."""
WARNING_LEVEL: Final = 96
"""Error counter from which a controller warns (ISO 11898-1); at 128 it is error-passive, beyond 255 bus-off."""
VIRTUAL: Final = frozenset({"vcan", "vxcan"})

TERMINATION: Final = (
    "Check that both ends of the bus have a terminator (60 ohm between CAN-H and CAN-L with everything off), "
    "the cable, and that every device has the same bit rate."
)


def load_percent(first: CanInterface, later: CanInterface, seconds: float) -> float | None:
    """Share of the bit rate that was used between two readings; None when that cannot be said."""
    if first.kind in VIRTUAL:
        return None
    before, after = (Carried(link.frames, link.data_bytes) for link in (first, later))
    return bus_load.load_percent(before, after, seconds, later.bitrate or BITRATE)


def check_link(
    section: str, link: CanInterface, later: CanInterface | None, seconds: float, *, ours: bool
) -> Iterator[Row]:
    """What an interface says of itself. `ours`: gxbridge is to listen on it."""
    name = link.name
    if not link.up:
        yield Row(
            section,
            "port-down",
            "problem" if ours else "note",
            f"{name} is down: nothing is received or sent",
            f"On a GX choose a profile for the port that is not Disabled; elsewhere `ip link set {name} up`.",
            name,
        )
        return
    yield from _state(section, link, ours=ours)
    yield from _losses(section, link)
    if later is not None:
        yield from _traffic(section, link, later, seconds, ours=ours)


def _state(section: str, link: CanInterface, *, ours: bool) -> Iterator[Row]:
    name = link.name
    if ours and link.bitrate is not None and link.bitrate != BITRATE:
        yield Row(
            section,
            "bit-rate",
            "problem",
            f"{name} runs at {link.bitrate / 1000:g} kbit/s; VE.Can has {BITRATE / 1000:g} kbit/s",
            "Choose a profile of 250 kbit/s for the port, or the port that the Lynx is connected to.",
            name,
        )
    counters = ""
    if link.rx_errors is not None and link.tx_errors is not None:
        counters = f"; error counters: receive {link.rx_errors}, transmit {link.tx_errors}"
    if link.state == "BUS-OFF":
        restart = "" if link.restart_ms else f" `ip link set {name} type can restart-ms 1000` lets it come back."
        text = f"the controller of {name} has left the bus after too many errors{counters}"
        yield Row(section, "bus-off", "problem", text, TERMINATION + restart, name)
    elif link.state in ("ERROR-WARNING", "ERROR-PASSIVE"):
        text = f"the controller of {name} is in state {link.state}{counters}"
        yield Row(section, "can-errors", "warning", text, TERMINATION, name)
    elif (link.rx_errors or 0) >= WARNING_LEVEL or (link.tx_errors or 0) >= WARNING_LEVEL:
        text = f"the controller of {name} counts many errors{counters}"
        yield Row(section, "can-errors", "warning", text, TERMINATION, name)
    elif link.bus_offs or link.passives:
        text = f"{name} has recovered; times bus-off: {link.bus_offs}, error-passive: {link.passives}{counters}"
        yield Row(section, "can-errors-past", "note", text, TERMINATION, name)
    elif link.state:
        rate = "" if link.bitrate is None else f", {link.bitrate / 1000:g} kbit/s"
        yield Row(section, "port-state", "ok", f"{name} is up{rate}, {link.state}{counters}", "", name)
    else:
        yield Row(section, "port-state", "ok", f"{name} is up", "", name)


def _losses(section: str, link: CanInterface) -> Iterator[Row]:
    lost = link.dropped + link.overruns
    if lost > link.received * LOSSY:
        yield Row(
            section,
            "frames-lost",
            "warning",
            f"{link.name} lost {lost} frames of {link.received + lost} (dropped {link.dropped}, "
            f"overruns {link.overruns})",
            "The machine is too busy, or the adapter too slow: look at the load (`top`).",
            link.name,
        )
    if link.faulty > max(100, link.received) * LOSSY:
        text = f"{link.name} counts {link.faulty} faulty frames against {link.received} received ones"
        yield Row(section, "frames-faulty", "warning", text, TERMINATION, link.name)


def _traffic(section: str, link: CanInterface, later: CanInterface, seconds: float, *, ours: bool) -> Iterator[Row]:
    name, load = link.name, load_percent(link, later, seconds)
    rate = (later.frames - link.frames) / seconds if seconds > 0 else 0.0
    if ours and later.frames == link.frames:
        yield Row(
            section,
            "bus-quiet",
            "warning",
            f"nothing was heard on {name} for {seconds:.0f} s (frames since it came up: {link.received})",
            "Is anything connected and switched on? A Lynx sends every 1.5 s. Look at the port, cable and terminators.",
            name,
        )
    elif load is None:
        yield Row(section, "bus-load", "ok", f"{name}: {rate:.0f} frames/s", "", name)
    elif load >= FULL_PERCENT:
        text = f"{name} is full: {rate:.0f} frames/s, {load:.0f} % of the bit rate"
        advice = "Frames of low priority are late or lost: find who sends so much (gxbridge decode LOG --stats)."
        yield Row(section, "bus-load", "warning", text, advice, name)
    else:
        verdict: RowVerdict = "note" if load >= BUSY_PERCENT else "ok"
        yield Row(section, "bus-load", verdict, f"{name}: {rate:.0f} frames/s, {load:.0f} % of the bit rate", "", name)
