"""Three configurations to begin with, from the one that only listens to the one that controls."""

from __future__ import annotations

from typing import Final

HEAD: Final = """\
# gxbridge: {title}
# Every other key has its default: `gxbridge config show FILE` prints all values, `gxbridge config check FILE` what is
# wrong.
{more}
can:
  - interface: {interface}
    channel: {channel}
dvcc:
  mode: {mode}
transmit:
  level: {transmit}
publish: {publish}
"""
PRESETS: Final = {
    "listen": {
        "title": "listens beside the GX's own VE.Can driver, explains, and writes nothing.",
        "more": "# The battery stays the one that the GX's driver publishes.",
        "mode": "monitor",
        "transmit": "off",
        "publish": "bms",
    },
    "publish": {
        "title": "publishes the battery where no other driver does; the GX's DVCC controls the chargers.",
        "more": "# It asks the BMS for what it has not heard (transmit: requests).",
        "mode": "monitor",
        "transmit": "requests",
        "publish": "bms",
    },
    "control": {
        "title": "tells the chargers the limits of the BMS, where no GX controls them.",
        "more": "# Read docs/control.md first; `gxbridge doctor --control` says what is missing.",
        "mode": "control",
        "transmit": "requests",
        "publish": "bms",
    },
}


def preset(name: str, interface: str, channel: str) -> str:
    """A configuration file. Raises KeyError for a preset that is not in the table."""
    return HEAD.format(interface=interface, channel=channel, **PRESETS[name])
