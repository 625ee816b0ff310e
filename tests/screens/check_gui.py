"""The page for the GX's screen, in a real Qt Quick engine, bound to what the real service publishes.

Run by `make check-screens`; needs PySide6-Essentials.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtQml import QJSEngine

from gxbridge import __version__
from gxbridge.core.dvcc.limit.reasons import REASONS, reason_text
from gxbridge.core.model.finding import Finding, finding
from gxbridge.core.model.findings_in_monitor import in_monitor
from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.core.publish.own_paths import pattern_of
from tests.languages import arguments_of, maker, words_for
from tests.screens.boat import Items, moments, own

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = ("en", "de", "nl", "fr", "es")
OWN = "dbus/com.victronenergy.gxbridge"


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gui") / "GxBridge.json"
    path.write_bytes(maker().plugin())
    return path


@pytest.fixture(scope="session")
def day() -> list[Items]:
    """The simulated boat: all is well; a high cell; frost."""
    return moments(
        (
            {"lynx": {"set": {"rise_v": 0.22}, "over_s": 0}},
            lambda items: 0 < (own(items)["/Limits/Ccl/Value"] or 0) < 200,
        ),
        (
            {"lynx": {"set": {"rise_v": 0.02, "temperature_c": 3.0}, "over_s": 0}},
            lambda items: (
                own(items)["/Limits/Ccl/ReasonId"] == "bms-ccl"
                and "(likely: coldest cell" in own(items)["/Limits/Ccl/Reason"]
                and own(items)["/Limits/Charger/0/Value"] == 0
                and battery_of(items)["/Io/AllowToCharge"] == 0
            ),
        ),
    )


def battery_of(items: Items) -> dict[str, Any]:
    return next(values for service, values in items.items() if service.startswith("com.victronenergy.battery."))


def by_uid(items: Items) -> dict[str, Any]:
    """As gui-v2 knows them on a GX."""
    return {f"dbus/{service}{path}": value for service, values in items.items() for path, value in values.items()}


def show(plugin: Path, tmp_path: Path, items: Mapping[str, Any], page: str, *arguments: str) -> dict[str, list[str]]:
    """What stands on a page; fails where Qt complains of anything."""
    given = tmp_path / "items.json"
    given.write_text(json.dumps(items))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software", "TZ": "UTC"}
    command = [sys.executable, "-m", "tests.screens.qt_scene", str(plugin), str(given), page, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    said: dict[str, list[str]] = json.loads(done.stdout)
    assert said["warnings"] == []
    return said


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_file_has_what_gui_v2_asks_for(plugin: Path) -> None:
    said = json.loads(plugin.read_text())
    assert (said["name"], said["version"], said["minRequiredVersion"]) == ("GxBridge", __version__, "1.2.14")
    kinds = [(item["type"], item.get("productId")) for item in said["integrations"]]
    lynx = ["0xA3E3", "0xA3E4", "0xA3E5", "0xA3E6", "0xA3E7"]
    assert kinds == [(1, None), *((2, number) for number in lynx), (2, "0xBA78")]
    assert all(item["url"].startswith("qrc:/GxBridge/GxBridge_Page") for item in said["integrations"])
    assert all(item["title"] for item in said["integrations"] if item["type"] == 2)


def test_the_same_sources_make_the_same_bytes(plugin: Path) -> None:
    assert maker().plugin() == plugin.read_bytes()


def test_without_qt_the_maker_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    gui = maker()
    monkeypatch.setattr(gui.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(gui, "DEBIAN", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(gui.NoQtError, match=r"(rcc|lrelease) is not here"):
        gui.plugin()


def test_every_page_asks_only_for_paths_that_are_published(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    items = by_uid(day[2])
    asked = show(plugin, tmp_path, items, "GxBridge_PageLimits.qml")["asked"]
    ours = [uid.removeprefix(OWN) for uid in asked if uid.startswith(OWN)]
    assert len(ours) > 40
    patterns = {row.path for row in importlib.import_module("gxbridge.core.publish.own_paths").OWN_PATHS}
    assert [path for path in ours if pattern_of(path) not in patterns] == []


# --- what it shows ---------------------------------------------------------------------------------------------------


def test_the_sentences_are_the_services(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    for items in day:
        texts = "\n".join(show(plugin, tmp_path, by_uid(items), "GxBridge_PageLimits.qml", "--height", "1600")["texts"])
        for name in ("Cvl", "Ccl", "Dcl"):
            sentence = own(items)[f"/Limits/{name}/Reason"].partition(": ")[2]
            told, _, following = sentence.partition(" Next: ")
            assert (told[0].upper() + told[1:]) in texts
            assert not following or f"Next: {following.removesuffix('.')}" in texts
        for n in range(3):
            assert own(items)[f"/Limits/Charger/{n}/Name"] in texts


def test_what_a_charger_makes_comes_from_its_own_service(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    items = by_uid(day[0])
    service = own(day[0])["/Limits/Charger/0/Service"]
    items[f"dbus/{service}/Dc/0/Current"] = 41.25
    assert any("Makes 41.3 A" in text for text in show(plugin, tmp_path, items, "GxBridge_PageLimits.qml")["texts"])
    asked = show(plugin, tmp_path, over_mqtt(day[0]), "GxBridge_PageLimits.qml", "--mqtt")["asked"]
    instance = own(day[0])["/Limits/Charger/0/DeviceInstance"]
    assert f"mqtt/{service.split('.')[2]}/{instance}/Dc/0/Current" in asked


def over_mqtt(items: Items) -> dict[str, Any]:
    """As the GUI in a browser knows them."""
    return {
        f"mqtt/{service.split('.')[2]}/{values.get('/DeviceInstance', 0)}{path}": value
        for service, values in items.items()
        for path, value in values.items()
    }


def test_the_page_of_a_battery_has_its_permissions_and_cells(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    battery = next(service for service in day[2] if service.startswith("com.victronenergy.battery."))
    said = show(plugin, tmp_path, by_uid(day[2]), "GxBridge_PageBattery.qml", "--device", f"dbus/{battery}")["texts"]
    assert said[said.index("Allows charging") + 1] == "no"
    assert said[said.index("Allows discharging") + 1] == "yes"
    assert re.fullmatch(r"\d\.\d{3} – \d\.\d{3} V", said[said.index("Cells, lowest to highest") + 1])


def test_a_distributor_and_its_blown_fuse_are_shown(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    items = by_uid(day[0]) | {"dbus/b/Distributor/B/Status": 1, "dbus/b/Distributor/B/Fuse/2/Status": 3}
    said = show(plugin, tmp_path, items, "GxBridge_PageBattery.qml", "--device", "dbus/b")["texts"]
    at = said.index("Distributor B")
    assert said[at : at + 3] == ["Distributor B", "connected", "fuse 3 is blown"]
    assert "unknown" in said, "a permission that is not there is none"


def test_what_changes_on_the_bus_changes_on_the_page(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    later = json.dumps({uid: value for uid, value in by_uid(day[2]).items() if uid.startswith(OWN)})
    said = show(plugin, tmp_path, by_uid(day[0]), "GxBridge_PageLimits.qml", "--change", later)["texts"]
    assert any("coldest cell" in text for text in said)


def test_without_the_service_the_page_says_so_and_nothing_else(plugin: Path, tmp_path: Path) -> None:
    said = show(plugin, tmp_path, {}, "GxBridge_PageLimits.qml")["texts"]
    assert "gxbridge is not running" in said
    assert [text for text in said if re.search(r"\d", text)] == []


# --- languages -------------------------------------------------------------------------------------------------------


def test_german_says_the_same_as_the_service(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    said = show(plugin, tmp_path, by_uid(day[2]), "GxBridge_PageLimits.qml", "--language", "de")["texts"]
    assert "Grenzen und warum" in said
    name = own(day[2])["/Bms/Name"]
    ccl = next(text for text in said if text.startswith(f"Vorgegeben vom {name} (wahrscheinlich: kälteste Zelle +"))
    assert ccl.splitlines()[0].endswith("°C; ab Werk endet das Laden unter +5 °C).")
    told = next(text for text in said if text.startswith("Kein Laden wird gewährt: 0 A vorgegeben vom"))
    assert re.search(r"\nDanach: seine eigene Einstellung [57]0 A\n", told)


@pytest.mark.parametrize(
    ("read", "at", "german"),
    [
        ("coldest place +3 °C of SmartShunt", "+3 °C: 20 A to +10 °C: 60 A",
         "kälteste Stelle +3 °C (SmartShunt), Kurve +3 °C: 20 A bis +10 °C: 60 A"),
        ("state of charge 80 %", "from 80 %: 0 A", "Ladezustand 80 %, Kurve ab 80 %: 0 A"),
        ("time of day", "up to 22:00: 5 A", "Uhrzeit, Kurve bis 22:00: 5 A"),
    ],
)  # fmt: skip
def test_a_rule_is_told_with_its_point_in_german(
    plugin: Path, tmp_path: Path, day: list[Items], read: str, at: str, german: str
) -> None:
    items = by_uid(day[2]) | {
        f"{OWN}/Limits/Ccl/Reason": f"CCL 20 A: rule gentle: {read}, curve {at}. Next: 60 A said by the Lynx.",
        f"{OWN}/Limits/Ccl/ReasonId": "rule",
        f"{OWN}/Limits/Ccl/ReasonArguments": json.dumps({"rule": "gentle", "input": read, "point": at}),
    }
    said = show(plugin, tmp_path, items, "GxBridge_PageLimits.qml", "--language", "de")["texts"]
    assert any(f"Regel gentle: {german}" in text for text in said), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_shows_every_row(plugin: Path, tmp_path: Path, day: list[Items], language: str) -> None:
    arguments = ("--language", language, "--height", "1600")
    english = show(plugin, tmp_path, by_uid(day[1]), "GxBridge_PageLimits.qml", "--height", "1600")["texts"]
    said = show(plugin, tmp_path, by_uid(day[1]), "GxBridge_PageLimits.qml", *arguments)["texts"]
    assert len(said) == len(english)
    assert not any(text.startswith("gxbridge_") for text in said), "an id is no text"


def test_a_language_without_translation_is_shown_in_english(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    japanese = show(plugin, tmp_path, by_uid(day[1]), "GxBridge_PageLimits.qml", "--language", "ja")
    assert japanese == show(plugin, tmp_path, by_uid(day[1]), "GxBridge_PageLimits.qml")


@pytest.mark.parametrize(
    "change",
    [
        {"/Limits/Ccl/Reason": "CCL 0 A: a sentence of another version."},
        {"/Limits/Ccl/ReasonId": "of-another-version"},
        {"/Limits/Ccl/ReasonArguments": "{}"},
        {"/Limits/Ccl/ReasonArguments": "no JSON"},
    ],
    ids=lambda item: next(iter(item)),
)
def test_what_does_not_fit_is_shown_in_english(
    plugin: Path, tmp_path: Path, day: list[Items], change: dict[str, str]
) -> None:
    items = by_uid(day[2]) | {OWN + path: value for path, value in change.items()}
    sentence = items[f"{OWN}/Limits/Ccl/Reason"].partition(": ")[2].partition(" Next: ")[0]
    said = show(plugin, tmp_path, items, "GxBridge_PageLimits.qml", "--language", "de")["texts"]
    assert any(text.startswith(sentence[0].upper() + sentence[1:]) for text in said)


def test_a_name_cannot_bring_html_to_the_screen(plugin: Path, tmp_path: Path, day: list[Items]) -> None:
    items = by_uid(day[0]) | {f"{OWN}/Limits/Charger/0/Name": "<img src='http://example.com/x'>"}
    said = show(plugin, tmp_path, items, "GxBridge_PageLimits.qml")["texts"]
    assert [text for text in said if "<" in text] == []


def some_findings(mode: str) -> dict[str, Any]:
    """32 findings as the service would publish them, each with arguments of its own."""
    found: dict[str, Any] = {"/Connected": 1, "/Findings/Count": 32}
    for n, id in enumerate(list(FINDINGS)[:: max(1, len(FINDINGS) // 32)][:32]):
        said = made(id, mode)
        values = {"Id": id, "Severity": said.severity, "Text": said.text, "Advice": said.advice}
        found |= {f"/Findings/{n}/{name}": value for name, value in values.items()}
        found[f"/Findings/{n}/Arguments"] = json.dumps(dict(said.arguments))
    return {OWN + path: value for path, value in found.items()}


def made(id: str, mode: str) -> Finding:
    """A finding with such arguments as it has from the service."""
    found = finding(id, "", 0.0, None, **words_for(id))
    return in_monitor(found) if mode == "monitor" else found


@pytest.mark.parametrize("mode", ["control", "monitor"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_findings_are_told_in_either_mode(plugin: Path, tmp_path: Path, mode: str, language: str) -> None:
    items = some_findings(mode)
    said = show(plugin, tmp_path, items, "GxBridge_PageLimits.qml", "--language", language)["texts"]
    kept = [n for n in range(32) if items[f"{OWN}/Findings/{n}/Text"] in said]
    if language == "en":
        assert len(kept) == 32
        advice = [items[f"{OWN}/Findings/{n}/Advice"] for n in range(32)]
        assert [text for text in advice if text and text not in said] == []
    else:
        assert kept == []
        assert not any(text.startswith("gxbridge_") or "{" in text for text in said)


LEFT = re.compile(r"[{}]|gxbridge_|undefined|and was told|as its limit|makes \d|takes no|likely|warning|is granted")
"""What never stands in a sentence of another language."""


def words_of(language: str) -> QJSEngine:
    """GxBridge_Words.js alone, with the translations of a language."""
    gui, engine = maker(), QJSEngine(QCoreApplication.instance() or QCoreApplication([]))
    source = "\n".join((gui.tables(), (gui.SOURCE / "GxBridge_Words.js").read_text()))
    source = re.sub(r"^\.(pragma|import).*$", "", source, flags=re.MULTILINE)
    tables = ", ".join(re.findall(r"^var (\w+) =", source, re.MULTILINE))
    texts = json.dumps(gui.translations()[language])
    head = f"const TEXTS = {texts}; function qsTrId(id) {{ return TEXTS[id] || id }}; var Tables = {{}};"
    source = source.replace("const AMOUNT", f"Tables = {{ {tables} }};\nconst AMOUNT", 1)
    read = engine.evaluate(f"{head}\n{source}")
    assert not read.isError(), read.toString()
    return engine


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_finding_is_told_in_every_language(language: str) -> None:
    engine = words_of(language)
    for said in (made(id, mode) for id in FINDINGS for mode in ("control", "monitor")):
        given = json.dumps([said.id, json.dumps(dict(said.arguments)), said.text, said.advice], ensure_ascii=False)
        text, advice = json.loads(engine.evaluate(f"JSON.stringify(Object.values(finding(...{given})))").toString())
        assert text != said.text, said.id
        assert (advice != said.advice) == (said.advice != ""), said.id
        assert not re.search(
            r"[{}]|gxbridge_|undefined|and was told|as its limit|makes \d|takes no|likely|warning|granted",
            text + advice,
        ), text


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_reason_is_told_in_every_language(language: str) -> None:
    engine = words_of(language)
    for name in REASONS:
        words = words_for(name, arguments_of(REASONS[name].text))
        english = reason_text(name, **words)
        sentence = f"CCL 5 A: {english}. Next: user limit 60 A."
        given = json.dumps([sentence, name, json.dumps(words)], ensure_ascii=False)
        text, after = json.loads(engine.evaluate(f"JSON.stringify(Object.values(limit(...{given})))").toString())
        assert text.rstrip(".").lower() != english.lower(), name
        assert "60 A" in after
        assert "user" not in after
        assert not re.search(r"[{}]|gxbridge_|undefined", text), text


def test_the_page_is_in_the_bundle() -> None:
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        page = importlib.import_module("bundle").gui_page()
    finally:
        sys.path.pop(0)
    assert list(page) == ["service/gui-v2/GxBridge.json"]
