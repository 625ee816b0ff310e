"""The database at run time: layouts on demand, variants by product, texts."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from gxbridge.core.nmea2000 import database as module
from gxbridge.core.nmea2000.database import FAST_PGN, Database, DatabaseError, database
from tests.core import handmade


def test_a_layout_is_made_once_and_says_what_it_is() -> None:
    db = handmade.small()
    layout = db.registers[0x2102]
    assert layout is db.registers[0x2102]
    assert repr(layout) == "Layout('vreg', 'VE_REG_BMS_STATE', pgn=61184, register=0x2102)"
    assert repr(db.pgns[127508]) == "Layout('pgn', 'battery_status', pgn=127508)"
    assert (layout.kind, layout.pgn, layout.header, layout.source) == ("vreg", 61184, 4, "made for a test")
    assert db.pgns[127506].min_length == 9
    assert db.digest == "0123"


def test_tables_are_mappings() -> None:
    db = handmade.small()
    assert 127508 in db.pgns
    assert 127509 not in db.pgns
    assert 127509 not in list(db.pgns)
    assert len(db.registers) == 6
    with pytest.raises(KeyError):
        db.registers[0x9999]
    assert db.registers.get(0x9999) is None
    assert len(db.products) == 2
    assert sorted(db.products) == [0x0203, 0xA3E5]
    assert repr(db.products[0xA3E5]) == "ProductInfo(0xA3E5, 'Lynx Smart BMS 500', 'lynx-smart-bms')"


def test_fields_are_found_by_name() -> None:
    layout = handmade.small().pgns[127508]
    assert layout.position("current") == 2
    with pytest.raises(KeyError):
        layout.position("speed")


def test_a_register_may_mean_different_things_on_different_products() -> None:
    db = handmade.small()
    general = db.layout(0x0320)
    assert general is not None
    assert general.families == ()
    assert general is db.registers[0x0320]
    bmv = db.layout(0x0320, 0x0203)
    assert bmv is not None
    assert bmv.families == ("bmv",)
    assert db.layout(0x0320, 0xA3E5) is general
    assert db.variants(0x0320) == (general, bmv)
    assert db.variants(0x9999) == ()


def test_a_register_of_some_products_only_means_nothing_on_others() -> None:
    db = handmade.small()
    assert db.layout(0xEEFF) is None
    assert db.layout(0xEEFF, 0x0203) is None
    assert db.layout(0xEEFF, 0x9999) is None
    assert db.layout(0xEEFF, 0xA3E5) is db.registers[0xEEFF]
    assert db.layout(0x9999) is None


def test_a_register_by_fast_packet_has_the_same_layout_under_its_own_pgn() -> None:
    db = handmade.small()
    single, fast = db.layout(0x010A), db.layout(0x010A, None, FAST_PGN)
    assert single is not None
    assert fast is not None
    assert (single.pgn, fast.pgn) == (61184, 126720)
    assert single.name == fast.name


def test_texts_of_enumerations() -> None:
    db = handmade.small()
    state = db.registers[0x2102].fields[0]
    assert db.text(state, 9) == "running"
    assert db.text(state, 77) is None
    assert db.text(state, None) is None
    assert db.text(db.registers[0x0FFF].fields[0], 9) is None


def test_a_missing_compiled_database_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_database", None)
    monkeypatch.delattr("gxbridge._candb", raising=False)
    monkeypatch.setitem(sys.modules, "gxbridge._candb", None)
    with pytest.raises(DatabaseError, match=r"make build"):
        database()


def test_a_compiled_database_of_another_form_says_what_to_do() -> None:
    with pytest.raises(DatabaseError, match=r"format 0, not \d+: run `make build`"):
        Database(SimpleNamespace(FORMAT=0))


def test_the_real_database_is_loaded_once() -> None:
    assert database() is database()
    assert 0x2108 in database().registers
