"""API keys at rest: hashed secrets, found by id, two live ones a source while one replaces another.

What a caller may do with a key is `collect/keys.py`'s business (collect C06-C08).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

import apsw
import msgspec

from journeyfold.adapters.admin_audit import FILE_NAME, By, record
from journeyfold.adapters.sqlite_file import engine_errors, rows
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import DAY_US
from journeyfold.core.keys import ID_BYTES, SECRET_BYTES, ApiKey, KeyKind, hashed, new_key

SCHEMA = """
CREATE TABLE api_key (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, foreign_sha256 BLOB UNIQUE,
    definition TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE api_key_use (id TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;
"""
LIVE_MAX = 2
OVERLAP_US = DAY_US  # the old key's time after a rotation (trust SEC-5)
SCOPES: Mapping[KeyKind, tuple[str, ...]] = {
    "pub": ("collect", "decide"),
    "srv": ("collect", "profiles:read", "decide", "segments:read", "project:write"),
    "adm": ("admin",),
}

_KEYS = """
SELECT definition, at_us FROM api_key LEFT JOIN api_key_use USING (id)
WHERE ?1 IS NULL OR source = ?1 ORDER BY source, id"""
_BY_ID = "SELECT definition, at_us FROM api_key LEFT JOIN api_key_use USING (id) WHERE id = ?"
_BY_TEXT = """
SELECT definition, at_us FROM api_key LEFT JOIN api_key_use USING (id)
WHERE foreign_sha256 = ?"""
_PUT = """
INSERT INTO api_key VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET definition = excluded.definition"""
_USED = """
INSERT INTO api_key_use VALUES (?, ?)
ON CONFLICT DO UPDATE SET at_us = max(at_us, excluded.at_us)"""


class AdminKeys:
    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def create_key(
        self,
        kind: KeyKind,
        source: str,
        env: str,
        by: By,
        *,
        scopes: tuple[str, ...] | None = None,
        expires_us: int = 0,
        origins: tuple[str, ...] = (),
        addresses: tuple[str, ...] = (),
        rate_per_s: int = 1_000,
        burst: int = 5_000,
    ) -> tuple[ApiKey, str]:
        """The key as kept, and its text: shown now, never again. UsageError for a third live one."""
        text = new_key(kind, env, os.urandom(ID_BYTES), os.urandom(SECRET_BYTES))
        key = ApiKey(
            id=text.id,
            kind=kind,
            source=source,
            env=env,
            secret_sha256=hashed(text.secret),
            scopes=SCOPES[kind] if scopes is None else scopes,
            created_us=by.at_us,
            expires_us=expires_us,
            origins=origins,
            addresses=addresses,
            rate_per_s=rate_per_s,
            burst=burst,
        )
        self._add(key, by)
        return key, str(text)

    def add_foreign(self, text: str, source: str, env: str, by: By) -> ApiKey:
        """A key of someone else's making, verbatim: shipped apps keep theirs (collect C07).

        The same text again is the same key; UsageError when another source has it.
        """
        known = self.find_foreign(text)
        if known is not None:
            if known.source != source:
                raise UsageError(f"this key belongs to source {known.source} already")
            return known
        digest = hashed(text)
        key = ApiKey(
            id=f"foreign-{digest.hex()[:10]}",
            kind="pub",
            source=source,
            env=env,
            secret_sha256=digest,
            scopes=SCOPES["pub"],
            created_us=by.at_us,
            is_foreign=True,
        )
        self._add(key, by)
        return key

    def keys(self, source: str | None = None) -> list[ApiKey]:
        """All of them, revoked ones too, by source and id."""
        return self._select(_KEYS, source)

    def find_key(self, key_id: str) -> ApiKey | None:
        return next(iter(self._select(_BY_ID, key_id)), None)

    def find_foreign(self, text: str) -> ApiKey | None:
        return next(iter(self._select(_BY_TEXT, hashed(text))), None)

    def revoke_key(self, key_id: str, by: By) -> ApiKey:
        """In force at once in the store; UsageError if there is no such key. Twice is once."""
        key = self._required(key_id)
        if key.revoked_us:
            return key
        return self._change(key, msgspec.structs.replace(key, revoked_us=by.at_us), "revoke", by)

    def rotate_key(self, key_id: str, by: By) -> tuple[ApiKey, str]:
        """A new key like this one; the old one lives for 24 hours more."""
        old = self._required(key_id)
        if old.is_foreign or not old.is_live(by.at_us):
            raise UsageError(f"key {key_id} cannot be rotated: it is foreign or no longer live")
        created = self.create_key(
            old.kind,
            old.source,
            old.env,
            by,
            scopes=old.scopes,
            origins=old.origins,
            addresses=old.addresses,
            rate_per_s=old.rate_per_s,
            burst=old.burst,
        )
        ends_us = by.at_us + OVERLAP_US
        ends_us = min(ends_us, old.expires_us) if old.expires_us else ends_us
        self._change(old, msgspec.structs.replace(old, expires_us=ends_us), "expire", by)
        return created

    def used(self, uses: Mapping[str, int]) -> None:
        """Last uses, by key id; callers collect them and tell now and then."""
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_USED, uses.items())
            self._connection.execute("COMMIT")

    def _required(self, key_id: str) -> ApiKey:
        key = self.find_key(key_id)
        if key is None:
            raise UsageError(f"there is no key {key_id}; `journeyfold keys list` shows them")
        return key

    def _add(self, key: ApiKey, by: By) -> None:
        with self._lock:
            same = [each for each in self.keys(key.source) if each.kind == key.kind]
            live = [each for each in same if each.is_live(by.at_us) and not each.is_foreign]
            if len(live) >= LIVE_MAX and not key.is_foreign:
                raise UsageError(
                    f"source {key.source} has {len(live)} live {key.kind} keys "
                    f"({', '.join(each.id for each in live)}); revoke one first"
                )
            self._change(None, key, "create", by)

    def _change(self, before: ApiKey | None, after: ApiKey, verb: str, by: By) -> ApiKey:
        foreign = after.secret_sha256 if after.is_foreign else None
        definition = msgspec.json.encode(after).decode()
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_PUT, (after.id, after.source, foreign, definition))
            told = _told(before) if before else ""
            record(self._connection, by, f"key.{verb}", after.id, told, _told(after))
            self._connection.execute("COMMIT")
        return after

    def _select(self, statement: str, value: str | bytes | None) -> list[ApiKey]:
        with self._lock, engine_errors(self._connection, FILE_NAME):
            found = rows(self._connection, statement, (value,))
        return [
            msgspec.structs.replace(
                msgspec.json.decode(definition, type=ApiKey), last_used_us=used_us or 0
            )
            for definition, used_us in found
        ]


def _told(key: ApiKey) -> str:
    """A key in the audit: everything but its hash."""
    fields = msgspec.to_builtins(key)
    del fields["secret_sha256"], fields["last_used_us"]
    return msgspec.json.encode(fields).decode()
