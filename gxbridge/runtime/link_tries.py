"""`gxbridge link try` at the running service: asked and answered by files in the folder of the state."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gxbridge.runtime.disk_task import reason
from gxbridge.state.state_file import StateFile

if TYPE_CHECKING:
    from gxbridge.core.link_control import LinkControl

log = logging.getLogger("gxbridge.link")

UNABLE = (
    "Nothing may be sent: it needs transmit: link (or writes), dvcc.mode: control, and serve: all for the port in the "
    "configuration."
)


class LinkTries:
    """`link`: None where the configuration lets nothing be sent."""

    def __init__(self, file: StateFile, link: LinkControl | None) -> None:
        self._file = file
        self._link = link
        self._waits = False

    def look(self) -> None:
        """Begin what was asked for, answer what is over."""
        try:
            device = self._file.take_try()
            if device:
                self._begin(device)
            elif self._waits and self._link is not None and not self._link.out.trying:
                self._waits = False
                self._answer(self._link.out.report)
        except OSError as error:
            log.warning("the try in %s cannot be taken or answered: %s", self._file.folder, reason(error))

    def _begin(self, device: str) -> None:
        why = UNABLE if self._link is None else self._link.out.try_device(device)
        if why:
            self._answer((why,))
        else:
            self._waits = True
            log.info("LINK is tried with device %s", device)

    def _answer(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            log.info("link try: %s", line)
        self._file.answer_try(lines)
