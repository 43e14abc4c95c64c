"""Links and the pixel of a message, and the tokens they carry (journeys A12, A13). Pure.

A token names the effect and a place in the table of links that was stored with it; where it leads
is never in the token, so nobody makes our address lead elsewhere.
`base64url(version 1 B, key id 1 B, effect 16 B, link 2 B, HMAC-SHA256 first 16 B)`; what it is for
is under the HMAC, so a token of a pixel opens no link.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from html import escape, unescape
from typing import Literal, NamedTuple

from journeyfold.activate.markup import LINK_BEGINS, LINK_ENDS, PIXEL, bare

Use = Literal["o", "c", "u"]  # opened | clicked | unsubscribe
VERSION = 1
LINKS_MAX = 1_000
TOKEN_CHARACTERS = 48
GIF = bytes.fromhex(
    "47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b"
)
"""A transparent pixel, 43 bytes."""
_LINK = re.compile(f"{LINK_BEGINS}([^{LINK_BEGINS}{LINK_ENDS}]*){LINK_ENDS}")
_MAC_BYTES, _BODY_BYTES = 16, 20
_BOUNCE = re.compile(r"([bu])\+([0-9a-f]{32})\.([0-9a-f]{16})@", re.IGNORECASE)


class Token(NamedTuple):
    effect: str  # the id of the effect, as a UUID is written
    link: int


class TokenKey:
    """Makes and reads tokens; `secret` is the keyring's for links."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"journeyfold/mail", "sha256")
        self._id = sha256(self._key).digest()[:1]

    def token(self, use: Use, effect: str, link: int = 0) -> str:
        raw = bytes.fromhex(effect.replace("-", ""))
        body = bytes((VERSION,)) + self._id + raw + link.to_bytes(2, "big")
        return urlsafe_b64encode(body + self._mac(use, body)).decode()

    def read(self, use: Use, text: str) -> Token | None:
        """None for whatever we did not make for this use."""
        if len(text) != TOKEN_CHARACTERS or not text.isascii():
            return None
        try:
            raw = urlsafe_b64decode(text)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        is_ours = body[:1] == bytes((VERSION,)) and body[1:2] == self._id
        if not is_ours or not hmac.compare_digest(mac, self._mac(use, body)):
            return None
        return Token(dashed(body[2:18].hex()), int.from_bytes(body[18:20], "big"))

    def return_path(self, effect: str, domain: str) -> str:
        """`b+<effect>.<hmac8>@domain`: a bounce says by itself which message it is about (A14)."""
        return self._address("b", effect, domain)

    def unsubscribe_address(self, effect: str, domain: str) -> str:
        return self._address("u", effect, domain)

    def effect_of(self, address: str) -> tuple[str, str] | None:
        """(`b` or `u`, effect) of an address of ours, wherever it stands in the text."""
        for match in _BOUNCE.finditer(address):
            kind, effect = match[1].lower(), match[2].lower()
            if hmac.compare_digest(match[3].lower(), self._mac8(kind, effect)):
                return kind, dashed(effect)
        return None

    def _address(self, kind: str, effect: str, domain: str) -> str:
        plain = effect.replace("-", "")
        return f"{kind}+{plain}.{self._mac8(kind, plain)}@{domain}"

    def _mac8(self, kind: str, effect: str) -> str:
        return hmac.digest(self._key, f"{kind}+{effect}".encode(), "sha256")[:8].hex()

    def _mac(self, use: Use, body: bytes) -> bytes:
        return hmac.digest(self._key, use.encode() + body, "sha256")[:_MAC_BYTES]


def dashed(effect: str) -> str:
    return f"{effect[:8]}-{effect[8:12]}-{effect[12:16]}-{effect[16:20]}-{effect[20:]}"


def untracked(html: str) -> str:
    """Marked HTML as for somebody who is not followed."""
    return bare(_LINK.sub(_harmless, html))


def _harmless(match: re.Match[str]) -> str:
    """A value cannot become a script (trust SEC-15): what is no usual link leads nowhere."""
    target = _BLANK.sub("", unescape(match[1])).lower()
    scheme, colon, _ = target.partition(":")
    is_scheme = colon and scheme.isascii() and not set("/?#") & set(scheme)
    return match[1] if not is_scheme or scheme in _SCHEMES else "#"


_BLANK = re.compile(r"[\x00-\x20\x7f]+")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms"})


class Tracked(NamedTuple):
    html: str
    links: list[str]


def tracked(html: str, *, effect: str, base: str, key: TokenKey, alone: str) -> Tracked:
    """Marked HTML with its links through us and a pixel; the link `alone` is left as it is."""
    places: dict[str, int] = {}

    def through(match: re.Match[str]) -> str:
        target = unescape(match[1])
        leads_out = target.lower().startswith(("http://", "https://"))
        if not leads_out or target == alone or len(places) >= LINKS_MAX:
            return _harmless(match)
        place = places.setdefault(target, len(places))
        return f"{base}/t/c/{key.token('c', effect, place)}"

    html = _LINK.sub(through, html)
    source = escape(f"{base}/t/o/{key.token('o', effect)}.gif", quote=True)
    pixel = f'<img src="{source}" width="1" height="1" alt="" style="display:block;border:0">'
    return Tracked(bare(html.replace(PIXEL, pixel, 1)), list(places))
