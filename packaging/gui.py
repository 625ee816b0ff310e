"""Makes the page "Limits and why" for the GX's screen: one JSON file that gui-v2 loads.

    python packaging/gui.py INTO

It needs Qt's rcc and lrelease, at build time only: those of PySide6-Essentials, or of Debian (qt6-base-dev-tools and
qt6-l10n-tools). The same tools make the same bytes of the same input. Sources and translations are in service/gui-v2/.

What the page may say in another language is made from the tables of reasons and findings, so that a new one is shown
in English until somebody translates it.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pins import ROOT

from gxbridge import __version__
from gxbridge.core.dvcc.limit.reasons import REASONS
from gxbridge.core.model.findings_in_monitor import IN_MONITOR
from gxbridge.core.model.findings_table import FINDINGS
from gxbridge.core.nmea2000.database import database
from gxbridge.core.publish.own_paths import OWN_PRODUCT_ID
from gxbridge.strict_yaml.document import load_tables

NAME = "GxBridge"
"""Of the plugin, its folder and its file: all three must be the same for browsers, which get it over MQTT."""
SOURCE = ROOT / "service" / "gui-v2"
LEAST_GUI = "1.2.14"
"""gui-v2 of 2025-10, the first with DeviceListPluginPage."""
LANGUAGES = ("de", "nl", "fr", "es")
FAMILIES = ("lynx-smart-bms", "lynx-smart-bms-ng", "lynx-parallel")
DEBIAN = "/usr/lib/qt6/libexec:/usr/lib/qt6/bin"

NUMBER = "[-+]?[0-9.]+(?:e[-+]?[0-9]+)?"
ARGUMENTS: dict[str, Any] = {
    # Words of English: a sentence is translated only where these are too.
    "prose": [
        *("why", "what", "how", "doubt", "permission", "contradiction", "says", "other_says", "kept", "text"),
        *("trouble", "system", "soon", "cure", "bound", "point", "terminal", "way", "charged_by", "likely", "missing"),
        *("releases", "bms_error", "bms_state", "charge_word", "discharge_word"),
    ],
    # A name, a value or what a driver says, and at times words of ours: those are translated, the rest stays as it is.
    "mixed": [
        *("who", "word", "input", "state", "device", "bms", "vebus_bms", "master", "other", "shown", "said", "sent"),
        *("limit", "allowed", "channel", "other_channel", "mark", "is_now", "was", "alarm", "problem", "reason"),
        *("fault", "can_problem", "trouble_text", "refusal"),
    ],
    # Names in a row: `A, B and 2 more`.
    "names": ["devices", "instances", "members", "others", "names", "which", "loads"],
    # Words inside a phrase that are not any words, as regular expressions.
    "shapes": {
        "number": NUMBER,
        "other_number": NUMBER,
        "alarm": "[^']+",
        "charger": "(?!was told |shows |takes no limit)(?:(?! makes ).)+?",
        "letter": "[A-Z]",
        "charge_word": "[a-z]+",
        "discharge_word": "[a-z]+",
    },
}
"""What the arguments of sentences and phrases hold, by name. Every other one is a name, a number or a path."""

NO_QT = 3
"""Exit code without Qt's tools: nothing is wrong, and nothing was made."""

Rows = list[dict[str, Any]]


class NoQtError(Exception):
    """Qt's tools are not here; the text says which."""


def tool(name: str) -> str:
    """The path of rcc or lrelease. Raises NoQtError."""
    places = DEBIAN + os.pathsep + os.environ.get("PATH", "")
    qt = importlib.util.find_spec("PySide6")
    if qt is not None and qt.submodule_search_locations:
        folder = Path(next(iter(qt.submodule_search_locations)))
        places = os.pathsep.join((str(folder / "Qt" / "libexec"), str(folder), places))
    here = (shutil.which(name, path=place) for place in places.split(os.pathsep))
    # Debian's qtchooser is there without the tool that it would start.
    found = next((path for path in here if path and Path(path).resolve().name != "qtchooser"), None)
    if found is None:
        raise NoQtError(
            f"{name} is not here (pip install PySide6-Essentials, or apt-get install qt6-base-dev-tools qt6-l10n-tools)"
        )
    return found


# --- what is translated ----------------------------------------------------------------------------------------------


def read(name: str) -> Rows:
    """One file of translations."""
    path = SOURCE / "translations" / f"{name}.yaml"
    rows: Rows = load_tables(path.read_bytes(), str(path))
    return rows


def has_words(template: str) -> bool:
    """Is there anything to translate beside the arguments?"""
    return re.search(r"\w", re.sub(r"\{\w+\}", "", template)) is not None


def bare_length(row: Mapping[str, Any]) -> int:
    """Sorts what says most beside its arguments to the front."""
    return -len(re.sub(r"\{\w+\}", "", row["text"]))


def identifiers() -> dict[str, str]:
    """English sentence -> id of its translation; where several have the same one, the first gives it its name."""
    found: dict[str, str] = {}
    for name, reason in REASONS.items():
        found.setdefault(reason.text, f"gxbridge_reason_{name}")
    for id, row in FINDINGS.items():
        found.setdefault(row.text, f"gxbridge_finding_{id}")
        found.setdefault(row.advice, f"gxbridge_advice_{id}")
    for id, words in IN_MONITOR.items():
        found.setdefault(words.text or "", f"gxbridge_finding_{id}_in_monitor")
        found.setdefault(words.advice or "", f"gxbridge_advice_{id}_in_monitor")
    return {text: id for text, id in found.items() if has_words(text)}


def phrases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Words that come as arguments, each with the id of its translation: one may say several things."""
    return ((f"gxbridge_phrase_{n}", row) for n, row in enumerate(read("phrases")))


def translations() -> dict[str, dict[str, str]]:
    """Language -> id -> text, English for what the pages themselves say."""
    named = identifiers()
    found: dict[str, dict[str, str]] = {language: {} for language in ("en", *LANGUAGES)}
    for row in read("page"):
        for language in found:
            found[language][row["id"]] = row[language]
    rows = [row for name in ("reasons", "findings", "advice") for row in read(name) if row["en"] in named]
    for id, row in (*((named[row["en"]], row) for row in rows), *phrases()):
        for language in LANGUAGES:
            found[language][id] = row[language]
    return found


def stale() -> list[str]:
    """English sentences that are translated and that nothing says any more."""
    named = identifiers()
    return [row["en"] for name in ("reasons", "findings", "advice") for row in read(name) if row["en"] not in named]


def translation_source(language: str, texts: Mapping[str, str]) -> str:
    """A .ts file, by ids."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<!DOCTYPE TS>", f'<TS version="2.1" language="{language}">']
    lines += ["<context>", "<name></name>"]
    for id in sorted(texts):
        lines.append(f"<message id={quoteattr(id)}><source>{escape(id)}</source>")
        lines.append(f"<translation>{escape(texts[id])}</translation></message>")
    return "\n".join([*lines, "</context>", "</TS>", ""])


def tables() -> str:
    """GxBridge_Tables.js: the English sentences, by which the page knows what it is about to translate."""
    named = identifiers()
    reasons: dict[str, dict[str, Any]] = {}
    for name, reason in REASONS.items():
        row: dict[str, Any] = {
            "ids": [],
            "kind": reason.kind,
            "named": reason.named,
            "text": reason.text,
            "tr": named.get(reason.text, ""),
        }
        reasons.setdefault(reason.text, row)["ids"].append(name)
    findings = []
    for id, found in FINDINGS.items():
        monitor = IN_MONITOR.get(id)
        for words in (found, monitor) if monitor else (found,):
            text, advice = words.text or found.text, found.advice if words.advice is None else words.advice
            translated = {"trText": named.get(text, ""), "trAdvice": named.get(advice, "")}
            findings.append({"id": id, "text": text, "advice": advice, **translated})
    said: Rows = [{"text": row["en"], "tr": id, "of": row.get("of", [])} for id, row in phrases()]
    made = {
        "REASONS": sorted(reasons.values(), key=bare_length),
        "PHRASES": sorted(said, key=bare_length),
        "FINDINGS": findings,
        "ARGUMENTS": ARGUMENTS,
    }
    lines = [".pragma library", "// Made by packaging/gui.py. What says most is tried first."]
    lines += [f"var {name} = {json.dumps(value, ensure_ascii=False, indent=0)}" for name, value in made.items()]
    return "\n".join([*lines, ""])


# --- what gui-v2 loads -----------------------------------------------------------------------------------------------


def lynx_products() -> list[str]:
    """Product ids as gui-v2 compares them: `0xA3E5`."""
    found = sorted(number for number, product in database().products.items() if product.family in FAMILIES)
    return [f"0x{number:X}" for number in (*found, OWN_PRODUCT_ID)]


def call(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{Path(str(command[0])).name}: {done.stderr.strip() or done.stdout.strip()}")


def resource(folder: Path) -> bytes:
    """The Qt resource, made in this empty folder. Format 1 has no time stamps in it. Raises NoQtError."""
    lrelease, rcc = tool("lrelease"), tool("rcc")
    for path in sorted(SOURCE.glob(f"{NAME}_*")):
        shutil.copyfile(path, folder / path.name)
    (folder / f"{NAME}_Tables.js").write_text(tables(), encoding="utf-8")
    for language, texts in translations().items():
        source = folder / f"{language}.ts"
        source.write_text(translation_source(language, texts), encoding="utf-8")
        call(lrelease, "-silent", "-idbased", source, "-qm", folder / f"{NAME}_{language}.qm")
    return pack(rcc, folder, sorted(path.name for path in folder.glob(f"{NAME}_*")))


def pack(rcc: str, folder: Path, names: Iterable[str]) -> bytes:
    files = "".join(f"<file>{name}</file>" for name in names)
    qrc = folder / f"{NAME}.qrc"
    qrc.write_text(f'<RCC><qresource prefix="/{NAME}">{files}</qresource></RCC>\n', encoding="utf-8")
    made = folder / f"{NAME}.rcc"
    call(rcc, "--binary", "--format-version", "1", "--compress-algo", "zlib", "--output", made, qrc)
    return made.read_bytes()


def plugin() -> bytes:
    """The JSON file. Raises NoQtError."""
    with tempfile.TemporaryDirectory(prefix="gxgui") as folder:
        packed = resource(Path(folder))
    page = {"url": f"qrc:/{NAME}/{NAME}_PageBattery.qml", "title": "gxbridge_title"}
    content = {
        "name": NAME,
        "version": __version__,
        "minRequiredVersion": LEAST_GUI,
        "maxRequiredVersion": "",
        "translations": [f"qrc:/{NAME}/{NAME}_{language}.qm" for language in ("en", *LANGUAGES)],
        "integrations": [
            {"type": 1, "url": f"qrc:/{NAME}/{NAME}_PageLimits.qml"},
            *({"type": 2, "productId": number, **page} for number in lynx_products()),
        ],
        "resource": base64.b64encode(packed).decode("ascii"),
    }
    return (json.dumps(content, indent=4) + "\n").encode()


def main() -> None:
    into = Path(sys.argv[1])
    into.mkdir(parents=True, exist_ok=True)
    try:
        (into / f"{NAME}.json").write_bytes(plugin())
    except NoQtError as error:
        print(error, file=sys.stderr)
        sys.exit(NO_QT)
    print(into / f"{NAME}.json")


if __name__ == "__main__":
    main()
