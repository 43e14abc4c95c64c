"""Rows of a sync that the other side took, as records: batched, and of nobody (journeys A30).

They hold keyed hashes only, so that erasing a person touches nobody else's acknowledgement.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.activate.naming import effect_key
from journeyfold.activate.outbox import Row
from journeyfold.core.event import Json
from journeyfold.core.ports import Entry
from journeyfold.project.synced import ACKNOWLEDGED
from journeyfold.runtime.results import record_of_nobody


def acknowledgement(
    destination: str, sync: str, rows: Sequence[tuple[str, str]], at_us: int
) -> Entry:
    """Rows by the hex digest of their key with the hash of what was taken, empty if removed."""
    told: dict[str, Json] = {
        "destination": destination, "sync": sync, "rows": [[digest, hash_] for digest, hash_ in rows]
    }  # fmt: skip
    name = effect_key("acknowledged", destination, sync, str(at_us), *(f"{d}{h}" for d, h in rows))
    return record_of_nobody(ACKNOWLEDGED, name, told, at_us)


def acknowledgements(rows: Sequence[Row], at_us: int) -> list[Entry]:
    """One record a sync of what the other side took in one turn of the dispatcher."""
    by_sync: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows:
        said = row.deliver.payload
        of = (row.deliver.destination, str(said["sync"]))
        by_sync.setdefault(of, []).append((str(said["row"]), str(said["hash"])))
    return [acknowledgement(*of, found, at_us) for of, found in by_sync.items()]


def is_of_a_sync(row: Row) -> bool:
    return "sync" in row.deliver.payload and "row" in row.deliver.payload
