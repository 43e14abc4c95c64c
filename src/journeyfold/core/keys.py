"""API keys as values: their text form, what is stored of them, and when they are live.

`jf_<kind>_<env>_<id 10>_<secret 32>_<crc 6>`, base62 (collect C07, trust SEC-5). The checksum
finds a mistyped key without asking the store; only the SHA-256 of the secret is ever kept.
Randomness comes from the caller.
"""

from __future__ import annotations

import hmac
import re
import zlib
from hashlib import sha256
from typing import Literal, get_args

import msgspec

KeyKind = Literal["pub", "srv", "adm"]
KEY_KINDS: tuple[KeyKind, ...] = get_args(KeyKind)
_KINDS: dict[str, KeyKind] = {"pub": "pub", "srv": "srv", "adm": "adm"}

ID_CHARACTERS, SECRET_CHARACTERS, CHECK_CHARACTERS = 10, 32, 6
ID_BYTES, SECRET_BYTES = 16, 32  # random bytes to make them from: more than they can hold

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TEXT = re.compile(
    r"(jf_(pub|srv|adm)_([a-z]{1,16})_([0-9A-Za-z]{10})_([0-9A-Za-z]{32}))_([0-9A-Za-z]{6})",
    re.ASCII,
)


class KeyText(msgspec.Struct, frozen=True):
    """A key as its holder has it. Never stored, never logged."""

    kind: KeyKind
    env: str
    id: str
    secret: str

    def __str__(self) -> str:
        body = f"jf_{self.kind}_{self.env}_{self.id}_{self.secret}"
        return f"{body}_{_checksum(body)}"


class ApiKey(msgspec.Struct, frozen=True):
    """A key as we keep it. `expires_us` and `revoked_us` are 0 while there is no such instant.

    A foreign key (collect C07: shipped apps keep theirs) has kind `pub`, is found by the SHA-256
    of its whole text and has that hash as `secret_sha256`, too.
    """

    id: str
    kind: KeyKind
    source: str
    env: str
    secret_sha256: bytes
    scopes: tuple[str, ...]
    created_us: int
    expires_us: int = 0
    revoked_us: int = 0
    last_used_us: int = 0
    origins: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # CIDR ranges it may be used from; empty means anywhere
    rate_per_s: int = 1_000
    burst: int = 5_000
    is_foreign: bool = False

    def is_live(self, now_us: int) -> bool:
        """Neither revoked nor expired; an instant reached counts."""
        is_revoked = 0 < self.revoked_us <= now_us
        return not is_revoked and not 0 < self.expires_us <= now_us


def parse_key(text: str) -> KeyText | None:
    """None for anything that is not a key of ours with a right checksum."""
    match = _TEXT.fullmatch(text)
    if match is None or not hmac.compare_digest(_checksum(match[1]), match[6]):
        return None
    return KeyText(kind=_KINDS[match[2]], env=match[3], id=match[4], secret=match[5])


def new_key(kind: KeyKind, env: str, id_bytes: bytes, secret_bytes: bytes) -> KeyText:
    """A key from ID_BYTES and SECRET_BYTES of randomness."""
    assert len(id_bytes) >= ID_BYTES, "a key id needs 16 random bytes"
    assert len(secret_bytes) >= SECRET_BYTES, "a key secret needs 32 random bytes"
    return KeyText(
        kind=kind,
        env=env,
        id=base62(int.from_bytes(id_bytes, "big"), ID_CHARACTERS),
        secret=base62(int.from_bytes(secret_bytes, "big"), SECRET_CHARACTERS),
    )


def hashed(secret: str) -> bytes:
    """SHA-256 of a secret or of a foreign key: they are random, so no slow hash is needed."""
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def opens(key: ApiKey, secret: str) -> bool:
    """Does this secret belong to this key? In constant time."""
    return hmac.compare_digest(key.secret_sha256, hashed(secret))


def redacted(text: str) -> str:
    """Prefix and last four characters: what logs and errors may show (trust SEC-20)."""
    key = parse_key(text)
    return f"jf_{key.kind}_{key.env}_{key.id}_…{text[-4:]}" if key else f"…{text[-4:]}"


def base62(number: int, length: int) -> str:
    """The lowest `length` base62 digits of a number, most significant first."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def _checksum(body: str) -> str:
    return base62(zlib.crc32(body.encode()), CHECK_CHARACTERS)
