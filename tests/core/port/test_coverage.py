"""What is said of each kind before its port is given to gxbridge, and on the page about it."""

from __future__ import annotations

from pathlib import Path

from gxbridge.core.port.coverage import NOT_SERVED, coverage
from gxbridge.core.port.tables import kinds, service_table

PAGE = (Path(__file__).parents[3] / "docs" / "port.md").read_text(encoding="utf-8")


def test_a_kind_is_served_fully_or_without_what_its_table_lacks() -> None:
    assert coverage("charger", 0x0106) == ("fully", "")
    assert coverage("inverter", 0xA401).why.startswith("without /Pv/0/Name, /Pv/0/Enabled")
    assert coverage("solarcharger", 0xA10C).extent == "partly"
    assert coverage("multi", 0xA442).why.startswith("without /Link/ChargeVoltageSetpoint, ")
    assert coverage("multi", 0xA442).why.endswith(" and 22 more (gxbridge candb show multi)")
    assert coverage("solarcharger", 0xA10C).why.endswith("/Alarms/Alarm, /History/Overall/MinBatteryVoltage")
    assert coverage("tank", None).extent == "fully"
    assert coverage("temperature", None) == ("partly", "only with `temperatures: yes` for the bus")
    assert coverage("solarcharger", 0xA442).extent == "not"
    assert coverage("", None) == ("not", "gxbridge has no table for it")
    assert coverage("dcload", 0xA389) == ("not", "nobody has recorded a DC energy meter on VE.Can")
    assert not NOT_SERVED.keys() & set(kinds())


def test_the_page_names_what_each_kind_lacks() -> None:
    for kind in kinds():
        (line,) = [line for line in PAGE.splitlines() if f"| `{kind}` | " in line and "Lynx Smart BMS" not in line]
        lacks = service_table(kind).lacks
        assert [path for path in lacks if f"`{path}`" not in line] == []
        assert ("partly" in line) is bool(lacks)
    assert "fully, but only with `temperatures: yes`" in PAGE
