"""Everything that charges, told or not: what it makes, what it shows to be told, and what it is called."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final, Literal, NamedTuple, TypeAlias

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.devices.installation import ChargingDevice, Installation, charging_devices
from gxbridge.core.dvcc.read.devices.services import VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.user_settings import UserSettings

SUN: Final = frozenset({p.SOLAR, p.MULTI, p.INVERTER})
"""The kinds on the solar side."""
LEAST_A: Final = 0.5
"""A current below this is none: what is measured is not better."""

Hindrance: TypeAlias = Literal["ac-charger", "other-multi", "no-path", "no-setting", "other-network", "genset"]


class Maker(NamedTuple):
    """What charges: its current (A) and its limit as it shows it (A; None: none). `not_told`: why it takes none."""

    device: ChargingDevice
    name: str
    made_a: float
    told_a: float | None
    not_told: Hindrance | None = None


def read_makers(inputs: Inputs) -> list[Maker]:
    """Everything that charges, whether it takes a limit or not."""
    plant = inputs.installation
    devices = charging_devices(plant)
    names, told = inputs.titles, told_multis(plant, inputs.multi, inputs.settings)
    return [
        Maker(
            device,
            names[device.name],
            max(device.current_a or 0.0, 0.0),
            shown_current(inputs, device),
            why,
        )
        for device, why in ((device, why_not_told(device, told)) for device in devices)
    ]


def shown_current(inputs: Inputs, device: ChargingDevice) -> float | None:
    """The limit that a device shows to be told."""
    if isinstance(device, VebusSystem):
        return device.max_charge_current_a if inputs.bms is None else device.told_charge_a
    return device.told_current_a


def told_multis(plant: Installation, multi: VebusSystem | None, settings: UserSettings) -> set[str]:
    """The VE.Bus systems that are told limits: the first, or all where the user wants it."""
    multis = plant.multis if settings.all_multis else () if multi is None else (multi,)
    return {one.name for one in multis}


def why_not_told(device: ChargingDevice, told: Container[str]) -> Hindrance | None:
    """Why a device takes no charge current limit; None where it does. `told`: VE.Bus systems that are."""
    if isinstance(device, VebusSystem):
        return None if device.name in told else "other-multi"
    if device.kind == p.CHARGER:
        return "ac-charger"
    if device.kind == p.GENSET:
        return "genset"
    if p.CHARGE_CURRENT not in device.paths:
        return "no-path"
    if device.kind in SUN and device.n2k_instance:
        return "other-network"  # alternators are told whatever their network
    return "no-setting" if device.own_limit_a is None else None


def who_charges(makers: Iterable[Maker]) -> str:
    """Who makes how much of what it was told, the most first, in words."""
    busy = sorted((one for one in makers if one.made_a > LEAST_A), key=lambda one: -one.made_a)
    return ", ".join(words(one) for one in busy)


def words(one: Maker) -> str:
    """`SmartSolar makes 62 A and was told 31 A`."""
    made = f"{one.name} makes {one.made_a:.3g} A"
    if one.not_told is not None:
        return f"{made} and takes no limit"
    return made if one.told_a is None else f"{made} and was told {one.told_a:.3g} A"
