"""One batch on its way into the log: drafted before the lock, settled and written inside it.

`drafts_of` encodes and seals (trust REL-3: before the lock); `write` runs in the caller's open
transaction and decides every item's fate against the dedupe index (collect C32).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

import apsw
import msgspec

from journeyfold.adapters.faults import point
from journeyfold.adapters.keyring import CLEAR, NONCE_BYTES, Keyring
from journeyfold.adapters.sqlite_file import rows, rows_each
from journeyfold.collect.held import conflict
from journeyfold.core.errors import DamageError
from journeyfold.core.event import ENVELOPE_VERSION, KINDS
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.ports import Cursor, Entry, Fate, Held
from journeyfold.log import codec
from journeyfold.log.digest import Digests

SCHEMA = """
CREATE TABLE record (
    offset INTEGER PRIMARY KEY, appended_us INTEGER NOT NULL, kind INTEGER NOT NULL,
    v INTEGER NOT NULL, key_id BLOB, nonce BLOB, digest BLOB NOT NULL, body BLOB);
CREATE TABLE dedupe (key BLOB PRIMARY KEY, hash INTEGER NOT NULL, offset INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE TABLE node (node BLOB NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (node, offset))
    WITHOUT ROWID;
CREATE TABLE tally (
    source TEXT NOT NULL, minute INTEGER NOT NULL, received INTEGER NOT NULL,
    appended INTEGER NOT NULL, duplicate INTEGER NOT NULL, quarantined INTEGER NOT NULL,
    rejected INTEGER NOT NULL, PRIMARY KEY (minute, source)) WITHOUT ROWID;
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, same BLOB NOT NULL, state TEXT NOT NULL,
    received_us INTEGER NOT NULL, source TEXT NOT NULL, name TEXT NOT NULL,
    event_id TEXT NOT NULL, code TEXT NOT NULL, pointer TEXT NOT NULL, schema TEXT NOT NULL,
    api_key TEXT NOT NULL, auth TEXT NOT NULL, nodes BLOB NOT NULL,
    key_id BLOB, nonce BLOB, body BLOB);
CREATE UNIQUE INDEX quarantine_same ON quarantine (same) WHERE state = 'held';
CREATE INDEX quarantine_by_source ON quarantine (state, source, id);
CREATE TABLE cursor (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('next_offset', 0), ('appended_us', 0);
"""

_HEAD = "SELECT value FROM meta WHERE name IN ('next_offset', 'appended_us') ORDER BY name DESC"
_ADVANCE = "UPDATE meta SET value = ? WHERE name = ?"
_SEEN = "SELECT key, hash, offset FROM dedupe WHERE key = ?"
_RECORD = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_DEDUPE = "INSERT INTO dedupe VALUES (?, ?, ?)"
_NODE = "INSERT OR IGNORE INTO node VALUES (?, ?)"
_TALLY = """
INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    received = received + excluded.received, appended = appended + excluded.appended,
    duplicate = duplicate + excluded.duplicate, quarantined = quarantined + excluded.quarantined,
    rejected = rejected + excluded.rejected"""
_HOLD = """
INSERT OR IGNORE INTO quarantine (same, state, received_us, source, name, event_id, code, pointer,
    schema, api_key, auth, nodes, key_id, nonce, body)
VALUES (?, 'held', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_REPLAYED = """
UPDATE quarantine SET state = 'replayed', key_id = NULL, nonce = NULL, body = NULL
WHERE id = ? AND state = 'held'"""
_CURSOR = "INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

EVER = -1  # the minute of the sums since the beginning, so that nobody has to add them up
QUARANTINE = "quarantine"  # the kind its bodies are sealed as
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_NO_NONCE = bytes(NONCE_BYTES)
_COLUMNS = {"appended": 0, "duplicate": 1, "quarantined": 2, "rejected": 3}


class Draft(NamedTuple):
    """An item with everything that needs no lock: its dedupe key and its sealed body."""

    item: Entry | Held
    key: bytes
    key_id: bytes
    nonce: bytes
    body: bytes


class _Settled(NamedTuple):
    fates: list[Fate]
    fresh: list[tuple[int, Draft]]  # offset and what goes there
    held: list[Draft]


def drafts_of(items: Sequence[Entry | Held], keyring: Keyring | None) -> list[Draft]:
    """Encode and seal; without a keyring bodies stay clear. Nonces are drawn in one call."""
    nonces = os.urandom(NONCE_BYTES * len(items)) if keyring else b""
    return [
        _draft(item, keyring, nonces[NONCE_BYTES * at : NONCE_BYTES * (at + 1)])
        for at, item in enumerate(items)
    ]


def head_of(connection: apsw.Connection) -> tuple[int, int]:
    """(next offset, last appended_us); a counter of its own, as retention may empty the table."""
    found = rows(connection, _HEAD)
    if len(found) != 2:
        raise DamageError("log.sqlite has lost its head; restore it from a backup")
    return found[0][0], found[1][0]


def write(
    connection: apsw.Connection,
    drafts: Sequence[Draft],
    digests: Digests,
    keyring: Keyring | None,
    *,
    now_us: int,
    rejected: Iterable[tuple[str, int]],
    cursor: Cursor | None,
    replayed: Sequence[int],
) -> list[Fate]:
    """Everything a batch changes, in the open transaction of `connection`."""
    next_offset, last_us = head_of(connection)
    at_us = max(now_us, last_us)  # log time never goes back (trust REL-4)
    settled = _settle(connection, drafts, next_offset, keyring)
    if settled.fresh:
        _insert(connection, settled.fresh, at_us, digests)
        connection.execute(_ADVANCE, (next_offset + len(settled.fresh), "next_offset"))
        connection.execute(_ADVANCE, (at_us, "appended_us"))
    point("after_insert")
    if replayed:  # before holding: a message that is held anew must find its place free
        connection.executemany(_REPLAYED, ((row,) for row in replayed))
    if settled.held:
        connection.executemany(_HOLD, (_held_row(draft) for draft in settled.held))
    if cursor is not None:
        connection.execute(_CURSOR, (cursor.name, cursor.value))
    tallied = _tallied(drafts, settled.fates, rejected)
    for minute in (EVER, at_us // MINUTE_US):
        connection.executemany(_TALLY, ((source, minute, *counts) for source, counts in tallied))
    return settled.fates


def _draft(item: Entry | Held, keyring: Keyring | None, nonce: bytes) -> Draft:
    kind: str
    if isinstance(item, Entry):
        key = codec.dedupe_key(item.event.source, item.event.id)
        kind, body = item.kind, codec.encode(item.event)
    else:
        key = _same(item)
        kind, body = QUARANTINE, msgspec.msgpack.encode((item.message, item.detail))
    if keyring is None:
        return Draft(item, key, CLEAR, _NO_NONCE, body)
    key_id, nonce, sealed = keyring.seal(kind, ENVELOPE_VERSION, body, nonce)
    return Draft(item, key, key_id, nonce, sealed)


def _same(held: Held) -> bytes:
    """What makes a message sent twice one row of quarantine: redelivery changes nothing."""
    parts = (held.source, held.event_id, held.code, held.message)
    return blake2b(msgspec.msgpack.encode(parts), digest_size=16).digest()


def _settle(
    connection: apsw.Connection, drafts: Sequence[Draft], offset: int, keyring: Keyring | None
) -> _Settled:
    """Each item's fate, and dense offsets for the new ones in their order."""
    keys = ((draft.key,) for draft in drafts if isinstance(draft.item, Entry))
    seen = {key: (found, at) for key, found, at in rows_each(connection, _SEEN, keys)}
    settled = _Settled([], [], [])
    for draft in drafts:
        item = draft.item
        if isinstance(item, Held):
            settled.held.append(draft)
            settled.fates.append(_held_fate(item))
            continue
        fingerprint = codec.signed_64(item.fingerprint)
        known = seen.get(draft.key)
        if known is None:
            seen[draft.key] = (fingerprint, offset)
            settled.fresh.append((offset, draft))
            settled.fates.append(Fate("appended", offset))
            offset += 1
        elif known[0] == fingerprint:
            settled.fates.append(Fate("duplicate", known[1]))
        elif item.kind == "output":
            # A replay must agree with what was logged; the fold compares (trust REL-9).
            settled.fates.append(Fate("duplicate", known[1], "output_differs"))
        else:
            held = conflict(item)
            settled.held.append(drafts_of([held], keyring)[0])
            settled.fates.append(_held_fate(held))
    return settled


def _held_fate(held: Held) -> Fate:
    return Fate("quarantined", -1, held.code, held.pointer, held.detail)


def _insert(
    connection: apsw.Connection, fresh: Sequence[tuple[int, Draft]], at_us: int, digests: Digests
) -> None:
    records, keys, nodes = [], [], []
    digest_of = digests.of
    for offset, (entry, key, key_id, nonce, body) in fresh:
        assert isinstance(entry, Entry), "only admitted events become records"
        code = KIND_CODES[entry.kind]
        digest = digest_of(offset, at_us, code, ENVELOPE_VERSION, key_id, nonce, body)
        records.append((offset, at_us, code, ENVELOPE_VERSION, key_id, nonce, digest, body))
        keys.append((key, codec.signed_64(entry.fingerprint), offset))
        nodes.extend([(node, offset) for node in entry.nodes])
    # Sorted keys visit each page of an index once.
    keys.sort()
    nodes.sort()
    connection.executemany(_RECORD, records)
    connection.executemany(_DEDUPE, keys)
    connection.executemany(_NODE, nodes)


def _held_row(draft: Draft) -> tuple[bytes | int | str, ...]:
    held = draft.item
    assert isinstance(held, Held), "only held messages enter quarantine"
    return (
        draft.key, held.received_us, held.source, held.name, held.event_id, held.code,
        held.pointer, held.schema, held.key_id, held.auth, b"".join(held.nodes),
        draft.key_id, draft.nonce, draft.body,
    )  # fmt: skip


def _tallied(
    drafts: Sequence[Draft], fates: Sequence[Fate], rejected: Iterable[tuple[str, int]]
) -> list[tuple[str, tuple[int, ...]]]:
    """(source, (received, appended, duplicate, quarantined, rejected)) of this batch."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for draft, fate in zip(drafts, fates, strict=True):
        item = draft.item
        source = item.event.source if isinstance(item, Entry) else item.source
        counts[source][_COLUMNS[fate.fate]] += 1
    for source, count in rejected:
        counts[source][_COLUMNS["rejected"]] += count
    return [(source, (sum(each), *each)) for source, each in counts.items()]
