"""What the site needs that plain Markdown does not: links that lead out of docs/ become plain words.

The pages name files of the source tree; the site has none, and no address of a forge is made up for it.
"""

from __future__ import annotations

import re
from typing import Any

OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
EXAMPLES = re.compile(r"\]\(examples/")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The text of a page as the site has it."""
    return OUTSIDE.sub(r"\1", markdown)
