"""What a BMS model is, once `models.yaml` has been read and judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from gxbridge.core.model.record import record
from gxbridge.strict_yaml.problem import ProblemsError

Alternator = Literal["none", "port", "atc-mode"]
"""No provision, an alternator port of its own, or a relay mode that stops the alternator before the contactor opens."""

Terminal = Literal["discharge", "charge", "pre-alarm", "remote"]
Question = Literal["voltage", "inverter_charger", "gx", "alternator", "dc_loads", "contactor"]
Proof = Literal["real", "vendor", "constructed"]
"""Real data of the device, a vendor's recording or test, or made by us from the documented layout."""

TERMINALS: tuple[Terminal, ...] = ("discharge", "charge", "pre-alarm", "remote")
QUESTIONS: tuple[Question, ...] = ("voltage", "inverter_charger", "gx", "alternator", "dc_loads", "contactor")
CHANNELS = ("VE.Can", "VE.Bus", "Instant Readout", "Terminals", "GX to BMS")


class CatalogueError(ProblemsError):
    """The catalogue file is wrong; there is one problem, the first."""


@record
class ModelFacts:
    """The comparison table's rows that the program decides by. `connection_a` and `alternator_a` are 0 for none."""

    voltages_v: tuple[int, ...]
    connection_a: int
    alternator: Alternator
    alternator_a: int
    terminals: tuple[Terminal, ...]
    bluetooth: bool
    battery_monitor: bool
    dvcc: bool
    contactor: bool


@record
class Condition:
    """One thing the recommendation rests on; `without` says what is lost where the answer is the other one."""

    question: Question
    answer: bool | int
    met: str
    without: str = ""


@record
class Advice:
    because: str
    conditions: tuple[Condition, ...]
    accessories: tuple[str, ...]


@record
class Variant:
    """A sibling that shares the model's row; `max_batteries` by nominal voltage where it differs from the family."""

    name: str
    product_ids: tuple[int, ...]
    note: str
    max_batteries: Mapping[int, int]


@record
class Status:
    """What works by which channel, how that is proven, and the test that proves it."""

    what: str
    channel: str
    proven: Proof
    by: str


@record
class Accessory:
    name: str
    use: str
    only_if: Question | None = None
    """Left out when this question was answered with no."""


@record
class BmsModel:
    """One column of the overview's comparison table. `name` is written as there, `names` are its other names."""

    name: str
    names: tuple[str, ...]
    product_ids: tuple[int, ...]
    features: Mapping[str, str]
    facts: ModelFacts
    channels: Mapping[str, str]
    publishes: str
    advice: Advice | None
    """None for a model at its end of life: it is never recommended."""
    successor: str | None
    variants: tuple[Variant, ...]
    status: tuple[Status, ...]
    unknown: tuple[str, ...]

    @property
    def end_of_life(self) -> bool:
        return self.successor is not None

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.name, *self.names)


@record
class FoundModel:
    """What a name or product id led to: the model and, if it was one, its variant."""

    model: BmsModel
    variant: Variant | None = None

    @property
    def name(self) -> str:
        return self.variant.name if self.variant else self.model.name

    def max_batteries(self, nominal_voltage_v: int | None, family: int) -> int:
        """The most batteries on this BMS; with the voltage unknown, the most at any voltage."""
        known = self.variant.max_batteries if self.variant else {}
        if not known:
            return family
        return known.get(nominal_voltage_v or 0, max(known.values()))


@record
class Catalogue:
    source: str
    feature_rows: tuple[str, ...]
    max_batteries: int
    contradictions: tuple[tuple[str, str], ...]
    """What the overview's lists say, and what its table says instead. The table holds."""
    models: tuple[BmsModel, ...]
    accessories: Mapping[str, Accessory]

    def model(self, name: str) -> BmsModel:
        """The model of exactly this name. Raises KeyError."""
        for model in self.models:
            if model.name == name:
                return model
        raise KeyError(name)

    def find(self, text: str) -> FoundModel | None:
        """A model or variant by name, however spaced or capitalised, or by product id (`0xA3E5` or 41957)."""
        wanted = _plain(text)
        number = _number(text)
        for model in self.models:
            for variant in model.variants:
                if _plain(variant.name) == wanted or number in variant.product_ids:
                    return FoundModel(model, variant)
            if wanted in map(_plain, model.all_names) or number in model.product_ids:
                return FoundModel(model)
        return None

    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _number(text: str) -> int | None:
    try:
        return int(text.strip(), 0)
    except ValueError:
        return None
