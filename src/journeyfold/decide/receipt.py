"""Receipts: what an item carries so that its exposure and its clicks can be believed.

`base64url(msgpack fields).base64url(keyed BLAKE2b-128)`, signed with the `link` key, good for 30
days (decisions A3). The fields can be read without the key; whether they are ours cannot.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.instant import DAY_US

AGE_MAX_US = 30 * DAY_US
TEXT_MAX = 2_048
_PERSON = b"journeyfold rcpt"  # BLAKE2b personalisation: 16 bytes, this use of the key only

ReceiptProblem: TypeAlias = Literal["bad_receipt", "old_receipt"]


class Receipt(msgspec.Struct, frozen=True, array_like=True):
    """One item of one decision. `surface` is the placement's."""

    decision_id: str
    placement: str
    offer: str
    variant: str
    category: str
    rank: int
    issued_us: int
    surface: str = ""


_DECODER = msgspec.msgpack.Decoder(Receipt)


def sign(receipt: Receipt, key: bytes) -> str:
    body = msgspec.msgpack.encode(receipt)
    return f"{_text(body)}.{_text(_mac(body, key))}"


def verify(text: str, key: bytes, now_us: int) -> Receipt | ReceiptProblem:
    """The receipt, or why it is none. A receipt from the future is as bad as an old one."""
    body, mac = _parts(text)
    if not hmac.compare_digest(mac, _mac(body, key)):
        return "bad_receipt"
    try:
        receipt = _DECODER.decode(body)
    except msgspec.DecodeError:  # signed by us, but of another release
        return "bad_receipt"
    age_us = now_us - receipt.issued_us
    return receipt if -DAY_US <= age_us <= AGE_MAX_US else "old_receipt"


def _parts(text: str) -> tuple[bytes, bytes]:
    """Empty parts for what is not two base64 texts: no signature opens them."""
    body, dot, mac = text.partition(".")
    if not dot or len(text) > TEXT_MAX or not text.isascii():
        return b"", b""
    try:
        parts = _bytes(body), _bytes(mac)
    except ValueError:
        return b"", b""
    # base64 has several spellings of the same bytes; only ours is a receipt.
    return parts if (_text(parts[0]), _text(parts[1])) == (body, mac) else (b"", b"")


def _mac(body: bytes, key: bytes) -> bytes:
    return blake2b(body, digest_size=16, key=key, person=_PERSON).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
