"""The flows and the mapping of docs/examples: whole, and about items that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gxbridge.core.publish.own_paths import OWN_PATHS, own_spec

EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
FLOWS = ("node-red-limits.json", "node-red-signalk.json")
OWN_NODES = {"tab", "mqtt-broker", "mqtt in", "mqtt out", "function", "debug", "inject", "udp out"}
"""Node-RED's own: a flow with others needs a palette."""


def nodes_of(flow: str) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = json.loads((EXAMPLES / flow).read_text(encoding="utf-8"))
    return nodes


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_is_whole(flow: str) -> None:
    nodes = nodes_of(flow)
    ids = [node["id"] for node in nodes]
    assert len(ids) == len(set(ids))
    assert {node["type"] for node in nodes} <= OWN_NODES
    for node in nodes:
        assert {to for wire in node.get("wires", []) for to in wire} <= set(ids)
        assert node.get("broker", ids[0]) in ids or node["type"] == "mqtt-broker"
        assert node.get("z", ids[0]) == ids[0]


@pytest.mark.parametrize("flow", FLOWS)
def test_a_flow_reads_items_that_there_are(flow: str) -> None:
    topics = [node["topic"] for node in nodes_of(flow) if node["type"] == "mqtt in"]
    assert topics
    for topic in topics:
        match = re.fullmatch(r"N/\+/gxbridge/0(/.+)", topic)
        assert match, topic
        own_spec(match[1])


def test_the_mapping_is_of_items_that_there_are_and_is_what_the_flow_does() -> None:
    rows = json.loads((EXAMPLES / "signalk-mapping.json").read_text(encoding="utf-8"))
    for row in rows:
        spec = own_spec("/" + row["topic"])
        assert row["units"] == "" or spec.text.endswith(row["units"])
        assert re.fullmatch(r"[a-z]\w*(\.[a-z]\w*)+", row["signalk"])
    (function,) = (node["func"] for node in nodes_of("node-red-signalk.json") if node["type"] == "function")
    table = json.loads(re.match(r"const paths = (\{.*?\n\})", function, re.DOTALL)[1])  # type: ignore[index]
    assert table == {row["topic"]: row["signalk"] for row in rows}


def test_every_item_of_ours_has_its_topic_on_the_page() -> None:
    page = (EXAMPLES.parent / "mqtt-topics.md").read_text(encoding="utf-8")
    missing = [row.path for row in OWN_PATHS if f"| `N/PORTAL/gxbridge/0{row.path}` |" not in page]
    assert missing == ["/Explain/Json", "/Explain/Text"]
