"""One decision: what is known and remembered in, what to write and why out."""

from __future__ import annotations

from gxbridge.core.dvcc.decision import Decision
from gxbridge.core.dvcc.memory import Memory
from gxbridge.core.dvcc.snapshot import Arrivals, Snapshot


def decide(snapshot: Snapshot, memory: Memory, now: float, arrivals: Arrivals = ()) -> tuple[Decision, Memory]:
    """Decide at `now` (monotonic seconds). Call it every whole second, and at once with what arrived in between.

    A call without `arrivals` lets the due timers act: low passes each second, sense and the adjust every third. A call
    with `arrivals` only looks at what cannot wait. Carry the returned memory into the next call. Never raises.
    """
    return Decision(), memory
