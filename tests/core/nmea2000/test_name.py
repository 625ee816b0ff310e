"""NAME fields, and what makes a device the same device."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.nmea2000.name import Name


def test_the_fields_of_a_lynx_claim() -> None:
    name = Name.from_payload(bytes.fromhex("D08CC22C00AA46C0"))
    assert name is not None
    assert (name.unique_number, name.manufacturer, name.function, name.device_class) == (167120, 358, 170, 35)
    assert (name.device_instance, name.system_instance, name.industry_group) == (0, 0, 4)
    assert name.arbitrary_address


def test_a_claim_that_is_too_short_has_no_name() -> None:
    assert Name.from_payload(bytes(7)) is None


def test_bytes_after_the_name_do_not_matter() -> None:
    assert Name.from_payload(bytes.fromhex("D08CC22C00AA46C0FFFF")) == Name.from_payload(
        bytes.fromhex("D08CC22C00AA46C0")
    )


def test_a_changed_instance_is_the_same_device_and_another_function_is_not() -> None:
    one = Name.make(5, 358, function=170, device_class=35)
    assert (
        Name.make(5, 358, function=170, device_class=35, device_instance=3, system_instance=2).identity == one.identity
    )
    assert Name.make(5, 358, function=160, device_class=35).identity != one.identity


@given(
    st.integers(0, 0x1FFFFF), st.integers(0, 0x7FF), st.integers(0, 255), st.integers(0, 127), st.integers(0, 255),
    st.integers(0, 15), st.integers(0, 7), st.booleans(),
)  # fmt: skip
def test_what_is_put_in_comes_out(
    unique: int, maker: int, function: int, kind: int, di: int, si: int, group: int, arb: bool
) -> None:
    name = Name.make(
        unique, maker, function=function, device_class=kind, device_instance=di, system_instance=si,
        industry_group=group, arbitrary_address=arb,
    )  # fmt: skip
    assert (name.unique_number, name.manufacturer, name.function, name.device_class) == (unique, maker, function, kind)
    assert (name.device_instance, name.system_instance, name.industry_group) == (di, si, group)
    assert name.arbitrary_address == arb
    assert Name.from_payload(name.payload) == name
