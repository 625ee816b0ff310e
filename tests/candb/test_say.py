"""`gxbridge candb encode`: words to candump lines, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.candb.say import say
from gxbridge.candb.show import number_of
from gxbridge.cli import main
from gxbridge.core.nmea2000.database import Layout, database
from gxbridge.core.nmea2000.decoder import Decoder

DB = database()


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["candb", "encode", *arguments])
    except SystemExit as ended:
        code = int(str(ended.code))
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("arguments", "frame"),
    [
        ("0x0390 54.0 --source 41", "1CEFFF29#6699900318150000"),
        ("0x0390 battery_limit_charge_voltage=54 --source 0x29", "1CEFFF29#6699900318150000"),
        ("0x0390 none --source 41", "1CEFFF29#66999003FFFFFFFF"),
        ("0x0390 --source 41", "1CEFFF29#66999003FFFFFFFF"),
        ("VE_REG_BMS_STATE running --source 41", "1CEFFF29#6699022109000000"),
        ("0x2102 0x0C --source 41", "1CEFFF29#669902210C000000"),
        ("0x2108 contactor_closed=yes --source 41", "1CEFFF29#6699082101000000"),
        ("0x0200 4 --source 20 --destination 41", "1CEF2914#6699000204000000"),
        ("0x0001 register=0x0102 mask=0xFFFF --source 32 --destination 64", "1CEF4020#669901000201FFFF"),
        ("59904 60928 --source 254", "18EAFFFE#00EE00"),
        (
            "battery_status instance=0 voltage=26.39 current=-9.4 temperature=none sid=7 --source 41",
            "19F21429#004F0AA2FFFFFF07",
        ),
    ],
)
def test_words_become_a_frame(capsys: pytest.CaptureFixture[str], arguments: str, frame: str) -> None:
    assert ran(capsys, *arguments.split()) == (0, f"(0.000000) can0 {frame}\n", "")


def test_the_layout_that_has_the_field_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """0xEEFF is an error number from a VE.Bus interface and a charge from the rest."""
    names = [layout.fields[0].name for layout in DB.variants(0xEEFF)]
    frames = [ran(capsys, "0xEEFF", f"{name}=5", "--source", "3")[1].split("#")[1] for name in names]
    assert sorted(frames) == ["6699FFEE05000000\n", "6699FFEE32000000\n"]


def test_a_long_message_is_read_back_by_decode(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = ran(capsys, "0x010A", "HQ21302VUDQ", "--source", "41", "--sequence", "2", "--bus", "vecan")
    assert (code, out.splitlines()[0]) == (0, "(0.000000) vecan 1DEFFF29#401066990A014851")
    log = tmp_path / "said.log"
    log.write_text(out, encoding="ascii")
    assert main(["decode", str(log)]) == 0
    assert 'vecan  41 > all 0x010A SERIAL_NUMBER: serial_number "HQ21302VUDQ"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("0x7777 1 --source 3", 1, "0x7777 is not in the database"),
        ("0x0390 99999999999 --source 41", 2, "is out of range; 0.0 to 42949672.95 V can be sent"),
        ("0x0390 nan --source 41", 2, "nan is not a number a frame can carry"),
        ("0x2102 dancing --source 41", 2, "dancing is not known; gxbridge candb show bms_state lists its texts"),
        ("0x0390 much --source 41", 2, "much is not known; write a number"),
        ("0x0003 zz --source 41", 2, "zz is not bytes in hex"),
        ("127508 3 --source 3", 2, "write 3 as FIELD=3; its fields are instance, voltage"),
        ("127508 volt=3 --source 3", 2, "battery_status has no field volt; its fields are instance, voltage"),
        ("0x0390 1 --source 999", 2, "from 999"),
        ("0x0390 1 --source me", 2, "me is not a whole number"),
        ("0x0390 1", 2, "--source"),
    ],
)
def test_what_cannot_be_said_is_told(capsys: pytest.CaptureFixture[str], arguments: str, code: int, words: str) -> None:
    ended, out, err = ran(capsys, *arguments.split())
    assert (ended, out) == (code, "")
    assert words in err


ELSEWHERE = (65280, 65281, 0x0001, 0x0002)
"""Told apart by a maker's number in their fields, and the service registers, which come back as what they are."""

NUMBERED = [
    layout
    for number, layout in [*DB.pgns.items(), *DB.registers.items()]
    if number not in ELSEWHERE and not layout.families and any(field.is_number for field in layout.fields)
]


@pytest.mark.parametrize("layout", NUMBERED, ids=number_of)
def test_a_number_of_every_message_comes_back(layout: Layout) -> None:
    """The raw number 1 in every field, written in the field's unit."""
    ones = {field.name: field.scaled(1) for field in layout.fields if field.is_number}
    words = [f"{name}={'none' if one is None else one}" for name, one in ones.items()]
    words += [f"{field.name}={'00' * (field.length // 8)}" for field in layout.fields if field.kind == "bytes"]
    decoder = Decoder()
    said = [decoder.feed(can_id, data, 0.0) for can_id, data in say(DB, number_of(layout), words, 41)]
    message = said[-1]
    assert message is not None
    assert message[0].name == layout.name
    read = {field.name: value for field, value in zip(layout.fields, message[3], strict=True) if field.is_number}
    assert read == ones
