"""An item ready for the log: encoded, sealed, and with nothing of the message left in memory.

Drafting needs no lock (trust REL-3), so it is done where the item was made, while its parts are
still in the processor's caches; what then waits for the appending thread is a few short values and
one body.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from journeyfold.adapters.keyring import CLEAR, NONCE_BYTES, Keyring
from journeyfold.collect.held import conflict
from journeyfold.core.event import ENVELOPE_VERSION, KINDS, Kind
from journeyfold.core.ports import Entry, Fate, Held
from journeyfold.log import codec
from journeyfold.log.flags import Flag, flags_of

QUARANTINE = "quarantine"  # the kind its bodies are sealed as
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
_NO_NONCE = bytes(NONCE_BYTES)


class EntryDraft(msgspec.Struct, frozen=True, gc=False):
    """An event. `fingerprint` is signed, as SQLite keeps it; `api_key` names who sent it."""

    source: str
    kind: Kind
    key: bytes
    fingerprint: int
    nodes: tuple[bytes, ...]
    api_key: str
    key_id: bytes
    nonce: bytes
    body: bytes
    flags: tuple[Flag, ...] = ()


class HeldDraft(msgspec.Struct, frozen=True, gc=False):
    """A message for quarantine: its fate, and its row as `sqlite_batch` inserts it."""

    source: str
    fate: Fate
    row: tuple[bytes | int | str, ...]


Draft: TypeAlias = EntryDraft | HeldDraft


def drafts_of(items: Sequence[Entry | Held], keyring: Keyring | None) -> list[Draft]:
    """Encode and seal; without a keyring bodies stay clear. Nonces are drawn in one call."""
    nonces = _nonces(len(items)) if keyring else [_NO_NONCE] * len(items)
    return [
        _of_entry(item, keyring, nonce) if isinstance(item, Entry) else _of_held(item, keyring)
        for item, nonce in zip(items, nonces, strict=True)
    ]


def conflicting(draft: EntryDraft, keyring: Keyring | None) -> HeldDraft:
    """The event, whose id was used for another one, as a message for quarantine (collect C32).

    Rare, so its body is opened again rather than every event kept beside its own.
    """
    body = draft.body
    if draft.key_id != CLEAR:
        assert keyring is not None, "a sealed draft was made with a keyring"
        body = keyring.unseal(draft.kind, ENVELOPE_VERSION, draft.key_id, draft.nonce, body)
    event = codec.decode(ENVELOPE_VERSION, body)
    fingerprint = draft.fingerprint % codec.UINT64
    return _of_held(
        conflict(Entry(event, draft.kind, fingerprint, draft.nodes, draft.api_key)), keyring
    )


def _nonces(number: int) -> Iterable[bytes]:
    drawn = os.urandom(NONCE_BYTES * number)
    return [drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES)]


def _of_entry(entry: Entry, keyring: Keyring | None, nonce: bytes) -> EntryDraft:
    event, kind = entry.event, entry.kind
    key_id, body = CLEAR, codec.encode(event)
    if keyring is not None:
        key_id, nonce, body = keyring.seal(kind, ENVELOPE_VERSION, body, nonce)
    return EntryDraft(
        event.source, kind, codec.dedupe_key(event.source, event.id),
        codec.signed_64(entry.fingerprint), entry.nodes, entry.key_id, key_id, nonce, body,
        flags_of(event) if "quality" in event.context else (),
    )  # fmt: skip


def _of_held(held: Held, keyring: Keyring | None) -> HeldDraft:
    key_id, nonce = CLEAR, _NO_NONCE
    body = msgspec.msgpack.encode((held.message, held.detail))
    if keyring is not None:
        key_id, nonce, body = keyring.seal(QUARANTINE, ENVELOPE_VERSION, body)
    row = (
        _same(held), held.received_us, held.source, held.name, held.event_id, held.code,
        held.pointer, held.schema, held.key_id, held.auth, b"".join(held.nodes),
        key_id, nonce, body,
    )  # fmt: skip
    return HeldDraft(
        held.source, Fate("quarantined", -1, held.code, held.pointer, held.detail), row
    )


def _same(held: Held) -> bytes:
    return blake2b(msgspec.msgpack.encode(held.same), digest_size=16).digest()
