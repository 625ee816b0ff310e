"""The D-Bus items of a bank: those of the vendor's totals of parallel Lynx, and which batteries it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import gxbridge
from gxbridge.core.bank.entry import LYNX_TOTALS
from gxbridge.core.bank.figures import FIGURES
from gxbridge.core.bank.view import BankView
from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.bank import VIRTUAL
from gxbridge.core.model.items import ItemSpec, Value
from gxbridge.core.publish.battery_paths import REASON_PATHS, fitted
from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID

PRODUCT_NAME: Final = "Battery bank"
MEMBERS: Final = "/Members"
SAID_MEMBERS: Final = "/Members/Text"

IDENTIFICATION: Final[Mapping[str, tuple[ItemSpec, str]]] = {
    "/Mgmt/ProcessName": (ItemSpec("s"), "the program that publishes this service"),
    "/Mgmt/ProcessVersion": (ItemSpec("s"), "its version"),
    p.CONNECTION: (ItemSpec("s"), "`Virtual`, as the vendor's totals have it"),
    p.DEVICE_INSTANCE: (ItemSpec("i"), "VRM instance"),
    p.PRODUCT_ID: (ItemSpec("i", "0x{:X}"), "that of the vendor's totals with `publish: bms`, else ours"),
    p.PRODUCT_NAME: (ItemSpec("s"), "product"),
    p.CUSTOM_NAME: (ItemSpec("s", writable=True), "name given by the user; else that of the configuration"),
    p.FIRMWARE: (ItemSpec("s"), "version of gxbridge"),
    "/HardwareVersion": (ItemSpec("s"), "always invalid, as in the vendor's totals"),
    p.CONNECTED: (ItemSpec("i"), "1 as long as the service exists"),
    MEMBERS: (ItemSpec("s"), "ours: services of the batteries that it adds up"),
    SAID_MEMBERS: (ItemSpec("s"), "ours: how each member stands, in words"),
}
REASONS: Final[Mapping[str, tuple[ItemSpec, str]]] = {
    path: (ItemSpec("s"), f"ours: why the bank's {name} is what it is") for name, path in REASON_PATHS.items()
}
LIMITS: Final[Mapping[str, str]] = {REASON_PATHS["CVL"]: p.CVL, REASON_PATHS["CCL"]: p.CCL, REASON_PATHS["DCL"]: p.DCL}
BANK_ROWS: Final[Mapping[str, tuple[ItemSpec, str]]] = {
    **IDENTIFICATION,
    **{row.path: (row.spec, f"ours: {row.doc}" if row.ours else row.doc) for row in FIGURES},
    **REASONS,
}
"""Type, text and writability of every path, and what it says."""
SPECS: Final[Mapping[str, ItemSpec]] = {path: spec for path, (spec, _) in BANK_ROWS.items()}


def bank_specs(publish: str) -> dict[str, ItemSpec]:
    """The paths that are published: no `/Info` with `monitor`."""
    return {path: spec for path, spec in SPECS.items() if publish != "monitor" or not path.startswith("/Info/")}


def bank_items(
    view: BankView, instance: int, custom_name: str, text: str, *, version: str = gxbridge.__version__
) -> dict[str, Value]:
    """Every path with its value, None = invalid. `text`: how each member stands."""
    known: dict[str, Value] = {
        "/Mgmt/ProcessName": "gxbridge",
        "/Mgmt/ProcessVersion": version,
        p.CONNECTION: VIRTUAL,
        p.DEVICE_INSTANCE: instance,
        p.PRODUCT_ID: LYNX_TOTALS,
        p.PRODUCT_NAME: PRODUCT_NAME,
        p.CUSTOM_NAME: custom_name,
        p.FIRMWARE: version,
        "/HardwareVersion": None,
        p.CONNECTED: 1,
        MEMBERS: " ".join(view.bank.services),
        SAID_MEMBERS: text,
    }
    known |= {path: figure.value for path, figure in view.figures.items()}
    known |= {path: view.figures[limit].reason for path, limit in LIMITS.items()}
    return {path: fitted(spec, known[path]) for path, spec in SPECS.items()}


def bank_published(items: Mapping[str, Value], publish: str) -> dict[str, Value]:
    """The same as it is published, as for a battery (`as_published`)."""
    shown = {path: items[path] for path in bank_specs(publish)}
    return shown if publish == "bms" else {**shown, p.PRODUCT_ID: OWN_PRODUCT_ID}
