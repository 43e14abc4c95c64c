"""The body of a log row: an event to bytes and back, by the version it was written in.

Every version since the first decodes for ever (trust REL-25). The bytes are a msgpack array of
the event's fields in their order; fields are appended at the end, never moved.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from journeyfold.core.errors import FormatError
from journeyfold.core.event import ENVELOPE_VERSION, Event

encode = msgspec.msgpack.Encoder().encode
"""An event as the body of a row with `v` = ENVELOPE_VERSION."""

_decode_1 = msgspec.msgpack.Decoder(Event).decode

ERASED = Event(
    id="", name="", type="erased", source="", identifiers=(), occurred_us=0, received_us=0
)
"""What stands where a right removed the body (trust PRV-31)."""

INT64_TOP, UINT64 = 2**63, 2**64


def decode(v: int, body: bytes) -> Event:
    """Raises FormatError for a version this release does not know, msgspec errors for damage."""
    if v == ENVELOPE_VERSION:
        return _decode_1(body)
    raise FormatError(f"a record has envelope {v}, this release reads up to {ENVELOPE_VERSION}")


def dedupe_key(source: str, event_id: str) -> bytes:
    """128 bits of BLAKE2b over length-prefixed (source, id): the unique key of the log."""
    raw = source.encode("utf-8", "surrogatepass")
    prefix = len(raw).to_bytes(4, "big")
    event_raw = event_id.encode("utf-8", "surrogatepass")
    return blake2b(prefix + raw + event_raw, digest_size=16).digest()


def signed_64(fingerprint: int) -> int:
    """The fingerprint as SQLite keeps it: 64 bits in two's complement."""
    folded = fingerprint % UINT64
    return folded - UINT64 if folded >= INT64_TOP else folded
