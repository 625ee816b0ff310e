"""A port whose devices all spoke before anybody listened: what is asked when, on simulated time."""

from __future__ import annotations

import pytest

from gxbridge.core.bridge import Bridge
from gxbridge.core.port.questions import DECIDES
from gxbridge.core.setup import Setup
from tests.port.fleet import FLEET
from tests.port.node import SimNode, exchange


class Listening:
    """Who comes to D-Bus when, and what it shows when, in seconds since the first look."""

    def __init__(self, seconds: int) -> None:
        now = start = 1000.0
        nodes = [SimNode(device, now - 5) for name, device in FLEET.items() if name != "gx"]
        for tenths in range(50):
            exchange(nodes, [], now - 5 + tenths / 10)
        bridge = Bridge(Setup(serve=("can0",), buses=("can0",), transmit="requests", temperatures=("can0",)))
        port = bridge._port
        assert port is not None
        self.appeared: dict[str, list[int]] = {}
        """By kind."""
        self.shown: dict[tuple[str, str], list[int]] = {}
        """By kind and path."""
        seen: set[tuple[str, str]] = set()
        for tenths in range(seconds * 10):
            now = start + tenths / 10
            if tenths % 10 == 0:
                bridge.tick(now)
                for view in port.views:
                    bridge.set_identity(view.key, 0, "")
                    for path, value in {"": 1, **view.items}.items():
                        if value is not None and (view.name, path) not in seen:
                            seen.add((view.name, path))
                            self.shown.setdefault((view.kind, path), []).append(tenths // 10)
            ours = [(can_id, data) for _, can_id, data in bridge.transmitter.outgoing(now)]
            said = exchange(nodes, ours, now)[len(ours) :]
            bridge.hear("can0", [(now, can_id, data) for can_id, data in said])

    def by(self, kind: str, path: str = "") -> int:
        """When the last of a kind had it."""
        return max(self.shown[kind, path])


@pytest.fixture(scope="module")
def listening() -> Listening:
    return Listening(110)


def test_every_device_is_there_within_seconds(listening: Listening) -> None:
    """Two questions for each of a dozen devices, ten in a second: nobody waits for the settings of another."""
    assert {kind: listening.by(kind) for kind, path in listening.shown if not path} == {
        "vecan": 0, "tank": 2, "temperature": 2, "solarcharger": 3, "battery": 3, "multi": 4, "inverter": 4,
        "charger": 4, "alternator": 5,
    }  # fmt: skip


def test_then_who_they_are_then_what_the_decision_reads_then_the_rest_then_history(listening: Listening) -> None:
    assert max(listening.by(kind, path) for kind, path in listening.shown if path == "/FirmwareVersion") <= 9
    decides = {where for where in listening.shown if where[1] in DECIDES}
    assert len(decides) > 40
    assert max(listening.by(*where) for where in decides) <= 14
    assert listening.by("multi", "/Settings/Ess/Mode") <= 60
    assert listening.by("charger", "/Ac/In/CurrentLimit") <= 70
    assert listening.by("solarcharger", "/History/Daily/0/Yield") <= 100
