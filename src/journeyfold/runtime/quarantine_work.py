"""Working with what is in quarantine: choose some of it, preview a fix, give some up (collect C30).

A preview judges by the gates of the project as its files are on the disk now, published or not,
and keeps nothing. Dropping removes contents for good; what was held, where and why stays counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.ports import Clock, StateStore
from journeyfold.log.quarantine import HeldGroup, HeldMessage, place_of
from journeyfold.project.model import Project
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.requarantine import every_held, judge_by, replay_held

_PIECE = 500


class Choice(msgspec.Struct, frozen=True):
    """Which messages are meant; an empty field means any. `pointer` is a place, as groups say it."""

    source: str = ""
    code: str = ""
    name: str = ""
    pointer: str = ""

    def fits(self, message: HeldMessage) -> bool:
        held = message.held
        return (not self.name or held.name == self.name) and (
            not self.pointer or place_of(held.pointer) == self.pointer
        )


class Previewed(msgspec.Struct, frozen=True):
    """What a replay would do under the files on the disk; `problems` if they cannot be used."""

    tried: int
    fits: int = 0
    duplicate: int = 0
    still: dict[str, int] = {}  # reason → messages that would stay
    hash: str = ""
    is_in_force: bool = False
    problems: tuple[Problem, ...] = ()


class Judging(msgspec.Struct, frozen=True):
    """What a preview needs of a running platform, or of a workspace beside one."""

    log: SqliteLog
    clock: Clock
    node_key: bytes
    receipt_key: bytes
    state: Callable[[], StateStore | None]
    in_force: str


def chosen_by(log: SqliteLog, choice: Choice) -> Iterator[HeldMessage]:
    """Oldest first."""
    every = every_held(log, choice.source or None, choice.code or None)
    return (message for message in every if choice.fits(message))


def waiting(log: SqliteLog) -> list[HeldGroup]:
    """What waits, by reason and place; most first."""
    return [group for group in log.quarantine.groups() if group.state == "held"]


def preview(judging: Judging, choice: Choice, read: Callable[[], Project]) -> Previewed:
    """`read` gives the project on the disk; a project that is wrong fits nothing, and says why."""
    messages = list(chosen_by(judging.log, choice))
    try:
        project = read()
    except ProjectError as error:
        return Previewed(len(messages), problems=error.problems)
    gates = gates_of(project, judging.node_key, judging.state, receipt_key=judging.receipt_key)
    done = replay_held(judging.log, judge_by(gates), messages, judging.clock, dry_run=True)
    return Previewed(
        len(messages), done.appended, done.duplicate, done.still, project.hash,
        project.hash == judging.in_force,
    )  # fmt: skip


def drop(log: SqliteLog, choice: Choice) -> int:
    """Give up what is chosen; returns how many."""
    dropped = 0
    rows = [message.id for message in chosen_by(log, choice)]
    for at in range(0, len(rows), _PIECE):
        dropped += log.quarantine.drop(rows[at : at + _PIECE])
    return dropped
