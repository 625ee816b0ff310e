"""Who is at which address: claims, moves, conflicts, and devices known by their address only."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gxbridge.core.nmea2000.decoder import Decoder, Message
from gxbridge.core.nmea2000.name import Name
from gxbridge.core.nmea2000.vreg import payload
from gxbridge.core.vecan.network import MOST_NODES, Network
from gxbridge.core.vecan.node import Node
from tests.core.lynx_frames import CLAIM_ID, LYNX, name_of, vreg_id

LOW, HIGH = name_of(1000), name_of(2000)


def claim(name: Name, address: int = LYNX) -> Message:
    message = Decoder().feed(CLAIM_ID | address, name.payload, 0.0)
    assert message is not None
    return message


def io(address: int = LYNX) -> Message:
    message = Decoder().feed(vreg_id(address), payload(0x2108, b"\x95\x15"), 0.0)
    assert message is not None
    return message


def test_a_claim_gives_a_device_its_address() -> None:
    network = Network("can0")
    node = network.hear(claim(LOW), 0.0)
    assert node is not None
    assert network.at(LYNX) is node
    assert network.nodes == {LYNX: node}
    assert (node.key, node.address) == (LOW.identity, LYNX)


def test_a_claim_of_fewer_than_eight_bytes_is_nothing() -> None:
    layout, source, destination, values, _ = claim(LOW)
    assert Network("can0").hear((layout, source, destination, values, bytes(5)), 0.0) is None


def test_a_device_that_moves_is_the_same_device() -> None:
    network = Network("can0")
    node = network.hear(claim(LOW, 41), 0.0)
    assert network.hear(claim(LOW, 42), 5.0) is node
    assert network.at(41) is None
    assert network.at(42) is node


def test_a_changed_instance_is_noted_on_the_same_device() -> None:
    network = Network("can0")
    node = network.hear(claim(name_of(1000)), 0.0)
    assert network.hear(claim(name_of(1000, device_instance=3)), 1.0) is node
    assert node is not None
    assert node.name is not None
    assert node.name.device_instance == 3


def test_of_two_that_claim_one_address_the_smaller_name_gets_it() -> None:
    network = Network("can0")
    high = network.hear(claim(HIGH), 0.0)
    low = network.hear(claim(LOW), 1.0)
    assert network.at(LYNX) is low
    assert high is not None
    assert high.address is None
    assert network.conflicts[LYNX].winner == LOW
    assert network.conflicts[LYNX].loser == HIGH


def test_the_holder_with_the_smaller_name_keeps_its_address() -> None:
    network = Network("can0")
    low = network.hear(claim(LOW), 0.0)
    high = network.hear(claim(HIGH), 1.0)
    assert network.at(LYNX) is low
    assert high is not None
    assert high.address is None
    network.hear(claim(LOW), 1.01)
    assert network.hear(io(), 2.0) is low
    network.hear(claim(HIGH), 3.0)
    assert network.at(LYNX) is low, "it defended itself in between"
    assert network.conflicts[LYNX].count == 2


def test_the_loser_is_found_at_the_next_address() -> None:
    network = Network("can0")
    network.hear(claim(LOW, 41), 0.0)
    high = network.hear(claim(HIGH, 41), 1.0)
    assert network.hear(claim(HIGH, 42), 1.3) is high
    assert network.at(42) is high


def test_a_challenger_that_claims_again_undefended_has_the_address() -> None:
    network = Network("can0")
    network.hear(claim(LOW), 0.0)
    high = network.hear(claim(HIGH), 5.0)
    network.hear(claim(HIGH), 5.1)
    assert network.at(LYNX) is not high, "it still waits its 250 ms"
    network.hear(claim(HIGH), 9.0)
    assert network.at(LYNX) is high


def test_a_holder_that_is_silent_gives_way_without_a_conflict() -> None:
    network = Network("can0")
    network.hear(claim(LOW), 0.0)
    high = network.hear(claim(HIGH), 10.0)
    assert network.at(LYNX) is high
    assert not network.conflicts


def test_a_device_that_cannot_claim_loses_its_address() -> None:
    network = Network("can0")
    low = network.hear(claim(LOW), 0.0)
    assert network.hear(claim(LOW, 254), 1.0) is low
    assert network.at(LYNX) is None
    assert network.hear(claim(HIGH, 254), 1.0) is None, "a device never seen that has no address is nothing to us"


def test_a_frame_from_the_null_address_is_nobody_s() -> None:
    network = Network("can0")
    assert network.hear(io(254), 0.0) is None
    assert network.alive(255, 0.0) is None
    assert network.devices == ()


def test_what_a_device_said_before_its_name_is_handed_over() -> None:
    network = Network("can0")
    first = network.hear(io(), 0.0)
    assert first is not None
    assert first.key == f"can0/{LYNX}"
    named = network.hear(claim(LOW), 3.0)
    assert named is first
    assert named.key == LOW.identity
    assert network.node(LOW.identity) is named
    assert len(network.devices) == 1


def test_an_address_silent_for_ten_seconds_hands_nothing_over() -> None:
    network = Network("can0")
    first = network.hear(io(), 0.0)
    named = network.hear(claim(LOW), 10.0)
    assert named is not first
    assert named is not None
    assert len(named.readings) == 0


def test_an_address_silent_for_ten_seconds_may_be_another_device_next() -> None:
    network = Network("can0")
    first = network.hear(io(), 0.0)
    assert network.hear(io(), 9.5) is first
    assert network.hear(io(), 19.5) is not first
    assert len(network.devices) == 1


def move_unheard(network: Network) -> tuple[Node, Node]:
    """A device known at 41 is heard at 42, its claim was missed."""
    node = network.hear(claim(LOW, 41), 0.0)
    stranger = network.hear(io(42), 1.0)
    assert node is not None
    assert stranger is not None
    stranger.take(io(42), 1.0)
    return node, stranger


def test_a_known_device_that_moved_unheard_gets_what_it_said_there() -> None:
    network = Network("can0")
    node, _ = move_unheard(network)
    assert network.hear(claim(LOW, 42), 5.0) is node
    assert len(node.readings) == 1
    assert network.at(42) is node
    assert len(network.devices) == 1


def test_a_known_device_gets_nothing_said_elsewhere_while_it_spoke_itself() -> None:
    network = Network("can0")
    node, _ = move_unheard(network)
    network.hear(io(41), 2.0)
    network.hear(claim(LOW, 42), 5.0)
    assert len(node.readings) == 0


def test_what_was_said_more_than_ten_seconds_ago_is_not_handed_over() -> None:
    network = Network("can0")
    node, _ = move_unheard(network)
    network.hear(claim(LOW, 42), 20.0)
    assert len(node.readings) == 0


def test_there_are_no_more_devices_than_addresses() -> None:
    network = Network("can0")
    for address in range(MOST_NODES):
        assert network.alive(address, 0.0) is not None
    assert network.alive(253, 1.0) is None
    assert network.refused == 1
    assert network.hear(claim(LOW, 253), 1.0) is None
    assert network.hear(claim(LOW, 0), 2.0) is not None, "a provisional device that gets its name needs no more room"


def test_a_challenger_finds_no_room_on_a_full_bus() -> None:
    network = Network("can0")
    network.hear(claim(LOW, 0), 0.0)
    for address in range(1, MOST_NODES):
        network.alive(address, 0.0)
    assert network.hear(claim(HIGH, 0), 1.0) is None
    assert network.at(0) is not None


def test_the_device_silent_longest_makes_room() -> None:
    network = Network("can0")
    for number in range(MOST_NODES):
        network.hear(claim(name_of(number), number), float(number) / 100)
    network.hear(claim(name_of(5000), 253), 20.0)
    assert len(network.devices) == MOST_NODES
    assert network.at(0) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(40, 43), st.booleans(), st.floats(0, 15)), max_size=60))
def test_any_order_of_claims_and_frames_leaves_one_device_per_address(
    steps: list[tuple[int, int, bool, float]],
) -> None:
    """Whatever comes, in whatever order: the two indexes agree and nothing raises."""
    network, now = Network("can0"), 0.0
    for number, address, is_claim, pause in steps:
        now += pause
        network.hear(claim(name_of(number), address) if is_claim else io(address), now)
        assert all(node.address == at for at, node in network.nodes.items())
        assert {node.key for node in network.devices} == {
            node.key for node in network.devices if network.node(node.key) is node
        }
        assert len({id(node) for node in network.nodes.values()}) == len(network.nodes)
        assert all(node in network.devices for node in network.nodes.values())
