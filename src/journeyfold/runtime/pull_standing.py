"""How each source that is pulled stands, as the pulling process writes it for everybody to read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

State: TypeAlias = Literal["waiting", "running", "failing", "failed"]
FILE = "pulls.json"
_TRIES = 3


class PullStanding(msgspec.Struct):
    """Instants are log time, 0 for never. Counts are of the last run that ended, or of a stream
    since the process began. `lag_us` is how far behind its server a stream is, where it can tell.
    """

    source: str
    state: State = "waiting"
    next_us: int = 0
    started_us: int = 0
    ended_us: int = 0
    succeeded_us: int = 0
    rows: int = 0
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    refused: str = ""  # why a stream's were rejected
    failures: int = 0  # in a row
    problem: str = ""
    lag_us: int | None = None
    lag_bytes: int | None = None
    position: str = ""  # of a stream, as its server writes it
    committed_us: int = 0  # when the last change that was read was committed
    retained_bytes: int | None = None  # what the server keeps for a stream
    alarm: str = ""  # a sentence while that is more than it should be
    is_final: bool = False  # `problem` stays until somebody does what it says


class StandingsFile:
    """Overwritten in place, once a second: to rename a file would wait for the disk's journal."""

    def __init__(self, run: Path) -> None:
        self._file = os.open(run / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._longest = 0

    def write(self, standings: list[PullStanding]) -> None:
        raw = msgspec.json.encode(standings)
        self._longest = max(self._longest, len(raw))
        os.pwrite(self._file, raw.ljust(self._longest), 0)

    def close(self) -> None:
        os.close(self._file)


def read_standings(run: Path) -> dict[str, PullStanding]:
    """By source; nothing while nobody pulls, or it is written just now."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, msgspec.DecodeError):
            raw = (run / FILE).read_bytes()
            told = msgspec.json.decode(raw, type=list[PullStanding])
            return {each.source: each for each in told}
    return {}
