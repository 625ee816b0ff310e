"""The configuration: defaults, then the file, then the command line. A YAML file and arguments enter; a checked
`Config`, or every problem at once, leaves before anything starts.

`load` is all a command needs; `docs/configuration.md` has every key, `gxbridge/config/keys.py` is the table behind it.
"""

from __future__ import annotations

from dataclasses import replace

from gxbridge.config.build_config import build_config
from gxbridge.config.commandline import Overrides, override
from gxbridge.config.effective import Config, ConfigError, Deprecation, Readout, Terminals
from gxbridge.config.schema import MAX_BYTES, Checked
from gxbridge.strict_yaml.problem import Problem

__all__ = ["Config", "ConfigError", "Deprecation", "Overrides", "Problem", "Readout", "Terminals", "load"]


def load(path: str | None = None, overrides: Overrides | None = None) -> Config:
    """The configuration of a file (None: defaults) under the command line. Raises ConfigError with every problem."""
    checked = _file(path) if path is not None else Checked()
    name = path or "defaults"
    problems = list(checked.problems)
    config = build_config(checked, name, problems)
    config = override(config, overrides or Overrides(), problems)
    if problems:
        raise ConfigError(sorted(set(problems)))
    return config if path is None else replace(config, file=path)


def _file(path: str) -> Checked:
    from gxbridge.config.read_file import read_config  # brings in yaml, which a start without a file can do without

    try:
        with open(path, "rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Checked(
            problems=[Problem(path, 0, "", f"cannot be read: {reason}", "check the path and its permissions")]
        )
    return read_config(raw, path)
