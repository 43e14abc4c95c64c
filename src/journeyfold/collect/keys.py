"""Whose request it is: where a key may stand, and what it opens (collect C06 to C08, SEC-5, SEC-6).

Every cause of a refusal gives the same answer, so that nobody learns which keys exist. Look-up is by
id, then a constant-time comparison, also for ids that are unknown.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Protocol

import msgspec

from journeyfold.core.keys import ApiKey, KeyKind, hashed, opens, parse_key
from journeyfold.sources.inventory import Source

COLLECT_SCOPE = "collect"
_DUMMY = ApiKey("", "pub", "", "", hashed(""), (), 0)


class KeyStore(Protocol):
    """Keys as they are stored; a revocation must show within 5 s (collect C08)."""

    def find(self, key_id: str) -> ApiKey | None: ...

    def find_foreign(self, sha256: bytes) -> ApiKey | None:
        """A verbatim key of another product, by the hash of its whole text."""
        ...

    def saw(self, key: ApiKey, now_us: int) -> None:
        """It opened something just now. Called on every request, so it only writes that down."""
        ...


class Presented(msgspec.Struct, frozen=True):
    """A key as it came. `in_authorization` is the only place for a server key."""

    text: str
    in_authorization: bool = False
    in_url: bool = False


class Denied(msgspec.Struct, frozen=True):
    """Why a key opens nothing. The sender is not told; the audit is."""

    cause: str


def in_headers(headers: Mapping[bytes, bytes]) -> list[Presented]:
    """Keys in the header block, in the order of C06."""
    found = []
    if (authorization := headers.get(b"authorization")) is not None:
        found.append(Presented(_of_authorization(authorization), in_authorization=True))
    if (own := headers.get(b"x-write-key")) is not None:
        found.append(Presented(own.decode("latin-1").strip()))
    return found


def agreed(presented: Iterable[Presented]) -> Presented | Denied:
    """The one key of a request; two different ones are none (C06)."""
    every = list(presented)
    if not every:
        return Denied("missing")
    if any(each.text != every[0].text for each in every):
        return Denied("two_keys")
    text = every[0].text
    return Presented(
        text,
        in_authorization=any(each.in_authorization for each in every),
        in_url=any(each.in_url for each in every),
    )


def opened(store: KeyStore, presented: Presented, now_us: int, ip: str = "") -> ApiKey | Denied:
    """The live key that was presented, at a place where its kind may stand."""
    key = _looked_up(store, presented.text)
    if key is None:
        return Denied("unknown")
    if not key.is_live(now_us):
        return Denied("revoked_or_expired")
    if key.kind != "pub" and presented.in_url:
        return Denied("server_key_in_url")
    if key.kind != "pub" and not presented.in_authorization:
        return Denied("server_key_outside_authorization")
    if key.addresses and not within(ip, key.addresses):
        return Denied("address")
    store.saw(key, now_us)
    return key


def declared_keys(sources: Iterable[Source]) -> dict[bytes, ApiKey]:
    """Foreign keys that sources take verbatim (C07), by the hash of their text."""
    found = {}
    for source in sources:
        for text in source.keys:
            digest = hashed(text)
            kind: KeyKind = "srv" if source.kind == "server" else "pub"
            found[digest] = ApiKey(
                digest.hex()[:10], kind, source.source, source.env, digest, (COLLECT_SCOPE,), 0,
                rate_per_s=source.limits.events_per_s, burst=source.limits.burst, is_foreign=True,
            )  # fmt: skip
    return found


class MemoryKeys:
    """A key store for tests and for keys that a project declares itself."""

    def __init__(self, keys: Iterable[ApiKey] = (), sources: Iterable[Source] = ()) -> None:
        self._own = {key.id: key for key in keys if not key.is_foreign}
        self._foreign = {key.secret_sha256: key for key in keys if key.is_foreign}
        self._foreign |= declared_keys(sources)
        self.uses: dict[str, int] = {}

    def put(self, key: ApiKey) -> None:
        if key.is_foreign:
            self._foreign[key.secret_sha256] = key
        else:
            self._own[key.id] = key

    def find(self, key_id: str) -> ApiKey | None:
        return self._own.get(key_id)

    def find_foreign(self, sha256: bytes) -> ApiKey | None:
        return self._foreign.get(sha256)

    def saw(self, key: ApiKey, now_us: int) -> None:
        self.uses[key.id] = now_us


def _looked_up(store: KeyStore, text: str) -> ApiKey | None:
    parsed = parse_key(text)
    if parsed is None:
        return store.find_foreign(hashed(text))
    key = store.find(parsed.id)
    is_right = opens(key or _DUMMY, parsed.secret)
    if key is None or not is_right or key.kind != parsed.kind:
        return None
    return key


def _of_authorization(value: bytes) -> str:
    """`Basic base64("KEY:")`, the password ignored, or `Bearer KEY`; "" for anything else."""
    scheme, _, rest = value.decode("latin-1").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return rest.strip()
        case "basic":
            try:
                return b64decode(rest.strip(), validate=True).decode().partition(":")[0]
            except (binascii.Error, ValueError):
                return ""
    return ""


def within(ip: str, networks: Iterable[str]) -> bool:
    """Is the address in one of the CIDR ranges? A missing or malformed one is in none."""
    try:
        address = ip_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(each, strict=False) for each in networks)
