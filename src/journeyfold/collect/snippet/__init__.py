"""The browser snippets as they are served: under their name for a short time, under their hash for
ever. `jf` collects and decides; `jf-page`, for pages that ask for it, reads data layer and forms.

Any page of any site may load it, so it alone says `cross-origin` (SEC-10, collect C03, C50). A page
that pins its content by `integrity` names the hashed file.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256, sha384
from pathlib import Path

import msgspec

from journeyfold.collect.reply import Answer, Headers

NAMES = ("jf", "jf-page")
SHIPPED = Path(__file__).with_name("jf.js")
_PATH = re.compile(r"/js/(jf|jf-page)(\.[0-9a-f]{16})?\.js", re.ASCII)
_SHORT = b"public, max-age=300, stale-while-revalidate=86400"
_FOR_EVER = b"public, max-age=31536000, immutable"


class Script(msgspec.Struct, frozen=True):
    """`integrity` is for a page's `<script integrity=…>`."""

    body: bytes
    hashed: str
    integrity: str


@cache
def script(name: str = "jf") -> Script:
    """Read once: it is part of the release."""
    body = SHIPPED.with_name(f"{name}.js").read_bytes()
    integrity = b64encode(sha384(body).digest()).decode()
    return Script(body, f"/js/{name}.{sha256(body).hexdigest()[:16]}.js", f"sha384-{integrity}")


def is_script(path: str) -> bool:
    """A snippet's name, or a name with some hash in it; another release's hash is a 404."""
    return path.startswith("/js/") and _PATH.fullmatch(path) is not None


def served(path: str, if_none_match: str) -> Answer | None:
    """None for the hash of another release."""
    asked = _PATH.fullmatch(path)
    if asked is None:
        return None
    current = script(asked[1])
    if asked[2] and path != current.hashed:
        return None
    etag = f'"{current.hashed[-19:-3]}"'
    headers: Headers = [
        (b"content-type", b"text/javascript; charset=utf-8"),
        (b"cache-control", _FOR_EVER if path == current.hashed else _SHORT),
        (b"etag", etag.encode()),
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    if etag in known or "*" in known:
        return Answer(304, headers=headers)
    return Answer(200, current.body, headers)


def tag(host: str, key: str) -> str:
    """The element a page loads it by, pinned to this very content."""
    current = script()
    return (
        f'<script async src="{host}{current.hashed}" integrity="{current.integrity}"\n'
        f'        crossorigin="anonymous" data-write-key="{key}"></script>'
    )
