"""The digest of a row: found damage instead of hidden damage (trust REL-5, P6)."""

from __future__ import annotations

import struct
from hashlib import blake2b

_HEAD = struct.Struct(">qqHH16s12s")
DIGEST_BYTES = 16


class Digests:
    """Keyed BLAKE2b-128 over (offset, appended_us, kind, v, key id, nonce, body)."""

    def __init__(self, key: bytes) -> None:
        self._begin = blake2b(digest_size=DIGEST_BYTES, key=key).copy

    def of(
        self,
        offset: int,
        appended_us: int,
        kind: int,
        v: int,
        key_id: bytes,
        nonce: bytes,
        body: bytes,
    ) -> bytes:
        digest = self._begin()
        digest.update(_HEAD.pack(offset, appended_us, kind, v, key_id, nonce) + body)
        return digest.digest()
