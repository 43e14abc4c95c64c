"""Styles, scripts and the one vendored library: hashed names, cached for ever, checked.

`static/MANIFEST.json` says of everything that is not ours where it came from, under which
licence and with which SHA-256; a test recomputes them. A file's served name holds its hash, so a
new release never meets an old cache and a cached file is never asked for again.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

STATIC = Path(__file__).with_name("static")
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class Vendored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that is not ours."""

    path: str
    name: str
    version: str
    licence: str
    source: str
    sha256: str


class Asset(msgspec.Struct, frozen=True):
    """A file as it is served: `name` holds the hash of `body`."""

    name: str
    media_type: str
    body: bytes


def vendored() -> list[Vendored]:
    return msgspec.json.decode((STATIC / "MANIFEST.json").read_bytes(), type=list[Vendored])


class Assets:
    """All served files, read once at start: they are part of the release and small (C2)."""

    def __init__(self) -> None:
        self.by_name: dict[str, Asset] = {}
        self._served: dict[str, str] = {}
        for path in sorted(STATIC.rglob("*")):
            if path.suffix in _TYPES:
                self._add(path)

    def url(self, path: str) -> str:
        """`parts.css` → `/static/parts.1f3a9c20d1e2.css`."""
        return f"/static/{self._served[path]}"

    def _add(self, path: Path) -> None:
        body = path.read_bytes()
        mark = sha256(body).hexdigest()[:12]
        name = f"{path.stem}.{mark}{path.suffix}"
        self._served[path.relative_to(STATIC).as_posix()] = name
        self.by_name[name] = Asset(name, _TYPES[path.suffix], body)
