"""The pictures of terminals: what is drawn is what the program wrote, and what dbus-spy wrote once still holds.

Run by `make check-screens`; needs pyte.
"""

from __future__ import annotations

import os
import re
import sys
from html import unescape
from pathlib import Path

import pytest

from gxbridge.core.publish.battery_paths import specs
from gxbridge.core.publish.own_paths import OWN_PATHS
from tests.screens.pictures import SPY_RECORDING
from tests.screens.terminal import NeverSeenError, Recording, read_recording, recorded

SCREEN = (40, 6)


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def read(picture: Path) -> list[str]:
    """The texts of a picture, each with the blanks around it."""
    rows = re.findall(r"<text [^>]*>([^<]*)</text>", picture.read_text(encoding="utf-8"))
    return [unescape(row).replace("\xa0", " ").strip("\n") for row in rows]


def test_a_picture_has_the_words_and_colours_of_the_screen_and_asks_nobody(tmp_path: Path) -> None:
    wrote = ((0.0, "old\x1b[H\x1b[2J\x1b[1;31mCCL 0 A\x1b[0m said by <Lynx> & Co\r\n\x1b[93;44m3.65 V\x1b[0m"),)
    picture = tmp_path / "a.svg"
    Recording(*SCREEN, "a test", wrote).draw("a title", picture)
    words = [row.rstrip() for row in read(picture) if row.strip()]
    assert words == [
        "a title",
        "CCL 0 A",
        " said by <Lynx> & Co",
        "3.65 V",
    ]
    text = picture.read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[^\"' ]+", text) == ["http://www.w3.org/2000/svg"]
    assert "font-weight: bold" in text


def test_what_a_program_draws_is_recorded_and_keys_are_pressed(tmp_path: Path) -> None:
    told = "print('ready', flush=True); print('got', input(), *__import__('os').get_terminal_size()); input()"
    found = recorded("a test", program(told), SCREEN, [("ready", "key\n"), ("got key 40 6", "")], 30, os.environ)
    assert found.lines()[:3] == ["ready", "key", "got key 40 6"]
    found.keep(tmp_path / "a.cast")
    kept = read_recording(tmp_path / "a.cast")
    assert (kept.of, kept.lines()) == ("a test", found.lines())


def test_only_what_makes_the_last_screen_is_kept() -> None:
    whole = Recording(*SCREEN, "", ((0.0, "first\x1b[H\x1b[2Jsec"), (1.0, "ond\x1b[H\x1b[2Jthi"), (2.0, "rd")))
    assert whole.from_last_clear().written == ((0.0, "\x1b[H\x1b[2Jthird"),)
    assert Recording(*SCREEN, "", ((0.0, "never"),)).from_last_clear().written == ((0.0, "never"),)


@pytest.mark.parametrize("told", ["print('other')", "print('other', flush=True); input()"], ids=["ends", "waits"])
def test_what_never_comes_is_said_with_what_was_there(told: str) -> None:
    with pytest.raises(NeverSeenError, match=r"'wanted'(.|\n)*other"):
        recorded("a test", program(told), SCREEN, [("wanted", "")], 2, os.environ)


def test_what_dbus_spy_wrote_is_of_paths_that_are_published() -> None:
    kept = read_recording(SPY_RECORDING)
    assert "victronenergy/dbus-spy" in kept.of
    rows = dict(line.split(maxsplit=1) for line in kept.lines()[1:] if line)
    published = {row.path for row in OWN_PATHS} | set(specs("bms", balances=True))
    assert [path for path in rows if path.startswith("/") and path not in published] == []
    assert (rows["/Info/MaxChargeCurrent"], rows["/Io/AllowToCharge"], rows["/Limits/Ccl/Value"]) == ("0", "0", "0")
    for limit, path in (("CVL", "/Info/MaxChargeVoltage"), ("DCL", "/Info/MaxDischargeCurrent")):
        name = limit.capitalize()
        assert rows[f"/Limits/{name}/Value"] == rows[path]
        assert rows[f"/Limits/{name}/Reason"].startswith(f"{limit} {rows[path]} ")
    assert "coldest cell" in rows["/Limits/Ccl/Reason"]
