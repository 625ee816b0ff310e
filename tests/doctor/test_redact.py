"""Nothing that identifies an installation leaves it, and no key ever does."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.doctor.redact import HIDDEN_KEY, Redactor, hide_keys
from tests.doctor.facts_of import services

KEY = "0df4d0395b7d1a876c0c33ecb9e70dcd"


def learned(*, keep: bool = False) -> Redactor:
    redactor = Redactor(keep=keep)
    redactor.learn_services(services())
    return redactor


def test_serials_and_unique_numbers_become_the_same_word_everywhere() -> None:
    redactor = learned()
    said = redactor.text("0167120 HQ21302VUDQ on com.victronenergy.battery.socketcan_can0_vi0_uc167120, 167120")
    number, serial = said.split()[:2]
    assert said == f"{number} {serial} on com.victronenergy.battery.socketcan_can0_vi0_uc{number}, {number}"
    assert "167120" not in said
    assert "HQ21302VUDQ" not in said


def test_the_portal_id_is_one_of_them() -> None:
    assert "c0619ab12345" not in learned().text("portal c0619ab12345")


def test_serials_that_were_not_learned_are_known_by_their_form() -> None:
    assert Redactor().text("HQ2209ABCDE and HQ") == "serial-1 and HQ"
    assert Redactor().text("AA:BB:CC:dd:ee:ff aa:bb:cc:dd:ee:ff") == "address-1 address-1"


def test_other_numbers_and_words_stay() -> None:
    text = "28.4 V, 200 A, 0xA3E5, v1.06, 1671200 frames, 91671205"
    assert learned().text(text) == text


def test_a_short_unique_number_is_taken_out_of_names_only() -> None:
    redactor = Redactor()
    redactor.learn_services({"com.victronenergy.battery.x_uc12": {}})
    assert redactor.text("12 V at x_uc12, x_uc123") == "12 V at x_ucnumber-1, x_uc123"


def test_data_stays_data() -> None:
    redactor = learned()
    redactor.learn({"batteries": [{"serial": "HQ1", "unique_number": 31000, "value": 31000}]})
    data = redactor.data({"unique_number": 31000, "n": [31000, None, True, 1.5], "s": "uc31000", "serial": None})
    json.dumps(data)
    assert data["n"] == [31000, None, True, 1.5], "a number elsewhere is a measurement"
    assert data["unique_number"].startswith("number-")
    assert data["s"] == f"uc{data['unique_number']}"
    assert redactor.data({"UniqueNumber": 5}) == {"UniqueNumber": "number-hidden"}


def test_serials_and_numbers_that_only_the_configuration_knows() -> None:
    redactor = Redactor()
    text = "known:\n  - unique_number: 31337\n    serial: 'ABC123'\n    \"serial\": 0054321\n    n: 7\n"
    redactor.learn_text(text)
    said = redactor.text(text)
    assert not [secret for secret in ("31337", "ABC123", "54321") if secret in said]
    assert "n: 7" in said


def test_numbers_beyond_any_sense_are_no_secrets_and_no_trouble() -> None:
    redactor = Redactor()
    redactor.learn({"unique_number": float("inf"), "serial": "\u00b2 " + "9" * 5000})
    redactor.learn({"unique_number": float("nan")})
    redactor.learn({"unique_number": 31337})
    assert redactor.data({"unique_number": float("inf")}) == {"unique_number": "number-hidden"}
    assert redactor.text("0" * 5000 + "31337") == "number-1"
    assert redactor.text("\u00b2") == "\u00b2"


def test_short_words_are_no_serials() -> None:
    redactor = Redactor()
    redactor.learn({"/Serial": "on off 0 00031"})
    assert redactor.text("on and off") == "on and off"
    redactor.learn({"/N2kUniqueNumber": 0, "unique_number": "x", "serial": 7})


def test_whoever_wants_serials_gets_them_but_never_keys() -> None:
    said = learned(keep=True).text(f"HQ21302VUDQ uc167120 {KEY} {KEY.upper()}")
    assert said == f"HQ21302VUDQ uc167120 {HIDDEN_KEY} {HIDDEN_KEY}"
    assert learned(keep=True).data({"unique_number": 167120}) == {"unique_number": 167120}
    assert Redactor().text(KEY + "0") == KEY + "0", "33 digits are no key"


def test_keys_in_a_broken_configuration_are_hidden_whatever_they_are() -> None:
    text = f"readout:\n  - address: x\n    key: {KEY[:-1]}\n    KEY='abc'  # mine\nmonkey: 1\n"
    said = hide_keys(text.splitlines(keepends=True))
    assert said == f"readout:\n  - address: x\n    key: {HIDDEN_KEY}\n    KEY={HIDDEN_KEY}\nmonkey: 1\n"


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 2_097_151), max_size=5),
    st.lists(st.from_regex(r"HQ[0-9]{4}[A-Z0-9]{5}", fullmatch=True), max_size=5),
    st.text(max_size=50),
)
def test_no_secret_survives(numbers: list[int], serials: list[str], around: str) -> None:
    redactor = Redactor()
    redactor.learn([{"unique_number": number} for number in numbers] + [{"serial": serial} for serial in serials])
    text = " ".join([around, *(f"x_uc{number} " for number in numbers), *serials, around])
    said = redactor.text(text)
    for number in numbers:
        assert f"_uc{number} " not in said
    for serial in serials:
        assert f" {serial} " not in said
