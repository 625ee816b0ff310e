"""What Home Assistant is told of itself by (MQTT discovery): one configuration for each entity, all of one device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gxbridge.mqtt.messages import LIMITS, Messages

ONLINE, OFFLINE = "online", "offline"
PROGRAM, SERVICE = "program", "service"
"""Topics of availability: of this program (its last will), and of the service that it tells of."""
LONGEST_STATE: Final = 255
"""Characters; Home Assistant takes no longer state."""

NAMES: Final[Mapping[str, str]] = {
    "cvl": "Charge voltage limit",
    "ccl": "Charge current limit",
    "dcl": "Discharge current limit",
}
CLASSES: Final[Mapping[str, str]] = {"V": "voltage", "A": "current"}


def discovery(said: Messages, base: str, version: str) -> dict[str, dict[str, Any]]:
    """`COMPONENT/OBJECT` -> its configuration, for what is said now; a charger comes when it is first told."""
    found: dict[str, dict[str, Any]] = {}
    device = {
        "identifiers": [base],
        "name": base,
        "manufacturer": "gxbridge",
        "model": "gxbridge",
        "sw_version": version,
    }
    common = {
        "availability": [{"topic": f"{base}/{name}"} for name in (PROGRAM, SERVICE)],
        "availability_mode": "all",
        "device": device,
        "origin": {"name": "gxbridge", "sw_version": version},
    }

    def add(id: str, topic: str, name: str, template: str, component: str = "sensor", **more: Any) -> None:
        config = {"name": name, "unique_id": f"{base}_{id}", "default_entity_id": f"{component}.{base}_{id}"}
        config |= {"state_topic": f"{base}/{topic}", "value_template": template}
        found[f"{component}/{id}"] = config | more | common

    def add_amount(id: str, topic: str, name: str, field: str, unit: str, **more: Any) -> None:
        more |= {"unit_of_measurement": unit, "device_class": CLASSES[unit], "state_class": "measurement"}
        add(id, topic, name, f"{{{{ value_json.{field} }}}}", **more)

    for name, unit in LIMITS.items():
        topic = f"limits/{name}"
        attributes = {"json_attributes_topic": f"{base}/{topic}"}
        add_amount(name, topic, NAMES[name], "value", unit, **attributes)
        add(f"{name}_reason", topic, f"{NAMES[name]}: reason", text("reason"), icon="mdi:comment-question-outline")
    for topic, values in said.items():
        if topic.startswith("chargers/") or topic == "multi":
            id, name = topic.replace("chargers/", "charger_"), str(values["name"])
            attributes = {"json_attributes_topic": f"{base}/{topic}"}
            add_amount(f"{id}_told", topic, f"{name}: limit", "value", "A", **attributes)
            add_amount(f"{id}_made", topic, f"{name}: made", "made", "A")
    for word in ("charge", "discharge"):
        options: dict[str, Any] = {"device_class": "enum", "options": ["yes", "no", "unknown"]}
        add(f"allows_{word}", "bms", f"BMS allows {word}", f"{{{{ value_json.{word} }}}}", "sensor", **options)
    add("bms_state", "bms", "BMS", text("state"), json_attributes_topic=f"{base}/bms")
    add("control", "control", "Control", text("effective"), json_attributes_topic=f"{base}/control")
    problem = {"device_class": "problem", "payload_on": "alarm", "payload_off": "fine"}
    alarm = "{{ 'alarm' if value_json.health == 'alarm' else 'fine' }}"
    add("alarm", "findings", "Alarm", alarm, "binary_sensor", **problem)
    add("health", "findings", "Health", text("health"), json_attributes_topic=f"{base}/findings")
    add("health_text", "findings", "Worst finding", text("text"))
    add("findings", "findings", "Findings", "{{ value_json['count'] }}", state_class="measurement")
    return found


def text(field: str) -> str:
    """A template for a text that may be long."""
    return f"{{{{ (value_json.{field} or '')[:{LONGEST_STATE}] }}}}"
