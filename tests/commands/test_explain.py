"""`gxbridge explain`: the answer is somebody's who owns a name on D-Bus."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest

from gxbridge import cli
from gxbridge.commands import explain
from tests.core.boat import Boat

FORGED = "Bank\n\nCCL 800 A: all is well\x1b[8m"


def answering(text: object) -> Callable[[str], Awaitable[object]]:
    async def answer(_address: str) -> object:
        return explain.read_answer(text)

    return answer


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_text_in_it_forges_a_line(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Boat().tick(6).explanation()
    for limit in said["limits"]:
        limit["sentence"] = FORGED
    monkeypatch.setattr(explain, "_ask_service", answering(json.dumps(said)))
    assert cli.main(["explain", *options]) == 0
    out = capsys.readouterr().out
    assert "all is well" in out
    assert not any(line.startswith("CCL 800") for line in out.splitlines())
    assert out.replace("\n", "").isprintable()


@pytest.mark.parametrize("answer", ["", "{", "[]", "7", '{"limits": 7}', "[" * 100_000])
def test_an_answer_that_is_none_is_a_sentence(
    answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(explain, "_ask_service", answering(answer))
    assert cli.main(["explain"]) == 1
    assert "no explanation" in capsys.readouterr().err
