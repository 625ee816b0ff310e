"""The player of scenarios: its clock, its bus, and what it says about a bad file."""

from __future__ import annotations

from typing import Any

import pytest

from gxbridge.core.dvcc.read import paths as p
from gxbridge.core.dvcc.read.options import Options
from gxbridge.core.dvcc.run.memory import Memory, Timer
from gxbridge.core.dvcc.run.scenario import (
    Difference,
    ScenarioError,
    ScenarioPlayer,
    check_scenario,
    play_scenario,
    same_value,
    step_differences,
)
from gxbridge.core.dvcc.tell.write import Write
from tests.core.dvcc.world import CAN_BMS, MULTI, SUN, SUN_2, can_bms, charger, multi


def scenario(**changes: Any) -> dict[str, Any]:
    return {
        "name": "s", "settings": {p.SET_DVCC: 1}, "devices": {CAN_BMS: can_bms(), SUN: charger()},
        "steps": [{"advance_ms": 3500}],
    } | changes  # fmt: skip


def test_what_was_written_is_counted_and_shown() -> None:
    (answer,) = play_scenario(scenario(), Options.vendor())
    assert answer["t_ms"] == 3500
    assert answer["writes"][SUN][p.CHARGE_CURRENT] == 1
    assert answer["devices"][SUN][p.CHARGE_CURRENT] == 50
    assert answer["system"][p.ACTIVE_BMS] == CAN_BMS


def test_a_service_that_is_removed_leaves_and_shows_null_until_it_is_written_again() -> None:
    steps = [{"advance_ms": 3000}, {"advance_ms": 100, "remove": [SUN, "com.victronenergy.nobody"]},
             {"advance_ms": 100, "add": {SUN: charger()}}]  # fmt: skip
    _, gone, back = play_scenario(scenario(steps=steps), Options.vendor())
    assert SUN not in gone["devices"]
    assert back["devices"][SUN][p.CHARGE_CURRENT] is None


def test_a_set_reaches_settings_and_services_but_nobody_who_is_not_there() -> None:
    steps = [
        {"advance_ms": 3000, "set": {p.SETTINGS: {p.SET_MAX_CURRENT: 7}, "com.victronenergy.nobody": {"/x": 1}}},
        {"advance_ms": 3000, "set": {p.SYSTEM: {p.PV_DISABLE: 1}}},
    ]
    first, second = play_scenario(scenario(steps=steps), Options.vendor())
    assert first["devices"][SUN][p.CHARGE_CURRENT] == 7
    assert second["devices"][SUN][p.CHARGE_CURRENT] == 0


def test_the_control_loop_keeps_its_own_seconds_when_the_first_charger_came_in_between() -> None:
    steps = [{"advance_ms": 2500}, {"advance_ms": 2900, "add": {SUN: charger()}}, {"advance_ms": 200}]
    settings = {p.SET_DVCC: 1, p.SET_MAX_CURRENT: 20}
    answers = play_scenario(scenario(devices={MULTI: multi()}, steps=steps, settings=settings), Options.vendor())
    assert [p.CHARGE_CURRENT in answer["writes"].get(SUN, {}) for answer in answers] == [False, False, True]


def test_differences_say_where() -> None:
    found = list(step_differences([{"a": {"b": 1.0, "c": 2}, "d": "x"}], [{"a": {"b": 1.0 + 1e-7}, "d": "y"}]))
    assert found == [Difference(0, "a c", 2, "(nothing)"), Difference(0, "d", "x", "y")]
    assert (same_value(1, 1.0 + 1e-7), same_value(1, None), same_value("a", "a"), same_value(1, 1.1)) == (
        True,
        False,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"devices": []}, '"devices" must be'),
        ({"devices": {SUN: 5}}, '"devices" must be'),
        ({"settings": []}, '"settings" must be'),
        ({"steps": {}}, '"steps" must be a list'),
        ({"steps": [5]}, "step 0 must be an object"),
        ({"steps": [{}]}, "advance_ms"),
        ({"steps": [{"advance_ms": -1}]}, "advance_ms"),
        ({"steps": [{"advance_ms": 1, "set": []}]}, '"add" or "set" is not a mapping'),
        ({"steps": [{"advance_ms": 1, "remove": "x"}]}, '"remove" must be a list'),
        ({"expected": []}, "one entry for each step"),
    ],
)
def test_a_bad_scenario_is_said_in_words(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=f"scenario s: .*{said}"):
        play_scenario(scenario(**change), Options.vendor())


OFF = "/Settings/A"
"""A path that nobody looks at and that sorts before `/Pv/Disable`."""


def player(now_ms: int = 0, due_at: float | None = None, **changes: Any) -> ScenarioPlayer:
    """A player in which nothing has changed, with a control loop that is due at a moment."""
    memory = Memory(control=None if due_at is None else Timer(due_at, 1))
    services: dict[str, Any] = {CAN_BMS: can_bms(), SUN: charger()}
    settings: dict[str, Any] = {p.SET_DVCC: 1, OFF: 3}
    return ScenarioPlayer(Options.vendor(), settings=settings, services=services, memory=memory, now_ms=now_ms,
                  changed=False, **changes)  # fmt: skip


def test_what_is_calculated_is_shown_at_the_start() -> None:
    (answer,) = play_scenario(scenario(steps=[{"advance_ms": 0}]), Options.vendor())
    assert (answer["t_ms"], answer["system"][p.BATTERY_VOLTAGE]) == (0, 52.0)
    assert (answer["devices"], answer["writes"]) == ({}, {})


def test_what_is_calculated_waits_for_a_whole_second_also_when_the_control_loop_acts_in_between() -> None:
    steps = [
        {"advance_ms": 2500},
        {"advance_ms": 700, "add": {SUN: charger()}},
        {"advance_ms": 700, "set": {MULTI: {p.VOLTAGE: 27.5}}},
        {"advance_ms": 100},
    ]
    answers = play_scenario(scenario(devices={MULTI: multi()}, steps=steps), Options.vendor())
    assert [answer["t_ms"] for answer in answers] == [2500, 3200, 3900, 4000]
    assert [answer["system"][p.BATTERY_VOLTAGE] for answer in answers] == [26.4, 26.4, 26.4, 27.5]


def test_what_is_calculated_is_published_only_after_a_change_and_the_rest_always() -> None:
    one = player(latest={p.BATTERY_VOLTAGE: 52.0, p.VEBUS_SERVICE: MULTI, p.CONTROL_DVCC: 1})
    one.publish()
    assert one.system == {p.CONTROL_DVCC: 1}
    one.changed = True
    one.publish_at_once()
    assert one.system == {p.CONTROL_DVCC: 1}
    one.publish()
    assert one.system == {p.BATTERY_VOLTAGE: 52.0, p.VEBUS_SERVICE: MULTI, p.CONTROL_DVCC: 1}
    assert not one.changed


def test_every_write_is_counted_and_one_that_changes_something_is_a_change() -> None:
    one, write = player(), Write(SUN, p.CHARGE_CURRENT, 20.0)
    changes = []
    for _ in range(3):
        one.changed = False
        one.land(write)
        changes.append(one.changed)
    assert changes == [True, False, False]
    assert one.look() == {
        "t_ms": 0, "system": {}, "devices": {SUN: {p.CHARGE_CURRENT: 20.0}}, "writes": {SUN: {p.CHARGE_CURRENT: 3}},
    }  # fmt: skip
    assert one.look()["writes"] == {}


def test_answers_are_in_order() -> None:
    one = player(latest={"/z": 1, "/a": 2})
    one.publish()
    for service, path in ((SUN, p.VOLTAGE), (SUN, p.CHARGE_CURRENT), (CAN_BMS, "/x")):
        one.land(Write(service, path, 1))
    seen = one.look()
    assert list(seen["system"]) == ["/a", "/z"]
    for part in ("devices", "writes"):
        assert list(seen[part]) == [CAN_BMS, SUN]
        assert list(seen[part][SUN]) == sorted((p.VOLTAGE, p.CHARGE_CURRENT))


@pytest.mark.parametrize(
    ("step", "is_change"),
    [
        ({}, False),
        ({"remove": [SUN]}, True),
        ({"add": {SUN_2: charger()}}, True),
        ({"set": {SUN: {p.STATE: 3}}}, False),
        ({"set": {SUN: {p.STATE: 4}}}, True),
        ({"set": {SUN: {p.STATE: 4, p.CURRENT: 10.0}}}, True),
        ({"set": {"com.victronenergy.nobody": {p.STATE: 4}}}, False),
        ({"set": {"com.victronenergy.nobody": {p.STATE: 4}, SUN: {p.STATE: 4}}}, True),
        ({"set": {p.SETTINGS: {OFF: 3}}}, False),
        ({"set": {p.SETTINGS: {OFF: 4}}}, True),
        ({"set": {p.SETTINGS: {p.SET_DVCC: 1}}}, False),
        ({"set": {SUN: {p.PV_DISABLE: None}}}, True),
        ({"set": {SUN: {"".join(["/Pv", "/Disable"]): None}}}, True),
        ({"set": {SUN: {"/A": None, "/Z": None}}}, False),
    ],
)
def test_what_is_a_change(step: dict[str, Any], is_change: bool) -> None:
    one = player()
    one.change(step)
    assert one.changed == is_change


def test_each_part_of_a_step_is_decided_on_by_itself() -> None:
    looks: list[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = []
    one = player()

    class Watched(ScenarioPlayer):
        """Writes down what it is asked to decide on."""

        __slots__ = ()

        def decide(self, arrivals: tuple[tuple[str, str], ...] = ()) -> None:
            looks.append((tuple(self.services), arrivals))

    watched = Watched(one.options, services=one.services)
    one.services[SUN] = {"/z": 1}
    chosen = {p.SET_BMS_INSTANCE: 7, p.SET_SVS: 0}
    watched.change({"remove": [SUN], "add": {MULTI: {"/x": 0}}, "set": {p.SETTINGS: chosen, MULTI: {"/x": 1, "/y": 2}}})
    assert looks == [
        ((CAN_BMS,), ((SUN, "/z"),)),
        ((CAN_BMS, MULTI), ((MULTI, "/x"),)),
        ((CAN_BMS, MULTI), ((p.SETTINGS, p.SET_SVS),)),
        ((CAN_BMS, MULTI), ((MULTI, "/x"), (MULTI, "/y"))),
        ((CAN_BMS, MULTI), ((p.SETTINGS, p.SET_BMS_INSTANCE),)),
    ]


def test_a_device_that_comes_back_shows_only_the_paths_that_it_then_has() -> None:
    one = player()
    one.written[SUN] = {"/Link/NetworkMode", "/Link/ChargeCurrent"}
    one.services[SUN] = {"/Link/NetworkMode": None}
    assert one.look()["devices"] == {SUN: {"/Link/NetworkMode": None}}


def test_where_a_set_goes() -> None:
    one = player()
    assert one.target(p.SETTINGS) is one.settings
    assert one.target(SUN) is one.services[SUN]
    assert one.target(CAN_BMS) is one.services[CAN_BMS]
    for nobody in ("com.victronenergy.a", "com.victronenergy.sun", "com.victronenergy.zzz"):
        assert one.target(nobody) is None
        assert nobody not in one.services
    assert one.target(p.SYSTEM) is one.services[p.SYSTEM]
    assert one.target("".join(["com.victronenergy", ".settings"])) is one.settings


@pytest.mark.parametrize(
    ("now_ms", "due_at", "moment"),
    [
        (0, None, 1000), (999, None, 1000), (1000, None, 2000), (1001, None, 2000), (2999, None, 3000),
        (2000, 2.5, 2500), (2499, 2.5, 2500), (2500, 2.5, 3000), (2501, 2.5, 3000), (2000, 2.999, 2999),
        (2000, 3.0, 3000), (2000, 3.5, 3000), (2000, 2.0, 3000), (2000, 2.001, 2001), (2000, 2.5004, 2500),
        (2000, 2.5006, 2501),
    ],
)  # fmt: skip
def test_the_next_moment_is_a_whole_second_or_the_control_loops_if_that_is_earlier(
    now_ms: int, due_at: float | None, moment: int
) -> None:
    found = player(now_ms, due_at).next_moment()
    assert (found, type(found)) == (moment, int)


def test_the_control_loop_counts_seconds_from_the_millisecond_in_which_it_began() -> None:
    one = player(2500)
    one.decide()
    assert one.memory.control is not None
    assert one.memory.control.due_at == 3.5
    one.run(1700)
    assert (one.now_ms, one.memory.control.due_at) == (4200, 4.5)


def test_a_moment_at_the_end_of_a_step_belongs_to_it() -> None:
    one = player()
    one.decide()
    one.changed, one.system = True, {}
    one.run(999)
    assert (one.now_ms, p.BATTERY_VOLTAGE in one.system, p.ACTIVE_BMS in one.system) == (999, False, True)
    one.run(1)
    assert (one.now_ms, p.BATTERY_VOLTAGE in one.system) == (1000, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"devices": None}, '"devices" must be {service: {path: value}}'),
        ({"settings": None}, '"settings" must be {path: value}'),
        ({"steps": None}, '"steps" must be a list'),
        ({"steps": [{"advance_ms": 0}, 5]}, "step 1 must be an object"),
        ({"steps": [{"advance_ms": 0}, {"advance_ms": -1}]}, 'step 1: "advance_ms" must be milliseconds'),
        ({"steps": [{"advance_ms": 1.0}]}, 'step 0: "advance_ms" must be milliseconds'),
        ({"steps": [{"advance_ms": 0, "add": {SUN: 1}}]}, 'step 0: "add" or "set" is not a mapping'),
        ({"steps": [{"advance_ms": 0, "set": {SUN: 1}}]}, 'step 0: "add" or "set" is not a mapping'),
        ({"expected": [{}, {}]}, '"expected" must have one entry for each step'),
        ({"expected": []}, '"expected" must have one entry for each step'),
        ({"steps": [], "expected": [{}]}, '"expected" must have one entry for each step'),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said_to_the_letter(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError) as wrong:
        check_scenario(scenario(**change))
    assert str(wrong.value) == f"scenario s: {said}"


def test_what_need_not_be_there_need_not_be_there() -> None:
    check_scenario({"devices": {}, "steps": []})
    check_scenario(scenario(expected=None))
    check_scenario(scenario(expected=[{}]))
    (answer,) = play_scenario(
        {"devices": {SUN: charger()}, "steps": [{"advance_ms": 0}], "platform": None}, Options.vendor()
    )
    assert answer["devices"] == {}


@pytest.mark.parametrize(("platform", "there"), [("C001", False), ("C003", True), (None, True), ("", True)])
def test_the_platform_decides_whether_a_multi_on_usb_is_the_multi(platform: str | None, there: bool) -> None:
    devices = {MULTI: multi(MK_CONNECTION="/dev/ttyUSB0")}
    steps = [{"advance_ms": 1000}]
    for changes in ({"platform": platform}, {} if platform is None else {"platform": platform}):
        (answer,) = play_scenario(scenario(devices=devices, steps=steps, **changes), Options.vendor())
        assert answer["system"][p.VEBUS_SERVICE] == (MULTI if there else None)


def test_numbers_are_the_same_within_a_millionth() -> None:
    assert [same_value(0, value) for value in (1e-6, 1.001e-6, -1e-6, 0.999e-6, -1.001e-6)] == [
        True, False, True, True, False,
    ]  # fmt: skip
    assert same_value("".join(["VE", ".Can"]), "".join(["VE.", "Can"]))
    assert (same_value("1", 1), same_value(None, 0), same_value(None, None), same_value(2, 1), same_value(1, 2)) == (
        False,
        False,
        True,
        False,
        False,
    )


def test_differences_are_counted_by_step_and_need_an_answer_for_each() -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {"a": 1, "b": {"y": 1, "x": 1}}]
    assert list(step_differences(rows, [{"a": 1}, {"a": 2, "b": {"x": 2, "z": 3}}])) == [
        Difference(1, "a", 1, 2),
        Difference(1, "b x", 1, 2),
        Difference(1, "b y", 1, "(nothing)"),
        Difference(1, "b z", "(nothing)", 3),
    ]
    assert list(step_differences([{"a": {}}], [{"a": 1}])) == [Difference(0, "a", {}, 1)]
    assert list(step_differences([{"a": 1}], [{"a": {}}])) == [Difference(0, "a", 1, {})]
    with pytest.raises(ValueError, match="shorter"):
        list(step_differences(rows, rows[:1]))
