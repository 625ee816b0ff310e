"""The black box of the real service: written by what happens and on command, and played again by anybody."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.boat import SOLAR
from tests.faults.scene import CONFIG, ROOT, Scene


def command(action: str, file: Path) -> tuple[int, str]:
    """`gxbridge blackbox`, in a process of its own: its code and what it says."""
    told = subprocess.run(
        [sys.executable, "-m", "gxbridge", "blackbox", action, str(file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return told.returncode, told.stdout


@pytest.mark.slow
def test_the_service_keeps_what_led_to_error_67_and_anybody_can_play_it_again() -> None:
    with Scene(service=False) as scene:
        boxes = scene.folder / "boxes"
        scene.config = CONFIG + f"blackbox:\n  folder: {boxes}\n"
        scene.start()
        scene.ready()
        scene.watch.call(SOLAR, "/ErrorCode", "SetValue", "v", ("i", 67))  # the charger shows it on its own
        # Only one is written at a time: the next is asked for when the first is done, not when its file is there.
        scene.wait(lambda: "error-67.jsonl.gz" in scene.log(), "the box of the error")
        scene.signal(signal.SIGUSR1)
        scene.wait(lambda: any(boxes.glob("gxbox-*-command.jsonl.gz")), "the box that was asked for")
        scene.finish()
        files = sorted(boxes.iterdir())
        assert [file.name for file in files] == ["gxbox-000001-error-67.jsonl.gz", "gxbox-000002-command.jsonl.gz"]
        for file in files:
            code, text = command("replay", file)
            assert (code, "bit for bit" in text) == (0, True), text
        code, text = command("show", files[0])
        assert code == 0
        assert "Verdict: The charger's link stalled although it was written to." in text
        cut = scene.folder / "cut"
        cut.write_bytes(files[0].read_bytes()[:1000])
        code, text = command("replay", cut)
        assert (code, len(text.splitlines())) == (2, 1), text
