"""What one cycle of the bridge yields, for whoever carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record
from gxbridge.core.publish.explanation import Situation, as_dict


class ServiceView(NamedTuple):
    """One battery service as it should be on the bus now, or one of a port that is served wholly.

    `key`: what its instance and its name are remembered by; `battery`: None of a bank, whose name is `title` until the
    user gives it one. `kind`: the class of a device of a port, whose name has its instance in it; "" of a battery.
    """

    name: str
    key: str
    battery: Battery | None
    instance: int
    specs: Mapping[str, ItemSpec]
    items: Mapping[str, Value]
    title: str = ""
    kind: str = ""


@record
class Cycle:
    """What one cycle yields. `writes` is empty unless we are in control; `situation` is what the explanation is made of
    when somebody asks for it."""

    decision: Decision
    writes: tuple[Write, ...]
    batteries: tuple[ServiceView, ...]
    own: Mapping[str, Value]
    situation: Situation
    epoch_offset: float
    """Epoch seconds are monotonic seconds plus this."""
    began: tuple[Finding, ...]
    ended: tuple[Finding, ...]
    read_anew: tuple[str, ...] = ()
    """Services whose items are to be read anew: the answer is added as if the service had just come."""

    def explanation(self) -> dict[str, Any]:
        """All of it for people and programs, ready for JSON."""
        return as_dict(self.situation, lambda at: None if at is None else round(at + self.epoch_offset))
