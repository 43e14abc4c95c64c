"""Signatures of webhooks by Standard Webhooks (journeys A20). Pure.

What is signed is `id.timestamp.body`, over the bytes that are sent. Each live secret signs, the
newest first, so that a receiver may change secrets while webhooks come in. `whsec_` is a shared
secret and gives `v1` (HMAC-SHA256); `whsk_` is a key of ours and gives `v1a` (Ed25519), which the
receiver verifies with `whpk_`.
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

BODY_MAX = 20_000  # bytes; above it a thin body with a link is sent
SHARED, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SHARED_BYTES = range(24, 65)
SEED_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")


class Signer(Protocol):
    def __call__(self, content: bytes) -> str: ...


def signer_of(secret: str) -> Signer:
    """Raises ValueError with a sentence that says nothing of the secret."""
    if secret.startswith(SHARED):
        return _Shared(_decoded(secret, SHARED))
    if secret.startswith(PRIVATE):
        return _Key(_decoded(secret, PRIVATE))
    if secret.startswith(PUBLIC):
        raise ValueError(f"{PUBLIC} is the receiver's half; sign with {PRIVATE}")
    raise ValueError(f"a secret of webhooks begins with {SHARED} or {PRIVATE}")


def signed_headers(
    signers: Sequence[Signer], key: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """The headers of one attempt; the same `key` whichever attempt it is."""
    name = webhook_id(key)
    content = b"%s.%d.%s" % (name.encode(), timestamp_s, body)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(sign(content) for sign in signers),
    }


def webhook_id(key: str) -> str:
    """A full stop in it would move the border between id and timestamp."""
    return key if _ID.fullmatch(key) else f"msg_{sha256(key.encode()).hexdigest()[:40]}"


def public_key(secret: str) -> str:
    """The half of a `whsk_` that receivers are given, as `whpk_`."""
    public = _Key(_decoded(secret, PRIVATE)).key.public_key()
    return PUBLIC + b64encode(public.public_bytes_raw()).decode()


class _Shared:
    def __init__(self, secret: bytes) -> None:
        if len(secret) not in SHARED_BYTES:
            raise ValueError(f"a {SHARED} secret has 24 to 64 bytes; this one has {len(secret)}")
        self._secret = secret

    def __call__(self, content: bytes) -> str:
        return "v1," + b64encode(hmac.digest(self._secret, content, "sha256")).decode()


class _Key:
    """Of the 64 bytes that libsodium keeps, the first 32 are the seed (RFC 8032) and tell all."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) not in {SEED_BYTES, 2 * SEED_BYTES}:
            raise ValueError(f"a {PRIVATE} key has 32 or 64 bytes; this one has {len(secret)}")
        self.key = Ed25519PrivateKey.from_private_bytes(secret[:SEED_BYTES])
        if secret[SEED_BYTES:] not in {b"", self.key.public_key().public_bytes_raw()}:
            raise ValueError(f"the halves of a {PRIVATE} key do not belong together")

    def __call__(self, content: bytes) -> str:
        return "v1a," + b64encode(self.key.sign(content)).decode()


def _decoded(secret: str, prefix: str) -> bytes:
    try:
        return b64decode(secret.removeprefix(prefix), validate=True)
    except (Base64Error, ValueError):
        raise ValueError(f"what follows {prefix} is no base64") from None
