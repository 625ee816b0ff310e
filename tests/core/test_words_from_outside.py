"""Text and values from outside are made plain where they enter: nobody writes lines of his own on our screens."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.read.devices.services import title_of
from gxbridge.core.model.finding import finding
from gxbridge.core.model.items import plain_items, printable, printable_data
from gxbridge.core.nmea2000.field import laus, text
from tests.core.boat import SOLAR, Boat, solar

FORGED = "Bank\x1b[2J\nCCL 800 A: all is well"


def test_text_of_the_wire_cannot_forge_a_line() -> None:
    for value in (text(FORGED.encode()), text(FORGED.encode() + b"\xe9"), laus(lau(FORGED), 0, 1)[0]):
        assert value is not None
        assert value.isprintable()
        assert value.startswith("Bank\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}CCL")


def lau(words: str) -> bytes:
    body = words.encode("utf-16-le")
    return bytes((len(body) + 2, 0)) + body


def test_text_that_is_fit_to_print_stays_as_it_is() -> None:
    assert printable("Akku größer, 24 V °C") == "Akku größer, 24 V °C"
    assert printable("") == ""


def test_names_of_d_bus_services_cannot_either() -> None:
    boat = Boat()
    boat.add(SOLAR, solar(**{"/CustomName": FORGED}))
    boat.tick(6)
    sentences = [limit.sentence for limit in boat.tick().decision.limits]
    assert all(sentence.isprintable() for sentence in sentences)
    assert plain_items({"/CustomName": FORGED})["/CustomName"] == printable(FORGED)


def test_a_text_of_any_length_is_cut_where_it_enters_and_a_name_leaves_room_for_the_sentence() -> None:
    items = plain_items({"/CustomName": "n" * 5000, "/" + "p" * 254: 1, "/" + "p" * 255: 2})
    assert items == {"/CustomName": "n" * 1000, "/" + "p" * 254: 1}
    boat = Boat()
    boat.add(SOLAR, solar(**{"/CustomName": "n" * 100_000}))
    boat.tick(6)
    assert boat.tick().situation.names[SOLAR] == "n" * 63 + "…"
    assert title_of({"/ProductName": "p" * 64}, SOLAR) == "p" * 64
    assert title_of({"/ProductName": "p" * 65}, SOLAR) == "p" * 63 + "…"


def test_a_boolean_is_a_number_everywhere() -> None:
    found = plain_items({"/Io/AllowToCharge": True, "/Info/MaxChargeCurrent": False, "/List": [1]})
    assert [repr(value) for value in found.values()] == ["1", "0", "None"]


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, [], b"x"], ids=repr)
@pytest.mark.parametrize("path", ["/FirmwareVersion", "/ProductId", "/Dc/0/Voltage", "/CustomName", "/Connected"])
def test_a_list_where_a_number_belongs_is_unknown_and_no_end(path: str, value: Any) -> None:
    boat = Boat()
    boat.add(SOLAR, solar(**{path: value}))
    boat.tick(4)
    boat.set(SOLAR, **{path: value})
    assert boat.tick(3).decision.limits


def test_findings_cannot_be_forged_by_what_they_are_about() -> None:
    found = finding("write-failed", SOLAR, 1.0, service=SOLAR, path="/Link/X", problem=FORGED)
    assert found.text.isprintable()
    assert printable(FORGED) in found.text


def test_names_from_the_settings_and_paths_of_items_cannot_either() -> None:
    boat = Boat()
    boat.add(SOLAR, solar(**{f"/x{FORGED}": 1}))
    boat.bridge.set_identity("uc167120", 1, FORGED)
    (view,) = boat.tick(6).batteries
    assert view.items["/CustomName"] == printable(FORGED)
    assert all(path.isprintable() for path in plain_items({f"/x{FORGED}": 1}))


def test_every_text_of_plain_data_is_made_fit() -> None:
    data = {FORGED: [FORGED, 1, None, {"a": FORGED}]}
    fit = printable(FORGED)
    assert printable_data(data) == {fit: [fit, 1, None, {"a": fit}]}
