"""The answer of the running service, or of who has taken its name."""

from __future__ import annotations

import pytest

from gxbridge.core.publish.explanation_answer import NotExplained, read_answer


@pytest.mark.parametrize("text", [None, 5, [], b"{}"])
def test_no_text_yet_is_a_service_that_starts(text: object) -> None:
    with pytest.raises(NotExplained, match="is starting"):
        read_answer(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "[" * 100_000])
def test_what_is_no_explanation_is_of_another_version(text: str) -> None:
    with pytest.raises(NotExplained, match="another version"):
        read_answer(text)


def test_its_texts_forge_no_lines() -> None:
    assert read_answer('{"a\\n": ["b\\u001b[2J", {"c": 1}]}') == {"a\ufffd": ["b\ufffd[2J", {"c": 1}]}
