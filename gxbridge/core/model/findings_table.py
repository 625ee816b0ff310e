"""Every finding there is: how bad it is, what it says and what to do about it. docs/findings.md is made from this.

`{arguments}` are filled in by `finding`. A text or advice begins with a capital letter or an argument and has no final
stop: whoever prints it sets that. An advice is empty where nothing needs to be done.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from gxbridge.core.model.named_tuple import NamedTuple

Severity = Literal["info", "warning", "alarm"]


class FindingRow(NamedTuple):
    """`id` is stable and machine readable."""

    id: str
    severity: Severity
    text: str
    advice: str


_HEARD = "Check that the BMS is on and its cable is sound; some values are sent only on change or on request"
_CABLE = "Check the BMS, its cable and the CAN termination"
_LISTENS = (
    "None needed: gxbridge listens beside that driver. `gxbridge doctor` lists what would vanish from the GX without it"
)
_OTHER_MASTER = "Check that the other master uses this BMS, and its limits"
_INPUT_THERE = "Check that {input} exists and is enabled in the GX device's settings"
_INPUT_TYPE = "Set {input} to type 'Generic I/O' in the GX device's settings"
_CHARGE_OR_REDUCE = "Charge now, or switch off {loads} before the BMS does"
_DEAD_CHANNEL = "A contact is stuck, a wire is wrong or a channel is dead: test the terminal with gxbridge wiring-test"
_SAME_BMS = "Make sure that both channels belong to the same BMS, then check its measurement"
_SENSOR = "Check the sensor and its cable, and the driver that publishes it"
_DISAGREE = "{battery}: {channel} says {says}, {other_channel} says {other_says}"
_STRICTER = f"{_DISAGREE}; the more restrictive one counts"

TABLE: Final = (
    # CAN buses and their devices
    FindingRow(
        "can-not-open",
        "alarm",
        "The CAN bus {bus} is not in use ({state}): {reason}",
        "It is tried again automatically; check the interface",
    ),
    FindingRow(
        "address-contested",
        "alarm",
        "Two devices send from address {address} on {bus}: {winner} and {loser}, which does not move; nothing from "
        "this address is used",
        "Unplug one of them, or set another address by hand",
    ),
    FindingRow(
        "address-conflict",
        "warning",
        "Two devices claim address {address} on {bus}: {winner} keeps it, {loser} must take another",
        "None needed if it happens once; if it returns, one device cannot change its address: set another by hand",
    ),
    FindingRow(
        "battery-copy",
        "info",
        "{product} at address {address} on {bus} is a copy made by a GX and is not used",
        "None needed",
    ),
    FindingRow(
        "battery-heard-twice",
        "info",
        "The battery at address {address} on {bus} is the one at address {kept_address} on {kept_bus} (same {mark}); "
        "it is published once, and where both say something the stricter word counts",
        "Connect the battery to one bus only; if these are two batteries, one of them needs another NAME or serial",
    ),
    FindingRow(
        "battery-shown-twice",
        "info",
        "{service} shows the battery that {other} shows too (same {mark}); both count, and where they differ the "
        "stricter one wins",
        "None needed if these are two batteries with the same serial; else stop one of the two drivers",
    ),
    FindingRow(
        "product-changed",
        "warning",
        "The device at address {address} on {bus} is {is_now}; it was {was} when gxbridge last ran",
        "None needed if its firmware was changed; else check what was installed",
    ),
    FindingRow(
        "can-errors",
        "warning",
        "{product} at address {address} on {bus} counts CAN errors since gxbridge listens: bus-off {bus_off}, error "
        "passive {passive}, send errors {sending}",
        "Check its plug and its drop cable; where several devices count errors, the two terminators (60 ohms between "
        "CAN-H and CAN-L with the power off) and the bit rate of every device",
    ),
    FindingRow(
        "too-many-messages",
        "warning",
        "The device at address {address} on {bus} sends more kinds of messages than any known device; {dropped} were "
        "not kept",
        "Record the bus and report it; the device may be faulty",
    ),
    FindingRow(
        "too-many-devices",
        "warning",
        "More devices are on {bus} than there are addresses; {refused} messages were not used",
        "Look for a device that keeps changing its address or NAME",
    ),
    FindingRow(
        "bms-not-followed",
        "alarm",
        "More devices on {bus} are or may be BMSes than can be followed: {count} left out, and while they are not "
        "followed the charge current is 0 A",
        "Look for the device that invents them, take it off the bus, and restart gxbridge",
    ),
    FindingRow(
        "permission-contradiction",
        "warning",
        "{product} contradicts itself about {permission}: {contradiction}; the stricter value counts",
        "Check the BMS in VictronConnect; update its firmware if it persists",
    ),
    FindingRow(
        "bms-waits",
        "warning",
        "A BMS is not followed yet: {what}",
        "This ends by itself once the device has said it, up to a minute for one that was heard before; with "
        "`transmit: requests` gxbridge asks for it",
    ),
    FindingRow(
        "too-many-batteries",
        "warning",
        "{product} reports {batteries} batteries; it supports {most}",
        "Check the batteries in VictronConnect",
    ),
    FindingRow(
        "plotter-rival",
        "warning",
        "The device at address {address} tells chart plotters on {bus} battery instance {instance}, or the battery in "
        "control itself; gxbridge does not",
        "Leave it so, and empty `plotters.bus`; if it is another battery, give gxbridge another `plotters.instance`",
    ),
    # Publishing
    FindingRow(
        "alerts-elsewhere",
        "info",
        "The device at address {address} on {bus} sends alerts to chart plotters, and may be a GX or the battery: "
        "gxbridge sends none there",
        "None needed if those are enough; else switch the outbound alerts of the GX off, and keep `plotters.alerts`",
    ),
    FindingRow(
        "published-twice",
        "info",
        "{service} already publishes this battery ({mark}), so gxbridge does not",
        _LISTENS,
    ),
    FindingRow(
        "stricter-on-can",
        "warning",
        "{service} shows {path} {shown}, and {battery} itself says {said} on {bus}: the stricter counts",
        "The driver behind {service} may have hung: restart it (or the GX), and check what it is if it is not the "
        "GX's own",
    ),
    FindingRow(
        "silent-on-can",
        "alarm",
        "{battery} has fallen silent on {bus}, where others are heard: what {service} still shows of it is old",
        f"{_CABLE}; if it is connected to another port now, start gxbridge again",
    ),
    FindingRow(
        "not-heard-on-can",
        "warning",
        "Nothing is heard on {bus} any more, so what {service} shows of {battery} cannot be checked and counts alone",
        "Check the interface of {bus}, its cable and the termination; remove the bus from the configuration if it is "
        "not used any more",
    ),
    FindingRow(
        "vendor-driver",
        "info",
        "The profile of {port} is '{profile}': the GX's own driver publishes the battery, gxbridge does not",
        _LISTENS,
    ),
    FindingRow(
        "port-driver",
        "warning",
        "The profile of {port} is '{profile}', so the GX's own driver has it: gxbridge serves none of its devices",
        "Take `serve: all` out of the configuration; or set the port's profile to 5: its chargers are then told only "
        "what gxbridge passes on, with `transmit: link` and `dvcc.mode: control`",
    ),
    FindingRow(
        "port-taken",
        "warning",
        "{service} is on D-Bus, so another program has {port}: gxbridge serves none of its devices",
        "Take `serve: all` out of the configuration; or stop that program: the port's chargers are then told only what "
        "gxbridge passes on, with `transmit: link` and `dvcc.mode: control`",
    ),
    FindingRow(
        "port-device-taken",
        "warning",
        "{service} of another program is a device of {port}: gxbridge does not serve it, and tells it only what "
        "it tells all chargers of the port",
        "Leave the device to one program: stop the other, or take `serve: all` out of the configuration",
    ),
    # banks: batteries in parallel as one
    FindingRow(
        "bank-member-silent",
        "warning",
        "{bank}: {there} of {all} batteries there, {member} gone since {since}: the bank allows no charging, because "
        "the contactor of {member} was not known to be open",
        "Check {member} and its cable. If it is off or taken out for good, stop gxbridge, have it forgotten with "
        "`gxbridge state forget {word}`, and start gxbridge again",
    ),
    FindingRow(
        "bank-member-away",
        "warning",
        "{bank}: {there} of {all} batteries there, {member} gone since {since}. Its contactor was open: the others go "
        "on without it",
        "Switch {member} on again. If it is taken out for good, stop gxbridge, have it forgotten with "
        "`gxbridge state forget {word}`, and start gxbridge again",
    ),
    FindingRow(
        "bank-member-waits",
        "info",
        "{bank}: {member} is there and not added yet: its voltage or nominal voltage does not fit the others' or is "
        "not known. Its limits and refusals count already",
        "None needed while it is brought to the others' voltage; else compare its voltage at its terminals with theirs",
    ),
    FindingRow(
        "bank-member-twice",
        "warning",
        "{bank}: {member} is not one battery: two batteries say it, or another member is the same battery. It is not "
        "added; limits and refusals of all of them count",
        "Name each battery once in the bank's `members:` in gxbridge's configuration, by what no other says",
    ),
    FindingRow(
        "bank-voltages",
        "warning",
        "{bank}: its batteries differ by more than {window}: {low}, {high}. In parallel they would have one voltage",
        "Check contactors, fuses and cables of both: one of them may not be connected to the others",
    ),
    FindingRow(
        "bank-imbalance",
        "warning",
        "{bank}: {measured} of the current flows through {member}, and {stated} is the most that is expected; the "
        "bank's limits are those for what is measured",
        "Check the connections and cable lengths of all its batteries, and their capacities as set; if this is how "
        "they are, set `share: measured` or a higher `imbalance_percent` for the bank",
    ),
    FindingRow(
        "bank-capacity",
        "info",
        "{bank}: the capacity of {members} is not known, so the bank's current limit is the lowest of its batteries': "
        "all of the current could flow into one",
        "Set the capacity in the battery or its driver, or set `share: measured` for the bank",
    ),
    FindingRow(
        "bank-nominal",
        "alarm",
        "{bank} is no bank: its batteries are of different nominal voltage ({which})",
        "Correct the bank {key} under `banks:` in gxbridge's configuration: batteries of different voltage are never "
        "in parallel",
    ),
    FindingRow(
        "bank-not-chosen",
        "warning",
        "The GX takes {other} for its BMS, and not {bank}: what it tells the chargers are the limits of that one alone",
        "Choose instance {instance}, {bank}, as the controlling BMS on the GX (Settings, DVCC)",
    ),
    FindingRow(
        "parallel-bms",
        "info",
        "{aggregate} adds up all batteries with a Lynx product id on this GX, {service} included",
        "None needed if these batteries are in parallel; else use publish: bms-neutral, which it does not count",
    ),
    FindingRow(
        "settings-refused",
        "warning",
        "The GX's settings do not keep instance and name of {battery} ({problem}); those that gxbridge has are used",
        "They are offered again automatically. Look at this path in com.victronenergy.settings (dbus-spy): remove an "
        "entry that is wrong, or give the battery an instance of its own in the configuration",
    ),
    # Who is master, and what the devices do with what they are told
    FindingRow(
        "two-masters",
        "warning",
        "Control is configured, but gxbridge only monitors: {why}",
        "Switch the other master off, or set dvcc.mode to monitor; where the GX's controller is to go on and gxbridge "
        "to be the driver of a port (`serve: all`), set transmit: link",
    ),
    FindingRow(
        "gate",
        "alarm",
        "The last gate held back {key} = {asked}: {bound}; {sent} was sent",
        "Report it with the black box that was kept: what was decided breaks a rule of safety",
    ),
    FindingRow(
        "link-gate",
        "alarm",
        "{key} = {asked} is written on D-Bus for CAN, and the last gate lets {sent} pass (such words: {count}): "
        "{bound}",
        "If the limit behind the colon is right, find out why the controller that writes this does not keep to it; "
        "else deal with what is named there, such as a charger that does not follow, or a second gxbridge",
    ),
    FindingRow(
        "link-other-controller",
        "alarm",
        "{sender} may steer chargers on {bus} too ({register}): gxbridge tells them nothing there",
        "Leave the chargers of a CAN bus to one controller: switch the other one off, or set transmit: requests",
    ),
    FindingRow(
        "link-broadcast-held",
        "warning",
        "{regulator} on {bus} may obey one sender only: gxbridge broadcasts nothing to chargers there",
        "If this regulator is not to obey the BMS on this bus by itself, set link.broadcast: yes; else leave it so: "
        "single chargers are told their currents all the same",
    ),
    FindingRow(
        "link-unconfirmed",
        "warning",
        "What is written on D-Bus for chargers on {bus} is not sent: nobody has seen here that they take {registers}",
        "Run `gxbridge link try` with a charger of this bus",
    ),
    FindingRow(
        "link-not-taken",
        "warning",
        "What is written to {path} for chargers on {bus} is not sent: a try was in vain, and nobody has seen here that "
        "they take register {register} (`gxbridge link` says what was tried)",
        "Run `gxbridge link try` with another charger, or again after an update of its firmware; until then limit "
        "chargers by their own settings",
    ),
    FindingRow(
        "link-mode-waits",
        "warning",
        "{path} {value} of {device} is not sent: it waits for {awaited} of {charger}, without which chargers would "
        "begin by their own settings",
        "See that the controller writes what it waits for, and what other findings say about that; for a charger that "
        "has left the bus it ends by itself in about a minute",
    ),
    FindingRow(
        "link-silent",
        "alarm",
        "{device} does not answer: it was told {path} {value} and did not confirm it",
        "Check its cable and that it is on; update its firmware; limit it by its own settings",
    ),
    FindingRow(
        "link-not-followed",
        "alarm",
        "{device} was told {path} {value} and shows {shown}",
        "Look what else controls this device; update its firmware; limit it by its own settings",
    ),
    FindingRow(
        "link-refused",
        "alarm",
        "{device} refuses {path} {value} (answer {code})",
        "Update its firmware; limit it by its own settings",
    ),
    FindingRow(
        "overruled",
        "alarm",
        "Something else writes {path}: it read back differently from what gxbridge wrote, twice in a row; gxbridge "
        "writes nothing more",
        "Find the other master and switch it off, then run `gxbridge master reset`; a reboot resets it too",
    ),
    FindingRow(
        "set-apart",
        "alarm",
        "{device} shows another value at {path} than it was told, twice in a row; it is only told lower values and "
        "0 A, and counts with the highest of what it was told, shows and makes",
        "Find what else controls this device, or what limits it; then run `gxbridge master reset`",
    ),
    FindingRow(
        "master-flickers",
        "warning",
        "The GX's own controller ({service}) appeared more than once within {seconds} s; raised limits wait until it "
        "has been steady for {seconds} s",
        "Find out why it restarts: its log is in /var/log/dbus-systemcalc-py on a GX device",
    ),
    FindingRow(
        "battery-mute",
        "warning",
        "{service} has been on the bus for a minute and has not answered: what it says is unknown, and limits nothing",
        "Restart the driver of this battery, or stop it if the battery does not exist",
    ),
    FindingRow(
        "battery-unknown",
        "warning",
        "{battery} is not published: {service} may be the same battery and has not answered for a minute",
        "Restart the driver of {service}, or stop it",
    ),
    FindingRow(
        "write-failed",
        "alarm",
        "{service} does not take what it is told ({path}: {problem}); its own settings apply",
        "Check that the device works and may be controlled; update its firmware; limit it by its own settings",
    ),
    FindingRow(
        "write-not-sent",
        "alarm",
        "{service} is served by gxbridge, and {why}: who is meant goes by its own settings, unless another controller "
        "steers it on CAN",
        "If none does, set `transmit: link` and `dvcc.mode: control` where they are missing, and run `gxbridge link "
        "try` where nobody has seen yet that devices take it; until then limit chargers by their own settings",
    ),
    FindingRow(
        "firmware-insufficient",
        "warning",
        "The firmware of {device} is too old for external control",
        "Update its firmware",
    ),
    FindingRow(
        "master-silent",
        "warning",
        "{master} has written nothing for {seconds} s, although it wrote all the time before: it may have hung, and "
        "then "
        "no limit is renewed",
        "Restart the GX; its log is in /var/log/dbus-systemcalc-py. Chargers that saw a BMS stop by themselves (#67)",
    ),
    FindingRow(
        "told-despite-stop",
        "alarm",
        "{master} told {device} {theirs} A, gxbridge would tell 0 A: {why}",
        "Check that the other master uses this BMS, and that it is the controlling BMS there",
    ),
    FindingRow(
        "told-over-limit",
        "warning",
        "{master} told the chargers {theirs} A together, and {ours} A is allowed: {why}",
        "Compare the settings of both masters; with feed-in the GX does not apply the limit to solar",
    ),
    FindingRow(
        "told-more-voltage",
        "warning",
        "{master} told {device} {theirs} V, gxbridge would tell {ours} V: {why}",
        _OTHER_MASTER,
    ),
    FindingRow(
        "told-more-discharge",
        "warning",
        "{master} told {device} to discharge with up to {theirs} A, gxbridge would tell {ours} A: {why}",
        _OTHER_MASTER,
    ),
    # The BMS and its limits
    FindingRow(
        "bms-silent",
        "alarm",
        "{device} {what}: nothing is granted",
        f"{_CABLE}; every charger is told 0 A now, and in a minute nothing more, so that it stops by itself",
    ),
    FindingRow(
        "bms-lost",
        "alarm",
        "{device} is lost: it {what}",
        f"{_CABLE}; nothing is written until it is heard again: chargers stop with error #67, and the Multi by its own "
        "timer",
    ),
    FindingRow(
        "bms-replaced",
        "warning",
        "{device} has left D-Bus or no longer gives a charge voltage limit, and the GX goes by {now_by} in its place",
        "Check {device} and the driver that publishes it; if it was taken out for good, restart gxbridge",
    ),
    FindingRow(
        "bms-hangs",
        "alarm",
        "{service} shows the same for a minute, whatever its chargers and loads do, and reading it again changes "
        "nothing: it counts as lost",
        "Restart the program that publishes this battery, or the GX; check the cable of its BMS",
    ),
    FindingRow(
        "bms-awaited",
        "warning",
        "{why}",
        "Check the BMS and its cable; if it has gone for good, reset the charger's setting 'BMS present', choose "
        "another BMS in the GX's settings, and have gxbridge forget it: `gxbridge state forget identities`",
    ),
    FindingRow(
        "bms-remembered",
        "warning",
        "{device} remembers a BMS, and none is there: no charger is told anything",
        "Connect the BMS, or reset the charger's setting 'BMS present' if there is no BMS any more",
    ),
    FindingRow(
        "bms-there",
        "warning",
        "{device} remembers a BMS, and none is in control yet: it is told nothing",
        "Wait for the BMS, and see what else is found: it is there, but not chosen, not readable, or it has not yet "
        "said everything",
    ),
    FindingRow(
        "multiple-batteries",
        "warning",
        "{services} battery services give limits; {who} controls",
        "Choose the controlling BMS in the GX's settings if this is not the right one",
    ),
    FindingRow(
        "bms-trouble",
        "alarm",
        "{device} reports {what}",
        "Deal with this first: it explains refusals and limits of 0 A. The BMS's app (VictronConnect for Victron's) "
        "and "
        "manual "
        "say what to do",
    ),
    FindingRow(
        "bms-warning",
        "warning",
        "{device} reports {what}",
        "Look at the battery in the app of its BMS (VictronConnect for Victron's): if it gets worse, charging or "
        "discharging is "
        "refused",
    ),
    FindingRow(
        "bms-alarm-unknown",
        "warning",
        "{device} warns of something whose meaning is not public: bits {bits} of register 0x2107",
        "VictronConnect shows what it is; please report both, with a recording of the bus",
    ),
    FindingRow(
        "limit-unreadable",
        "alarm",
        "{device} gives a limit that cannot be read: {what} ({service})",
        "Correct the program that publishes {service}: limits on D-Bus are numbers",
    ),
    FindingRow(
        "battery-refuses",
        "warning",
        "{device} refuses {what}{why}: this counts in the limits of the whole bank",
        "Look at this battery in the app of its BMS (VictronConnect for Victron's); it allows it again by itself when "
        "the cause "
        "is gone",
    ),
    FindingRow(
        "refusal-not-obeyed",
        "warning",
        "{device} refuses {what}{why}, and is not obeyed: only {who} counts in profile vendor",
        "Use profile strict, in which every battery of the bank counts, or stop its chargers and loads by wire",
    ),
    FindingRow(
        "member-chosen",
        "warning",
        "The setting of the controlling BMS names instance {instance}, {device}, which is one of the batteries in "
        "parallel: the sum of them, {total}, is not used as the limit",
        "Choose Automatic as controlling BMS on the GX (Settings, DVCC)",
    ),
    FindingRow(
        "bms-not-selected",
        "alarm",
        "The setting of the controlling BMS names instance {instance}, and no battery has it; there: {instances}",
        "Choose Automatic or one of these as controlling BMS on the GX (Settings, DVCC)",
    ),
    FindingRow(
        "bms-none-chosen",
        "warning",
        "The setting of the controlling BMS says that there is none; limits come from {instances}",
        "Choose Automatic as controlling BMS on the GX (Settings, DVCC), if these limits are to hold",
    ),
    FindingRow(
        "bms-moved",
        "alarm",
        "The setting of the controlling BMS names instance {was}, and {device}, which had it, has {is_now} now",
        "Choose Automatic as controlling BMS on the GX (Settings, DVCC), or give the battery its instance back",
    ),
    FindingRow(
        "cvl-refused",
        "alarm",
        "{why}",
        "Check the BMS, and the nominal voltage (dvcc.nominal_voltage_v or the battery's setting)",
    ),
    FindingRow(
        "led-refused", "alarm", "{why}", "Check the Multi or inverter/charger that leads, and the nominal voltage"
    ),
    FindingRow(
        "rule-refused",
        "warning",
        "{why}",
        "Correct the voltage of the rule, or the nominal voltage, in the configuration",
    ),
    FindingRow("cvl-unknown", "alarm", "{why}", _HEARD),
    FindingRow(
        "charge-unknown",
        "warning",
        "{why}",
        f"{_HEARD}. If it said this once and never will again, stop gxbridge, run `gxbridge state forget latches` and "
        "start it again",
    ),
    FindingRow("ccl-unknown", "warning", "{why}", _HEARD),
    FindingRow(
        "no-member-allows",
        "warning",
        "{why}",
        "Check that the services of the single BMSes are on D-Bus, and that their contactors are closed",
    ),
    FindingRow(
        "same-instance",
        "warning",
        "{devices} have the same device instance {instance}: a GX forgets all but one of them, and the limits of the "
        "others",
        "Give each battery a device instance of its own",
    ),
    FindingRow(
        "debug-values",
        "warning",
        "{path} of com.victronenergy.system is set to {value}: the GX's own limits or shared sense may differ by that",
        "Set it back to 0 when the test is over; gxbridge does not look at it",
    ),
    FindingRow(
        "battery-left-out",
        "info",
        "{device} gives limits, and they do not count: {why}",
        "None needed if this is so; dvcc.other_banks in the configuration is one way to set banks apart",
    ),
    FindingRow(
        "battery-gone",
        "warning",
        "{device} of the bank has left the bus{word}",
        "Check its BMS and the driver that publishes it; if it was taken out for good, restart gxbridge",
    ),
    FindingRow("vebus-unknown", "warning", "{why}", _HEARD),
    FindingRow(
        "pre-alarm",
        "warning",
        "Pre-alarm of {bms}: the battery is almost empty, and discharging may be refused {soon}",
        _CHARGE_OR_REDUCE,
    ),
    FindingRow(
        "discharge-not-enforced",
        "warning",
        "{why}",
        "The loads, and the remote input of the inverter, must be switched off by the BMS's own load disconnect wire",
    ),
    FindingRow(
        "refusal-held-charge",
        "warning",
        "{device} refused to charge and no longer says whether it allows it ({path}): the refusal holds until "
        "it does{how}",
        "Check the BMS and its cable; if the refusal is to be forgotten, stop gxbridge, run "
        "`gxbridge state forget latches` and start it again",
    ),
    FindingRow(
        "user-limit-held",
        "info",
        "The GX's settings do not say {path} any more: the user's limit of {limit} that they said last holds",
        "Set it in the GX's settings; where they are gone for good, stop gxbridge, run `gxbridge state forget limits` "
        "and start it again",
    ),
    FindingRow(
        "feed-in-override",
        "info",
        "Feed-in is on, so the charge current limit of {limit} is not applied to solar",
        "Switch DC-coupled feed-in off, or limit each charger by its own setting, if the battery must be spared",
    ),
    FindingRow(
        "feed-in-held",
        "warning",
        "Feed-in is on, and solar may make no more than leaves for loads and the grid now: {why}",
        "See that the BMS or the battery monitor shows its current, and the inverter/charger its own: without them "
        "nobody can tell whether more is fed in or charged",
    ),
    FindingRow(
        "dc-loads-not-added",
        "info",
        "The metered DC loads are not added to the charge current limit: this kind of BMS stops everything at 0 A",
        "Expect the battery to get less than its limit while DC loads run",
    ),
    FindingRow(
        "sense-behind-contactor",
        "info",
        "The voltage of {device} is not shared: its contactor is open, or its state is not running",
        "It is shared again when the BMS runs",
    ),
    # Measurements that cannot be
    FindingRow(
        "temperature-impossible",
        "warning",
        "{device} says {value} °C ({path}), which cannot be: it is neither shared nor believed",
        _SENSOR,
    ),
    FindingRow(
        "voltage-impossible",
        "warning",
        "{device} says {value} V ({path}), which cannot be for this battery: it is neither shared nor believed",
        _SENSOR,
    ),
    FindingRow(
        "voltage-apart",
        "warning",
        "{device} measures {value} V where the others on the same DC bus measure {expected} V: it is neither shared "
        "nor believed",
        _SENSOR,
    ),
    FindingRow(
        "voltages-disagree",
        "warning",
        "{device} measures {value} V and {other} {other_value} V on the same DC bus: neither is shared",
        "If no current flows, the battery may be cut off: check its BMS, fuses, switches and cables, then both "
        "measurements",
    ),
    FindingRow(
        "low-voltage-impossible",
        "warning",
        "The low-voltage limit of {device} is {value} V, which is none for a {expected} V battery: no inverter is "
        "told it",
        "Correct it in the BMS, or in the driver that publishes it",
    ),
    # Are limits obeyed?
    FindingRow(
        "ccl-exceeded",
        "warning",
        "The battery was charged with up to {worst} A for more than 10 s, {more} A above its {name} of {limit} A; "
        "{why}{who}",
        "Limit the charger that is named by its own setting or by a wire; if none is, look for one that is not on the "
        "GX: "
        "alternators and chargers without a data link obey only wires",
    ),
    FindingRow(
        "error-67-kept",
        "warning",
        "{device} has shown error #67 (the connection to the BMS is lost) for more than a minute, although a BMS is in "
        "control",
        "{cure}",
    ),
    FindingRow(
        "charger-over-told",
        "warning",
        "{device} makes {made} A and was told {told} A",
        "Look at its limit and its networked operation in VictronConnect; restart it, and update its firmware",
    ),
    FindingRow(  # of one that gxbridge serves itself: what stands there is what the device says, whoever told it that
        "charger-over-shown",
        "warning",
        "{device} makes {made} A and shows {shown} A as its limit",
        "Look at its limit and its networked operation in VictronConnect; restart it, and update its firmware",
    ),
    FindingRow(
        "cvl-exceeded",
        "warning",
        "{device} is at {voltage} V, {more} V above the charge voltage limit of {limit} V, while current flows{who}",
        "Lower the charge voltage of the charger that does not follow, or switch it off",
    ),
    FindingRow(
        "charge-creeps",
        "warning",
        "{current} A still flow into {device} for a minute although nothing is allowed: {why}{who}",
        "Lower the charge voltage: a charger that cannot make exactly 0 A then makes none",
    ),
    FindingRow(
        "discharge-creeps",
        "warning",
        "{current} A still flow out of {device} for a minute although nothing is allowed: {why}",
        "Switch off the loads that are wired past the load disconnect",
    ),
    FindingRow(
        "current-held",
        "warning",
        "{device} takes no charge current limit and does not say its current any more: the last one, {current} A, is "
        "still taken off what the others may make",
        "Look at {device} and its sensor; it counts until it says a current again, says that it is off, or is gone",
    ),
    FindingRow(
        "current-sign",
        "warning",
        "The sign of the current of {device} looks wrong: it says {said} A, and by all other measurements {made} A "
        "flow {way} it",
        "Swap the sense wires of the shunt, or correct the sign in the driver; until then the limit is watched by the "
        "other sign",
    ),
    FindingRow(
        "ccl-slow",
        "info",
        "After its {name} dropped, it took {lag} s until the battery current had followed",
        "Find the charger that follows slowly, and update its firmware",
    ),
    FindingRow(
        "ccl-restless",
        "info",
        "{name} went up and down six times or more in {minutes} minutes, lately between {low} and {high} A",
        "Set a user limit for the charge current, a little below where it begins",
    ),
    FindingRow(
        "dcl-exceeded",
        "warning",
        "The battery was discharged with up to {worst} A for more than 10 s, {more} A above its {name} of {limit} A; "
        "{why}{who}",
        "Loads on the DC side do not obey limits: reduce them, or check the BMS's setting",
    ),
    FindingRow(
        "dcl-slow",
        "info",
        "After its {name} dropped, it took {lag} s until the battery current had followed",
        "Find the inverter that follows slowly, and update its firmware",
    ),
    FindingRow(
        "dcl-restless",
        "info",
        "{name} went up and down six times or more in {minutes} minutes, lately between {low} and {high} A",
        "Reduce the loads, or charge earlier",
    ),
    # A BMS behind VE.Bus
    FindingRow(
        "vebus-assistant-missing",
        "alarm",
        "The inverter/charger sees a VE.Bus BMS but has no assistant for it (VE.Bus error 7)",
        "Load the BMS assistant (or an ESS assistant) into every unit with VEConfigure",
    ),
    FindingRow(
        "vebus-service-gone",
        "alarm",
        "The VE.Bus service of the {bms} has vanished: its permissions are unknown",
        "Check the cable between the GX device and the VE.Bus system",
    ),
    FindingRow(
        "vebus-bms-connection-lost",
        "alarm",
        "The connection to the {bms} is lost ({path}); unknown counts as refused",
        "Check the VE.Bus cable between BMS and inverter/charger, and that the BMS is switched on",
    ),
    FindingRow(
        "vebus-bms-error",
        "alarm",
        "The {bms} reports an error ({path} = {error})",
        "Check the BMS, its battery cables and its LEDs",
    ),
    FindingRow(
        "vebus-bms-pre-alarm",
        "warning",
        "The {bms} gives its pre-alarm: a cell is low, and discharging may be refused {soon}",
        _CHARGE_OR_REDUCE,
    ),
    FindingRow(
        "vebus-bms-silent-multi-off",
        "warning",
        "The {bms} cannot be read while the inverter/charger is switched off",
        "Switch it on; a VE.Bus BMS V2 with an MK3 can be read even then",
    ),
    FindingRow(
        "vebus-bms-unknown",
        "warning",
        "The {bms} cannot be read ({path} and the items beside it): {doubt}",
        "Unknown counts as refused. With an old VE.Bus BMS switch the inverter/charger on; else check the cables",
    ),
    FindingRow(
        "vebus-bms-needs-mk3",
        "warning",
        "The {bms} is connected through '{interface}'; its complete function needs an MK3",
        "Use an MK3 interface; until then a GX device does not tell the chargers that a BMS is there",
    ),
    FindingRow(
        "vebus-bms-assumed",
        "info",
        "The BMS does not tell its version: a V2 with the inverter/charger switched off, or a BMS that is missing",
        "Switch the inverter/charger on to be sure; its permissions are used meanwhile",
    ),
    # A BMS at terminals
    *(
        FindingRow(
            f"terminal-{role}-{doubt}",
            "alarm",
            f"{{bms}}: {{terminal}}: {{doubt}}; {effect}",
            _INPUT_TYPE if doubt == "wrong-type" else _INPUT_THERE,
        )
        for role, effect in (
            ("charge", "this counts as a refusal to charge"),
            ("discharge", "this counts as a refusal to discharge"),
            ("pre-alarm", "a pre-alarm would not be seen"),
        )
        for doubt in ("vanished", "wrong-type", "no-level")
    ),
    FindingRow(
        "terminals-both-open",
        "warning",
        "{bms}: both terminals are open: the BMS is off or unsupplied, a common wire is broken, or a temperature alarm "
        "stops both",
        "Check the BMS's supply and remote on/off, then the fuse and the wires to the inputs",
    ),
    FindingRow(
        "terminal-pre-alarm",
        "warning",
        "{bms}: pre-alarm: a cell is low, and discharging may be refused {soon}",
        _CHARGE_OR_REDUCE,
    ),
    # Bluetooth
    FindingRow(
        "bluetooth-unavailable",
        "warning",
        "{problem}",
        "The Bluetooth devices below `readout` are not heard meanwhile; everything else works",
    ),
    FindingRow(
        "readout-wrong-key",
        "warning",
        "The Instant Readout key of {address} does not fit; its advertisements cannot be read",
        "Copy the key again from VictronConnect (product info, Instant Readout details); a new PIN changes it",
    ),
    FindingRow(
        "readout-pre-alarm",
        "warning",
        "{device} advertises a pre-alarm: a cell is low, and discharging may be refused {soon}",
        _CHARGE_OR_REDUCE,
    ),
    # One BMS, two channels
    FindingRow("channels-disagree-charge", "warning", _STRICTER, _DEAD_CHANNEL),
    FindingRow("channels-disagree-discharge", "warning", _STRICTER, _DEAD_CHANNEL),
    FindingRow(
        "channels-disagree-pre-alarm",
        "warning",
        _DISAGREE,
        "Test the pre-alarm wire: when it is broken it reads as no warning",
    ),
    FindingRow(
        "channels-disagree-contactor",
        "warning",
        _DISAGREE,
        "Check the BMS in VictronConnect and the contactor's state",
    ),
    FindingRow("channels-disagree-voltage", "warning", _DISAGREE, _SAME_BMS),
    FindingRow("channels-disagree-current", "warning", _DISAGREE, _SAME_BMS),
    FindingRow("channels-disagree-soc", "warning", _DISAGREE, _SAME_BMS),
    FindingRow("channels-disagree-temperature", "warning", _DISAGREE, _SAME_BMS),
    # Configuration and what is kept on disk; a retired key that only repeats the profile's value is a warning
    FindingRow("key-retired", "alarm", "{where}: {key}: {what}", "{cure}"),
    FindingRow(
        "upgrade-undone",
        "warning",
        "The upgrade to {version} was undone: it ended five times soon after its start",
        "Read the log, /var/log/gxbridge/current; this finding ends when a version is installed again",
    ),
    FindingRow("key-doubtful", "warning", "{where}: {key}: {what}", "{cure}"),
    FindingRow(
        "state-of-another-boat",
        "warning",
        "The state in {path} is of another device and counts as unknown{kept}",
        "None needed if the file was copied, or the device or its memory card was exchanged",
    ),
    FindingRow(
        "state-unreadable",
        "warning",
        "The state in {path} counts as unknown: {why}{kept}. Limits and refusals that it remembers do not hold",
        "{cure}",
    ),
    FindingRow(
        "state-not-saved",
        "warning",
        "The state cannot be saved in {folder}: {why}. What was learnt since is lost when gxbridge ends",
        "Make room or make the folder writable, or set state.dir; everything else goes on",
    ),
    FindingRow(
        "state-full",
        "info",
        "The state has no room for {left_out} of its entries; the oldest batteries were left out",
        "`gxbridge state forget identities` makes room if most of them are gone for good",
    ),
    FindingRow(
        "blackbox-unwritable",
        "warning",
        "The black box cannot be written to {folder}: {why}",
        "Make room or make the folder writable, or set blackbox.folder; everything else goes on",
    ),
    FindingRow(
        "blackbox-broken",
        "warning",
        "The black box has stopped: {fault}",
        "Please report this; limits and D-Bus are not affected",
    ),
)

FINDINGS: Final[Mapping[str, FindingRow]] = {row.id: row for row in TABLE}
