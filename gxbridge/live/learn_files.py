"""Captures, black boxes and CAN logs as a recording that `core/learn` compares."""

from __future__ import annotations

from pathlib import Path

from gxbridge.core.blackbox.box import Box, BoxError, BoxState, Event, Received
from gxbridge.core.blackbox.play import services_at_start
from gxbridge.core.capture.remarks import remark_of
from gxbridge.core.learn.recording import LearnError, LearnRecording
from gxbridge.core.model.items import Items
from gxbridge.edge.logs.reader import LogError, OnBad, open_log
from gxbridge.live.capture_file import capture_lines


def recorded(path: str, values: str | None, on_bad: OnBad) -> LearnRecording:
    """Everything of a capture or a black box; with `values`, the frames of one file and the D-Bus values of the other.

    Raises LearnError, LogError, BoxError and OSError, each with one line for people.
    """
    from gxbridge.edge.box_files import is_box, read

    recording = LearnRecording()
    if is_box(path):
        if values is not None:
            raise LearnError(f"{path} is a black box, which has its D-Bus values: leave --values out")
        try:
            _take_box(recording, read(Path(path)))
        except BoxError as error:
            raise BoxError(f"{path}: {error}") from None
        return recording
    _take_values(recording, values or path)
    if not recording.paths:
        raise LearnError(
            f"{values or path} holds no D-Bus values: take a capture of `gxbridge capture` on a GX, a black box, or "
            "name a capture with --values"
        )
    _take_frames(recording, path, on_bad)
    return recording


def _take_box(recording: LearnRecording, box: Box) -> None:
    begin = next((entry.at for entry in box.entries if isinstance(entry, BoxState)), box.head.at)
    for service, items in services_at_start(box).items():
        _show(recording, begin, service, items)
    for entry in box.entries:
        if isinstance(entry, Received):
            for t, can_id, data in entry.frames:
                recording.hear(t, entry.bus, can_id, data)
        elif isinstance(entry, Event) and entry.mark in ("+", "~"):
            service, items, t = entry.values
            _show(recording, float(t), service, items)
        elif isinstance(entry, Event) and entry.mark == "-":
            recording.gone(float(entry.values[1]), entry.values[0])


def _take_values(recording: LearnRecording, path: str) -> None:
    for line in capture_lines(path):
        said = remark_of(line)
        if said is None:
            continue
        service, t, items = said.get("service"), said.get("t"), said.get("items")
        if not isinstance(service, str) or not isinstance(t, int | float) or t != t:
            continue
        if isinstance(items, dict):
            _show(recording, float(t), service, items)
        elif said.get("gone"):
            recording.gone(float(t), service)


def _show(recording: LearnRecording, t: float, service: str, items: Items) -> None:
    for path, value in items.items():
        recording.show(t, service, str(path), value)


def _take_frames(recording: LearnRecording, path: str, on_bad: OnBad) -> None:
    with open_log(path, on_bad=on_bad) as reader:
        if reader.format.name == "mk2":
            raise LogError(f"{path}: a trace of VE.Bus, not of a CAN bus")
        if not reader.timed:
            raise LogError(f"{path}: a log without times cannot be compared with anything")
        hear = recording.hear
        for t, bus, can_id, data in reader:
            hear(t, bus, can_id, data)
