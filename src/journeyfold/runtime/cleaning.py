"""What cleaning did, read from the last commit; and what was sent in the place of a value (Q17, Q18)."""

from __future__ import annotations

import msgspec

from journeyfold.core.ports import EventLog
from journeyfold.profile.traits import HeldTrait
from journeyfold.project.cleaned import Tally, misses, tallies
from journeyfold.project.cleaning import Cleaning
from journeyfold.project.taxonomies import Missed, reviewed
from journeyfold.runtime.workspace import Workspace


def told(workspace: Workspace) -> list[Tally]:
    state = workspace.read_state()
    try:
        with state.read() as reader:
            return tallies(reader)
    finally:
        state.close()


def missed(workspace: Workspace) -> list[Missed]:
    state = workspace.read_state()
    try:
        with state.read() as reader:
            return reviewed(workspace.project_in_force(), misses(reader))
    finally:
        state.close()


def with_sent(name: str, held: HeldTrait, cleaning: Cleaning, log: EventLog) -> HeldTrait:
    """The trait with what its record says in its place, if cleaning made another value of it."""
    steps = cleaning.of.get(held.seen.source)
    if steps is None or not steps.touches("traits", name):
        return held
    record = log.find(held.seen.source, held.seen.event)
    changes = steps.changes(record.event) if record is not None else []
    mine = [each for each in changes if each.field.split(".")[:2] == ["traits", name]]
    if record is None or not mine:
        return held
    by = (counted.cleaner for each in mine for counted in each.outcome.counted if counted.cleaner)
    sent = record.event.traits.get(name)
    return msgspec.structs.replace(held, sent=sent, cleaned_by=tuple(dict.fromkeys(by)))
