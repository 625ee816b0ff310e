"""`gxbridge dvcc replay`: exit codes, the summary, and the answers it writes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from gxbridge.cli import main

VECTORS = Path(__file__).parents[1] / "core" / "dvcc" / "data" / "dvcc.json.gz"


def scenarios(tmp_path: Path, change: bool = False, count: int = 7) -> Path:
    """The first scenarios of the vectors in a file of their own; `change` spoils each."""
    rows: list[dict[str, Any]] = json.loads(gzip.decompress(VECTORS.read_bytes()))[:count]
    if change:
        for row in rows:
            row["expected"][0]["system"]["/Control/Dvcc"] = 7
    path = tmp_path / "few.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_all_as_expected_is_exit_code_0_and_the_answers_have_the_form_of_the_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    path = scenarios(tmp_path)
    assert main(["dvcc", "replay", str(path), "--json", str(out)]) == 0
    assert capsys.readouterr().out == "7 of 7 scenarios agree (38 steps), 0 differ\n"
    answers = json.loads(out.read_text(encoding="utf-8"))
    first = json.loads(path.read_text(encoding="utf-8"))[0]
    assert answers[0]["name"] == first["name"]
    assert answers[0]["actual"] == first["expected"]


def test_a_compressed_file_and_a_choice_of_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dvcc", "replay", str(VECTORS), "--only", "pelio"]) == 0
    assert capsys.readouterr().out.startswith("5 of 5 scenarios agree")


def test_differences_are_exit_code_1_and_said_in_short_or_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(scenarios(tmp_path, change=True))
    assert main(["dvcc", "replay", path]) == 1
    out = capsys.readouterr().out
    assert "lynx_solar-01: 1 difference\n  step 0, system /Control/Dvcc: expected 7, got 1\n" in out
    assert "... and 2 more scenarios (--all shows all)\n     7 x /Control/Dvcc\n" in out
    assert out.endswith("0 of 7 scenarios agree (38 steps), 7 differ\n")
    assert main(["dvcc", "replay", path, "--all"]) == 1
    assert "more" not in capsys.readouterr().out


def test_the_strict_profile_can_be_played_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dvcc", "replay", str(scenarios(tmp_path)), "--profile", "strict"]) == 1
    assert "/Link/ChargeCurrent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is not JSON"),
        ("{}", "must be a list of scenarios"),
        ('[{"steps": []}]', "each with a name"),
        ('[{"name": "x"}]', 'scenario x: "devices" must be'),
    ],
)
def test_a_file_that_cannot_be_used_is_exit_code_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str
) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert main(["dvcc", "replay", str(path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_broken_archive_and_an_answer_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.json.gz"
    broken.write_bytes(b"no gzip")
    assert main(["dvcc", "replay", str(broken)]) == 2
    broken.write_bytes(VECTORS.read_bytes()[:500])
    assert main(["dvcc", "replay", str(broken)]) == 2
    assert main(["dvcc", "replay", str(scenarios(tmp_path)), "--json", str(tmp_path / "no" / "out.json")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_wrong_command_line_is_exit_code_2() -> None:
    for arguments in (["dvcc"], ["dvcc", "replay"], ["dvcc", "replay", "x", "--profile", "mild"]):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2
