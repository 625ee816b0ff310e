"""What the user's rules allow, as caps beside all others."""

from __future__ import annotations

from gxbridge.core.dvcc.limit.cap import Cap
from gxbridge.core.dvcc.limit.cap_history import CapHistory
from gxbridge.core.dvcc.read.inputs import Inputs
from gxbridge.core.dvcc.rules.rule import RuledLimit


def rule_caps(inputs: Inputs, history: CapHistory, name: RuledLimit) -> list[Cap]:
    """What the user's rules allow of a limit, where they act."""
    return [
        history.cap(verdict.reason, verdict.value, verdict.unit, inputs.options.file, verdict.path, **verdict.words)
        for verdict in inputs.rules
        if verdict.limits == name
    ]


def rule_voltage(inputs: Inputs) -> float | None:
    """The charge voltage that the user's rules allow, where they act."""
    return min((one.value for one in inputs.rules if one.limits == "CVL" and one.value is not None), default=None)
