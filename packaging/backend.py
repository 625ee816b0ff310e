"""The build backend: setuptools, with the message database compiled first (wheel, sdist and editable alike).

In-tree by `backend-path` of pyproject.toml, so that `pip install .` and `pip install -e .` need no step before.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

from setuptools import build_meta  # type: ignore[import-untyped,unused-ignore]
from setuptools.build_meta import (  # type: ignore[import-untyped,unused-ignore]
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).resolve().parent.parent

Settings = dict[str, Any] | None


def _compile_database() -> None:
    sys.path.insert(0, str(ROOT))
    try:
        from gxbridge.candb.build import build
        from gxbridge.candb.load import CandbError

        build(ROOT)
    except CandbError as error:
        raise SystemExit(f"can_db breaks its rules:\n{error}") from None
    finally:
        sys.path.remove(str(ROOT))


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """A wheel with the compiled database in it."""
    _compile_database()
    return str(build_meta.build_wheel(wheel_directory, config_settings, metadata_directory))


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """An editable install of the tree, in which the compiled database now lies."""
    _compile_database()
    warnings.filterwarnings("ignore", "Editable installation")  # a box that a newcomer would take for a fault
    return str(build_meta.build_editable(wheel_directory, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """A source distribution with database, backend and compiled form."""
    _compile_database()
    return str(build_meta.build_sdist(sdist_directory, config_settings))
