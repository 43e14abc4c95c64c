"""Old records added to features that nobody collected when they came (segments B2)."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence

from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.event import Record
from journeyfold.core.ports import StateWriter
from journeyfold.project.definitions import Build, Filler
from journeyfold.project.parking import park
from journeyfold.project.people import People

PersonOf = Callable[[Record], str | None]


def add_old(
    add: Filler | None, build: Build, records: Sequence[Record], writer: StateWriter,
    people: People, person_of: PersonOf,
) -> None:  # fmt: skip
    """A record that one of the features cannot take is in the others all the same."""
    if add is None:
        build.progress = build.offset
        return
    for record in records:
        if record.kind == "event" and record.offset < build.offset:
            person = person_of(record)
            if person:
                _add_one(add, person, record, writer, people)


def _add_one(add: Filler, person: str, record: Record, writer: StateWriter, people: People) -> None:
    try:
        add(people.open(person), record.event)
    except JourneyfoldError:
        raise
    except Exception:  # noqa: BLE001 - a bug of ours that this record meets: park it, go on
        park(writer, record, traceback.format_exc(limit=-6), person)
