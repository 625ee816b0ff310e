"""From the text of a feed to a value, and every word that the tables use."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.port.facts import COMPUTED, facts_of
from gxbridge.core.port.feeds import CONVERSIONS, source_of
from gxbridge.core.port.tables import VECAN_DEVICE, kind_of_family, kinds, quantities_of, registers_of, service_table
from gxbridge.core.port.vecan_service import vecan_items
from gxbridge.core.vecan.node import Node
from tests.core.port.port_boat import named


def test_a_feed_names_message_field_instance_and_conversion() -> None:
    source = source_of("127508#1.temperature|celsius")
    assert (source.pgn, source.register, source.fields, source.nth) == (127508, None, ("temperature",), 1)
    assert source.label == "PGN 127508"
    assert source.read(300.0) == 26.85
    register = source_of("0xED8D")
    assert (register.register, register.fields, register.label) == (0xED8D, ("dc_channel1_voltage",), "VREG 0xED8D")
    assert source_of("0xEEFF.mk2can_vebus_error").fields == ("mk2can_vebus_error",)


@pytest.mark.parametrize("feed", ["0xED8D.no_such", "127508.no_such", "nonsense"])
def test_a_feed_that_the_build_would_refuse_is_no_source(feed: str) -> None:
    with pytest.raises(KeyError):
        source_of(feed)


@pytest.mark.parametrize(
    ("feed", "raw", "value"),
    [
        ("0x020B|bit(1)", 0b10, 1),
        ("0x020B|bit(0)", 0b10, 0),
        ("0x0333|level(4)", 0b110000, 2),
        ("0x0333|level(4)", 0b010000, 0),
        ("0x0333|level(4)", 0b001111, None),
        ("0x2121.low_soc|alarm", 1, 2),
        ("0x2121.low_soc|alarm", 2, 0),
        ("0x2121.low_soc|alarm", 3, None),
        ("0x031E.low_soc|raised", 0, None),
        ("0x031E.low_soc|clear", 1, None),
        ("127505.type|fluid", 11, 11),
        ("127505.type|fluid", 12, None),
        ("127505.capacity|cubic_metres", 113.5, 0.1135),
        ("130316.source|temperature_type", 1, 4),
        ("130316.source|temperature_type", 13, 6),
        ("130316.source|temperature_type", 14, 2),
        ("127507.operating_state|charger_state", 9, 2),
        ("127507.operating_state|charger_state", 3, None),
        ("0x0FFE|seconds", 10, 600),
    ],
)
def test_a_raw_number_becomes_the_number_of_dbus(feed: str, raw: float, value: float | None) -> None:
    assert source_of(feed).read(raw) == value


def test_flags_are_put_together_as_they_were_on_the_wire() -> None:
    """The status of the network has no bit 3."""
    assert source_of("0x200F.*|word").read(1, 0, 0, 1, 0, 0, 1) == 0x91
    assert source_of("0x0207.*|word").read(*[0] * 10, 1, *[0] * 5) == 1024


def test_every_word_of_the_tables_is_known_and_every_known_word_is_used() -> None:
    text = "\n".join(row[4] for row in database().services.values())
    used = {line.split("\t")[5] for line in text.split("\n")} - {""}
    assert used == set(COMPUTED)
    feeds = [feed for line in text.split("\n") for feed in line.split("\t")[3].split()]
    words = {feed.partition("|")[2].partition("(")[0] for feed in feeds}
    assert words - {""} == set(CONVERSIONS)
    name = Name.from_payload(named(0x20, 7)[1])
    assert name is not None
    known = set(facts_of(Node("can0", 0x20, name, 0.0), name, "can0", "x", 0, ""))
    wanted = {row.fact for kind in kinds() for row in service_table(kind).rows} - {""}
    assert wanted == known
    assert (
        vecan_items("can0", [Node("can0", 0x20, name, 0.0)], 1, 0.0, lambda _path: None)[1]["/Devices/00002CC00007/Nad"]
        == 0x20
    )
    assert all(row.known for row in service_table(VECAN_DEVICE).rows)


def test_every_kind_has_rows_with_types_and_no_path_twice() -> None:
    assert set(kinds()) == {
        *("alternator", "battery", "charger", "inverter", "multi", "solarcharger", "tank", "temperature"),
    }
    for kind in kinds():
        rows = service_table(kind).rows
        assert len({row.path for row in rows}) == len(rows)
        assert {row.spec.signature for row in rows} <= set("yquids")
        assert not {row.path for row in rows} & set(service_table(kind).lacks)
        assert quantities_of(kind).by_name


def test_the_family_of_a_product_says_its_kind() -> None:
    assert kind_of_family("mppt-rs") == "solarcharger"
    assert kind_of_family("lynx-smart-bms") is None
    assert kind_of_family("energy-meter") is None
    assert registers_of("alternator") == (0xED8D, 0xED8F, 0xEDEC, 0x0201, 0xEDDA, 0x0200, 0x200F, 0xEDE8, 0xEDF0)
