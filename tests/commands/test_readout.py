"""`gxbridge readout`: one advertisement decoded, what is wrong said in one line, and the key never shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.commands.readout import product_name

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
    from tests.core.test_readout import seal

    data = seal(0x05, bytes.fromhex("000000060000c7e3f1f8ffffff2c35b5"), bytes.fromhex(KEY), product=0xA0E0)
    assert main(["readout", "--key", KEY, data.hex(":")]) == 0
    out = capsys.readouterr().out
    assert "3.31, 3.31, 3.31, 3.31, ---, ---, ---, ---" in out
    assert "flags                 none" in out


def test_an_experimental_record_says_so_and_keeps_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.core.test_readout import seal

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
    assert "it is no text file" in capsys.readouterr().err


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
