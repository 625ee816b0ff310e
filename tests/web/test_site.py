"""What is answered, to whom, and with which headers; what hostile requests get."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sys
from pathlib import Path

import pytest

from gxbridge.edge.dbus.bus import BusError
from gxbridge.web import boxes
from gxbridge.web.listen import Listen
from gxbridge.web.site import HEADERS, MOST_POINTS, OPEN, PAGE
from tests.commands.test_blackbox import box, written
from tests.commands.test_status_and_explain import LYNX, SOLAR
from tests.screens.kept_days import write_days
from tests.web.asking import OWN, Monitor, ask, asked, seen, site

__all__ = ["box", "written"]
STATIC = Path(__file__).parents[2] / "gxbridge" / "web" / "static"
KEY = "a-token-of-more-than-twenty"


def test_the_state_has_numbers_devices_and_the_explanation() -> None:
    found = asked(site(), "/api/state")
    state = found.json
    assert (found.status, state["api"], state["trouble"]) == (200, 1, "")
    assert state["live"]["battery"]["voltage_v"] == 26.4
    assert state["live"]["permissions"] == {"charge": "yes", "discharge": "yes"}
    assert state["live"]["devices"][SOLAR] == {"told_a": 40.0, "made_a": 38.24, "device_says": False}
    titles = [limit["title"] for limit in state["explanation"]["limits"] if not limit["subject"]]
    assert titles == ["Charge voltage", "Charge current", "Discharge current"]
    assert all("takes_none" in limit for limit in state["explanation"]["limits"])


@pytest.mark.parametrize(
    "answer", [b"", "", "[1", "[]", "{}", json.dumps({"limits": 5, "bms": {}, "dvcc": {}, "findings": []}), None,
               '{"limits": [], "bms": {"x": NaN}, "dvcc": {}, "findings": []}', BusError("no answer"),
               '{"limits": [{"name": "CVL"}], "bms": {}, "dvcc": {}, "findings": []}', "[" * 100_000]
)  # fmt: skip
def test_an_answer_of_another_shape_leaves_the_numbers_and_says_so(answer: object) -> None:
    services = seen()
    services.monitor = Monitor(answer)  # type: ignore[assignment]
    state = asked(site(services), "/api/state").json
    assert state["explanation"] is None
    assert state["trouble"]
    assert state["live"]["battery"]["voltage_v"] == 26.4
    assert state["live"]["devices"] == {}


def test_without_the_service_nothing_is_known() -> None:
    services = seen()
    del services.items[OWN]
    state = asked(site(services), "/api/state").json
    assert state["live"]["service"] == "silent"
    assert state["live"]["permissions"] == {"charge": "unknown", "discharge": "unknown"}
    assert set(state["live"]["battery"].values()) == {None}
    assert "does not answer" in state["trouble"]


def test_a_battery_or_a_charger_that_has_left_is_not_known() -> None:
    services = seen()
    del services.items[SOLAR], services.items[LYNX]
    live = asked(site(services), "/api/state").json["live"]
    assert live["devices"][SOLAR] == {"told_a": None, "made_a": None, "device_says": False}
    assert live["permissions"]["charge"] == "unknown"


def test_the_service_is_asked_only_when_something_of_its_own_changed() -> None:
    services = seen()
    made = site(services)

    async def many() -> None:
        for _ in range(20):
            await ask(made, "/api/state")

    asyncio.run(many())
    assert services.monitor.asked == 1  # type: ignore[attr-defined]

    async def changing() -> None:
        for _ in range(20):
            services.changes += 1
            await ask(made, "/api/state")

    asyncio.run(changing())
    assert services.monitor.asked <= 2, "and not more than once a second"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "path", [*PAGE, "/api/openapi.json", "/api/state", "/api/boxes", "/metrics", "/none", "/api/history"]
)
def test_every_answer_has_the_headers_and_sets_no_cookie(path: str) -> None:
    found = asked(site(), path)
    for name, value in HEADERS:
        assert found.headers[name.decode()] == value.decode()
    assert "set-cookie" not in found.headers
    assert "server" not in found.headers
    assert "unsafe" not in found.headers["content-security-policy"]
    assert found.status == (404 if path == "/none" else 200)


def test_the_page_asks_nobody_else_and_is_small() -> None:
    size = 0
    for name, _ in PAGE.values():
        content = (STATIC / name).read_bytes()
        size += len(content)
        if name.startswith(("uplot", "icon")):
            continue
        text = content.decode()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text), name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\bstyle=", text
        ), name
        assert not re.search(r"<script>|\son[a-z]+=", text), name
    assert size < 150_000


def test_with_a_token_only_the_empty_page_is_open() -> None:
    made = site(listen=Listen("127.0.0.1", 0, KEY))
    for path in OPEN:
        assert asked(made, path).status == 200
    for path in (
        "/api/state",
        "/api/events",
        "/api/history",
        "/api/boxes",
        "/api/boxes/x",
        "/metrics",
        "/none",
        "//api/state",
    ):
        found = asked(made, path)
        assert (found.status, found.headers["www-authenticate"]) == (401, "Bearer")
        assert asked(made, f"{path}?token={KEY}&access_token={KEY}").status == 401, "never in a URL"
    assert asked(made, "/api/state", authorization=f"Bearer {KEY}").status == 200
    assert KEY not in asked(made, "/api/state", authorization=f"Bearer {KEY}").body.decode()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8088", "192.168.1.5", "-", ""])
def test_by_another_name_nothing_is_answered(host: str) -> None:
    for path in ("/", "/api/state", "/metrics"):
        assert asked(site(), path, host=host).status == 421


def test_two_hosts_are_none() -> None:
    made = site()

    async def twice() -> int:
        answers: list[int] = []

        async def send(message: dict[str, int]) -> None:
            answers.append(message.get("status", 0))

        hosts = [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]
        scope = {"type": "http", "method": "GET", "path": "/", "headers": hosts, "query_string": b""}
        await made.app(scope, None, send)  # type: ignore[arg-type]
        return answers[0]

    assert asyncio.run(twice()) == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "x"])
def test_nothing_can_be_written(method: str) -> None:
    for path in ("/", "/api/state", "/api/history", "/metrics"):
        found = asked(site(), path, method)
        assert (found.status, "nothing can be written" in found.json["error"]) == (405, True)


def test_another_site_gets_nothing() -> None:
    assert asked(site(), "/api/state", sec_fetch_site="cross-site").status == 403
    assert asked(site(), "/api/state", sec_fetch_site="same-origin").status == 200
    assert "access-control-allow-origin" not in asked(site(), "/api/state", origin="https://evil.example").headers


def test_a_websocket_is_not_spoken() -> None:
    asyncio.run(site().app({"type": "websocket"}, None, None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query",
    ["from=x", "to=x", "from=nan", "from=inf", "to=1e400", "from=now&to=24h", "from=0&to=9e9", "points=0", "points=-1",
     f"points={MOST_POINTS + 1}", "points=1e3", "points=" + "9" * 5000, "from=" + "9" * 400, "from=2026-99-99",
     "from=99999999d"],
)  # fmt: skip
def test_a_question_that_cannot_be_answered_is_refused_in_words(query: str) -> None:
    found = asked(site(), f"/api/history?{query}")
    assert found.status == 400
    assert found.json["error"]


def test_the_history_has_the_span_the_points_and_the_series_that_are_asked_for(tmp_path: Path) -> None:
    write_days(tmp_path, 1_700_000_000.0, days=3, fine_days=2)
    made = site(folder=tmp_path)
    found = asked(made, "/api/history?from=1699900000&to=1700000000&points=50&series=soc_percent,no_such").json
    assert (found["api"], list(found["series"]), len(found["times"])) == (1, ["soc_percent"], 50)
    row = found["series"]["soc_percent"]
    assert row["title"] == "State of charge"
    assert all(least <= mean <= most for least, mean, most in zip(row["least"], row["mean"], row["most"], strict=True))
    assert {change["name"] for change in found["changes"]} >= {"charge"}
    everything = asked(made, "/api/history?from=1699900000&to=1700000000").json
    assert len(everything["series"]) == 12
    assert asked(made, "/api/history").json["times"] == []


# --- black boxes -----------------------------------------------------------------------------------------------------


def test_the_boxes_are_listed_and_told(written: bytes, tmp_path: Path) -> None:
    name = "gxbox-000007-bms-lost.jsonl.gz"
    (tmp_path / name).write_bytes(written)
    made = site(boxes=tmp_path)
    listed = asked(made, "/api/boxes").json
    assert [one["name"] for one in listed["boxes"]] == [name]
    assert listed["boxes"][0]["cause"] == "bms-lost"
    told = asked(made, f"/api/boxes/{name}").json
    assert told["verdict"]["title"]
    assert told["timeline"]
    assert asked(made, f"/api/boxes/{name}").json == told


@pytest.mark.parametrize(
    "name",
    ["x", "..", "../secret", "..%2fsecret", "%2e%2e/secret", "gxbox-000001-a.jsonl.gz/../secret", "/etc/passwd",
     "gxbox-000002-a.jsonl.gz", "gxbox-000003-a.jsonl.gz", "gxbox-000004-a.jsonl.gz", "gxbox-000001-a.jsonl.gz\n",
     "gxbox-000001-a.jsonl.gz%00", "\u0000"],
)  # fmt: skip
def test_nothing_but_a_box_of_the_folder_is_read(name: str, tmp_path: Path) -> None:
    """What is named like one but is a link or a folder is none."""
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "boxes"
    folder.mkdir()
    (folder / "gxbox-000002-a.jsonl.gz").symlink_to(tmp_path / "secret")
    (folder / "gxbox-000003-a.jsonl.gz").mkdir()
    made = site(boxes=folder)
    found = asked(made, f"/api/boxes/{name}")
    assert found.status == 404
    assert b"secret" not in found.body
    assert asked(made, "/api/boxes").json["boxes"] == []


def test_what_is_no_box_is_said_to_be_none(tmp_path: Path) -> None:
    for content in (b"", b"rubbish", b"\x1f\x8b\x08"):
        (tmp_path / "gxbox-000001-a.jsonl.gz").write_bytes(content)
        found = asked(site(boxes=tmp_path), "/api/boxes/gxbox-000001-a.jsonl.gz")
        assert (found.status, "not a black box" in found.json["error"]) == (422, True)


def test_a_box_for_which_there_is_no_memory_is_not_called_broken(
    written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gxbox-000001-a.jsonl.gz").write_bytes(written)
    starved = tmp_path / "python"
    starved.write_text(f'#!/bin/sh\nulimit -v 24000\nexec {sys.executable} "$@"\n')
    starved.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(starved))
    found = asked(site(boxes=tmp_path), "/api/boxes/gxbox-000001-a.jsonl.gz")
    assert (found.status, "memory" in found.json["error"]) == (507, True)


def test_a_box_that_would_take_the_memory_of_a_gx_is_not_read_to_its_end(
    written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a smaller bound than it is, so that the box need not be so large; it is read where there is no bound."""
    head, *lines, end = gzip.decompress(written).splitlines()
    path = tmp_path / "gxbox-000001-a.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([head, *lines * 150, end]), 1))
    monkeypatch.setattr(boxes, "MOST_MEMORY", 100 << 20)
    found = asked(site(boxes=tmp_path), f"/api/boxes/{path.name}")
    assert (found.status, "memory" in found.json["error"]) == (507, True)
    path.write_bytes(written)
    assert asked(site(boxes=tmp_path), f"/api/boxes/{path.name}").status == 200


def test_without_a_folder_the_list_says_why() -> None:
    assert "--boxes" in asked(site(), "/api/boxes").json["trouble"]
    assert asked(site(boxes=Path("/none")), "/api/boxes").json == {"api": 1, "boxes": [], "trouble": ""}
    assert "cannot be read" in asked(site(boxes=Path("/dev/null")), "/api/boxes").json["trouble"]
    assert asked(site(), "/api/boxes/gxbox-000001-a.jsonl.gz").status == 404


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_document_has_every_path_and_what_is_answered() -> None:
    document = asked(site(), "/api/openapi.json").json
    assert set(document["paths"]) == {
        "/api/state", "/api/events", "/api/history", "/api/boxes", "/api/boxes/{name}", "/api/openapi.json", "/metrics",
    }  # fmt: skip
    schemas = document["components"]["schemas"]
    made = site()
    for path, schema in (("/api/state", "State"), ("/api/history", "History"), ("/api/boxes", "Boxes")):
        answered = asked(made, path).json
        assert set(answered) == set(schemas[schema]["properties"]) == set(schemas[schema]["required"])
    live = asked(made, "/api/state").json["live"]
    assert set(live) == set(schemas["Live"]["properties"])
    assert all(name in schemas["Live"]["properties"]["battery"]["description"].replace("min_ and max_", "min_") or
               name.startswith("max_") for name in live["battery"])  # fmt: skip
