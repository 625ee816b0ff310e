"""The GX's settings as the last gate reads them."""

from __future__ import annotations

from typing import Final

from gxbridge.core.gate.raw_words import RawWords, finite, lowest
from gxbridge.core.setup import Setup

SYSTEM_SETUP: Final = "/Settings/SystemSetup/"
USER: Final = (("MaxChargeCurrent", 0.0), ("MaxChargeVoltage", 0.1))
"""The user's limits, and the least of each that is one."""


def setting(words: RawWords, setup: Setup, name: str, default: float) -> float:
    """A number of the GX's settings, else of the configuration, else its default."""
    path = name if name.startswith("/") else SYSTEM_SETUP + name
    value = finite(words.settings.get(path, setup.user_settings.get(path)))
    return default if value is None else value


def setting_text(words: RawWords, setup: Setup, name: str) -> str:
    """A text of the GX's settings, else of the configuration."""
    path = SYSTEM_SETUP + name
    value = words.settings.get(path, setup.user_settings.get(path))
    return value if isinstance(value, str) else ""


def user_limits(
    words: RawWords, before: tuple[float | None, ...], setup: Setup
) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """The user's limits as they are to be remembered, and as they hold (None: none): one that is not known any more
    holds as it was last, unless the configuration says less."""
    last: list[float | None] = []
    hold: list[float | None] = []
    for (name, least), known in zip(USER, before, strict=True):
        said, own = (
            finite(words.settings.get(SYSTEM_SETUP + name)),
            finite(setup.user_settings.get(SYSTEM_SETUP + name)),
        )
        last.append(known if said is None else said)
        values = (known, own) if said is None else (said,)
        hold.append(lowest(*(value for value in values if value is not None and value >= least)))
    return tuple(last), tuple(hold)
