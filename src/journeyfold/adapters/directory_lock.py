"""One platform per data directory: an advisory lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from journeyfold.core.errors import Busy

ORPHANS_S = 10.0  # children of a killed holder end by themselves well within this
_LOOK_S = 0.05


class DirectoryLock:
    """Held from construction until `release` or the end of the process.

    The lock is the kernel's (flock), so a killed holder leaves none behind; the file `run/lock`
    stays and names the last holder. A child that is given `fileno` holds it too: after a kill of
    its parent nobody else comes in before the last child has ended, and whoever comes waits.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / "run" / "lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline_s = time.monotonic() + ORPHANS_S
        while not self._is_taken():
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            if _is_alive(holder) or time.monotonic() > deadline_s:
                os.close(self._descriptor)
                raise Busy(
                    f"{directory} is in use by process {holder or 'unknown'}; "
                    "stop it first, or choose another directory with --data"
                )
            time.sleep(_LOOK_S)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def fileno(self) -> int:
        """For children that shall hold it too."""
        return self._descriptor

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

    def _is_taken(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _is_alive(holder: str) -> bool:
    """Is there a process of this id? Yes, if it does not say who it is."""
    if not holder.isdigit():
        return True
    try:
        os.kill(int(holder), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
