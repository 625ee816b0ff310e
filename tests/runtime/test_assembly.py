"""From the configuration to what the core needs of it."""

from __future__ import annotations

from pathlib import Path

from gxbridge.config import load
from gxbridge.runtime.assembly import setup_of

BUSES = """\
can:
  - {interface: socketcan, channel: vecan1, name: house}
  - {interface: socketcan, channel: can0}
  - {interface: gxsocket, channel: /run/wire, name: simulated}
"""


def test_the_core_is_told_the_port_of_each_bus_with_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "gxbridge.yaml"
    file.write_text(BUSES)
    setup = setup_of(load(str(file)))
    assert setup.buses == ("house", "can0", "simulated")
    assert setup.ports == {"house": "vecan1"}
