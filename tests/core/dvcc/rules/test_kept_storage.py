"""What of the storage profile outlives a restart."""

from __future__ import annotations

from gxbridge.core.dvcc.rules.kept_storage import keep_storage, recall_storage
from gxbridge.core.dvcc.rules.storage import NO_STORAGE
from gxbridge.core.model.remembered import Latch, Remembered, decode, encode

OTHER = Latch("refused-charge", "uc1", 1.0, "its permission")
STATE = NO_STORAGE._replace(on=True, last_full=1_796_000_000.0, seen_full=True, tried_at=1_796_100_000.0)


def test_it_is_known_again_after_a_restart() -> None:
    latches = keep_storage((OTHER,), STATE, 1_796_126_400.0)
    assert latches[0] == OTHER
    data, _ = encode(Remembered(latches=latches), "boat")
    assert recall_storage(decode(data, "boat").latches) == STATE
    counted = STATE._replace(seen_full=False, on=False, tried_at=None)
    assert recall_storage(keep_storage((), counted, 1.0)) == counted


def test_nothing_is_known_of_nothing() -> None:
    assert recall_storage((OTHER,)) == NO_STORAGE
    assert keep_storage((OTHER,), NO_STORAGE, 1.0) == (OTHER,)


def test_what_did_not_change_is_the_same() -> None:
    latches = keep_storage((OTHER,), STATE, 5.0)
    assert keep_storage(latches, STATE, 9.0) is latches
    off = keep_storage(latches, STATE._replace(on=False), 9.0)
    assert [latch.name for latch in off] == ["refused-charge", "last-full", "full-charge"]


def test_a_latch_of_somebody_else_s_is_none_of_ours() -> None:
    assert recall_storage((Latch("storage", "another", 1.0, "x"),)) == NO_STORAGE
