"""Loading a configuration from a text, for the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.config import Config, ConfigError, Overrides, load


def loaded(folder: Path, text: str | bytes, overrides: Overrides | None = None) -> Config:
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(str(path), overrides)


def problems(folder: Path, text: str | bytes, overrides: Overrides | None = None) -> list[str]:
    """What is wrong with this text, without the folder's name."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, overrides)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]
