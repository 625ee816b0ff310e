"""What outlives the process: as plain data and back, within its size, and written when it must be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gxbridge.core.model.remembered import (
    ACKNOWLEDGED,
    MAX_BYTES,
    OPENED,
    SECTIONS,
    AnotherBoatError,
    BankMember,
    Due,
    Latch,
    Remembered,
    RememberedIdentity,
    RememberedLimit,
    StateError,
    decode,
    due,
    encode,
    from_plain,
    is_stricter,
    to_plain,
)

BOAT = "a boat"
LYNX = RememberedIdentity("c0aa462cc4628cd0", 0xA3E5, "HQ21302VUDQ", 0, 1.7e9, "can0")
LIMIT = RememberedLimit("uc167120", "max_charge_current_a", 40.0, 1.7e9, "BMS")
LATCH = Latch("another-master", "com.victronenergy.gxbridge", 1.7e9, "two chargers set apart")
MEMBER = BankMember("house", "uc167120", 1.7e9, "can0")
ALL = Remembered((LYNX,), (LIMIT,), (LATCH,), (MEMBER,))


def identities(count: int) -> tuple[RememberedIdentity, ...]:
    return tuple(replace(LYNX, name=f"{number:016x}") for number in range(count))


def changed(section: str, **change: object) -> dict[str, Any]:
    plain = to_plain(ALL, BOAT)
    plain[section][0] |= change
    return plain


def test_what_was_written_is_read_again() -> None:
    data, left_out = encode(ALL, BOAT)
    assert decode(data, BOAT) == ALL
    assert left_out == 0


def test_the_table_of_sections_has_every_field_of_every_entry() -> None:
    assert set(SECTIONS) == set(Remembered.__match_args__)
    for kind, _, checks in SECTIONS.values():
        assert tuple(checks) == kind.__match_args__


@pytest.mark.parametrize(
    ("section", "change"),
    [
        ("identities", {"name": "C0AA462CC4628CD0"}),
        ("identities", {"name": 7}),
        ("identities", {"product_id": True}),
        ("identities", {"product_id": 1.0}),
        ("identities", {"product_id": 0x10000}),
        ("identities", {"product_id": -1}),
        ("identities", {"serial": ""}),
        ("identities", {"serial": "two\nlines"}),
        ("identities", {"serial": "\ud800"}),
        ("identities", {"source": "x" * 201}),
        ("identities", {"since": float("nan")}),
        ("identities", {"since": float("inf")}),
        ("identities", {"device_instance": 256}),
        ("identities", {"allowed": 1}),
        ("limits", {"value": None}),
        ("limits", {"value": -1}),
        ("limits", {"value": True}),
        ("limits", {"value": float("nan")}),
        ("latches", {"subject": []}),
        ("members", {"bank": None}),
    ],
)
def test_a_field_that_is_not_what_it_must_be_makes_the_whole_unreadable(section: str, change: dict[str, Any]) -> None:
    with pytest.raises(StateError, match=rf"{section}\[0\]"):
        from_plain(changed(section, **change), BOAT)


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        ([], "not a state"),
        ({}, "another version"),
        (to_plain(ALL, BOAT) | {"version": 2}, "another version"),
        (to_plain(ALL, BOAT) | {"version": True}, "another version"),
        (to_plain(ALL, BOAT) | {"more": 1}, "unknown"),
        (to_plain(ALL, BOAT) | {"boat": 1}, "boat"),
        (to_plain(ALL, BOAT) | {"latches": {}}, "latches is not a list"),
        (to_plain(ALL, BOAT) | {"latches": [1]}, r"latches\[0\]"),
        (to_plain(replace(ALL, latches=(LATCH, LATCH)), BOAT), "twice"),
    ],
)
def test_what_is_not_a_state_says_why(plain: object, why: str) -> None:
    with pytest.raises(StateError, match=why):
        from_plain(plain, BOAT)


def test_the_state_of_another_boat_is_told_from_a_broken_one() -> None:
    with pytest.raises(AnotherBoatError):
        decode(encode(ALL, "another")[0], BOAT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(section=st.sampled_from(sorted(SECTIONS)), rubbish=JSON, data=st.data())
def test_rubbish_anywhere_is_a_state_error_or_a_state(section: str, rubbish: object, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(SECTIONS[section][0].__match_args__))
    for plain in (rubbish, to_plain(ALL, BOAT) | {section: rubbish}, changed(section, **{name: rubbish})):
        try:
            read = from_plain(plain, BOAT)
        except StateError:
            continue
        assert decode(encode(read, BOAT)[0], BOAT) == read


@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_state_are_a_state_error(data: bytes) -> None:
    with pytest.raises(StateError):
        decode(data, BOAT)


@pytest.mark.parametrize("data", [b"[" * 60_000, b" " * (MAX_BYTES + 1), b"\xff", encode(ALL, BOAT)[0][:-9]])
def test_a_file_too_deep_too_large_not_text_or_cut_is_a_state_error(data: bytes) -> None:
    with pytest.raises(StateError):
        decode(data, BOAT)


def test_the_oldest_identities_make_room() -> None:
    full = replace(ALL, identities=identities(1000))
    data, left_out = encode(full, BOAT)
    read = decode(data, BOAT)
    assert 0 < left_out < 1000
    assert read == replace(full, identities=full.identities[left_out:])
    assert len(data) > MAX_BYTES - 200, "no more than must"


def test_then_members_make_room_but_never_limits_and_latches() -> None:
    members = tuple(replace(MEMBER, member=f"battery {number}") for number in range(1000))
    latches = tuple(replace(LATCH, subject=f"charger {number}") for number in range(300))
    data, left_out = encode(Remembered((LYNX,), (LIMIT,), latches, members), BOAT)
    read = decode(data, BOAT)
    assert read.identities == ()
    assert (read.limits, read.latches) == ((LIMIT,), latches)
    assert read.members == members[left_out - 1 :]
    with pytest.raises(StateError, match="alone"):
        encode(Remembered(latches=tuple(replace(LATCH, subject=str(number)) for number in range(1000))), BOAT)


# --- learning and forgetting -----------------------------------------------------------------------------------------


def test_an_identity_that_is_heard_again_changes_nothing() -> None:
    assert ALL.learn([replace(LYNX, since=2e9, source="can1")]) is ALL
    assert ALL.learn([replace(LYNX, serial=None)]) is ALL
    assert ALL.learn([]) is ALL


def test_a_changed_identity_is_the_youngest_and_another_product_takes_the_serial_with_it() -> None:
    one, two = identities(2)
    state = Remembered((one, two))
    new = replace(one, device_instance=3, since=2e9)
    assert state.learn([new]).identities == (two, new)
    other = replace(one, product_id=0xA3E6, serial=None)
    assert state.learn([other]).identities == (two, other)


def test_of_two_with_one_name_the_first_counts() -> None:
    assert Remembered().learn([LYNX, replace(LYNX, serial="HQ2")]).identities == (LYNX,)


@pytest.mark.parametrize("serial", ["two\nlines", "\0", "x" * 201, ""])
def test_rubbish_is_no_serial(serial: str) -> None:
    assert Remembered().learn([replace(LYNX, serial=serial)]).identities == (replace(LYNX, serial=None),)
    assert ALL.learn([replace(LYNX, serial=serial)]) is ALL


def test_what_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(StateError, match=r"identities\[0\].serial"):
        encode(Remembered((replace(LYNX, serial="\0"),)), BOAT)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_forgotten_and_the_rest_stays(section: str) -> None:
    assert ALL.forget(section) == replace(ALL, **{section: ()})


def test_one_battery_or_all_is_forgotten() -> None:
    assert ALL.forget(LYNX.name) == replace(ALL, identities=())
    assert ALL.forget("all") == Remembered()
    with pytest.raises(KeyError):
        ALL.forget("c0aa")


def test_another_master_is_one_latch_that_ends_with_the_boot_or_a_reset() -> None:
    latched = ALL.overrule("a /b", 5.0, "boot 1")
    assert (latched.overruled, ALL.overruled) == ("a /b", "")
    assert latched.overrule("a /b", 9.0, "boot 2") is latched, "since when it holds"
    assert latched.overrule("c /d", 9.0, "boot 1").overruled == "c /d"
    assert len(latched.overrule("c /d", 9.0, "boot 1").latches) == len(latched.latches)
    assert latched.overrule("", 9.0, "boot 1") == ALL
    assert latched.since_boot("boot 1") == latched
    assert latched.since_boot("boot 2") == ALL, "only what ends with the boot"
    assert latched.since_boot(None) == latched, "unknown is not gone"
    assert decode(encode(latched, BOAT)[0], BOAT) == latched
    long = ALL.overrule("x" * 300, 5.0, None)
    assert long.overrule("x" * 300, 9.0, None) is long
    assert decode(encode(long, BOAT)[0], BOAT).since_boot("boot 2").overruled == "x" * 200


# --- when it is written ----------------------------------------------------------------------------------------------

STRICTER = [
    (Remembered(), Remembered(latches=(LATCH,))),
    (Remembered(), Remembered(limits=(LIMIT,))),
    (ALL, replace(ALL, limits=(replace(LIMIT, value=39.9),))),
    (ALL, replace(ALL, latches=(LATCH, replace(LATCH, subject="another")))),
    (Remembered(), Remembered(members=(MEMBER,))),
    (Remembered(members=(replace(MEMBER, source=OPENED),)), Remembered(members=(MEMBER,))),
    (Remembered(members=(replace(MEMBER, source=ACKNOWLEDGED),)), Remembered(members=(MEMBER,))),
    (Remembered(members=(replace(MEMBER, bank="another"),)), Remembered(members=(MEMBER,))),
]
LOOSER = [
    (ALL, replace(ALL, limits=())),
    (ALL, replace(ALL, latches=())),
    (ALL, replace(ALL, identities=(), members=())),
    (ALL, replace(ALL, members=(replace(MEMBER, source=OPENED),))),
    (Remembered(), Remembered(members=(replace(MEMBER, source=OPENED),))),
    (ALL, replace(ALL, members=(replace(MEMBER, source="its silence"),))),
    (ALL, replace(ALL, limits=(replace(LIMIT, value=40.1),))),
]


@pytest.mark.parametrize(("before", "after"), STRICTER)
def test_what_becomes_stricter_is_written_at_once(before: Remembered, after: Remembered) -> None:
    assert is_stricter(before, after)
    assert due(before, after, written_at=100.0, now=100.0) is Due.NOW


@pytest.mark.parametrize(("before", "after"), LOOSER)
def test_everything_else_is_written_once_a_minute(before: Remembered, after: Remembered) -> None:
    assert not is_stricter(before, after)
    assert due(before, after, written_at=100.0, now=159.9) is Due.LATER
    assert due(before, after, written_at=100.0, now=160.0) is Due.NOW
    assert due(before, after, written_at=None, now=0.0) is Due.NOW


def test_what_is_the_same_is_not_written() -> None:
    assert due(ALL, ALL, written_at=None, now=1e9) is Due.NOTHING


def test_the_file_is_one_line_of_plain_text() -> None:
    data = encode(Remembered((replace(LYNX, source="Bücher"),)), BOAT)[0]
    assert data.isascii()
    assert data.count(b"\n") == 1
    assert json.loads(data)["identities"][0]["source"] == "Bücher"


def test_a_member_of_a_bank_that_is_forgotten_is_acknowledged_as_gone_and_stays_on_the_list() -> None:
    members = (BankMember("house", "uc1", 5.0, "its silence"), BankMember("house", "uc2", 6.0, "what it said"))
    kept = Remembered(members=members).forget("uc1")
    assert [(one.member, one.since, one.source) for one in kept.members] == [
        ("uc1", 5.0, ACKNOWLEDGED),
        ("uc2", 6.0, "what it said"),
    ]
    assert Remembered(members=members).forget("members").members == ()
    with pytest.raises(KeyError):
        Remembered(members=members).forget("uc3")
