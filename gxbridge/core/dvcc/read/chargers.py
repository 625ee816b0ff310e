"""Everything that charges, told or not: what it makes, what it shows to be told, and what it is called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from gxbridge.core.dvcc.read.devices.installation import ChargingDevice, Installation
from gxbridge.core.dvcc.read.devices.services import Charger, Hindrance, VebusSystem
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.read.user_settings import UserSettings
from gxbridge.core.model.fast import make
from gxbridge.core.model.named_tuple import NamedTuple

LEAST_A: Final = 0.5
"""A current below this is none: what is measured is not better."""


class Maker(NamedTuple):
    """What charges: its current (A) and its limit as it shows it (A; None: none). `not_told`: why it takes none."""

    device: ChargingDevice
    name: str
    made_a: float
    told_a: float | None
    not_told: Hindrance | None = None


def read_makers(inputs: Inputs) -> list[Maker]:
    """Everything that charges, whether it takes a limit or not."""
    return makers_of(inputs, inputs.installation.chargers) + makers_beside(inputs)


def makers_of(inputs: Inputs, chargers: Iterable[Charger]) -> list[Maker]:
    """What these chargers make."""
    names = inputs.titles
    return [
        make(
            Maker,
            (
                charger,
                names[charger.name],
                max(charger.current_a or 0.0, 0.0),
                charger.told_current_a,
                charger.not_told,
            ),
        )
        for charger in chargers
    ]


def makers_beside(inputs: Inputs) -> list[Maker]:
    """What charges beside the chargers that can be told a limit: AC chargers and VE.Bus systems."""
    plant, names = inputs.installation, inputs.titles
    told = [multi.name for multi in chosen_multis(plant, inputs.multi, inputs.settings)]
    return makers_of(inputs, plant.ac_chargers) + [
        Maker(
            multi,
            names[multi.name],
            max(multi.current_a or 0.0, 0.0),
            told_charge(inputs, multi),
            None if multi.name in told else "other-multi",
        )
        for multi in plant.multis
    ]


def has_untold(inputs: Inputs) -> bool:
    """May any of these take no limit? One VE.Bus system alone is told its limit."""
    plant = inputs.installation
    return bool(plant.ac_chargers) or plant.multis[1:] != [] or (inputs.multi is None and plant.multis != [])


def told_charge(inputs: Inputs, multi: VebusSystem) -> float | None:
    """The charge current that a VE.Bus system is told (A): without a BMS by its own setting."""
    return multi.max_charge_current_a if inputs.bms is None else multi.told_charge_a


def chosen_multis(plant: Installation, multi: VebusSystem | None, settings: UserSettings) -> Sequence[VebusSystem]:
    """The VE.Bus systems that are told limits: the first, or all where the user wants it."""
    return plant.multis if settings.all_multis else () if multi is None else (multi,)


def who_charges(makers: Iterable[Maker]) -> str:
    """Who makes how much of what it was told or shows as its limit, the most first, in words."""
    busy = sorted((one for one in makers if one.made_a > LEAST_A), key=lambda one: -one.made_a)
    return ", ".join(words(one) for one in busy)


def words(one: Maker) -> str:
    """`SmartSolar makes 62 A and was told 31 A`."""
    made = f"{one.name} makes {one.made_a:.3g} A"
    if one.not_told is not None:
        return f"{made} and takes no limit"
    if one.told_a is None:
        return made
    if one.device.says_itself:
        return f"{made} and shows {one.told_a:.3g} A as its limit"
    return f"{made} and was told {one.told_a:.3g} A"
