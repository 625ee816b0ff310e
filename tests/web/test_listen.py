"""Who may ask: addresses, names, tokens."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.web.listen import LEAST_TOKEN, Listen, RefusedAddress, read_listen

TOKEN = "x" * LEAST_TOKEN


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8088", "127.0.0.1", 8088), ("localhost:1", "127.0.0.1", 1), ("[::1]:80", "::1", 80),
     ("127.9.9.9:0", "127.9.9.9", 0)],
)  # fmt: skip
def test_on_this_machine_no_token_is_needed(text: str, host: str, port: int) -> None:
    found = read_listen(text, None)
    assert (found.host, found.port, found.token, found.loopback) == (host, port, "", True)


@pytest.mark.parametrize("text", ["0.0.0.0:80", "192.168.1.5:80", "[::]:80", "[fe80::1]:80", "[::ffff:127.0.0.1]:80"])
def test_beyond_this_machine_only_with_a_token(text: str, token: Path) -> None:
    with pytest.raises(RefusedAddress, match="--token-file"):
        read_listen(text, None)
    found = read_listen(text, token)
    assert (found.token, found.loopback) == (TOKEN, False)


@pytest.mark.parametrize(
    "text", ["", "8088", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "venus.local:80", "*:80", ":80",
             "127.0.0.1:-1", "127.0.0.1:٣"]
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RefusedAddress, match=r"127\.0\.0\.1:8088"):
        read_listen(text, None)


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [("short", 0o600, "20 to 200"), ("x" * 201, 0o600, "20 to 200"), ("x " * 20, 0o600, "without a space"),
     ("é" * 30, 0o600, "letters"), ("", 0o600, "secrets.token_urlsafe"), (TOKEN, 0o644, "chmod 640"),
     (TOKEN, 0o660, "chmod 640")],
)  # fmt: skip
def test_a_token_that_is_weak_or_open_is_refused(content: str, mode: int, words: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
    with pytest.raises(RefusedAddress, match=words):
        read_listen("127.0.0.1:1", file)
    with pytest.raises(RefusedAddress, match="cannot be read"):
        read_listen("127.0.0.1:1", tmp_path / "none")


@pytest.mark.parametrize(
    ("header", "here", "abroad"),
    [
        ("127.0.0.1", True, True), ("127.0.0.1:8088", True, True), ("localhost:9", True, True),
        ("LOCALHOST.", True, True),
        ("[::1]:80", True, True), ("[::1]", True, True), ("::1", True, True), ("192.168.1.5:80", False, True),
        ("venus.local", False, False), ("evil.example", False, False), ("evil.example:8088", False, False),
        ("127.0.0.1.evil.example", False, False), ("localhost.evil.example", False, False), ("", False, False),
        ("[evil", False, False), ("boat", True, True), ("127.0.0.1:80:80", False, False), ("0x7f.1", False, False),
    ],
)  # fmt: skip
def test_only_its_own_names_and_addresses_are_answered(header: str, here: bool, abroad: bool) -> None:
    names = frozenset({"localhost", "boat"})
    assert Listen("127.0.0.1", 1, "", names).answers_to(header) is here
    assert Listen("0.0.0.0", 1, TOKEN, names).answers_to(header) is abroad  # noqa: S104


@pytest.mark.parametrize(
    ("header", "admitted"),
    [(f"Bearer {TOKEN}", True), (f"bearer  {TOKEN} ", True), (TOKEN, False), (f"Basic {TOKEN}", False), ("", False),
     (f"Bearer {TOKEN}x", False), (f"Bearer {TOKEN[:-1]}", False), ("Bearer ", False), ("Bearer é", False)],
)  # fmt: skip
def test_only_the_token_itself_opens(header: str, admitted: bool) -> None:
    assert Listen("127.0.0.1", 1, TOKEN).admits(header) is admitted
    assert Listen("127.0.0.1", 1).admits(header)
