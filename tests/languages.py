"""What the GX's screen can say in another language, by the tables that its page has: as GxBridge_Words.js does it."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gxbridge.core.model.findings_in_monitor import IN_MONITOR, MonitorWords
from gxbridge.core.model.findings_table import FINDINGS

ROOT = Path(__file__).parent.parent
Row = Mapping[str, Any]


def maker() -> Any:
    """packaging/gui.py, which is no package's."""
    sys.path.insert(0, str(ROOT / "packaging"))
    try:
        return importlib.import_module("gui")
    finally:
        sys.path.pop(0)


class Sayings:
    """`said` collects the ids of the translations that were needed."""

    def __init__(self) -> None:
        lines = re.findall(r"^var (\w+) = (.*?)(?=^var |\Z)", maker().tables(), re.MULTILINE | re.DOTALL)
        self.tables: dict[str, Any] = {name: json.loads(value) for name, value in lines}
        self.arguments = self.tables["ARGUMENTS"]
        self.said: set[str] = set()
        amount = r"(?:-?[0-9.]+ [AV]|none|no limit)"
        self._quantity = re.compile(f"{amount}|{self.arguments['shapes']['number']}")
        self._with_value = re.compile(f"{amount} (.+)", re.DOTALL)
        self._pattern, self._piece, self.prose = cache(self._compiled), cache(longest), cache(self._prose)

    def finding(self, id: str, text: str, advice: str, arguments: Mapping[str, Any]) -> Iterator[str]:
        """The sentences of a finding that the page would leave in English."""
        rows = [row for row in self.tables["FINDINGS"] if row["id"] == id]
        for sentence, part, tr in ((text, "text", "trText"), (advice, "advice", "trAdvice")):
            row = next((row for row in rows if filled(row[part], arguments) == sentence), None)
            if sentence and (row is None or not self._known({"text": row[part], "tr": row[tr]}, arguments)):
                yield sentence

    def reason(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Can the page say this reason of a limit?"""
        row = next((row for row in self.tables["REASONS"] if name in row["ids"]), None)
        return row is not None and self._known(row, arguments)

    def _prose(self, text: str, name: str) -> bool:
        """Can the page say this argument: one thing, or several in a row?"""
        parts = re.split(r"(, | and )", text)
        for n in range(1, len(parts) + 1, 2):
            if self._one("".join(parts[:n]), name) and (n == len(parts) or self.prose("".join(parts[n + 1 :]), name)):
                return True
        return False

    def _compiled(self, template: str) -> re.Pattern[str]:
        shapes, seen = self.arguments["shapes"], re.split(r"\{(\w+)\}", template)
        parts = [f"({shapes.get(part, '.+?')})" if n % 2 else re.escape(part) for n, part in enumerate(seen)]
        return re.compile("".join(parts), re.DOTALL)

    def _known(self, row: Row, words: Mapping[str, Any]) -> bool:
        if not row["tr"] and maker().has_words(row["text"]):
            return False
        used = arguments_of(row["text"])
        known = all(words[name] == "" or self._argument(row["tr"], name, str(words[name])) for name in used)
        if known:
            self.said.add(row["tr"])
        return known

    def _argument(self, id: str, name: str, text: str) -> bool:
        begins = text[0] in ";, "
        mixed = (name in self.arguments["mixed"] and not begins) or (
            name == "why" and re.search("_(state|blackbox)-", id) is not None
        )
        strict = not mixed and name not in self.arguments["names"] and (begins or name in self.arguments["prose"])
        return self.prose(text, name) or not strict

    def _only(self, rows: Iterable[Row], text: str) -> bool:
        near = (row for row in rows if row["tr"] and self._piece(row["text"]) in text)
        matches = ((row, self._pattern(row["text"]).fullmatch(text)) for row in near)
        return any(
            match is not None and self._known(row, dict(zip(arguments_of(row["text"]), match.groups(), strict=True)))
            for row, match in matches
        )

    def _one(self, text: str, name: str) -> bool:
        if not text:
            return False
        reasons = self.tables["REASONS"]
        valued = self._with_value.fullmatch(text)
        said = [row for row in reasons if row["kind"] == "said"]
        phrases = [row for row in self.tables["PHRASES"] if not row["of"] or name in row["of"]]
        return bool(
            self._quantity.fullmatch(text)
            or (valued and self._only(said, valued[1]))
            or any(self._only([*phrases, *reasons], one) for one in (text, text[0].lower() + text[1:]))
        )


def longest(template: str) -> str:
    """Its longest piece that is no argument."""
    return max(re.split(r"\{\w+\}", template), key=len)


def arguments_of(template: str) -> list[str]:
    """Their names, as they come."""
    return re.findall(r"\{(\w+)\}", template)


def filled(template: str, words: Mapping[str, Any]) -> str:
    """As the service fills it in."""
    return re.sub(r"\{(\w+)\}", lambda match: str(words.get(match[1], match[0])), template)


SAMPLES: Mapping[str, str] = {
    "why": "nothing permits this",
    "what": "charging and discharging",
    "how": ", as long as gxbridge runs, because it says neither serial nor unique number",
    "doubt": "the connection to the BMS is lost",
    "permission": "allow_to_charge",
    "contradiction": "VREG 0x2108 says 1, VREG 0x2100 says unknown",
    "says": "temperature +12.5 °C",
    "other_says": "charge refused",
    "kept": "; it is kept as state.json.broken",
    "text": "smallBMS, allowed-to-charge terminal at input_3: open, which is stop (BMS, wire or fuse)",
    "trouble": "alarm 'low cell voltage'",
    "system": "an unlimited current left by SmartSolar, MultiPlus and 2 more",
    "soon": "at any moment",
    "cure": "Remove the line",
    "bound": "com.victronenergy.battery.x does not allow charging",
    "point": "+3 °C: 20 A to +10 °C: 60 A",
    "terminal": "pre-alarm terminal",
    "way": "out of",
    "word": "uc167120",
    "who": "Lynx Smart BMS 500",
    "input": "coldest place +3 °C of SmartShunt",
    "master": "The GX",
    "problem": "the settings service refuses /Settings/x: unknown type (-3)",
}
"""Arguments that hold words, as the service fills them in."""
OF_ONE: Mapping[str, Mapping[str, str]] = {
    "bms-silent": {"what": "is silent, or gives no charge voltage limit any more"},
    "bms-lost": {"what": "has not been heard, or has given no charge voltage limit, for a minute"},
    "bms-trouble": {
        "what": "alarm 'BMS cable' (battery communication lost), error 35, pre-charge timeout and state 10, error"
    },
    "bms-warning": {"what": "warning 'distributor A fuse 2 blown' and state 14, standby"},
    "bms-waits": {
        "what": "a device at address 3 on can0 waits for its NAME (address claim, repeated about every minute) and "
        "product (register 0x0100 or PGN 126996, sent on request)"
    },
    "limit-unreadable": {"what": "/Info/MaxChargeCurrent is the text 'ten, or so' and not a number"},
    "battery-refuses": {
        "why": " (likely: error 5, number of batteries and highest cell 3.8 V; batteries stop at 3.75 V)"
    },
    "refusal-not-obeyed": {"why": ""},
    "battery-gone": {"word": " while it refused charging; charging stays stopped until it is back"},
    "ccl-exceeded": {
        "who": "; Port and starboard makes 62 A and was told 31 A, SmartSolar makes 3 A and takes no limit, "
        "MPPT RS makes 2 A and shows 1 A as its limit"
    },
    "charge-creeps": {"who": "; SmartSolar makes 3 A", "why": "0 A said by the Lynx, error 8, internal calculation"},
    "cvl-exceeded": {"who": ""},
    "published-twice": {"mark": "the same N2K unique number 167120"},
    "product-changed": {"is_now": "a Lynx Smart BMS 500", "was": "product 0xA3E5"},
    "bank-not-chosen": {"other": "com.victronenergy.battery.x, instance 5"},
    "key-retired": {"what": "this key never had an effect; it is read by 0.1 and 0.2 and unknown from 0.3.0 on"},
    "key-doubtful": {"what": "is set twice; the last one counts", "cure": "Remove the others"},
    "state-unreadable": {"why": "Structure needs cleaning", "cure": "None needed: gxbridge writes a new file"},
    "told-despite-stop": {
        "why": "no charging is granted: smallBMS, allowed-to-charge terminal at input_3: "
        "unknown (the input is not there), which counts as stop"
    },
    "told-over-limit": {"why": "said by the Lynx Smart BMS 500"},
}


def words_for(id: str, names: Iterable[str] | None = None) -> dict[str, str]:
    """Arguments of a finding, or of these names, as the service fills them in; names and numbers are `name 1`."""
    if names is None:
        monitor = IN_MONITOR.get(id, MonitorWords())
        texts = (FINDINGS[id].text, FINDINGS[id].advice, monitor.text or "", monitor.advice or "")
        names = arguments_of("".join(texts))
    return {name: OF_ONE.get(id, {}).get(name, SAMPLES.get(name, f"{name} 1")) for name in names}
