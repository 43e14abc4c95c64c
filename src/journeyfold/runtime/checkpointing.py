"""Checkpoints of the log beside the fold, in a thread of their own.

Moving pages and waiting for the disk takes tens of milliseconds each time; SQLite lets go of the
interpreter meanwhile, so the fold goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

PAUSE_S = 0.25


class Checkpointing:
    """Calls `checkpoint` a few times a second until `close`, which waits for the last one."""

    def __init__(self, checkpoint: Callable[[], object], pause_s: float = PAUSE_S) -> None:
        self._checkpoint, self._pause_s = checkpoint, pause_s
        self._ended = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def require_going(self) -> None:
        """Raises what ended it: the log does not work, and its process must not go on."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._pause_s):
            try:
                self._checkpoint()
            except Exception as failure:  # noqa: BLE001 - raised again where the process can end
                self._failure = failure
                return
