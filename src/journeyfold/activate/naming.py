"""Ids of what goes out without a journey: events passed on, and rows of a sync.

They depend on the log alone, so what is worked out a second time goes by the same id (E80).
"""

from __future__ import annotations

from hashlib import sha1

_NAMESPACE = bytes.fromhex("a2b9c1d05c7e5f0b9d3c6f1f0e4d7a58")  # of these: ours alone


def effect_key(*parts: str) -> str:
    """UUIDv5 of length-prefixed parts: no two lists of them run together (RFC 9562)."""
    name = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    raw = bytearray(sha1(_NAMESPACE + name, usedforsecurity=False).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x50
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
