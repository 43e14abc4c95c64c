"""The mailbox of development: messages as files, nobody is written to.

One `.eml` a message under `mailbox/` of the data directory, named by the id of its effect, so that
writing it again after a crash changes nothing.
"""

from __future__ import annotations

from pathlib import Path

from journeyfold.adapters.durable_file import write_durably
from journeyfold.core.errors import Busy

FOLDER = "mailbox"


class FileMailbox:
    """`runtime.messaging.Transport`."""

    name = "mailbox"

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def send(self, key: str, mail: bytes) -> None:
        """Busy when it cannot be written: it stays in the outbox and is tried again."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_durably(self._folder / f"{key}.eml", mail)
        except OSError as error:
            raise Busy(f"{self._folder} cannot be written: {error.strerror}", 5) from error
