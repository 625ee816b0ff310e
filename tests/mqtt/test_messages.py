"""What an MQTT broker is told: of the items of a boat, with nothing invented where nothing is known."""

from __future__ import annotations

import json
from typing import Any

from gxbridge.core.publish.own_paths import OWN_NAME
from gxbridge.mqtt.home_assistant import discovery
from gxbridge.mqtt.messages import messages
from tests.core.boat import LYNX_SERVICE, MULTI, SOLAR, Boat, multi, solar


def boat_items() -> dict[str, dict[str, Any]]:
    """What the services of a boat show."""
    boat = Boat()
    boat.tick(2)
    boat.add(SOLAR, solar(current_a=12.34))
    boat.add(MULTI, multi())
    boat.tick(6)
    cycle = boat.tick(3)
    (view,) = cycle.batteries
    return {OWN_NAME: dict(cycle.own), SOLAR: solar(current_a=12.34), MULTI: multi(), LYNX_SERVICE: dict(view.items)}


def test_each_limit_has_its_reason() -> None:
    items = boat_items()
    said = messages(items)
    for name in ("cvl", "ccl", "dcl"):
        limit = said[f"limits/{name}"]
        assert limit["value"] == items[OWN_NAME][f"/Limits/{name.capitalize()}/Value"]
        assert limit["reason"] == items[OWN_NAME][f"/Limits/{name.capitalize()}/Reason"]
        assert limit["reason_id"]
        assert limit["since"] > 0


def test_a_charger_is_told_and_makes() -> None:
    said = messages(boat_items())
    assert (said["chargers/0"]["name"], said["chargers/0"]["made"]) == ("SmartSolar MPPT 100/30", 12.3)
    assert said["chargers/0"]["value"] >= 0
    assert said["multi"]["name"]
    assert "chargers/1" not in said


def test_permissions_are_the_word_of_the_bms_in_control() -> None:
    items = boat_items()
    assert (messages(items)["bms"]["charge"], messages(items)["bms"]["discharge"]) == ("yes", "yes")
    items[LYNX_SERVICE]["/Io/AllowToCharge"] = 0
    items[LYNX_SERVICE]["/Io/AllowToDischarge"] = None
    assert (messages(items)["bms"]["charge"], messages(items)["bms"]["discharge"]) == ("no", "unknown")
    del items[LYNX_SERVICE]
    assert messages(items)["bms"]["charge"] == "unknown"


def test_what_is_not_known_is_null_and_no_limit_is_no_number() -> None:
    items = boat_items()
    items[OWN_NAME] |= {"/Limits/Ccl/Value": None, "/Limits/Dcl/Value": 10000.0, "/Health/State": None}
    said = messages(items)
    assert (said["limits/ccl"]["value"], said["limits/ccl"]["unlimited"]) == (None, False)
    assert (said["limits/dcl"]["value"], said["limits/dcl"]["unlimited"]) == (None, True)
    assert said["findings"]["health"] == "unknown"


def test_findings_come_with_their_advice() -> None:
    items = boat_items()
    found = {"Id": "bms-lost", "Severity": "alarm", "Text": "It is lost", "Advice": "Check it", "First": 17}
    items[OWN_NAME] |= {f"/Findings/0/{name}": value for name, value in found.items()}
    items[OWN_NAME] |= {"/Findings/Count": 1, "/Health/State": 2, "/Health/Text": "It is lost"}
    said = messages(items)["findings"]
    assert (said["health"], said["count"], said["text"]) == ("alarm", 1, "It is lost")
    assert said["findings"][0] == {
        "id": "bms-lost", "severity": "alarm", "text": "It is lost", "advice": "Check it", "since": 17
    }  # fmt: skip


def test_without_the_service_nothing_is_said() -> None:
    assert messages({SOLAR: solar()}) == {}


def test_home_assistant_hears_only_of_topics_that_there_are() -> None:
    said = messages(boat_items())
    found = discovery(said, "boat", "1.2.3")
    assert {config["state_topic"].removeprefix("boat/") for config in found.values()} <= said.keys()
    assert len({config["unique_id"] for config in found.values()}) == len(found)
    assert {"sensor/ccl", "sensor/ccl_reason", "sensor/allows_charge", "binary_sensor/alarm", "sensor/findings"} <= set(
        found
    )
    for config in found.values():
        assert config["availability"] == [{"topic": "boat/program"}, {"topic": "boat/service"}]
        assert config["device"]["identifiers"] == ["boat"]


def test_every_field_of_a_template_is_in_the_message() -> None:
    said = messages(boat_items())
    for entity, config in discovery(said, "boat", "1").items():
        template = config["value_template"]
        message = json.loads(json.dumps(said[config["state_topic"].removeprefix("boat/")]))
        assert [name for name in message if name in template], f"{entity}: {template}"
