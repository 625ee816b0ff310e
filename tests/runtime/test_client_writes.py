"""Writes of D-Bus clients to the services of a port: what the log and the findings say of them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from gxbridge.core.setup import Setup
from gxbridge.runtime.client_writes import ClientWrites
from tests.core.port.port_boat import SOLAR_SERVICE, PortBoat, mppt

CURRENT = "/Link/ChargeCurrent"


def test_what_a_controller_writes_again_and_again_is_one_line_until_the_answer_changes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gxbridge")
    boat = PortBoat()
    boat.look(mppt())
    nobody: Any = None
    setup = Setup(mode="monitor", buses=("can0",), serve=("can0",))
    writes = ClientWrites(setup, boat.bridge, nobody, lambda *_: None, lambda: None)
    writes.views = boat.views
    for amps in (50.0, 40.0, 50.0):
        assert writes.write(SOLAR_SERVICE, CURRENT, amps) == 2
    (line,) = caplog.messages
    assert line.endswith("/Link/ChargeCurrent is not sent: the configuration lacks transmit: link")
    assert writes.untold == {(SOLAR_SERVICE, CURRENT): line.partition("uc283819: ")[2]}
    assert writes.write(SOLAR_SERVICE, "/Mode", 3) == writes.write(SOLAR_SERVICE, "/Mode", 3) == 2
    assert len(caplog.messages) == 3, "what people write is always said"
    writes.views = {}
    assert writes.untold == {}, "somebody else serves it now"
