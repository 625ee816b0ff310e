"""The state on a disk: whole whatever happens, held by one process, and never a reason for the service to stop."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from gxbridge.config import load
from gxbridge.config.commandline import Overrides
from gxbridge.core.model.remembered import MAX_BYTES, Remembered, StateError
from gxbridge.edge import machine as machine_module
from gxbridge.runtime import assembly
from gxbridge.runtime.state_writer import StateWriter
from gxbridge.state.state_file import BROKEN, FILE, LOCK, PART, StateFile, StateHeldError
from tests.core.model.test_remembered import ALL, BOAT, LATCH, LYNX, identities

LATCHED = Remembered(latches=(LATCH,))


def stored(folder: Path, boat: str = BOAT) -> Remembered:
    return StateFile(str(folder), boat).read()


def store(folder: Path, remembered: Remembered, boat: str = BOAT) -> None:
    file = StateFile(str(folder), boat)
    file.write(remembered)
    file.release()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- the file --------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_and_only_its_owner_may(tmp_path: Path) -> None:
    assert stored(tmp_path) == Remembered()
    store(tmp_path / "new", ALL)
    assert stored(tmp_path / "new") == ALL
    assert (tmp_path / "new" / FILE).stat().st_mode & 0o777 == 0o600


KILLED = """
import os, sys
from gxbridge.state.state_file import StateFile
from tests.core.model.test_remembered import ALL, BOAT
os.replace = lambda *_: os.kill(os.getpid(), 9)
StateFile(sys.argv[1], BOAT).write(ALL)
"""


def test_killed_between_write_and_rename_the_file_is_the_old_one_and_the_lock_is_free(tmp_path: Path) -> None:
    store(tmp_path, LATCHED)
    assert subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False).returncode == -9
    assert PART in names(tmp_path)
    assert stored(tmp_path) == LATCHED
    store(tmp_path, ALL)
    assert stored(tmp_path) == ALL
    assert names(tmp_path) == {FILE, LOCK}


@pytest.mark.parametrize("call", ["os.fsync", "os.replace", "os.open"])
def test_a_full_or_failing_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    store(tmp_path, LATCHED)
    file = StateFile(str(tmp_path), BOAT)
    file.hold()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(call, full)
    with pytest.raises(OSError, match="No space"):
        file.write(Remembered())
    monkeypatch.undo()
    file.release()
    assert PART not in names(tmp_path)
    if call != "os.open":  # that is the folder, after the rename
        assert stored(tmp_path) == LATCHED


def test_a_file_system_that_cannot_synchronise_folders_is_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronise, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(22, "Invalid argument")
        synchronise(handle)

    monkeypatch.setattr("os.fsync", fsync)
    store(tmp_path, ALL)
    assert len(calls) == 2
    assert stored(tmp_path) == ALL


def test_one_process_at_a_time_changes_it(tmp_path: Path) -> None:
    holder, other = StateFile(str(tmp_path), BOAT), StateFile(str(tmp_path), BOAT)
    holder.write(ALL)
    with pytest.raises(StateHeldError):
        other.hold(0.06)
    with pytest.raises(StateError, match="another gxbridge"):
        other.write(LATCHED)
    assert not other.set_aside()
    assert other.read() == ALL
    holder.release()
    holder.release()
    other.write(LATCHED)
    other.release()


# --- the writer ------------------------------------------------------------------------------------------------------


def run(scenario: Coroutine[None, None, None]) -> None:
    asyncio.run(scenario)


def findings(writer: StateWriter) -> list[str]:
    return [finding.id for finding in writer.findings()]


def test_a_latch_is_written_at_once_and_an_identity_within_a_minute(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
        writer.remembered = replace(writer.remembered, identities=(LYNX,))
        writer.look(1.0)
        writer.look(1.0)  # one is under way
        await writer._disk.close()
        assert stored(tmp_path).identities == (LYNX,)
        writer.remembered = replace(writer.remembered, identities=identities(2))
        writer.look(2.0)
        assert not writer._disk.busy
        writer.remembered = replace(writer.remembered, latches=(LATCH,))
        writer.look(3.0)
        await writer._disk.close()
        assert stored(tmp_path) == writer.remembered
        writer.remembered = Remembered()
        writer.look(62.9)
        assert not writer._disk.busy
        writer.look(63.0)
        await writer.close(63.0)
        assert stored(tmp_path) == Remembered()

    run(scenario())


def test_another_master_is_written_at_once_and_ends_with_the_boot_or_when_somebody_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0, "boot 1")
        writer.keep(writer.remembered.overrule("", 1e9, "boot 1"), 0.0)
        assert not writer._disk.busy, "nothing to remember"
        writer.keep(writer.remembered.overrule("a /b", 1e9, "boot 1"), 1.0)
        await writer._disk.close()
        assert stored(tmp_path).overruled == "a /b"
        writer._file.release()  # killed
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 2.0, "boot 1")
        assert writer.remembered.overruled == "a /b"
        writer.keep(writer.remembered.overrule("a /b", 2e9, "boot 1"), 2.0)
        assert not writer._disk.busy
        writer.keep(writer.remembered.learn([LYNX]).overrule("a /b", 2e9, "boot 1"), 3.0)
        await writer._disk.close()
        assert not writer.reset_asked()
        writer._file.ask_reset()
        assert writer.reset_asked()
        writer.keep(writer.remembered.overrule("", 2e9, "boot 1"), 4.0)
        await writer._disk.close()
        assert stored(tmp_path).overruled == "", "at once, too"
        writer.keep(writer.remembered.learn([LYNX]).overrule("a /b", 2e9, "boot 1"), 5.0)
        await writer.close(5.0)
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0, "boot 2")
        assert writer.remembered == Remembered((LYNX,))

    run(scenario())


def test_a_reset_that_cannot_be_taken_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
    writer._file.ask_reset()
    monkeypatch.setattr(os, "unlink", lambda _path: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    assert not writer.reset_asked()


def test_a_boot_is_known_by_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine_module.boot_id()
    monkeypatch.setattr(machine_module, "BOOT_FILE", str(tmp_path / "none"))
    assert machine_module.boot_id() is None


def test_what_was_put_off_is_written_at_the_end(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
        writer.remembered = ALL
        await writer.close(1.0)
        StateFile(str(tmp_path), BOAT).hold()

    run(scenario())
    assert stored(tmp_path) == ALL


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"version": 99}', b"\x00\xff", b" " * (MAX_BYTES + 1), b"[" * 50_000]
)
def test_a_file_that_cannot_be_used_counts_as_unknown_and_is_kept_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    (tmp_path / BROKEN).write_bytes(b"an older one")

    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 5.0)
        assert writer.remembered == Remembered()
        assert findings(writer) == ["state-unreadable"]
        assert "counts as unknown" in writer.findings()[0].text
        assert writer.findings()[0].advice == "None needed: gxbridge writes a new file"
        writer.remembered = ALL
        writer.look(6.0)
        await writer.close(6.0)

    run(scenario())
    assert stored(tmp_path) == ALL
    assert (tmp_path / BROKEN).read_bytes() == content


def test_a_file_that_cannot_be_opened_counts_as_unknown(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    writer = StateWriter(StateFile(str(tmp_path), BOAT), 5.0)
    assert findings(writer) == ["state-unreadable"]
    assert "Is a directory" in writer.findings()[0].text
    assert BROKEN in writer.findings()[0].text
    assert "disk or memory card" in writer.findings()[0].advice


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_file_that_may_not_be_read_has_the_cure_for_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store(tmp_path, ALL)

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(StateFile, "read", refused)
    (found,) = StateWriter(StateFile(str(tmp_path), BOAT), 5.0).findings()
    assert os.strerror(number) in found.text
    assert "chown" in found.advice
    assert "disk" not in found.advice


def test_the_state_of_another_boat_counts_as_unknown(tmp_path: Path) -> None:
    store(tmp_path, ALL, "another")
    writer = StateWriter(StateFile(str(tmp_path), BOAT), 5.0)
    assert writer.remembered == Remembered()
    assert findings(writer) == ["state-of-another-boat"]
    assert stored_broken(tmp_path) == ALL


def stored_broken(folder: Path) -> Remembered:
    (folder / BROKEN).rename(folder / FILE)
    return stored(folder, "another")


def test_a_folder_that_cannot_be_written_is_one_finding_and_tried_again_each_minute(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    async def scenario() -> None:
        writer = StateWriter(StateFile(str(blocked / "folder"), BOAT), 0.0)
        assert findings(writer) == ["state-unreadable"]
        writer.remembered = LATCHED
        for now in (1.0, 30.0, 61.0):
            writer.look(now)
            await writer._disk.close()
            finding = writer.findings()[-1]
            assert (finding.id, finding.first) == ("state-not-saved", 1.0)
            assert finding.last == (61.0 if now == 61.0 else 1.0)
        assert writer.remembered == LATCHED, "kept in the process"
        blocked.unlink()
        writer.look(121.0)
        await writer._disk.close()
        assert findings(writer) == ["state-unreadable"]
        await writer.close(122.0)

    run(scenario())
    assert stored(blocked / "folder") == LATCHED


def test_a_full_disk_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
        monkeypatch.setattr("os.fsync", full)
        writer.remembered = ALL
        await writer.close(1.0)
        assert "the disk is full" in writer.findings()[0].text

    run(scenario())


def test_what_has_no_room_is_a_finding(tmp_path: Path) -> None:
    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
        writer.remembered = Remembered(identities=identities(1000))
        writer.look(1.0)
        await writer._disk.close()
        assert findings(writer) == ["state-full"]
        writer.remembered = Remembered()
        await writer.close(1.0)
        assert findings(writer) == []

    run(scenario())


def test_while_another_process_holds_it_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gxbridge.runtime.state_writer.HOLD_WAIT_S", 0.0)
    (tmp_path / FILE).write_bytes(b"{")
    holder = StateFile(str(tmp_path), BOAT)
    holder.hold()

    async def scenario() -> None:
        writer = StateWriter(StateFile(str(tmp_path), BOAT), 0.0)
        assert BROKEN not in writer.findings()[0].text
        writer.remembered = ALL
        await writer.close(1.0)
        assert "another gxbridge uses it" in writer.findings()[1].text

    run(scenario())
    assert (tmp_path / FILE).read_bytes() == b"{"


# --- where it lies ---------------------------------------------------------------------------------------------------


def place(folder: Path, text: str = "", overrides: Overrides | None = None) -> Path | None:
    config = folder / "gxbridge.yaml"
    config.write_text(text or "transmit: {level: off}\n")
    file = assembly.state_file(load(str(config), overrides))
    return None if file is None else Path(file.path)


def test_it_lies_where_the_configuration_says_or_beside_it_or_on_the_data_partition_of_a_gx(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place(tmp_path) == tmp_path / FILE
    machine = tmp_path / "machine"
    machine.write_text("einstein")
    monkeypatch.setattr(assembly, "PLATFORM_FILE", str(machine))
    assert place(tmp_path) == Path("/data/conf") / FILE
    assert place(tmp_path, f"state: {{dir: {tmp_path}/there}}\n") == tmp_path / "there" / FILE
    assert place(tmp_path, "state: {dir: there}\n") == tmp_path / "there" / FILE


def test_without_a_configuration_file_with_a_recorded_log_or_switched_off_there_is_none(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("")
    assert place(tmp_path, overrides=Overrides(replay=str(log))) is None
    assert place(tmp_path, "state: {enabled: no}\n") is None
    assert assembly.state_file(load()) is None


def test_a_boat_is_known_by_its_gx_else_by_its_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for gx, machine in (("c0619ab12345\n", "7"), ("", "7"), ("", "8"), ("", "")):
        for attribute, text in (("GX_ID_FILE", gx), ("MACHINE_ID_FILE", machine)):
            path = tmp_path / attribute
            path.write_text(text)
            monkeypatch.setattr(
                machine_module, attribute, str(path if text or attribute == "GX_ID_FILE" else tmp_path / "no")
            )
        ids.append(machine_module.boat_id())
        assert ids[-1] == machine_module.boat_id()
    assert len(set(ids)) == 4
    assert all(len(boat) == 16 for boat in ids)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(StateError, match="not a regular file"):
        stored(tmp_path)


def test_what_was_left_behind_is_no_way_into_another_file(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / PART).symlink_to(victim)
    file = StateFile(str(tmp_path), BOAT)
    file.write(LATCHED)
    file.release()
    assert victim.read_text() == "mine"
    assert not (tmp_path / FILE).is_symlink()
    assert stored(tmp_path) == LATCHED


def test_who_gets_the_lock_late_does_not_write_over_what_another_wrote(tmp_path: Path) -> None:
    first, second = StateFile(str(tmp_path), BOAT), StateFile(str(tmp_path), BOAT)
    first.hold()
    assert second.read() == Remembered()
    first.write(LATCHED)
    first.release()
    with pytest.raises(StateHeldError, match="has changed it"):
        second.write(Remembered())
    assert stored(tmp_path) == LATCHED
