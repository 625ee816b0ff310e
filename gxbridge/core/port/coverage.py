"""How far each class of service of a VE.Can port would be served: for people, before the port is given to gxbridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from gxbridge.core.nmea2000.database import database
from gxbridge.core.port.tables import SENDERS, TEMPERATURE, kind_of_family, kinds, service_table

Extent = Literal["fully", "partly", "not"]

NOT_SERVED: Final[Mapping[str, str]] = {
    "grid": "what feeds the paths of an energy meter is not known",
    "acload": "what feeds the paths of an energy meter is not known",
    "pvinverter": "what feeds the paths of a PV inverter is not known",
    "genset": "what feeds the paths of a generator is not known",
    "dcgenset": "what feeds the paths of a generator is not known",
    "switch": "what feeds the paths of a SmartSwitch is not known",
    **dict.fromkeys(("dcsource", "dcload", "dcsystem"), "nobody has recorded a DC energy meter on VE.Can"),
    "vebus": "what the VE.Bus interface says is not enough for a service",
}
"""Classes that the vendor's driver has, or may have, and gxbridge has not."""


MOST_NAMED: Final = 6
"""Paths that are left out, in the order of the table: what is missed first stands first."""


class Coverage(NamedTuple):
    """`why`: what is left out, or why all of it is."""

    extent: Extent
    why: str = ""


def coverage(kind: str, product_id: float | None) -> Coverage:
    """Of a device whose service has this class, such as `solarcharger`, and product id; "": it has no service."""
    if kind not in kinds():
        return Coverage("not", NOT_SERVED.get(kind, "gxbridge has no table for it"))
    product = database().products.get(int(product_id or 0))
    if kind not in SENDERS and (product is None or kind_of_family(product.family) != kind):
        return Coverage("not", "gxbridge does not know the product")
    if kind == TEMPERATURE:
        return Coverage("partly", "only with `temperatures: yes` for the bus")
    lacks = service_table(kind).lacks
    more = len(lacks) - MOST_NAMED
    rest = f" and {more} more (gxbridge candb show {kind})" if more > 0 else ""
    return Coverage("partly", f"without {', '.join(lacks[:MOST_NAMED])}{rest}") if lacks else Coverage("fully")
