"""What the black box keeps when the same comes twice, and when a frame is none."""

from __future__ import annotations

from gxbridge.core.blackbox.box import Event
from gxbridge.core.blackbox.play import feed
from gxbridge.core.blackbox.ring import Ring
from gxbridge.core.blackbox.timeline import facts_of
from gxbridge.core.bridge import Bridge
from gxbridge.core.model.finding import Finding
from gxbridge.core.setup import Setup
from tests.core.blackbox.test_play import BoxedBoat
from tests.core.boat import vreg


def test_a_frame_with_more_than_eight_bytes_is_kept_as_what_was_heard() -> None:
    ring = Ring(1 << 20)
    ring.begin(0.0, "{}")
    ring.frames("can0", [(1.0, 0x1CEFFF29, b"\x66" * 9)])
    (stretch,) = ring.stretches()
    assert [bytes(record) for record in stretch.records] == [
        b'["frames","can0",[[1.0,485490473,"666666666666666666"]]]'
    ]


def test_a_report_that_says_the_same_again_is_noted_once() -> None:
    boat = BoxedBoat()
    boat.tick()
    finding = Finding("bluetooth-unavailable", "warning", "bluetooth", "There is none.", "Nothing.", 1.0, 1.0)
    boat.boxed.report([finding])
    boat.tick()
    before = len(boat.box().entries)
    boat.boxed.report([finding])
    assert len(boat.box().entries) == before
    boat.boxed.report([])
    assert len(boat.box().entries) == before + 1


def test_link_words_of_one_second_count_as_one() -> None:
    boat = BoxedBoat()
    boat.tick()
    for _ in range(3):
        boat.send(vreg(0x2001, 2840, source=0xE3))
    boat.tick()
    assert len(facts_of(boat.box()).links_on_can) == 1


def test_a_selected_battery_in_an_older_box_is_read_and_changes_nothing() -> None:
    bridge, untouched = Bridge(Setup()), Bridge(Setup())
    feed(bridge, Event("q", ("uc1", 3)), {})
    assert bridge.tick(1.0) == untouched.tick(1.0)
