"""The one item that clients may write on our own service: the storage profile of the rules, live, over a restart."""

from __future__ import annotations

from tests.contract.scene import Scene
from tests.core.boat import SOLAR, solar
from tests.runtime.service import OWN

ITEM = "/Rules/Storage"
ACCEPTED, WRONG, REFUSED = 0, 1, 2


def write(stage: Scene, value: int, path: str = ITEM) -> object:
    return stage.consumer("set", OWN, path, "Int32", value)


def test_a_client_switches_storage_on_and_off_and_it_outlives_a_restart(stage: Scene) -> None:
    stage.others("appear", SOLAR, solar())
    rules = {"rules": {"storage": {"soc_percent": 60}}, "dvcc": {"mode": "control"}}
    service = stage.start(**rules)
    stage.consumer.until(OWN, "/Limits/Ccl/Value", lambda value: isinstance(value, float) and value > 0)
    stage.consumer.until(OWN, ITEM, 0)
    assert write(stage, 2) == REFUSED
    assert write(stage, 1, "/Rules/Act") == WRONG
    assert write(stage, 1) == ACCEPTED
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 0.0)
    stage.consumer.until(OWN, "/Limits/Ccl/Reason", lambda text: "the storage profile holds the battery" in str(text))
    assert service.end() == 0
    stage.start(**rules)
    stage.consumer.until(OWN, ITEM, 1)
    stage.consumer.until(OWN, "/Limits/Ccl/Value", 0.0)
    assert write(stage, 0) == ACCEPTED
    stage.consumer.until(OWN, "/Limits/Ccl/Value", lambda value: isinstance(value, float) and value > 0)


def test_without_a_profile_there_is_no_such_item(stage: Scene) -> None:
    stage.start()
    stage.consumer.until(OWN, "/Connected", 1)
    assert ITEM not in stage.consumer("items", OWN)
