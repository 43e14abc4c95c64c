"""What an import that asks a database or an API is lent: who reads, where, and what it may reach."""

from __future__ import annotations

from journeyfold.adapters.pulls.snapshot import forget_rows
from journeyfold.collect.pulled import Pulling
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


def forget_told_rows(place: Place, source: str) -> None:
    """After a whole run, when its mark is in the log."""
    forget_rows(place.data / SNAPSHOTS / source)
