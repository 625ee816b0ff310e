"""Every key of the configuration file, once: how it is written, what it may be, what it is when it is not there.

The check of a file, the example file, `config show` and the documentation page all come from this table.
"""

from __future__ import annotations

from typing import Final

from gxbridge.config.interfaces import INTERFACES, MULTICAST
from gxbridge.config.rule_keys import RULE_KEYS
from gxbridge.config.schema import LEVELS, ConfigKey
from gxbridge.core.dvcc.read.options import SWITCHES

KEYS: Final[tuple[ConfigKey, ...]] = (
    ConfigKey(
        "can", "items",
        "The CAN buses to listen to. An empty list `[]` is allowed: then only D-Bus and the wired inputs are "
        "watched.",
        default=({"interface": "socketcan", "channel": "vecan0"},),
    ),
    ConfigKey(
        "can[].interface", "choice",
        "How the bus is reached: any interface of python-can, or `gxsocket` (a directory, for demonstrations). "
        "`socketcan` is the one for CAN ports of a GX device or a Raspberry Pi.",
        default="socketcan", choices=INTERFACES,
    ),
    ConfigKey(
        "can[].channel", "text",
        "The interface's name (`vecan0`, `can0`), the serial port, the directory, ... as python-can calls it. "
        "`udp_multicast` has a usual group.",
        required=True, unless=("interface", MULTICAST), example="vecan0",
    ),
    ConfigKey(
        "can[].name", "name",
        "Name of this bus in logs and on D-Bus.",
        unset="made from the channel: `vecan0`, `/dev/ttyUSB0` gives `ttyUSB0`", example="vecan0",
    ),
    ConfigKey(
        "can[].bitrate", "whole",
        "Bit rate for adapters that set it when they are opened. VE.Can has 250000. Not with `socketcan`: there "
        "the system sets it (`ip link set can0 type can bitrate 250000`).",
        unset="250000 where the interface takes one", low=10_000, high=1_000_000, unit="bit/s", example=250_000,
    ),
    ConfigKey(
        "can[].options", "free",
        "Further options for python-can's interface, by its own names.",
        default={}, example={"tty_baudrate": 115200},
    ),
    ConfigKey(
        "can[].serve", "choice",
        "What of this bus is put on D-Bus. `batteries`: the Lynx Smart BMSes. `all`: every device that gxbridge knows, "
        "and the port itself, for a port that no other program has (docs/port.md).",
        default="batteries", choices=("batteries", "all"),
    ),
    ConfigKey(
        "can[].temperatures", "flag",
        "With `serve: all`, temperature senders of NMEA 2000 too.",
        default=False,
    ),
    ConfigKey("dbus", "section", "Where D-Bus is."),
    ConfigKey(
        "dbus.address", "dbus",
        "`system` (a GX device), `session`, or an address such as `unix:path=/run/dbus/system_bus_socket` or "
        "`tcp:host=192.168.1.5,port=78`.",
        default="system",
    ),
    ConfigKey("dvcc", "section", "What gxbridge does about charge and discharge limits."),
    ConfigKey(
        "dvcc.mode", "choice",
        "`off`: no limits are computed. `monitor`: they are computed, explained and compared with what the GX "
        "does; nothing is written. `control`: they are written to the chargers, whenever nobody else does.",
        default="monitor", choices=("off", "monitor", "control"),
    ),
    ConfigKey(
        "dvcc.profile", "choice",
        "`strict`: what is unknown, stale or contradictory never grants charge or discharge. `vendor`: decide "
        "as systemcalc 2.256, the GX's own DVCC, also where that allows what it does not know.",
        default="strict", choices=("strict", "vendor"),
    ),
    ConfigKey(
        "dvcc.discharge_on_loss", "choice",
        "When the BMS is lost (profile `strict`): `vendor` leaves the inverter to its own timer of about five "
        "minutes, `stop` tells it 0 A at once.",
        default="vendor", choices=("vendor", "stop"),
    ),
    ConfigKey(
        "dvcc.nominal_voltage_v", "number",
        "Nominal voltage of the battery; charge voltages outside its window are refused.",
        unset="the battery's own setting, else the class of the measured voltage", low=12, high=48, unit="V",
        example=24,
    ),
    ConfigKey(
        "dvcc.max_charge_current_a", "number",
        "The installer's ceiling: never charge with more, whatever the BMS allows.",
        unset="no ceiling", low=0, high=2000, unit="A", example=200,
    ),
    ConfigKey(
        "dvcc.max_discharge_current_a", "number",
        "The installer's ceiling for discharge.",
        unset="no ceiling", low=0, high=2000, unit="A", example=300,
    ),
    ConfigKey(
        "dvcc.max_charge_voltage_v", "number",
        "The installer's ceiling for the charge voltage.",
        unset="no ceiling", low=8, high=64, unit="V", example=28.4,
    ),
    ConfigKey(
        "dvcc.other_banks", "names",
        "Batteries on D-Bus that belong to another bank, by device instance or serial: they neither limit nor stop.",
        unset="every battery BMS of the nominal voltage limits and stops", example="[2, HQ21302VUDQ]",
    ),
    ConfigKey(
        "dvcc.aggregates", "names",
        "Batteries on D-Bus that add up the others, by device instance or serial: where one is the controlling BMS, "
        "its limits stand for theirs.",
        unset="the vendor's totals of Lynx in parallel, and services named aggregate or aggregator", example="[1]",
    ),
    ConfigKey(
        "dvcc.switch_alternators", "flag",
        "In control, switch alternators and DC/DC chargers that take no current off by their `/Mode` while charging is "
        "stopped, and those on again that gxbridge has switched off (docs/alternators.md).",
        default=False,
    ),
    ConfigKey("dvcc.write_settings", "flag", "Never did anything.", unset="no", example=False, retired=True),
    ConfigKey("dvcc.switches", "section", "Single differences between the two profiles.", retired=True),
    *(
        ConfigKey(
            f"dvcc.switches.{switch.name}", "flag", f"yes: {switch.on}. no: {switch.off}.",
            unset="as the profile has it", example=True, retired=True,
        )
        for switch in SWITCHES
        if switch.had_key
    ),
    ConfigKey(
        "dvcc.settings", "section",
        "The user's settings on a system without `com.victronenergy.settings`; where that service is, it counts.",
    ),
    ConfigKey("dvcc.settings.dvcc", "flag", "DVCC on.", unset="on when the BMS forces it", example=True),
    ConfigKey(
        "dvcc.settings.max_charge_current_a", "number",
        "The user's limit of the charge current of the whole system.",
        unset="no limit", low=0, high=2000, unit="A", example=60,
    ),
    ConfigKey(
        "dvcc.settings.max_charge_voltage_v", "number",
        "The user's limit of the charge voltage.",
        unset="no limit", low=8, high=64, unit="V", example=27.6,
    ),
    ConfigKey(
        "dvcc.settings.bms_instance", "whole",
        "The controlling BMS: its device instance, -1 automatic, -255 none.",
        unset="-1", low=-255, high=65_535, example=-1,
    ),
    ConfigKey(
        "dvcc.settings.shared_voltage_sense", "flag",
        "Tell the chargers the battery's voltage.",
        unset="as the BMS forces it", example=True,
    ),
    ConfigKey(
        "dvcc.settings.shared_temperature_sense", "flag",
        "Tell the chargers the battery's temperature.",
        unset="as the BMS forces it", example=True,
    ),
    ConfigKey(
        "dvcc.settings.shared_current_sense", "flag",
        "Tell the chargers the battery's current.",
        unset="no", example=False,
    ),
    ConfigKey(
        "dvcc.settings.control_all_multis", "flag",
        "Also limit secondary VE.Bus systems.",
        unset="no", example=False,
    ),
    ConfigKey("battery", "section", "The battery services that gxbridge publishes."),
    ConfigKey(
        "battery.instance", "whole",
        "Device instance where `com.victronenergy.settings` is not there to give one; further batteries count up "
        "from it.",
        default=220, low=0, high=65_535,
    ),
    ConfigKey(
        "battery.custom_name", "text",
        "A name of your own, shown instead of the product's.",
        unset="the name stored in the BMS, else none", example="House bank",
    ),
    ConfigKey(
        "battery.known", "items",
        "Batteries that may be published before they have said who they are (that can take a minute after a late "
        "start).",
        default=(),
    ),
    ConfigKey("battery.known[].bus", "name", "Name of the bus it is on.", required=True, example="vecan0"),
    ConfigKey("battery.known[].address", "whole", "Its source address.", required=True, low=0, high=251, example=36),
    ConfigKey(
        "battery.known[].unique_number", "whole",
        "Its unique number (the first part of the serial: `0167120 HQ...`).",
        required=True, low=0, high=0x1FFFFF, example=167120,
    ),
    ConfigKey(
        "battery.known[].product_id", "whole",
        "Its product id, such as 0xA3E5 for a Lynx Smart BMS 500.",
        required=True, low=0xA000, high=0xFFFF, example=0xA3E5,
    ),
    ConfigKey("battery.known[].device_instance", "whole", "Its NMEA 2000 device instance.", default=0, low=0, high=255),
    ConfigKey(
        "banks", "items",
        "Batteries in parallel that are to be as one: published as one BMS, and limited so that none takes more than "
        "it may (docs/banks.md). Without an entry gxbridge makes no bank.",
        default=(),
    ),
    ConfigKey(
        "banks[].name", "name",
        "The bank's name: its D-Bus service is `com.victronenergy.battery.gxbridge_bank_` with this behind it.",
        required=True, example="house",
    ),
    ConfigKey(
        "banks[].title", "text",
        "Its name, until the user gives it another one on the GX.",
        unset="its name", example="House bank",
    ),
    ConfigKey(
        "banks[].members", "names",
        "Its batteries: each by its serial, its NAME (16 hexadecimal digits, as `gxbridge state show` has it) or its "
        "D-Bus service.",
        unset="every Lynx of one N2K device instance and nominal voltage on one CAN bus",
        example="[HQ2437XXP7K, HQ21302VUDQ, com.victronenergy.battery.ttyUSB0]",
    ),
    ConfigKey(
        "banks[].bus", "name",
        "Without `members`: the CAN bus that its Lynx are on.",
        unset="the only one", example="vecan0",
    ),
    ConfigKey(
        "banks[].device_instance", "whole",
        "Without `members`: the NMEA 2000 device instance that its Lynx have.",
        default=0, low=0, high=255,
    ),
    ConfigKey(
        "banks[].nominal_voltage_v", "whole",
        "Nominal voltage of the bank; a battery of another one is no member.",
        unset="`dvcc.nominal_voltage_v`, else that of its members", low=12, high=48, unit="V", example=24,
    ),
    ConfigKey(
        "banks[].current", "choice",
        "`share`: the current limits are those at which the first member reaches its own. `sum`: they are added up, as "
        "the vendor's totals do; then one member may take more than it allows.",
        default="share", choices=("share", "sum"),
    ),
    ConfigKey(
        "banks[].share", "choice",
        "Which part of the current each member is expected to take: by its `capacity`, or as `measured` over a minute "
        "(by capacity until then).",
        default="capacity", choices=("capacity", "measured"),
    ),
    ConfigKey(
        "banks[].imbalance_percent", "number",
        "By how much of its part a member may take more than its part before it reaches its own limit.",
        default=10, low=0, high=100, unit="%",
    ),
    ConfigKey(
        "publish", "choice",
        "`bms`: with all limits, as the vendor's driver would. `bms-neutral`: the same under a product id of our "
        "own, so that the GX applies no product rules. `monitor`: as a battery monitor without limits. `none`: no "
        "battery service.",
        default="bms", choices=("bms", "bms-neutral", "monitor", "none"),
    ),
    ConfigKey(
        "transmit", "section", "What gxbridge may send on CAN. `transmit: requests` is short for its `level`.",
        short="level",
    ),
    ConfigKey(
        "transmit.level", "choice",
        "`off`: it only listens. `requests`: it claims an address, tells who asks what it is, and asks devices for "
        "values not heard yet. `link`: with `dvcc.mode: control`, it also tells the chargers of a port that it owns "
        "what is written to `/Link/*` on D-Bus (docs/link.md). `writes`: it also passes on the few settings a battery "
        "service lets you write.",
        default="off", choices=("off", "requests", "link", "writes"),
    ),
    ConfigKey(
        "transmit.allow_mode", "flag",
        "With `writes`: also let `/Mode` switch the BMS to standby, which opens the contactor.",
        default=False,
    ),
    ConfigKey("link", "section", "How chargers are told on CAN, with transmit level `link` or `writes`."),
    ConfigKey(
        "link.broadcast", "flag",
        "Broadcast also where an alternator regulator is on the bus: one may obey the first sender that it hears, and "
        "no other, such as its BMS.",
        default=False,
    ),
    ConfigKey(
        "plotters", "section",
        "The battery in control, told to chart plotters (docs/plotters.md). Needs a transmit level.",
    ),
    ConfigKey(
        "plotters.bus", "name",
        "Name of the CAN bus that the plotters are on.",
        unset="nothing is told", example="vecan0",
    ),
    ConfigKey(
        "plotters.instance", "whole", "As which battery instance.", default=0, low=0, high=252,
    ),
    ConfigKey(
        "plotters.alerts", "choice",
        "What plotters get of the findings about batteries, as alerts: nothing, alarms, or warnings too.",
        default="off", choices=("off", "alarms", "warnings"),
    ),
    ConfigKey("log", "section", "What is logged on standard error."),
    ConfigKey(
        "log.level", "choice",
        "`info` is quiet: a line when something changes, none per frame.",
        default="info", choices=LEVELS,
    ),
    ConfigKey(
        "log.modules", "levels",
        "Levels of single parts: `can`, `dbus`, `dvcc`, `battery`, ...",
        default={}, example={"can": "debug"},
    ),
    ConfigKey(
        "blackbox", "section",
        "The record of the last minutes, kept when something goes wrong (docs/blackbox.md).",
    ),
    ConfigKey(
        "blackbox.enabled", "flag",
        "Remember what comes in and what is decided, in memory; write it to a file on an event only.",
        default=True,
    ),
    ConfigKey(
        "blackbox.folder", "text",
        "Where the files go; a relative folder begins at this file. Without a folder nothing is remembered.",
        unset="`/data/log/gxbridge-blackbox` on a GX device, elsewhere none", example="/data/log/gxbridge-blackbox",
    ),
    ConfigKey(
        "blackbox.max_bytes", "whole",
        "Most bytes of the memory, and of each file (which is compressed).",
        default=4_000_000, low=200_000, high=100_000_000, unit="bytes",
    ),
    ConfigKey(
        "blackbox.keep", "whole",
        "Files kept; the oldest make room.",
        default=8, low=1, high=100,
    ),
    ConfigKey("state", "section", "What outlives the process (docs/state.md)."),
    ConfigKey("state.enabled", "flag", "Keep it in a file; else only in memory, while gxbridge runs.", default=True),
    ConfigKey(
        "state.dir", "text",
        "The folder of the file.",
        unset="`/data/conf` on a GX device, elsewhere the folder of this file", example="/var/lib/gxbridge",
    ),
    *RULE_KEYS,
    ConfigKey(
        "notify", "section",
        "Telling people of findings (docs/notifications.md). `notify: alarms` is short for its `level`.",
        short="level",
    ),
    ConfigKey(
        "notify.level", "choice",
        "Which findings become notifications on the GX (its screen, VRM), one when it begins: `alarms`, or "
        "`warnings` too. This is the only thing that gxbridge writes to the GX's own program.",
        default="off", choices=("off", "alarms", "warnings"),
    ),
    ConfigKey(
        "notify.hook", "names",
        "Start this program too, when a notification begins and ends: its path and arguments as a list, never "
        "by a shell; it has 10 s. {state}, {id}, {severity}, {title}, {text} and {advice} are filled in.",
        unset="none", example='["/usr/local/bin/tell-me", "{title}", "{text}"]',
    ),
    ConfigKey(
        "installation", "section",
        "What is installed, to be checked against what the BMS model really has (`gxbridge models`).",
    ),
    ConfigKey(
        "installation.model", "text",
        "The BMS model, as `gxbridge models` names it.",
        unset="not checked", example="Lynx Smart BMS",
    ),
    ConfigKey(
        "installation.nominal_voltage_v", "whole",
        "Nominal voltage of the system.",
        unset="`dvcc.nominal_voltage_v`", low=12, high=48, unit="V", example=24,
    ),
    ConfigKey(
        "installation.batteries", "whole",
        "Number of batteries on the BMS.",
        unset="not checked", low=1, high=1000, example=4,
    ),
    ConfigKey(
        "installation.alternator", "choice",
        "What of the BMS the alternator relies on: its alternator port, or the Alternator ATC mode of its relay.",
        unset="none", choices=("none", "port", "atc-mode"), example="atc-mode",
    ),
    ConfigKey(
        "installation.dvcc", "flag",
        "Chargers are to be controlled through the GX device by what this BMS says.",
        unset="no", example=True,
    ),
    ConfigKey(
        "terminals", "items",
        "BMSes whose contacts are wired to digital inputs of the GX (docs/wiring.md): one entry each.",
        default=(),
    ),
    ConfigKey(
        "terminals[].model", "text",
        "The BMS model, as `gxbridge models` names it.",
        required=True, example="Small BMS",
    ),
    ConfigKey(
        "terminals[].name", "name",
        "Its name in the reasons.",
        unset="made from the model", example="small_bms",
    ),
    ConfigKey(
        "terminals[].nominal_voltage_v", "whole",
        "Nominal voltage of its battery; checked against the model.",
        unset="`dvcc.nominal_voltage_v`", low=12, high=48, unit="V", example=12,
    ),
    ConfigKey(
        "terminals[].batteries", "whole",
        "Number of batteries; checked against the model.",
        unset="not checked", low=1, high=1000, example=4,
    ),
    ConfigKey(
        "terminals[].allow_to_charge", "service",
        "Digital input of the charge disconnect (ATC) contact.",
        unset="not wired", example="com.victronenergy.digitalinput.input_1",
    ),
    ConfigKey(
        "terminals[].allow_to_discharge", "service",
        "Digital input of the load disconnect (ATD) contact.",
        unset="not wired", example="com.victronenergy.digitalinput.input_2",
    ),
    ConfigKey(
        "terminals[].pre_alarm", "service",
        "Digital input of the pre-alarm contact.",
        unset="not wired", example="com.victronenergy.digitalinput.input_3",
    ),
    ConfigKey(
        "terminals[].pre_alarm_level", "whole",
        "The input level that means pre-alarm: 0 through an optocoupler, 1 with a contact that opens then.",
        default=0, low=0, high=1,
    ),
    ConfigKey(
        "readout", "items",
        "Bluetooth Instant Readout: the devices whose advertisements may be decoded. They may restrict, never "
        "grant.",
        default=(),
    ),
    ConfigKey(
        "readout[].address", "mac",
        "Bluetooth address of the device.",
        required=True, example="C0:FF:EE:12:34:56",
    ),
    ConfigKey(
        "readout[].key", "hex key",
        "Its encryption key from VictronConnect (Product info). Never logged or shown.",
        required=True, secret=True, example="0123456789abcdef0123456789abcdef",
    ),
    ConfigKey(
        "readout[].name", "text",
        "Its name in the reasons.",
        unset="its address", example="Lynx in the engine room",
    ),
)  # fmt: skip


def children(path: str, retired: bool = False) -> dict[str, ConfigKey]:
    """The keys directly below a section (`""`: the file, `can[]`: an entry of the list), or those that are retired."""
    prefix = f"{path}." if path else ""
    rest = {key.path[len(prefix) :]: key for key in KEYS if key.path.startswith(prefix) and key.retired == retired}
    return {name: key for name, key in rest.items() if "." not in name and "[" not in name}
