"""What an import that asks a database or an API is lent: who reads, where, and what it may reach."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journeyfold.adapters.pulls.snapshot import forget_rows
from journeyfold.collect.pulled import Pulling
from journeyfold.core.errors import Busy
from journeyfold.project.model import Project
from journeyfold.runtime.workspace import Place

READER = "journeyfold.adapters.pulls"
SNAPSHOTS = "snapshots"


def pulling_for(place: Place, project: Project, source: str) -> Pulling | None:
    """None for what reads files."""
    read = project.sources[source].read
    if read is None or read.pull is None:
        return None
    return Pulling(READER, place.data / SNAPSHOTS, tuple(project.settings.server.outgoing.allow))


@contextmanager
def one_at_a_time(run: Path, source: str) -> Iterator[None]:
    """Two runs of one source would take turns with its cursor. Let go of with the process."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / f"import-{source}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Busy(f"source '{source}' is being imported; wait until that is done") from None
        yield


def forget_told_rows(place: Place, source: str) -> None:
    """After a whole run, when its mark is in the log."""
    forget_rows(place.data / SNAPSHOTS / source)
