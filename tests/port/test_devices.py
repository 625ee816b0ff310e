"""The simulated devices against frames written by hand: Victron, VE.Can registers public, v20, and the layouts of
NMEA 2000 (canboat@01d0dc3). What they say is decoded by gxbridge, too: neither was made from the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from gxbridge.core.nmea2000.decoder import Decoder
from gxbridge.core.nmea2000.field import FieldValue
from gxbridge.core.vecan.readings import names
from gxbridge.edge.can.gxsocket import SocketDirBus
from tests.contract.scene import Orders
from tests.port.fleet import FLEET
from tests.port.node import SimNode, exchange
from tests.runtime.service import wait_for

OURS = 0xC8
OUR_CLAIM = "18EEFFC8#0100C0FF0082F0C0"
"""A display: unique number 1, maker 2046, instance 0, function 130, class 120."""
OF_INSTANCE_3 = "18EEFFC9#0100C0FF0382F0C0"
CHARGER_CLAIM = "18EEFFA6#173DC02C00A046C0"
"""Unique number 15639, Victron, function 160, class 35."""


def frame(text: str) -> tuple[int, bytes]:
    """A frame in candump's notation."""
    can_id, _, data = text.partition("#")
    return int(can_id, 16), bytes.fromhex(data)


def texts(frames: list[tuple[int, bytes]]) -> list[str]:
    return [f"{can_id:08X}#{data.hex().upper()}" for can_id, data in frames]


class Talk:
    """One device that has announced itself, and what it answers."""

    def __init__(self, name: str, *before: str) -> None:
        self.node = SimNode(FLEET[name], 0.0)
        self.announced = texts(self.node.tick(0.0))
        self.node.tick(0.3)
        self.now = 0.5
        for text in before:
            self.say(text)

    def say(self, *said: str, after_s: float = 0.0) -> list[str]:
        self.now += after_s
        return [answer for text in said for answer in texts(self.node.hear(*frame(text), self.now))]

    def wait(self, seconds: float) -> list[str]:
        """What it says by itself meanwhile, in steps of a tenth."""
        said = []
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            said += texts(self.node.tick(self.now))
        return said


@pytest.fixture
def mppt() -> Talk:
    return Talk("mppt", OUR_CLAIM)


def test_a_device_claims_its_address_first_and_again_every_minute(mppt: Talk) -> None:
    assert mppt.announced[0] == "18EEFF24#AB54C42C00A046C0"
    assert mppt.wait(62.0).count("18EEFF24#AB54C42C00A046C0") == 1


def test_product_information_is_a_fast_packet_of_134_bytes(mppt: Talk) -> None:
    answer = mppt.say("18EA24C8#14F001")
    sequence = answer[0][9:11]
    assert answer[0] == f"19F01424#{sequence}8634080CA1536D", "134 bytes, database 2.1, code 0xA10C, text Sm..."
    assert len(answer) == 20
    assert mppt.say("18EAFFC8#14F001")[0].startswith("19F01424#"), "everybody is asked"


def test_it_answers_for_its_claim_and_refuses_what_it_does_not_send(mppt: Talk) -> None:
    assert mppt.say("18EA24C8#00EE00") == ["18EEFF24#AB54C42C00A046C0"]
    assert mppt.say("18EAC824#0DF201") == [], "another is asked"
    assert mppt.say("18EA24C8#0DF501") == ["18E8C824#01FFFFFFFF0DF501"]
    assert mppt.say("18EAFFC8#0DF501") == []


def test_a_register_that_is_asked_for_is_said_to_everybody(mppt: Talk) -> None:
    assert mppt.say("1CEF24C8#669901000201FFFF") == ["1CEFFF24#6699020100FF1603"], "v3.16"
    assert mppt.say("1CEFFFC8#66990100BBEDFFFF") == ["1CEFFF24#6699BBED15000000"], "0.21 V"
    counters = [f"1CEFFF24#6699{register:02X}0100000000" for register in range(0x30, 0x36)]
    assert mppt.say("1CEF24C8#669901003001F8FF") == counters, "six by one mask"


def test_an_unknown_register_is_refused_to_who_asked_it_alone(mppt: Talk) -> None:
    assert mppt.say("1CEF24C8#66990100FFEEFFFF") == ["1CEFC824#66990200FFEE0080"]
    assert mppt.say("1CEFFFC8#66990100FFEEFFFF") == []


def test_a_write_is_answered_by_the_new_value_or_refused(mppt: Talk) -> None:
    assert mppt.say("1CEF24C8#6699F0ED58020000") == ["1CEFFF24#6699F0ED58020000"], "60.0 A"
    assert mppt.say("1CEF24C8#6699F0EDFFFF0000") == ["1CEFC824#66990200F0ED0083"], "more than it can"
    assert mppt.say("1CEF24C8#6699BBED00000000") == ["1CEFC824#66990200BBED0081"], "a measurement is not written"
    assert mppt.say("1CEF24C8#66990200F0ED0083") == [], "a refusal is no write"


def test_a_name_of_more_than_four_bytes_is_written_by_fast_packet(mppt: Talk) -> None:
    assert mppt.say("1DEF24C8#000A66990C01526F", "1DEF24C8#016F660053FFFFFF") != []
    assert mppt.node.registers[0x010C] == b"Roof\0S"


LIMIT, MODE, VOLTAGE, SENSE = ("1CEF24C8#66991520C8000000", "1CEF24C8#66990E200D000000", "1CEFFFC8#66990120FC150000",
                               "1CEFFFC8#6699022046140000")  # fmt: skip
"""20.0 A and mode 0x0D to the charger; 56.28 V and 51.90 V to everybody."""


def test_a_charger_follows_what_it_is_told(mppt: Talk) -> None:
    mppt.node.source_a = 45.0
    assert mppt.node.current_a == 45.0
    assert "1CEFFF24#66991520C8000000" in mppt.say(LIMIT), "acknowledged by its new value"
    assert mppt.node.current_a == 20.0
    said = mppt.say(MODE)
    assert "1CEFFF24#66990E200D000000" in said
    assert "1CEFFF24#66990102FC000000" in said, "external control"
    assert "1CEFFF24#66990F2000000000" in said, "a slave"
    assert mppt.say(VOLTAGE) == [], "a broadcast is not acknowledged"
    assert mppt.say(SENSE) == ["1CEFFF24#66990F2080000000"], "it uses the voltage"
    told = {register: number for register, (number, _) in mppt.node.told.items()}
    assert told == {0x2015: 200, 0x200E: 13, 0x2001: 5628, 0x2002: 5190}


def test_what_a_charger_was_told_ends_after_a_minute_and_of_a_bms_with_error_67(mppt: Talk) -> None:
    mppt.node.source_a = 45.0
    mppt.say(LIMIT, MODE)
    mppt.wait(50.0)
    mppt.say(LIMIT, MODE)
    mppt.wait(59.0)
    assert mppt.node.current_a == 20.0, "renewed in time"
    said = mppt.wait(1.5)
    assert "1CEFFF24#66991520FFFF0000" in said
    assert "1CEFFF24#6699DAED43000000" in said
    assert mppt.node.current_a == 0.0
    mppt.say(MODE)
    assert mppt.node.current_a == 45.0, "told again, and by nobody of a limit"


def test_without_a_bms_a_charger_goes_on_by_itself(mppt: Talk) -> None:
    mppt.node.source_a = 45.0
    mppt.say(LIMIT, "1CEF24C8#66990E2005000000")
    mppt.wait(61.0)
    assert (mppt.node.current_a, mppt.node.registers[0x0201]) == (45.0, b"\x03")


def test_a_broadcast_counts_from_a_controller_of_the_own_instance_only() -> None:
    mppt = Talk("mppt")
    assert mppt.say(VOLTAGE) == ["18EAC824#00EE00"], "who are you?"
    mppt.say(OF_INSTANCE_3, VOLTAGE.replace("FFC8", "FFC9"), CHARGER_CLAIM, VOLTAGE.replace("FFC8", "FFA6"))
    mppt.say(OUR_CLAIM, LIMIT.replace("EF24", "EFFF"), VOLTAGE)
    assert [became for *_, became in mppt.node.heard] == [
        "unknown sender", "other instance", "no master", "not addressed", "taken",
    ]  # fmt: skip


def test_not_available_is_no_limit(mppt: Talk) -> None:
    assert mppt.say("1CEF24C8#66991520FFFF0000") == ["1CEFC824#6699020015200083"]
    assert mppt.node.told == {}


def test_an_alternator_controller_obeys_one_broadcaster_and_no_addressed_frame() -> None:
    wake = Talk("wakespeed", OUR_CLAIM, "18EEFFC9#0200C0FF0082F0C0")
    assert wake.say("1CEF51C8#66991520C8000000") == ["1CEFC851#6699020015200081"]
    wake.say("1CEFFFC8#66991520C8000000", "1CEFFFC9#6699152064000000")
    assert wake.node.told[0x2015][0] == 200, "of the first sender"
    assert [became for *_, became in wake.node.heard][1:] == ["taken", "locked to another"]


def test_faults_of_the_wire(mppt: Talk) -> None:
    node = mppt.node
    node.lose_acks = 1
    assert mppt.say(LIMIT) == []
    assert node.told[0x2015][0] == 200, "it took effect"
    node.lose_writes = 1
    assert mppt.say(LIMIT.replace("C800", "6400")) == []
    assert node.told[0x2015][0] == 200
    node.refusals = {0x2015: 0x8200}
    assert mppt.say(LIMIT) == ["1CEFC824#6699020015200082"]
    node.quiet(True, mppt.now)
    assert mppt.say("18EA24C8#00EE00") == mppt.wait(5.0) == []
    node.quiet(False, mppt.now)
    assert mppt.wait(0.1)[0] == "18EEFF24#AB54C42C00A046C0"
    node.move(0x33, mppt.now)
    assert mppt.wait(0.1)[0] == "18EEFF33#AB54C42C00A046C0"


def test_its_device_instance_can_be_commanded(mppt: Talk) -> None:
    said = mppt.say("0DED24C8#200A0100EE00F802", "0DED24C8#2103020401FFFFFF")
    assert said[0] == "18EEFF24#AB54C42C0AA046C0", "lower 2, upper 1: instance 10"
    assert [text[:9] + text[11:] for text in said[1:]] == ["0DEDC824#070200EE000002", "0DEDC824#00FFFFFFFFFFFF"]
    refused = mppt.say("0DED24C8#40080100EE00F801", "0DED24C8#410582FFFFFFFFFF")
    assert [text[:9] + text[11:] for text in refused] == ["0DEDC824#070200EE000001", "0DEDC824#33FFFFFFFFFFFF"]
    assert mppt.say("0DED24C8#60080000EE00F801", "0DED24C8#610302FFFFFFFFFF") == [], "a request, not a command"
    assert mppt.say("0DED24C8#8008011FF101F801", "0DED24C8#810302FFFFFFFFFF") == [], "of another group"


def test_of_two_at_one_address_the_smaller_name_stays() -> None:
    mppt, twin = SimNode(FLEET["mppt"], 0.0), SimNode(FLEET["skylla"], 0.0)
    twin.address = mppt.address
    exchange((mppt, twin), [], 0.0)
    assert (mppt.address, twin.address) == (0x25, 0x24), "15639 is less than 283819"


def decoded(name: str) -> Iterator[tuple[int, int | None, dict[str, FieldValue]]]:
    """(PGN, register, fields) of everything a device says in its first ten seconds; fails at what nobody knows."""
    node, decoder = SimNode(FLEET[name], 0.0), Decoder()
    for tick in range(200):
        now = tick * 0.05
        for can_id, data in node.tick(now):
            message = decoder.feed(can_id, data, now)
            if message is not None:
                layout, source, _, values, _ = message
                assert source == node.address
                yield layout.pgn, layout.register, dict(zip(names(layout), values, strict=True))
    assert (decoder.unknown, decoder.too_short, decoder.incomplete, sum(decoder.errors.values())) == (0, 0, 0, 0)


SAID: dict[str, dict[int, tuple[str, object]]] = {
    "mppt": {0x0100: ("product_id", 0xA10C), 0xED8D: ("dc_channel1_voltage", 52.54), 0xEDF0: ("bat_max_current", 70.0),
             0xEDDC: ("chr_user_yield", 5752.37), 0x1051: ("yield", 8.68), 0x104F: ("pv_voc_max", 104.6)},
    "mppt-rs": {0x0244: ("number_of_dc_inputs", 4), 0xECCB: ("dc_input1_voltage", 312.4),
                0xECFB: ("dc_input4_voltage", 1.2), 0x10A1: ("peak_power_tracker2", 2210),
                0x10A0: ("voc_max_tracker4", 3.1)},
    "multi-rs": {0x0102: ("version", 0x011005), 0x2213: ("ac_output_l1_voltage", 221.4),
                 0x2252: ("ac_input_1_l1_power", 25), 0xD5C0: ("multic_energy_from_acin1_to_inverter", 214.82),
                 0xD5C1: ("multic_energy_from_acin2_to_inverter", None), 0x1050: ("time_bulk", 419),
                 0x2017: ("link_discharge_current_limit", 600.0), 0x0207: ("no_pv_power", 1)},
    "multi-rs-2": {0xECDB: ("dc_input2_voltage", 0.52), 0x10A0: ("voc_max_tracker3", None)},
    "inverter-rs": {0x2215: ("ac_output_l1_power", -3), 0xEDBC: ("dc_input_power", 49.0), 0x0FFF: ("soc", 89.77)},
    "skylla": {0xEDDE: ("chr_outputs", 3), 127507: ("operating_state", 5)},
    "lynx-shunt": {0x0FFC: ("consumed_ah", -12.4), 0x0FFE: ("ttg", 2880), 127506: ("state_of_charge", 88)},
    "integrel": {0x0100: ("product_id", 0xB092), 127508: ("temperature", 322.0)},
    "wakespeed": {127488: ("speed", 1450.0), 127508: ("current", 80.0)},
    "tanks": {127505: ("level", 17.184)},
    "tanks-alike": {127505: ("level", 80.0)},
    "thermometers": {130316: ("temperature", 254.9), 130312: ("actual_temperature", 277.65)},
    "gx": {126996: ("model_id", "Cerbo GX")},
}  # fmt: skip
"""Device -> PGN or register -> a field and its value, as recorded or as chosen."""


@pytest.mark.parametrize("name", FLEET)
def test_gxbridge_understands_every_frame_of_it(name: str) -> None:
    heard = {register or pgn: fields for pgn, register, fields in decoded(name)}
    for kind, (field, value) in SAID[name].items():
        assert heard[kind][field] == value if value is None else heard[kind][field] == pytest.approx(value), hex(kind)


def test_the_process_is_driven_by_orders(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    with SocketDirBus(str(folder)) as bus:
        command = ["tests.port.live", "--interface", "gxsocket", "--channel", str(folder), "--link-timeout-s", "0.4"]
        port = Orders(sys.executable, "-m", *command, "mppt", "tanks")
        try:
            for text in (OUR_CLAIM, MODE, LIMIT):
                can_id, data = frame(text)
                bus.send(can.Message(arbitration_id=can_id, data=data, is_extended_id=True))
            port("source", "mppt", 30.0)
            state = wait_for(lambda: port("state", "mppt"), lambda seen: "0x2015" in seen["told"], "told", 5.0)
            assert (state["current_a"], state["heard"][-1]) == (20.0, ["0x2015", "C8000000", OURS, 0x24, "taken"])
            wait_for(lambda: port("state", "mppt")["error"], 67, "the time-out", 5.0)
            port("say", [["18EEFFE1", "F401C02C0082F0C0"]])
            port("address", "tanks", 0x70)
            heard = []
            while (message := bus.recv(0.1)) is not None:
                heard.append(f"{message.arbitration_id:08X}#{bytes(message.data).hex().upper()}")
        finally:
            port.close()
    assert "18EEFFE1#F401C02C0082F0C0" in heard
    assert any(text.startswith("18EEFF70#") for text in heard)
    assert port.process.returncode == 0
