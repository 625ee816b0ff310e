"""The battery for chart plotters: frames worked out by hand from canboat@01d0dc3, and who keeps us from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.encode import Frame
from gxbridge.core.vecan.sending.claim import own_name
from gxbridge.core.vecan.sending.plotter_output import RIVAL_S, PlottedBattery, PlotterOutput
from gxbridge.core.vecan.sending.transmit import BusTransmitter

US = 0xC8
BATTERY = PlottedBattery(26.39, -0.3, 22.2, 99.2, 864_000, 800, 24.0)
UNKNOWN = PlottedBattery(None, None, None, None, None, None, None)
CONFIGURATION, STATUS, DETAILED = 127513, 127508, 127506
OF_INSTANCE_2, OF_INSTANCE_0 = "19F21430#024F0AFDFFFFFF01", "19F21429#004F0AFDFFFFFF01"


def texts(frames: list[Frame]) -> list[str]:
    return [f"{can_id:08X}#{data.hex().upper()}" for can_id, data in frames]


def hear(output: PlotterOutput | BusTransmitter, *frames: str, now: float) -> None:
    decoder = Decoder()
    messages = [decoder.feed(int(can_id, 16), bytes.fromhex(data), now) for can_id, _, data in map(parts, frames)]
    assert messages[-1] is not None
    output.hear(messages[-1], now)


def parts(text: str) -> tuple[str, str, str]:
    return text.partition("#")


def shown(battery: PlottedBattery | None = BATTERY, now: float = 10.0, instance: int = 2) -> PlotterOutput:
    output = PlotterOutput(instance, 0.0)
    output.show(battery, frozenset({0x29}), now)
    return output


def test_it_listens_for_ten_seconds_and_then_says_the_battery_every_second_and_a_half() -> None:
    output = PlotterOutput(2, 0.0)
    said = {}
    for tenth in range(0, 150, 5):
        output.show(BATTERY, frozenset(), tenth / 10)
        if frames := texts(output.due(US, tenth / 10)):
            said[tenth / 10] = frames
    assert list(said) == [10.0, 11.5, 13.0, 14.5]
    assert said[10.0] == [
        "19F214C8#024F0AFDFF5F7301", "19F212C8#400B01020063FF40", "19F212C8#4138FFFFFFFFFFFF",
    ]  # fmt: skip
    assert said[11.5][0] == "19F214C8#024F0AFDFF5F7302", "the same battery, the next number"


def test_what_is_not_known_or_cannot_be_carried_is_not_available() -> None:
    nothing = ["19F214C8#02FF7FFF7FFFFF01", "19F212C8#400B010200FFFFFF", "19F212C8#41FFFFFFFFFFFFFF"]
    assert texts(shown(UNKNOWN).due(US, 10.0)) == nothing
    assert texts(shown(PlottedBattery(400.0, 5000.0, -400.0, 101.0, 1e9, 1e6, 24.0)).due(US, 10.0)) == nothing
    assert texts(shown(PlottedBattery(-1.0, -5000.0, 900.0, -1.0, -60.0, -1.0, 24.0)).due(US, 10.0)) == nothing


def test_nobody_shows_a_battery_and_nothing_is_sent() -> None:
    assert shown(None).due(US, 10.0) == []
    stale = shown(BATTERY, 5.0)
    assert stale.due(US, 10.0) == [], "shown five seconds ago"
    assert stale.next_at == 11.5
    fresh = shown(BATTERY, 5.1)
    assert len(fresh.due(US, 10.0)) == 3


@pytest.mark.parametrize("frame", [OF_INSTANCE_2, OF_INSTANCE_0, "19F21930#200802FFFFFFFF7F/19F21930#21FF7FFFFFFFFFFF"])
def test_it_stops_with_the_first_frame_of_another_source_and_goes_on_a_minute_after_the_last(frame: str) -> None:
    output = shown()
    hear(output, *frame.split("/"), now=10.0)
    assert output.rival(10.0) == int(frame[6:8], 16)
    assert output.due(US, 10.0) == []
    output.show(BATTERY, frozenset({0x29}), 10.0 + RIVAL_S)
    assert output.rival(9.9 + RIVAL_S) is not None
    assert output.rival(10.0 + RIVAL_S) is None
    assert len(output.due(US, 10.0 + RIVAL_S)) == 3


@pytest.mark.parametrize(
    "frame", [OF_INSTANCE_2.replace("#02", "#03"), "19F20D30#02FFFFFFFFFFFFFF", "1CEFFF29#6699020109000000"]
)
def test_other_instances_and_other_groups_are_no_rivals(frame: str) -> None:
    output = shown()
    hear(output, frame, now=10.0)
    assert output.rival(10.0) is None
    assert len(output.due(US, 10.0)) == 3


def test_the_configuration_is_told_when_somebody_asks() -> None:
    output = shown()
    assert output.asked(CONFIGURATION, 10.0)
    assert texts(output.due(US, 10.0))[3:] == ["19F219C8#600802FFF220037F", "19F219C8#61FF7FFFFFFFFFFF"]
    assert len(output.due(US, 11.5)) == 3, "once"
    assert output.asked(STATUS, 12.0)
    assert len(output.due(US, 12.0)) == 3, "at once"
    assert not output.asked(126996, 12.0)
    output.show(None, frozenset(), 12.0)
    assert not output.asked(DETAILED, 12.0)


def test_somebody_who_asks_without_end_does_not_fill_the_bus() -> None:
    output, said = shown(), []
    for hundredth in range(301):
        now = 10.0 + hundredth / 100
        output.show(BATTERY, frozenset(), now)
        assert output.asked(STATUS, now)
        if output.due(US, now):
            said.append(now)
    assert said == pytest.approx([10.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0])


@pytest.mark.parametrize(("nominal_v", "code"), [(None, "F"), (12.0, "1"), (48.0, "6"), (51.2, "F")])
def test_a_nominal_voltage_without_a_code_is_not_available(nominal_v: float | None, code: str) -> None:
    output = shown(replace(BATTERY, nominal_v=nominal_v))
    output.asked(CONFIGURATION, 10.0)
    assert texts(output.due(US, 10.0))[3][17:19] == f"F{code}"


def test_numbers_go_round_after_252() -> None:
    output = shown()
    numbers = []
    for n in range(256):
        now = 10.0 + 1.5 * n
        output.show(BATTERY, frozenset(), now)
        numbers.append(output.due(US, now)[0][1][7])
    assert numbers[250:] == [251, 252, 0, 1, 2, 3]


def transmitter() -> BusTransmitter:
    """One with a claimed address and a battery to show."""
    output = PlotterOutput(2, 0.0)
    ours = BusTransmitter("requests", own_name(12345), 0.0, plotter=output)
    for now in (0.0, 1.25, 1.5):
        assert len(ours.frames(now)) <= 1
    hear(ours, "1CEF2430#6699020100000000", now=9.0)
    output.show(BATTERY, frozenset(), 10.0)
    return ours


def test_on_the_bus_it_is_said_between_everything_else() -> None:
    ours = transmitter()
    assert ours.next_deadline() == 10.0
    assert len(ours.frames(10.0)) == 3
    assert ours.next_deadline() == 11.5
    hear(ours, OF_INSTANCE_2.replace("30#", f"{US:02X}#"), now=10.5)
    assert len(ours.frames(11.5)) == 3, "what we say ourselves is no rival"
    hear(ours, OF_INSTANCE_2, now=12.0)
    assert ours.frames(13.0) == []


def test_who_asks_for_what_we_send_gets_it_and_else_a_refusal() -> None:
    ours = transmitter()
    hear(ours, "18EAC830#19F201", now=10.0)
    said = [text[:8] for text in texts(ours.frames(10.0))]
    assert said == ["19F214C8", "19F212C8", "19F212C8", "19F219C8", "19F219C8"]
    hear(ours, OF_INSTANCE_2, now=11.0)
    hear(ours, "18EAC830#19F201", now=11.0)
    assert texts(ours.frames(11.0)) == ["18E830C8#01FFFFFFFF19F201"]


def test_before_the_address_is_ours_nothing_is_said() -> None:
    output = PlotterOutput(2, -20.0)
    output.show(BATTERY, frozenset(), 1.0)
    ours = BusTransmitter("requests", own_name(12345), 0.0, plotter=output)
    assert [len(ours.frames(now)) for now in (0.0, 1.25, 1.4, 1.5)] == [1, 1, 0, 3]
