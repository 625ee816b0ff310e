"""What the running service answers when it is asked to explain: read by every program that shows it."""

from __future__ import annotations

import json
from typing import Any

from gxbridge.core.model.items import printable_data

OTHER_VERSION = "what the service answers is no explanation: is it another version?"


class NotExplained(Exception):
    """Why there is no explanation, for people."""


def read_answer(text: object) -> dict[str, Any]:
    """The explanation in what the service answers. Raises NotExplained."""
    if not isinstance(text, str):
        raise NotExplained("the service is starting and has nothing to explain yet; ask again")
    try:
        explanation = printable_data(json.loads(text))
    except (ValueError, RecursionError):
        explanation = None
    if not isinstance(explanation, dict):
        raise NotExplained(OTHER_VERSION)
    return explanation
