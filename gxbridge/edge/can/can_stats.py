"""What a CAN bus edge says about itself, and the shapes all CAN sources share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from gxbridge.core.model.record import record, state
from gxbridge.core.nmea2000.frame import TimedFrame

OnFrames: TypeAlias = Callable[[list[TimedFrame]], None]
BusState: TypeAlias = Literal["waiting", "open", "down", "bus-off", "ended", "closed"]
"""waiting: could not be opened (yet); down: opened, but the interface is down; bus-off: the controller has left the bus
after too many errors; ended: a replayed log is over; closed: not in use."""
OnState: TypeAlias = Callable[["CanStats"], None]


@record
class CanSpec:
    """One bus as configured. `name` is how gxbridge calls it (D-Bus paths, logs); unique among the buses.

    `options` go to python-can as they are; `bitrate` None: python-can's own default.
    """

    interface: str
    channel: str
    name: str
    bitrate: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    serve: str = "batteries"
    """Which of its devices are put on D-Bus: `batteries` or `all`."""
    temperatures: bool = False
    """With `all`, temperature senders too."""


@state
class CanStats:
    """Counters since the program started; times are monotonic seconds, None: not yet."""

    name: str
    interface: str = ""
    """The network interface whose own counters know all that the bus carried, also what the kernel keeps from us."""
    state: BusState = "waiting"
    reason: str = ""
    """Why the state is not "open", with what to do; "" when it is."""
    frames: int = 0
    """Extended data frames handed on."""
    lost: int = 0
    """Frames that arrived but had no room: dropped by the kernel (SO_RXQ_OVFL) or by our own queue."""
    ignored: int = 0
    """Remote frames, standard ids, CAN FD: nothing that VE.Can uses."""
    errors: dict[str, int] = field(default_factory=dict)
    """Error frames by kind: warning, error-passive, bus-off, no-ack, ..."""
    sent: int = 0
    unsent: int = 0
    """Frames that could not be sent (queue full, interface down)."""
    log_s: float | None = None
    """Of a recorded log: how much of its own time has been played; None for a bus."""
    opened_at: float | None = None
    last_frame_at: float | None = None

    @property
    def error_count(self) -> int:
        """All error frames together."""
        return sum(self.errors.values())

    def error(self, kind: str) -> None:
        """Count one error frame."""
        self.errors[kind] = self.errors.get(kind, 0) + 1
