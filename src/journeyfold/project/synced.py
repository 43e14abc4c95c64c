"""What the other side of each sync has acknowledged, as records have it (journeys A30).

`sync.acknowledged` lists rows by the keyed hash of their key with the hash of what was taken, empty
for a row that was removed; `sync.ran`, `sync.stopped` and `sync.asked` say how its runs went. All
of it is folded into the space `sync`, so a state that was built anew knows what is out there. What
no record holds, a row's key in the clear and what is on its way, is in the space `row`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from journeyfold.core.event import Event, Json, Record
from journeyfold.core.ports import StateReader, StateWriter

SYSTEM = "_system"
ASKED, RAN, STOPPED, ACKNOWLEDGED = (
    "sync.asked", "sync.ran", "sync.stopped", "sync.acknowledged",
)  # fmt: skip
_NAMES = frozenset({ASKED, RAN, STOPPED, ACKNOWLEDGED})


class SyncStanding(msgspec.Struct, array_like=True):
    """`told` is what the last run said of itself; `stopped_us` stays until one goes through."""

    rows: int = 0
    ran_us: int = 0
    asked_us: int = 0
    is_confirmed: bool = False
    stopped_us: int = 0
    told: dict[str, Json] = {}


class Ledger(msgspec.Struct, frozen=True, array_like=True):
    """What the log does not say of a row: its key, its person, and the last that was sent for it:
    the effect and the hash it would leave behind, empty for a removal.
    """

    key: str | int
    person: str
    effect: str = ""
    hash: str = ""


_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode
_STANDING = msgspec.msgpack.Decoder(SyncStanding)
_LEDGER = msgspec.msgpack.Decoder(Ledger)


def standing_of(reader: StateReader, name: str) -> SyncStanding:
    raw = reader.get("sync", b"s/" + name.encode())
    return _STANDING.decode(raw) if raw else SyncStanding()


def acknowledged(reader: StateReader, name: str, digest: bytes) -> str | None:
    """The hash of what the other side has of a row; None if it has none."""
    raw = reader.get("sync", _row(name, digest))
    return raw.decode() if raw else None


def acknowledged_rows(
    reader: StateReader, name: str, after: bytes = b""
) -> Iterator[tuple[bytes, str]]:
    """(digest, hash) in the order of digests, after one of them."""
    start = _row(name, after) + (b"\0" if after else b"")
    for key, raw in reader.scan("sync", start, b"r/" + name.encode() + b"0"):
        yield key[-16:], raw.decode()


def ledger_of(reader: StateReader, name: str, digest: bytes) -> Ledger | None:
    raw = reader.get("row", _row(name, digest))
    return _LEDGER.decode(raw) if raw else None


def put_ledger(writer: StateWriter, name: str, digest: bytes, ledger: Ledger) -> None:
    writer.put("row", _row(name, digest), _ENCODE(ledger))


def knows_its_rows(reader: StateReader, name: str) -> bool:
    """False in a state that was built anew: its ledger has to be filled from people again."""
    return reader.get("row", b"s/" + name.encode()) is not None


def note_that_it_knows(writer: StateWriter, name: str) -> None:
    writer.put("row", b"s/" + name.encode(), b"1")


def syncs_with_keys(reader: StateReader) -> list[str]:
    """Names of syncs whose rows' keys are held here."""
    return [key[2:].decode() for key, _ in reader.scan("row", b"s/", b"s0")]


def forget_keys(writer: StateWriter, name: str, limit: int) -> bool:
    """Of a sync that no project says any more; True when none is left."""
    whole = name.encode()
    found = [
        key
        for key, _ in islice(writer.scan("row", b"r/" + whole + b"/", b"r/" + whole + b"0"), limit)
    ]
    for key in found:
        writer.delete("row", key)
    if len(found) < limit:
        writer.delete("row", b"s/" + whole)
    return len(found) < limit


def apply_records(writer: StateWriter, records: Iterable[Record]) -> None:
    """Inside the transaction in which the records are consumed."""
    for record in records:
        event = record.event
        if event.name in _NAMES and record.kind == "output" and event.source == SYSTEM:
            name = f"{event.properties['destination']}.{event.properties['sync']}"
            standing = standing_of(writer, name)
            if event.name == ACKNOWLEDGED:
                standing.rows += _take(writer, name, event)
            else:
                _note(standing, record)
            writer.put("sync", b"s/" + name.encode(), _ENCODE(standing))


def _take(writer: StateWriter, name: str, event: Event) -> int:
    """By how many rows the other side has grown."""
    grown = 0
    for digest_hex, hash_ in msgspec.convert(event.properties["rows"], list[tuple[str, str]]):
        digest = bytes.fromhex(digest_hex)
        is_there = writer.get("sync", _row(name, digest)) is not None
        if hash_:
            writer.put("sync", _row(name, digest), hash_.encode())
        elif is_there:
            writer.delete("sync", _row(name, digest))
            writer.delete("row", _row(name, digest))
        grown += bool(hash_) - is_there
    return grown


def _note(standing: SyncStanding, record: Record) -> None:
    event = record.event
    if event.name == ASKED:
        standing.asked_us = record.appended_us
        standing.is_confirmed = event.properties.get("confirm") is True
        return
    standing.ran_us, standing.told = event.occurred_us, event.properties
    standing.is_confirmed = False
    if standing.asked_us <= event.occurred_us:
        standing.asked_us = 0
    standing.stopped_us = record.appended_us if event.name == STOPPED else 0


def _row(name: str, digest: bytes) -> bytes:
    return b"r/" + name.encode() + b"/" + digest
