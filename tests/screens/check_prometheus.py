"""A real Prometheus scrapes the page, and answers every question of the dashboard for Grafana.

Run by `make check-screens`; needs the Debian package prometheus.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands.gx import Gx
from tests.edge.dbus_daemon import DBusDaemon, program
from tests.web.asking import seen
from tests.web.test_live import page, services

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "docs" / "examples" / "gxbridge-dashboard.json").read_text(encoding="utf-8"))
STARTS_WITHIN_S = 30.0
NOT_READY = 503
CONFIG = """
scrape_configs:
  - job_name: gxbridge
    scrape_interval: 1s
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""
QUESTIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def answers(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - a Prometheus of this test
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return None if error.code == NOT_READY else json.load(error)
    except OSError:
        return None


@contextmanager
def prometheus(folder: Path, port: int) -> Iterator[str]:
    """A Prometheus that scrapes this port, ended by its process id; its address."""
    (folder / "prometheus.yml").write_text(CONFIG.format(port=port))
    own = free_port()
    command = [program("prometheus", "prometheus"), f"--config.file={folder}/prometheus.yml",
               f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{own}"]  # fmt: skip
    with (folder / "log").open("w") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{own}"
        deadline = time.monotonic() + STARTS_WITHIN_S
        while (answers(f"{url}/api/v1/query?query=gxbridge_up") or {}).get("data", {}).get("result", []) == []:
            assert child.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, f"no sample within {STARTS_WITHIN_S} s: {(folder / 'log').read_text()}"
            time.sleep(0.3)
        yield url
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    made = services()
    own = seen(_Can_can0_Load=12.0, _Can_can0_LastFrameAt=int(time.time()), _Findings_Count=0)
    for name, items in own.items.items():
        made[name] = {**items, **made.get(name, {})}
    explained = json.loads(str(made["com.victronenergy.gxbridge"]["/Explain/Json"]))
    solar = next(limit["subject"] for limit in explained["limits"] if limit["name"] == "charger")
    made["com.victronenergy.gxbridge"] |= {"/Limits/Charger/0/Service": solar, "/Limits/Charger/0/Name": 'A "name"\\'}
    battery = made[str(explained["bms"]["service"])]
    battery |= {"/System/MinCellTemperature": 20.0, "/System/MaxCellTemperature": 22.0}
    with DBusDaemon() as daemon, Gx(daemon.address, made):  # type: ignore[arg-type]
        folder = tmp_path_factory.mktemp("prometheus")
        with page(daemon.address, folder / "history") as running, prometheus(folder, running.port) as url:
            yield url


def ask(url: str, question: str) -> Any:
    return answers(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': question})}")


def test_the_scrape_is_taken_as_openmetrics_without_a_complaint(scraped: str) -> None:
    (target,) = answers(f"{scraped}/api/v1/targets")["data"]["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert ask(scraped, "gxbridge_battery_voltage_volts")["data"]["result"][0]["value"][1] == "26.4"
    metadata = answers(f"{scraped}/api/v1/targets/metadata?metric=gxbridge_battery_voltage_volts")["data"]
    assert metadata[0]["type"] == "gauge"
    assert metadata[0]["help"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_of_the_dashboard_is_answered(scraped: str, question: str) -> None:
    answer = ask(scraped, question.replace("$instance", ".*"))
    assert answer["status"] == "success", answer
    assert answer["data"]["result"], f"no series for {question}"


def test_the_dashboard_asks_for_no_metric_that_is_not_there(scraped: str) -> None:
    names = set(answers(f"{scraped}/api/v1/label/__name__/values")["data"])
    asked = set(re.findall(r"gxbridge_\w+", " ".join(QUESTIONS)))
    assert asked <= names
    label = DASHBOARD["templating"]["list"][1]["definition"]
    assert re.fullmatch(r"label_values\((\w+), instance\)", label)


def test_a_name_with_quotes_comes_through_whole(scraped: str) -> None:
    found = ask(scraped, "gxbridge_charger_made_amperes")["data"]["result"]
    assert [one["metric"]["name"] for one in found] == ['A "name"\\']
