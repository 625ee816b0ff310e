"""From the configuration to what the core needs of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.config import load
from gxbridge.runtime.assembly import assemble, box_place, setup_of

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


def test_a_relative_folder_of_black_boxes_begins_at_the_configuration_file(tmp_path: Path) -> None:
    """Whatever folder the supervisor starts the service in."""
    (tmp_path / "c.yaml").write_text("blackbox: {folder: boxes}\n")
    place = box_place(load(str(tmp_path / "c.yaml")))
    assert place is not None
    assert place.folder == str(tmp_path / "boxes")


def test_an_upgrade_that_was_undone_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GXBRIDGE_UNDONE", "v9\n")
    (found,) = assemble(load())._configured
    assert (found.id, "v9\N{REPLACEMENT CHARACTER} was undone" in found.text) == ("upgrade-undone", True)
