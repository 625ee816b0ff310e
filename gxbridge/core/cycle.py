"""What one cycle of the bridge yields, for whoever carries it out."""

from __future__ import annotations

from collections.abc import Mapping

from gxbridge.core.dvcc.run.decision import Decision
from gxbridge.core.dvcc.tell.write import Write
from gxbridge.core.model.battery import Battery
from gxbridge.core.model.finding import Finding
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.model.record import record


@record
class ServiceView:
    """One battery service as it should be on the bus now."""

    name: str
    battery: Battery
    instance: int
    specs: Mapping[str, ItemSpec]
    items: Mapping[str, Value]


@record
class Cycle:
    """What one cycle yields. `writes` is empty unless we are in control."""

    decision: Decision
    writes: tuple[Write, ...]
    batteries: tuple[ServiceView, ...]
    own: Mapping[str, Value]
    began: tuple[Finding, ...]
    ended: tuple[Finding, ...]
