"""`gxbridge readout`: one advertisement decoded, what is wrong said in one line, and the key never shown."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main
from gxbridge.commands.readout import product_name
from tests.core.channels.test_readout import PUBLIC

Capture = pytest.CaptureFixture[str]
SECRET = "5ec3e7" + "0f1e2d3c4b5a69788796a5b4c3"
KEY = "00112233445566778899aabbccddeeff"
LYNX = "1002e5a30a3412003ab8ba7e2766b9f3b2d9dbd4f6a45678"


def test_json_of_the_public_lynx(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["readout", "--key", KEY, LYNX, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["record"], told["title"], told["product_id"], told["product"], told["nonce"]) == (
        "0x0A",
        "Lynx Smart BMS",
        "0xA3E5",
        "Lynx Smart BMS",
        0x1234,
    )
    assert told["values"]["voltage_v"] == 26.99
    assert told["values"]["allowed_to_charge"] is True
    assert told["values"]["temperature_c"] is None
    assert told["raw"] == "0040388b0afaff951555148ccf0200ff"


def test_the_page_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["readout", "--key", KEY, "1002e4a30a351200a80222f16624a25edf3c1fab171978dd"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Lynx Smart BMS, record 0x0A, from Lynx Smart BMS NG 500 (0xA3E4), nonce 4661")
    assert "low_cell_voltage_alarm      ALARM" in out
    assert "allowed_to_discharge        no" in out


def test_cells_and_absent_values_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.core.channels.test_readout import seal

    data = seal(0x05, bytes.fromhex("000000060000c7e3f1f8ffffff2c35b5"), bytes.fromhex(KEY), product=0xA0E0)
    assert main(["readout", "--key", KEY, data.hex(":")]) == 0
    out = capsys.readouterr().out
    assert "3.31, 3.31, 3.31, 3.31, ---, ---, ---, ---" in out
    assert "flags                 none" in out


def test_an_experimental_record_says_so_and_keeps_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.core.channels.test_readout import seal

    data = seal(0x0E, bytes.fromhex("000000e804e704bf040018251100"), bytes.fromhex(KEY), product=0xA3E8)
    assert main(["readout", "--key", KEY, data.hex()]) == 0
    out = capsys.readouterr().out
    assert "Experimental" in out
    assert "000000e804e704bf040018251100" in out
    assert "Smart BMS 12/200" in out


@pytest.mark.parametrize("text", [KEY, KEY.upper() + "\n", "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"])
def test_the_key_from_a_file(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    assert main(["readout", "--key-file", str(file), "E1 02 " + LYNX]) == 0
    assert "26.99" in capsys.readouterr().out


def test_the_key_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(KEY))
    assert main(["readout", "--key-file", "-", LYNX]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([LYNX], "give its --key or --key-file"),
        ([], "give either one advertisement"),
        (["--scan", LYNX], "give either one advertisement"),
        (["--scan", "--key", KEY], "name it with --address"),
        (["--key", KEY[:-1], LYNX], "this one has 31"),
        (["--key", "z" + KEY[1:], LYNX], "hexadecimal digits only"),
        (["--key-file", "/nowhere/key", LYNX], "cannot be read: No such file or directory"),
        (["--key", KEY, "123"], "pairs of hexadecimal digits; this has 3 characters"),
        (["--key", KEY, "xyz1"], "not all of them hexadecimal"),
    ],
)
def test_a_wrong_command_line_is_told_without_the_key(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["readout", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert KEY[1:-1] not in captured.err


def test_a_key_file_that_is_no_key_is_named_without_its_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key"
    file.write_text("secret words")
    assert main(["readout", "--key-file", str(file), LYNX]) == 2
    err = capsys.readouterr().err
    assert str(file) in err
    assert "secret" not in err
    file.write_bytes(b"\xff\xfe\x00")
    assert main(["readout", "--key-file", str(file), LYNX]) == 2
    assert "it is not a text file" in capsys.readouterr().err


def test_a_wrong_key_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    data = "100289a302bb01af129087600b9b97bc2c32867c8238da"
    assert main(["readout", "--key", KEY, data]) == 1
    assert "does not belong to this device" in capsys.readouterr().err
    assert main(["readout", "--key", KEY, data, "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"] == "wrong-key"
    assert KEY not in captured.out + captured.err


def test_products_are_named_from_both_sources() -> None:
    assert product_name(0xA3E8) == "Smart BMS 12/200"
    assert product_name(0xFFFE) is None


@pytest.mark.parametrize(("_name", "key", "data", "plain", "expected"), PUBLIC, ids=[row[0] for row in PUBLIC])
def test_every_vector_by_the_command(
    _name: str, key: str, data: str, plain: str, expected: dict[str, Any], tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "key"
    file.write_text(f"{key}\n")
    for written in (data, data.upper(), f"E1 02 {data}", "0x" + data, ":".join(re.findall("..", data))):
        assert main(["readout", "--key-file", str(file), "--json", written]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["raw"] == plain
        assert {name: told["values"][name] for name in expected} == json.loads(json.dumps(expected))
    wrong = f"{int(key[:2], 16) ^ 1:02x}{key[2:]}"
    assert main(["readout", "--key", wrong, data]) == 1
    assert "does not belong to this device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (LYNX[:16], "short", "the advertisement has 8 bytes; one with content has more than 8"),
        ("10", "short", "has 1 bytes"),
        ("", "not-victron", "it must begin with 10 (or E1 02 10)"),
        ("e202" + LYNX, "not-victron", "it must begin with 10"),
        ("11" + LYNX[2:], "not-victron", "it must begin with 10"),
        (LYNX + "00", "too-long", "the content has 17 bytes; a record has at most 16"),
        (LYNX[:8] + "ff" + LYNX[10:], "not-encrypted", "unencrypted sensor data"),
        (LYNX[:8] + "7f" + LYNX[10:], "unknown-record", "record 0x7F"),
        (LYNX[:14] + "01" + LYNX[16:], "wrong-key", "does not belong to this device"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_line(data: str, reason: str, said: str, capsys: Capture) -> None:
    assert main(["readout", "--key", KEY, data, "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"] == reason
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [LYNX, SECRET],
        [LYNX, "--ky", SECRET],
        ["--ky", SECRET, LYNX],
        [LYNX, f"--key_file={SECRET}"],
        [LYNX, "--seconds", SECRET],
        [LYNX, "--key", "ab:" * 15 + "ab", ":".join(re.findall("..", SECRET))],
    ],
)
def test_a_key_at_the_wrong_place_is_not_shown_either(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["readout", *arguments])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert "(hidden)" in err
    assert SECRET[4:20] not in err.replace(":", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scan", "--seconds", "0"], "--seconds must be more than 0"),
        (["--scan", "--seconds", "nan"], "--seconds must be more than 0"),
        (["--scan", "--seconds", "1e9"], "at most 3600"),
        (["--scan", "--address", "lynx"], "must be a Bluetooth address"),
        (["--key", KEY, "--address", "C0:FF:EE:12:34:56", LYNX], "--address belongs to --scan"),
    ],
)
def test_a_scan_that_cannot_be_is_refused(arguments: list[str], said: str, capsys: Capture) -> None:
    assert main(["readout", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_help_shows_no_key_and_advises_a_file(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        main(["readout", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "Prefer --key-file" in told
    assert not re.search(r"[0-9a-f]{32}", told)
