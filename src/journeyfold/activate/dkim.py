"""DKIM signatures (RFC 6376): relaxed/relaxed, RSA-SHA256 and, beside it, Ed25519-SHA256 (RFC 8463).

`h=` names From twice, so that nobody adds a second one, and the headers of unsubscribing, so that
nobody changes where they lead (journeys A11); a header that is not there is signed as not there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from journeyfold.core.errors import UsageError

SIGNED = (
    "From", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
RSA_BITS_MIN = 1_024  # less is not accepted anywhere (RFC 8301); 2,048 is what we ask for
SECOND_US = 1_000_000
_BLANKS = re.compile(rb"[ \t]+")
_TRAILING = re.compile(rb"[ \t]+(?=\r\n)")


class Signer:
    """One key of one domain; `sign` from any thread."""

    def __init__(self, domain: str, selector: str, pem: str) -> None:
        self._domain, self._selector = domain, selector
        self._key = _key_of(pem)
        is_rsa = isinstance(self._key, RSAPrivateKey)
        self.algorithm = "rsa-sha256" if is_rsa else "ed25519-sha256"

    @property
    def record(self) -> str:
        """The TXT record of `<selector>._domainkey.<domain>` that receivers look for."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            raw = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return f"v=DKIM1; k=rsa; p={b64encode(raw).decode()}"
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k=ed25519; p={b64encode(raw).decode()}"

    def signature(self, headers: bytes, body_hash: str, at_us: int) -> bytes:
        """The header `DKIM-Signature` over relaxed headers, with its CRLF."""
        tags = (
            f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={self._domain}; s={self._selector};\r\n"
            f" t={at_us // SECOND_US}; h={' : '.join(SIGNED[:6])} :\r\n {' : '.join(SIGNED[6:])};\r\n"
            f" bh={body_hash};\r\n b="
        )
        own = _relaxed_header(b"DKIM-Signature", tags.encode())
        value = b64encode(self._signed(headers + own)).decode()
        folded = "\r\n ".join(value[at : at + 72] for at in range(0, len(value), 72))
        return f"DKIM-Signature: {tags}{folded}\r\n".encode()

    def _signed(self, raw: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(raw, PKCS1v15(), hashes.SHA256())
        return self._key.sign(sha256(raw).digest())  # RFC 8463, 3: the hash is what is signed


def signed(message: bytes, signers: Sequence[Signer], at_us: int) -> bytes:
    """The message with a signature by each key before it."""
    if not signers:
        return message
    head, _, body = message.partition(b"\r\n\r\n")
    headers = _chosen(head)
    digest = b64encode(sha256(_relaxed_body(body)).digest()).decode()
    return b"".join([each.signature(headers, digest, at_us) for each in signers]) + message


def _chosen(head: bytes) -> bytes:
    """Those of `SIGNED` in their order, the last of a name first (RFC 6376, 5.4.2)."""
    held: dict[bytes, list[bytes]] = {}
    for line in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = line.partition(b":")
        held.setdefault(name.strip().lower(), []).append(value)
    parts = []
    for name in SIGNED:
        values = held.get(name.lower().encode())
        if values:
            parts.append(_relaxed_header(name.encode(), values.pop()) + b"\r\n")
    return b"".join(parts)


def _relaxed_header(name: bytes, value: bytes) -> bytes:
    unfolded = _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip()
    return name.lower() + b":" + unfolded


def _relaxed_body(body: bytes) -> bytes:
    """Runs of blanks are one, those at ends of lines and empty lines at the end are gone."""
    plain = _BLANKS.sub(b" ", _TRAILING.sub(b"", body + b"\r\n"))
    plain = plain.rstrip(b"\r\n")
    return plain + b"\r\n" if plain else b""


def _key_of(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.strip().replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError("the DKIM key is no private key in PEM without a password") from error
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, RSAPrivateKey) and key.key_size >= RSA_BITS_MIN:
        return key
    raise UsageError("a DKIM key is RSA of at least 1024 bits, better 2048, or Ed25519")
