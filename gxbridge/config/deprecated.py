"""Keys that are still read for two releases: nothing that works today stops working with an upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gxbridge.config.effective import Deprecation
from gxbridge.config.schema import Checked
from gxbridge.core.dvcc.read.options import SWITCHES
from gxbridge.strict_yaml.problem import Problem

LAST_RELEASES: Final = "0.1 and 0.2"
"""The releases that still read a retired key."""
GONE_IN: Final = "0.3.0"
"""The release that no longer knows it."""


def deprecations_of(checked: Checked, file: str) -> Iterator[Deprecation]:
    """Each retired key of the file with what becomes of it, in the order of the file."""
    dvcc: Mapping[str, Any] = checked.values.get("dvcc", {})
    profile = dvcc.get("profile", "strict")
    found = [*_write_settings(dvcc), *_switches(dvcc, profile)]
    if "dvcc.switches" in checked.lines and not dvcc.get("switches"):
        what = f"this section is empty, and unknown from {GONE_IN} on"
        found.append(("dvcc.switches", what, "remove the line", False))
    for key, what, cure, obeyed in sorted(found, key=lambda item: checked.lines.get(item[0], 0)):
        yield Deprecation(Problem(file, checked.lines.get(key, 0), key, what, cure), obeyed)


def _write_settings(dvcc: Mapping[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    if "write_settings" in dvcc:
        what = f"this key never had an effect; it is read by {LAST_RELEASES} and unknown from {GONE_IN} on"
        yield "dvcc.write_settings", what, "remove the line", False


def _switches(dvcc: Mapping[str, Any], profile: str) -> Iterator[tuple[str, str, str, bool]]:
    other = "vendor" if profile == "strict" else "strict"
    for switch in (switch for switch in SWITCHES if switch.had_key):
        value = dvcc.get("switches", {}).get(switch.name)
        if value is None:
            continue
        key = f"dvcc.switches.{switch.name}"
        if value == (profile == "strict"):
            what = f"profile `{profile}` does this without the key, which is unknown from {GONE_IN} on"
            yield key, what, "remove the line", False
        else:
            what = (
                f"`{'yes' if value else 'no'}` differs from profile `{profile}`; it is obeyed in {LAST_RELEASES}, "
                f"from {GONE_IN} on the profile decides"
            )
            yield (
                key,
                what,
                f"remove the line, or set dvcc.profile to {other} with all its other differences "
                "(docs/dvcc-profiles.md)",
                True,
            )
