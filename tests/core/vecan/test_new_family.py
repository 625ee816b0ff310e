"""A BMS family more that sends a Lynx's registers: two lines of YAML, as docs/architecture.md promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from gxbridge.candb.load import load
from gxbridge.core.dvcc.read.devices import products, quirks
from gxbridge.core.nmea2000 import database as module
from gxbridge.core.nmea2000.database import Database
from gxbridge.core.publish.battery_paths import battery_items
from tests.core.handmade import module_of
from tests.core.lynx_frames import Listener

CAN_DB = Path(__file__).parents[3] / "can_db"
FAMILY = """
- {family: lynx-next, title: Lynx of next year, kind: bms, quirks: [stop_on_zero, gives_permissions]}
- {product: 0xA3FE, name: Lynx Next, family: lynx-next, source: systemcalc, confidence: SINGLE}
"""


@contextmanager
def with_family() -> Iterator[None]:
    """The family is in the database, and nothing remembers the one without it, before and after."""
    with TemporaryDirectory() as temporary:
        folder = shutil.copytree(CAN_DB, Path(temporary) / "can_db")
        with (folder / "products.yaml").open("a", encoding="utf-8") as file:
            file.write(FAMILY)
        database = Database(module_of(load(folder)))
    with patch.object(module, "_database", database):
        forget()
        try:
            yield
        finally:
            forget()


def forget() -> None:
    quirks._quirk.cache_clear()
    products.family_kind.cache_clear()


def test_a_family_more_is_published_and_obeyed() -> None:
    with with_family():
        bms = Listener()
        bms.lynx(0.0)
        bms.register(0x0100, "00 FE A3 FF", 0.5)
        battery = bms.battery(0.5)
        assert (battery.product_name, battery.family) == ("Lynx Next", "lynx-next")
        assert battery_items(battery, 100)["/ProductId"] == 0xA3FE
        quirk = quirks.quirk_of(0xA3FE)
        assert (quirk.stop_on_zero, quirk.quick, quirk.gives_permissions) == (True, False, True)
        assert products.is_lynx_product(0xA3FE)
        bms.register(0x0380, "63 04 04 01", 0.6)
        assert "too-many-batteries" not in [finding.id for finding in bms.registry.findings(0.6)], (
            "nobody says how many"
        )


def test_without_the_family_it_is_no_battery() -> None:
    bms = Listener()
    bms.lynx(0.0)
    bms.register(0x0100, "00 FE A3 FF", 0.5)
    assert bms.registry.batteries(0.5) == ()
