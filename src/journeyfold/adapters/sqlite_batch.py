"""One batch of drafts into the log, in the caller's open transaction.

`write` decides every item's fate against the dedupe index (collect C32) and changes all tables that
a batch touches. It asks once for all keys and inserts each table's rows in one step of one
statement: SQLite lets go of the interpreter for the whole of it, where a step a row would ask for
the interpreter back after each, from a thread that judges the next rows meanwhile (ADR 36).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import apsw

from journeyfold.adapters.faults import point
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_draft import (
    KIND_CODES,
    Draft,
    EntryDraft,
    HeldDraft,
    conflicting,
)
from journeyfold.adapters.sqlite_file import rows
from journeyfold.core.errors import DamageError
from journeyfold.core.event import ENVELOPE_VERSION
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.ports import Cursor, Fate
from journeyfold.log.digest import Digests
from journeyfold.log.flags import PLACES_MAX

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
CREATE TABLE flagged (
    source TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, pointer TEXT NOT NULL,
    schema TEXT NOT NULL, messages INTEGER NOT NULL, first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL, PRIMARY KEY (source, name, code, pointer, schema)) WITHOUT ROWID;
CREATE TABLE cursor (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('next_offset', 0), ('appended_us', 0);
"""

_HEAD = "SELECT value FROM meta WHERE name IN ('next_offset', 'appended_us') ORDER BY name DESC"
_ADVANCE = "UPDATE meta SET value = ? WHERE name = ?"
_SEEN = "SELECT key, hash, offset FROM carray(?) CROSS JOIN dedupe ON key = value"
# A row arrives as one blob, as that is what an array can bind: fields of fixed length first, whole
# numbers as digits. The rowid of an array's row is its place in it, from 1. In the order of their
# keys rows visit each page of an index once.
_RECORD = """
INSERT INTO record SELECT ? + rowid, ?, CAST(substr(value, 45, 2) AS INTEGER), ?,
    substr(value, 29, 16), substr(value, 17, 12), substr(value, 1, 16), substr(value, 47)
FROM carray(?)"""
_DEDUPE = """
INSERT INTO dedupe SELECT substr(value, 1, 16), CAST(substr(value, 17, 20) AS INTEGER),
    CAST(substr(value, 37) AS INTEGER) FROM carray(?) ORDER BY value"""
_NODE = """
INSERT OR IGNORE INTO node SELECT substr(value, 1, 16), CAST(substr(value, 17) AS INTEGER)
FROM carray(?) ORDER BY value"""
_KIND_DIGITS = [b"%2d" % code for code in range(len(KIND_CODES))]
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
_MARK = """
INSERT INTO flagged VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6) ON CONFLICT DO UPDATE SET
    messages = messages + 1, first_us = min(first_us, ?6), last_us = max(last_us, ?6)"""
_IS_MARKED = """
SELECT 1 FROM flagged WHERE (source, name, code, pointer, schema) = (?, ?, ?, ?, ?)"""
_CURSOR = "INSERT INTO cursor VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

EVER = -1  # the minute of the sums since the beginning, so that nobody has to add them up
_COLUMNS = {"appended": 0, "duplicate": 1, "quarantined": 2, "rejected": 3}


class _Settled(NamedTuple):
    fates: list[Fate]
    fresh: list[EntryDraft]  # they get dense offsets in their order
    held: list[HeldDraft]


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
        _insert(connection, settled.fresh, next_offset, at_us, digests)
        connection.execute(_ADVANCE, (next_offset + len(settled.fresh), "next_offset"))
        connection.execute(_ADVANCE, (at_us, "appended_us"))
        _mark(connection, settled.fresh)
    point("after_insert")
    if replayed:  # before holding: a message that is held anew must find its place free
        connection.executemany(_REPLAYED, ((row,) for row in replayed))
    if settled.held:
        connection.executemany(_HOLD, (draft.row for draft in settled.held))
    if cursor is not None:
        connection.execute(_CURSOR, (cursor.name, cursor.value))
    tallied = _tallied(drafts, settled.fates, rejected)
    for minute in (EVER, at_us // MINUTE_US):
        connection.executemany(_TALLY, ((source, minute, *counts) for source, counts in tallied))
    return settled.fates


def fates_of(connection: apsw.Connection, drafts: Sequence[Draft]) -> list[Fate]:
    """What `write` would answer, by reading alone."""
    return _settle(connection, drafts, head_of(connection)[0], None).fates


def _settle(
    connection: apsw.Connection, drafts: Sequence[Draft], offset: int, keyring: Keyring | None
) -> _Settled:
    """Each item's fate, in order; most batches hold new events only and are settled at once."""
    entries = [draft for draft in drafts if isinstance(draft, EntryDraft)]
    keys = tuple([draft.key for draft in entries])
    found = rows(connection, _SEEN, (apsw.carray(keys),)) if keys else []
    if not found and len(frozenset(keys)) == len(drafts):
        fates = [Fate("appended", at) for at in range(offset, offset + len(drafts))]
        return _Settled(fates, entries, [])
    return _each_settled(drafts, {key: (known, at) for key, known, at in found}, offset, keyring)


def _each_settled(
    drafts: Sequence[Draft], seen: dict[bytes, tuple[int, int]], offset: int,
    keyring: Keyring | None,
) -> _Settled:  # fmt: skip
    settled = _Settled([], [], [])
    for draft in drafts:
        if isinstance(draft, HeldDraft):
            settled.held.append(draft)
            settled.fates.append(draft.fate)
            continue
        known = seen.get(draft.key)
        if known is None:
            seen[draft.key] = (draft.fingerprint, offset)
            settled.fresh.append(draft)
            settled.fates.append(Fate("appended", offset))
            offset += 1
        elif known[0] == draft.fingerprint:
            settled.fates.append(Fate("duplicate", known[1]))
        elif draft.kind == "output":
            # A replay must agree with what was logged; the fold compares (trust REL-9).
            settled.fates.append(Fate("duplicate", known[1], "output_differs"))
        else:
            held = conflicting(draft, keyring)
            settled.held.append(held)
            settled.fates.append(held.fate)
    return settled


def _insert(
    connection: apsw.Connection, fresh: Sequence[EntryDraft], offset: int, at_us: int,
    digests: Digests,
) -> None:  # fmt: skip
    records: list[bytes] = []
    keys: list[bytes] = []
    nodes: list[bytes] = []
    digest_of, v = digests.of, ENVELOPE_VERSION
    for at, draft in enumerate(fresh, offset):
        code, key_id, nonce, body = KIND_CODES[draft.kind], draft.key_id, draft.nonce, draft.body
        digest = digest_of(at, at_us, code, v, key_id, nonce, body)
        records.append(digest + nonce + key_id + _KIND_DIGITS[code] + body)
        keys.append(b"%b%20d%d" % (draft.key, draft.fingerprint, at))
        for node in draft.nodes:
            nodes.append(b"%b%d" % (node, at))  # noqa: PERF401 - a list a record would cost more
    connection.execute(_RECORD, (offset - 1, at_us, v, apsw.carray(tuple(records))))
    connection.execute(_DEDUPE, (apsw.carray(tuple(keys)),))
    if nodes:
        connection.execute(_NODE, (apsw.carray(tuple(nodes)),))


def _mark(connection: apsw.Connection, fresh: Sequence[EntryDraft]) -> None:
    """Count what is let in with a mark, by place while there are not too many of them."""
    flags = [flag for draft in fresh for flag in draft.flags]
    if not flags:
        return
    ((places,),) = rows(connection, "SELECT count(*) FROM flagged")
    for flag in flags:
        row: tuple[object, ...] = flag
        if places >= PLACES_MAX and not rows(connection, _IS_MARKED, flag[:5]):
            row = (*flag[:3], "", *flag[4:])
        places += places < PLACES_MAX  # at most so many are new
        connection.execute(_MARK, row)


def add_tables(connection: apsw.Connection) -> None:
    """What a log of an earlier release does not have yet."""
    if not rows(connection, "SELECT 1 FROM sqlite_master WHERE name = 'flagged'"):
        made = SCHEMA[SCHEMA.index("CREATE TABLE flagged") :].partition(";")[0]
        connection.execute(made.replace("TABLE", "TABLE IF NOT EXISTS", 1))


def _tallied(
    drafts: Sequence[Draft], fates: Sequence[Fate], rejected: Iterable[tuple[str, int]]
) -> list[tuple[str, tuple[int, ...]]]:
    """(source, (received, appended, duplicate, quarantined, rejected)) of this batch."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for draft, fate in zip(drafts, fates, strict=True):
        counts[draft.source][_COLUMNS[fate.fate]] += 1
    for source, count in rejected:
        counts[source][_COLUMNS["rejected"]] += count
    return [(source, (sum(each), *each)) for source, each in counts.items()]
