"""How a broker is reached: no password where others read it, none in clear text over a network, none in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.cli import main
from gxbridge.mqtt.login import LoginError, broker, read_login

PLAIN = {"tls": False, "ca": None, "login": None, "clear_text": False}


@pytest.fixture
def login(tmp_path: Path) -> Path:
    path = tmp_path / "login"
    path.write_text("boat\ns3cret\n")
    path.chmod(0o600)
    return path


def test_a_name_and_a_password_are_two_lines(login: Path) -> None:
    assert read_login(login) == ("boat", "s3cret")
    found = broker("localhost", None, **(PLAIN | {"login": str(login)}))  # type: ignore[arg-type]
    assert (found.username, found.password, found.port) == ("boat", "s3cret", 1883)
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("boat\ns3cret\n", 0o640, "others can read"),
        ("boat\ns3cret\n", 0o604, "others can read"),
        ("boat s3cret\n", 0o600, "does not have two lines"),
        ("boat\n\n", 0o600, "does not have two lines"),
        ("boat\ns3cret\nx\n", 0o600, "does not have two lines"),
    ],
)
def test_a_file_that_will_not_do_is_refused_without_its_secret(login: Path, text: str, mode: int, words: str) -> None:
    login.write_text(text)
    login.chmod(mode)
    with pytest.raises(LoginError, match=words) as said:
        read_login(login)
    assert "s3cret" not in str(said.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoginError, match="nowhere cannot be read: No such file"):
        read_login(tmp_path / "nowhere")
    (tmp_path / "bytes").write_bytes(b"\xff\n\xff\n")
    with pytest.raises(LoginError, match="bytes cannot be read: not UTF-8"):
        read_login(tmp_path / "bytes")


def test_a_password_goes_over_a_network_only_encrypted_or_when_that_is_meant(login: Path) -> None:
    asked = PLAIN | {"login": str(login)}
    with pytest.raises(LoginError, match="in clear text"):
        broker("broker.lan", None, **asked)  # type: ignore[arg-type]
    assert broker("broker.lan", None, **(asked | {"clear_text": True})).tls is None  # type: ignore[arg-type]
    found = broker("broker.lan", None, **(asked | {"tls": True}))  # type: ignore[arg-type]
    assert (found.port, found.tls is not None) == (8883, True)
    assert broker("127.0.0.1", 1884, **asked).port == 1884  # type: ignore[arg-type]


def test_what_is_wrong_is_one_line_and_exit_code_2(
    login: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login.chmod(0o644)
    for arguments, words in (
        (["--login", str(login)], "others can read"),
        (["--ca", str(tmp_path / "no.pem")], "cannot be used: No such file"),
        (["--topic", "a/b"], "--topic takes letters"),
        (["--ha-prefix", "#"], "--ha-prefix takes letters"),
    ):
        assert main(["mqtt", *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") == 1


def test_without_its_package_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["mqtt"]) == 2
    assert "needs the Python package aiomqtt" in capsys.readouterr().err
