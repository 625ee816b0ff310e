"""The rules of numbers, whatever the numbers."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.learn.evidence import ShownChange, is_steady
from gxbridge.core.learn.fields import MISSING, FieldLayout, FieldSeries, cells, numbers
from gxbridge.core.learn.numeric import OFFSETS, SCALES, Fit, Rounding, fit, match_number
from gxbridge.core.learn.recording import PathSeries, RegisterSeries

scales = st.sampled_from([size * sign for size in SCALES if size >= 0.001 for sign in (1, -1)])
offsets = st.sampled_from(OFFSETS)
decimals = st.integers(0, 3)


@given(st.integers(-30_000, 60_000), scales, offsets, decimals)
def test_the_raw_number_of_a_value_is_among_those_that_are_accepted_for_it(
    raw: int, scale: float, offset: float, places: int
) -> None:
    value = round(raw * scale + offset, places)
    assert raw in Rounding(10.0**-places).raws(value, scale, offset)


@given(st.integers(-30_000, 60_000), scales, offsets, decimals)
def test_every_accepted_raw_number_gives_the_value(raw: int, scale: float, offset: float, places: int) -> None:
    value = round(raw * scale + offset, places)
    for accepted in list(Rounding(10.0**-places).raws(value, scale, offset))[:50]:
        assert abs(accepted * scale + offset - value) <= 0.5 * 10.0**-places * 1.001 + abs(value) * 2e-7


@given(st.lists(st.integers(-9999, 9999), min_size=5, max_size=20), decimals)
def test_the_rounding_of_values_is_the_fewest_decimals_they_have(wholes: list[int], places: int) -> None:
    values = [whole / 10**places for whole in wholes]
    step = Rounding.of(values).step
    assert step >= 10.0**-places * 0.999
    assert all(abs(value / step - round(value / step)) < 0.02 for value in values)


def test_a_float_of_32_bits_has_the_decimals_it_stands_for() -> None:
    assert Rounding.of([26.389999389648438, 26.969999313354492, -8.199999809265137]).step == 0.01


@given(st.lists(st.integers(0, 0xFFFE), min_size=12, max_size=40, unique=True), scales, offsets)
def test_a_regression_finds_the_line(raws: list[int], scale: float, offset: float) -> None:
    times = array("d", [10.0 * place for place in range(len(raws))])
    field = FieldSeries((FieldLayout(0, 16),), times, tuple(raws), min(raws), max(raws))
    changes = [ShownChange(10.0 * place + 0.1, raw * scale + offset) for place, raw in enumerate(raws)]
    line = fit(field, changes)
    assert line is not None
    assert abs(line.slope - scale) <= 1e-6 * abs(scale)
    assert abs(line.intercept - offset) <= 1e-6 * (abs(offset) + 65_535 * abs(scale))
    assert line.r2 > 0.999999


def test_there_is_no_line_through_one_point_or_along_an_axis() -> None:
    """One change, a register that stayed, a path that stayed."""

    def line(raws: tuple[int, ...], shown: tuple[float, ...]) -> Fit | None:
        times = array("d", [10.0 * place for place in range(len(raws))])
        field = FieldSeries((FieldLayout(0, 16),), times, raws, min(raws), max(raws))
        return fit(field, [ShownChange(10.0 * place + 5.0, value) for place, value in enumerate(shown)])

    assert line((3, 4), (0.3,)) is None
    assert line((3, 3, 3), (0.3, 0.4, 0.5)) is None
    assert line((3, 4, 5), (0.3, 0.3, 0.3)) is None
    assert line((3, 4, 5), (0.3, 0.4, 0.5)) is not None


def test_a_value_that_stayed_while_there_was_something_to_learn_proves_no_scale() -> None:
    """It came back from "not available" three times as the same, and changed only in the half that is held out."""
    values = [26.0, 26.0, 26.0, 27.0, 28.0]
    times = array("d", [10.0 * place for place in range(1, 6)])
    field = FieldSeries((FieldLayout(0, 16),), times, (260, 260, 260, 270, 280), 260, 280)
    path = PathSeries()
    for t, value in zip(times, values, strict=True):
        path.times.append(t)
        path.values.append(value)
    changes = [ShownChange(t, value) for t, value in zip(times, values, strict=True)]
    assert not list(match_number(field, path, changes, Rounding.of(values), 60.0))


@given(
    st.lists(st.integers(1000, 9000), min_size=16, max_size=30, unique=True),
    st.lists(st.floats(6.0, 40.0), min_size=30, max_size=30),
    st.sampled_from((0.1, 0.01, 0.001, 1.0, 10.0, -0.1)),
    st.floats(0.0, 3.0),
)
def test_what_says_a_path_explains_it_with_its_own_scale(
    raws: list[int], pauses: list[float], scale: float, delay_s: float
) -> None:
    """Numbers of some spread at moments of any spacing: no other scale explains them exactly."""
    t, times, path = 0.0, array("d"), PathSeries()
    for raw, pause in zip(raws, pauses, strict=False):
        t += pause
        times.append(t)
        path.times.append(t + delay_s)
        path.values.append(round(raw * scale, 3))
    field = FieldSeries((FieldLayout(0, 16),), times, tuple(raws), min(raws), max(raws))
    changes = [ShownChange(at, value) for at, value in zip(path.times, path.values, strict=True) if value is not None][
        1:
    ]
    values = [value for value in path.values if value is not None]
    found = list(match_number(field, path, changes, Rounding.of(values), t + 10))
    assert [(match.scale, match.offset) for match in found if not match.evidence.near] == [(scale, 0.0)]


def series(*values: bytes) -> RegisterSeries:
    found = RegisterSeries(values[0])
    for t, value in enumerate(values):
        found.times.append(float(t))
        found.raws.append(int.from_bytes(value, "little"))
    return found


def test_layouts_that_give_the_same_numbers_come_together() -> None:
    """A number of 16 bits beside zeros is one of 32 bits as well; the widest is preferred, 24 bits last."""
    found = list(numbers(series(*(bytes((value, 3, 0, 0)) for value in (1, 9, 5, 7, 2))), 4))
    widths = {
        field.layouts[0].offset: [layout.width for layout in field.layouts] for field in found if len(field.layouts) > 1
    }
    assert widths == {0: [32, 16, 24]}
    assert {(field.low, field.high) for field in found} == {(1, 9), (0x301, 0x309)}


def test_signs_and_missing_codes_follow_from_the_width() -> None:
    found = list(numbers(series(b"\xfe\xff", b"\x01\x00", b"\xff\x7f", b"\xff\xff", b"\x02\x00"), 2))
    of_16 = {field.layouts[0].signed: field.raws for field in found if field.layouts[0].width == 16}
    assert of_16 == {False: (0xFFFE, 1, 0x7FFF, MISSING, 2), True: (-2, 1, MISSING, -1, 2)}


def test_a_cell_is_as_many_bits_as_change_together() -> None:
    found = {field.layouts[0] for field in cells(series(b"\x05", b"\x09", b"\x05", b"\x09", b"\x06"), 1)}
    assert FieldLayout(2, 2) in found
    assert FieldLayout(6, 2) not in found


@given(st.floats(0.2, 30.0), st.integers(1, 50), st.integers(5, 60))
def test_a_clock_is_steady_and_a_walk_is_not(pace: float, step: int, count: int) -> None:
    assert is_steady([ShownChange(pace * place, float(step * place)) for place in range(count)])
    for jumps in ([0, 7, 3, 20, 1, 15, 14, 30, 2, 40], [0, 1] * 8, [0, 1, 2, 9, 10, 30, 31, 32, 60]):
        assert not is_steady([ShownChange(pace * place, float(step * jump)) for place, jump in enumerate(jumps)])
