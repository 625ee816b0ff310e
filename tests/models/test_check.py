"""An installation that asks of its BMS what the model does not have is refused with the fact and the cure."""

from __future__ import annotations

import pytest

from gxbridge.models import catalogue
from gxbridge.models.installation import InstalledBms, check_installation, remark

WHOLE = catalogue()


@pytest.mark.parametrize(
    ("wanted", "key", "words"),
    [
        (InstalledBms("Nonsense"), "model", ("'Nonsense'", "Small BMS", "Lynx Smart BMS")),
        (InstalledBms("Smart BMS CL 12/100", 48), "nominal_voltage_v", ("12 V", "not to 48 V", "write 12")),
        (InstalledBms("BMS 12/200", 24), "nominal_voltage_v", ("12 V", "24 V")),
        (InstalledBms("SmallBMS", 36), "nominal_voltage_v", ("12, 24 or 48 V", "12 or 24 or 48")),
        (InstalledBms("Lynx Smart BMS", 48, 21), "batteries", ("at most 20", "not 21")),
        (InstalledBms("VE.Bus BMS V2", batteries=0), "batteries", ("not a number of batteries",)),
        (InstalledBms("Lynx Smart BMS NG 500", 48, 26), "batteries", ("at most 25",)),
        (InstalledBms("SmallBMS", control=True), "control", ("cannot be controlled", "terminals", "VE.Bus BMS V2")),
        (InstalledBms("VE.Bus BMS", control=True), "control", ("DVCC",)),
        (InstalledBms("BMS 12/200", control=True), "control", ("use a VE.Bus BMS V2 or Lynx Smart BMS",)),
        (InstalledBms("SmallBMS", control=True, terminals=("pre-alarm",)), "control", ("DVCC",)),
        (InstalledBms("VE.Bus BMS V2", alternator="port"), "alternator", ("does not have an alternator port",)),
        (InstalledBms("Lynx Smart BMS", alternator="port"), "alternator", ("Alternator ATC mode", "atc-mode")),
        (InstalledBms("Smart BMS 12/200", alternator="atc-mode"), "alternator", ("alternator port of 100 A",)),
        (InstalledBms("BMS 12/200", terminals=("charge",)), "terminals", ("no charge terminal", "remote")),
        (InstalledBms("VE.Bus BMS", terminals=("remote",)), "terminals", ("no remote terminal",)),
    ],
)
def test_what_the_model_cannot_is_an_error_with_the_fact(
    wanted: InstalledBms, key: str, words: tuple[str, ...]
) -> None:
    (problem,) = check_installation(wanted, WHOLE)
    assert problem.key == key
    for word in words:
        assert word in str(problem)


@pytest.mark.parametrize(
    "wanted",
    [
        InstalledBms("Lynx Smart BMS", 48, 20, control=True, alternator="atc-mode", terminals=("charge", "discharge")),
        InstalledBms("Lynx Smart BMS NG 1000", 24, 50, control=True),
        InstalledBms("VE.Bus BMS V2", 24, 4, control=True),
        InstalledBms("SmallBMS", 12, 2, control=True, terminals=("charge",)),
        InstalledBms("Smart BMS CL 12/100", 12, alternator="port", terminals=("discharge", "pre-alarm")),
        InstalledBms("BMS 12/200", 12, alternator="port", terminals=("remote",)),
        InstalledBms("VE.Bus BMS"),
    ],
)
def test_what_the_model_can_is_no_error(wanted: InstalledBms) -> None:
    assert check_installation(wanted, WHOLE) == []


def test_several_faults_are_all_told() -> None:
    wanted = InstalledBms("Smart BMS 12/200", 48, 30, control=True, alternator="atc-mode")
    assert [problem.key for problem in check_installation(wanted, WHOLE)] == [
        *("nominal_voltage_v", "batteries", "control", "alternator")
    ]


def test_an_end_of_life_model_is_remarked_with_its_successor_and_is_no_error() -> None:
    assert check_installation(InstalledBms("BMS 12/200", 12), WHOLE) == []
    assert remark(InstalledBms("BMS 12/200"), WHOLE) == (
        "BMS 12/200 has reached its end of life; its successor is the Smart BMS 12/200"
    )
    assert remark(InstalledBms("VE.Bus BMS"), WHOLE) is not None
    assert remark(InstalledBms("Lynx Smart BMS"), WHOLE) is None
    assert remark(InstalledBms("Nonsense"), WHOLE) is None
