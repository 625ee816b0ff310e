"""The tables of quantities and the message database fit together: every source exists, with field and unit."""

from __future__ import annotations

import pytest

from gxbridge.core.nmea2000.database import Layout, database
from gxbridge.core.vecan import devices
from gxbridge.core.vecan.device_state import QuantityTable
from gxbridge.core.vecan.identity import LEARNT
from gxbridge.core.vecan.lynx.distributors import DISTRIBUTORS
from gxbridge.core.vecan.lynx.table import BMS_REGISTERS, ESSENTIALS, LYNX, URGENT, unheard
from gxbridge.core.vecan.quantities import QuantitySource
from gxbridge.core.vecan.readings import VREG
from tests.core.lynx_frames import Listener
from tests.core.vecan.messages import hold, pgn

TABLES = {
    "lynx": LYNX,
    **{name.lower(): getattr(devices, name) for name in ("MONITOR", "CHARGER", "INVERTER", "VEBUS", "GX", "OTHER")},
}
SOURCES = [
    pytest.param(source, id=f"{name}-{quantity.name}-{source.label}")
    for name, table in TABLES.items()
    for quantity in table.quantities
    for source in quantity.sources
]


def layouts(source: QuantitySource) -> list[Layout]:
    data = database()
    return [data.pgns[source.pgn]] if source.register is None else list(data.variants(source.register))


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_is_a_field_of_the_database_in_the_unit_expected(source: QuantitySource) -> None:
    wanted = set(source.fields) | ({source.where[0]} if source.where else set())
    fitting = [layout for layout in layouts(source) if wanted <= {field.name for field in layout.fields}]
    assert fitting, f"{source.label} has no layout with {wanted}"
    for layout in fitting:
        for name in source.fields:
            assert layout.fields[layout.position(name)].unit == source.unit


@pytest.mark.parametrize("said", LEARNT, ids=str)
def test_what_identifies_a_device_is_in_the_database(said: tuple[int, int | None]) -> None:
    number, register = said
    layout = database().pgns[number] if register is None else database().registers[register]
    assert {field for _, field in LEARNT[said]} <= {field.name for field in layout.fields}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_quantity_has_one_name_and_a_text(table: QuantityTable) -> None:
    assert len(table.by_name) == len(table.quantities)
    assert all(quantity.text for quantity in table.quantities)


@pytest.mark.parametrize(("letter", "fuses"), [*zip("abcdefgh", range(0x2152, 0x215A), strict=True)])
def test_a_distributor_has_eight_fuses_and_the_older_register_knows_four_of_four(letter: str, fuses: int) -> None:
    for fuse in range(1, 9):
        older = [0x2151] if letter in "abcd" and fuse <= 4 else []
        assert registers_of(f"distributor_{letter}_fuse_{fuse}_status") == [fuses, *older]
    assert registers_of(f"distributor_{letter}_status") == [0x2150]


@pytest.mark.parametrize(
    ("letter", "fuse", "number"),
    [
        ("a", 1, 0x2160), ("a", 4, 0x2163), ("d", 1, 0x216C), ("d", 4, 0x216F), ("a", 5, 0x2170), ("d", 8, 0x217F),
        ("e", 1, 0x2130), ("e", 4, 0x2133), ("h", 4, 0x213F), ("e", 5, 0x2140), ("h", 5, 0x214C), ("h", 8, 0x214F),
    ],
)  # fmt: skip
def test_the_name_of_a_fuse_has_a_register_of_its_own(letter: str, fuse: int, number: int) -> None:
    assert registers_of(f"distributor_{letter}_fuse_{fuse}_name") == [number]
    assert len({register for q in DISTRIBUTORS if q.name.endswith("_name") for register in registers_of(q.name)}) == 64


def test_the_last_four_errors_have_a_time_each() -> None:
    assert [registers_of(f"last_error_{number}_time") for number in range(1, 5)] == [
        [0x2111],
        [0x2112],
        [0x2113],
        [0x2114],
    ]


@pytest.mark.parametrize(
    "number", [0x2100, 0x2101, 0x2102, 0x2107, 0x2108, 0x2109, 0x210A, 0x0390, 0x0391, 0x0392, 0x0393]
)
def test_whoever_sends_a_register_of_a_bms_is_suspected_to_be_one(number: int) -> None:
    unknown = Listener()
    unknown.register(0xED8D, "50 0A 00 00", 0.1)
    assert unknown.registry.provisional(0.2) == ()
    unknown.register(number, "00 00 00 00", 0.1)
    assert len(unknown.registry.provisional(0.2)) == 1


def test_consumed_ampere_hours_are_heard_by_either_register() -> None:
    for number, heard in ((0x0FFC, True), (0xEEFF, True), (0x0FFE, False)):
        layout = next(iter(database().variants(number)))
        readings = hold(((layout, 41, 255, tuple(0 for _ in layout.fields), b""), 0.0))
        assert (0x0FFC not in [one.essential.register for one in unheard(readings, 0.0)]) is heard


def test_what_is_not_heard_any_more_was_heard_when_it_was_heard_last() -> None:
    readings = hold((pgn(127508, instance=0, voltage=26.4), 1.0), (pgn(127508, instance=1, voltage=26.4), 2.0))
    hold((pgn(127508, instance=0, voltage=26.4), 1.0), readings=readings)
    readings.past[VREG, 0xED8D] = 0.5
    assert 0xED8D not in [one.essential.register for one in unheard(readings, 6.9)]
    found = {one.essential.register: (one.last, one.forgotten) for one in unheard(readings, 7.0)}
    assert found[0xED8D] == (2.0, False)
    assert found[0x0391] == (None, True)
    assert found.keys() == {essential.register for essential in ESSENTIALS}


def registers_of(quantity: str) -> list[int | None]:
    return [source.register for source in LYNX.by_name[quantity].sources]


def test_limits_and_permissions_are_urgent() -> None:
    assert {
        "charge_voltage_limit_v",
        "charge_current_limit_a",
        "discharge_current_limit_a",
        "allow_to_charge",
    } <= URGENT
    assert set(LYNX.by_name) >= URGENT


def test_network_orders_are_never_a_battery_s_limit() -> None:
    asked = {source.register for quantity in LYNX.quantities for source in quantity.sources}
    assert not asked & {0x2001, 0x2015, 0x2016, 0x2017, 0x201B, 0x2002, 0x201C}


def test_essential_registers_are_in_the_database_by_their_names() -> None:
    for essential in ESSENTIALS:
        assert database().registers[essential.register].name == f"VE_REG_{essential.name}"
    assert all(register in database().registers for register in BMS_REGISTERS)
