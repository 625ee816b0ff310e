"""The configuration files that the demo gives to the service: real ones, as a user would write them."""

from __future__ import annotations

BOAT = """\
# Written by `gxbridge demo`: a boat with a Lynx Smart BMS.
can:
  - name: can0
    interface: {interface}
    channel: {channel}
dbus:
  address: {dbus}
transmit:
  level: requests       # ask devices for what they send only on request; the default is off
state:
  enabled: no           # nothing of the demo is kept
dvcc:
  mode: control         # write to the chargers; the default is monitor
  profile: strict       # the default: what is unknown grants nothing
"""

CABIN = """\
# Written by `gxbridge demo`: a cabin with a VE.Bus BMS V2, which has no CAN port.
can: []
dbus:
  address: {dbus}
state:
  enabled: no
dvcc:
  mode: control
  profile: strict
"""
