"""Every sample frame through the real decoder: it must say what the YAML says beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gxbridge.candb.load import load
from gxbridge.candb.model import DatabaseEntry, DatabaseModel, Sample
from gxbridge.core.nmea2000.database import database
from gxbridge.core.nmea2000.decoder import Decoder, Message
from tests.core.nmea2000.products import introduce

CAN_DB = Path(__file__).parent.parent.parent / "can_db"
MODEL: DatabaseModel = load(CAN_DB)
SAMPLES = [(entry, sample) for entry in MODEL.entries for sample in entry.samples]


def decoded(entry: DatabaseEntry, sample: Sample) -> Message | None:
    decoder = Decoder()
    if entry.families:
        product = next(p for p in MODEL.products.values() if p.family == entry.families[0])
        introduce(decoder, sample.can_id & 0xFF, product.product_id)
    messages = [decoder.feed(sample.can_id, frame, 0.01 * number) for number, frame in enumerate(sample.frames)]
    assert all(message is None for message in messages[:-1]), "complete before its last frame"
    return messages[-1]


@pytest.mark.parametrize(("entry", "sample"), SAMPLES, ids=lambda item: item.where if isinstance(item, Sample) else "")
def test_a_sample_decodes_to_what_it_says(entry: DatabaseEntry, sample: Sample) -> None:
    message = decoded(entry, sample)
    assert message is not None
    layout, source, _, values, payload = message
    assert source == sample.can_id & 0xFF
    if entry.access == "W":
        assert (layout.kind, values[0]) == ("write", entry.register)
        layout = database().layout(entry.register or 0) or layout
        values = layout.read(payload)
    said = {field.name: value for field, value in zip(layout.fields, values, strict=True)}
    for name, expected in sample.values.items():
        value = said[name].hex() if isinstance(said[name], bytes) else said[name]
        assert value == expected or (value is None and expected == "")
        assert type(value) is type(expected) or value is None, "a whole number stays whole, 26.0 stays a decimal"


def test_the_compiled_form_is_that_of_the_yaml() -> None:
    """`make build` keeps it so; a stale one would make every other test lie."""
    assert database().digest == MODEL.digest


def test_recorded_frames_and_the_vendors_examples_are_marked_as_such() -> None:
    """Those that we know of: whoever adds one marks it in the YAML, where rule R29 asks for its source."""
    real = {entry.name for entry, sample in SAMPLES if sample.origin == "real"}
    assert real >= {
        "VE_REG_LINK_VSENSE",
        "VE_REG_LINK_EXTRA_BATTERY_CURRENT",
        "VE_REG_SOC",
        "VE_REG_DC_CHANNEL1_CURRENT",
        "VE_REG_DEVICE_MODE",
        "VE_REG_BMV_CE",
        "VE_REG_HIST_LAST_DISCHARGE",
    }
    vendor = {entry.name for entry, sample in SAMPLES if sample.origin == "vendor"}
    assert {"VE_REG_REQ", "VE_REG_ACK", "VE_REG_APP_VER", "VE_REG_AC_IN_1_CURRENT_LIMIT_MIN"} <= vendor
