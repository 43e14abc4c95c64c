"""One platform per data directory: an advisory lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from journeyfold.core.errors import Busy


class DirectoryLock:
    """Held from construction until `release` or the end of the process.

    The lock is the kernel's (flock), so a killed holder leaves none behind; the file `run/lock`
    stays and names the last holder. Child processes do not inherit it.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "run" / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise Busy(
                f"{directory} is in use by process {holder or 'unknown'}; "
                "stop it first, or choose another directory with --data"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
