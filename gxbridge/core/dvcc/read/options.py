"""What the operator chose: the profile with its named differences, and the installer's ceilings."""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from gxbridge.core.dvcc.rules.rule_set import NO_RULES, RuleSet
from gxbridge.core.model.named_tuple import NamedTuple
from gxbridge.core.model.record import record

Profile: TypeAlias = Literal["strict", "vendor"]
DischargeOnLoss: TypeAlias = Literal["vendor", "stop"]


class Switch(NamedTuple):
    """One difference between the profiles: the field of `Options`, and what holds with it on and off."""

    name: str
    on: str
    off: str
    had_key: bool = True
    """It could be set by a key of its own in the configuration, which is retired."""


SWITCHES: Final[tuple[Switch, ...]] = (
    Switch(
        "unknown_permission_stops",
        "a VE.Bus BMS whose permission to charge is unknown stops the charge",
        "an unknown permission of a VE.Bus BMS counts as allowed",
    ),
    Switch(
        "battery_permission_counts",
        "a battery's own /Io/AllowToCharge and /Io/AllowToDischarge are obeyed: 0 stops, unknown stops where the BMS "
        "is of a kind that gives them (or once gave them)",
        "the permissions of a battery service are not looked at, only its limits",
    ),
    Switch(
        "unknown_limit_stops",
        "a BMS without a known charge current limit, and a Lynx without a known charge voltage, allow no charge; "
        "no discharge limit is renewed while it is unknown",
        "a BMS without a charge current limit does not limit; an unknown discharge limit is passed on as unknown",
    ),
    Switch(
        "vebus_bms_never_lifts",
        "a VE.Bus BMS that allows charging leaves a battery BMS's limit alone: the lesser holds",
        "a VE.Bus BMS that allows charging replaces a battery BMS's limit by 10000 A",
    ),
    Switch(
        "stop_means_zero",
        "charge refused (permission 0 or unknown, limit 0) is 0 A for every charger and the Multi, with every product",
        "only some products stop everything at 0 A; others are helped by DC loads, AC loads and product quirks",
    ),
    Switch(
        "quirks_never_raise",
        "a product quirk never raises a limit above what the BMS said",
        "quirks of some products raise a low current limit (Pylontech, BYD, Pelio-L) or a voltage (Pylontech, 48 V)",
    ),
    Switch(
        "voltage_window",
        "a charge voltage limit outside the window of the nominal voltage is refused and charging stops; an "
        "inverter/charger's offset for solar counts up to 0.4 V, and its or a Multi's voltage without a BMS is held to "
        "the user's and the installer's limit",
        "any charge voltage limit and any offset is passed on unchecked",
    ),
    Switch(
        "clean_limits",
        "a negative limit is nonsense and counts as unknown",
        "a negative limit is passed on (below 0 only the Multi is spared)",
    ),
    Switch(
        "strict_sharing",
        "whatever charges, Multis included, is together told at most the limit, rounded down",
        "each may be told its maximum above 95 % of the capacity; rounding is up; alternators and the Multi get what "
        "solar does not make",
    ),
    Switch(
        "feed_in_obeys_ccl",
        "with DC-coupled feed-in solar is told the charge current limit, what leaves for loads and the grid now, and a "
        "headroom that is taken back where the battery is charged above its limit",
        "with DC-coupled feed-in the charge current limit is not applied to solar",
        had_key=False,
    ),
    Switch(
        "dcdc_obeys",
        "a DC/DC charger (com.victronenergy.dcdc) that has the paths is told what an alternator is told",
        "com.victronenergy.dcdc is no charger of DVCC: it is told nothing, and its current does not count",
    ),
    Switch(
        "own_network_only",
        "a solar charger or inverter/charger whose N2K device instance is not 0 is on another battery: no mode is "
        "written to it",
        "its network mode is written, which tells it of a BMS that is not its own",
        had_key=False,
    ),
    Switch(
        "early_lowering",
        "a lowered limit or a withdrawn permission is written within a second",
        "lowered limits wait for the 3 s round",
    ),
    Switch(
        "no_unlimited_reset",
        "without any limit the Multi is told 10000 A only to lift a limit that it was told before",
        "without any limit 10000 A is written to the Multi once",
    ),
    Switch(
        "no_legacy",
        "with DVCC off nothing is written",
        "with DVCC off a hub voltage is passed on, and chargers are told 1000 A to keep error #67 away",
    ),
    Switch(
        "other_bms_stops",
        "a BMS that only says yes or no (wired terminals, a two-signal BMS, a VE.Bus BMS with a lost connection or an "
        "error; Bluetooth: only no) stops; while it allows, chargers are told their own limit",
        "only battery services and the permission of a VE.Bus BMS are looked at",
    ),
    Switch(
        "fresh_values",
        "shared sense and load compensation use what is measured now, and battery monitor and BMS are chosen from what "
        "is there now",
        "they use what com.victronenergy.system shows, which is made once a second: up to a second old; the battery "
        "monitor is chosen only when a service comes or goes, a setting is set, or a name or a connection changes; "
        "batteries that appear together force their settings one after the other",
    ),
    Switch(
        "contactor_guard",
        "a battery voltage measured behind an open contactor is not shared with the chargers",
        "the battery's voltage is shared whatever its contactor does",
    ),
    Switch(
        "measurements_checked",
        "a voltage or temperature that cannot be, and a voltage away from the others of its DC bus, is neither shared "
        "nor believed",
        "whatever is measured is believed and shared",
        had_key=False,
    ),
    Switch(
        "every_bms_limits",
        "every live battery BMS of the bank limits and stops, the strictest wins; batteries of another bank, network "
        "or nominal voltage and virtual copies do not, and a total stands for the limits of its members",
        "only the BMS in control limits and stops",
        had_key=False,
    ),
    Switch(
        "loss_stops_first",
        "after the loss of the BMS 0 A is written until 60 s after its last message, then nothing; "
        "the loss is remembered, and no other BMS takes over by itself",
        "after the loss of the BMS nothing is written, if a charger remembers a BMS; else control goes on without one",
    ),
)


@record
class Options:
    """Defaults are profile `strict`; `Options.vendor()` is the other one. Currents in A, voltages in V, power in W."""

    profile: Profile = "strict"
    unknown_permission_stops: bool = True
    battery_permission_counts: bool = True
    unknown_limit_stops: bool = True
    vebus_bms_never_lifts: bool = True
    stop_means_zero: bool = True
    quirks_never_raise: bool = True
    voltage_window: bool = True
    clean_limits: bool = True
    strict_sharing: bool = True
    feed_in_obeys_ccl: bool = True
    dcdc_obeys: bool = True
    own_network_only: bool = True
    early_lowering: bool = True
    no_unlimited_reset: bool = True
    no_legacy: bool = True
    other_bms_stops: bool = True
    fresh_values: bool = True
    contactor_guard: bool = True
    measurements_checked: bool = True
    every_bms_limits: bool = True
    loss_stops_first: bool = True
    discharge_on_loss: DischargeOnLoss = "vendor"
    """With `loss_stops_first`: "vendor" leaves the Multi's discharge limit to its own timer, "stop" writes 0."""
    nominal_voltage_v: float | None = None
    """12, 24, 48 ...; None: the battery's own setting, else the class of the measured voltage."""
    max_charge_current_a: float | None = None
    max_discharge_current_a: float | None = None
    max_charge_voltage_v: float | None = None
    """The installer's ceilings; None: none."""
    other_banks: tuple[str, ...] = ()
    """Device instances or serials of batteries that are another bank: they neither limit nor stop."""
    aggregates: tuple[str, ...] = ()
    """Device instances or serials of batteries that add up the others."""
    file: str = ""
    """Where the ceilings were read from."""
    switch_alternators: bool = False
    """Alternators and DC/DC chargers that take no current are switched off and on by their `/Mode`."""
    rules: RuleSet = NO_RULES
    """The user's own rules, which only lower."""
    charge_power_w: float | None = None
    """Most charge power for the Multi, as an energy-management service may ask; None: no cap."""

    @classmethod
    def strict(cls, **changes: Any) -> Options:
        """Unknown is not permission: the product's default."""
        return cls(**changes)

    @classmethod
    def vendor(cls, **changes: Any) -> Options:
        """As systemcalc 2.256, also where it is fail-open: every switch off."""
        return cls(**({"profile": "vendor"} | {switch.name: False for switch in SWITCHES} | changes))

    @classmethod
    def of(cls, profile: Profile, **changes: Any) -> Options:
        """The options of a profile by name; further fields may be changed by name."""
        return cls.vendor(**changes) if profile == "vendor" else cls.strict(**changes)
