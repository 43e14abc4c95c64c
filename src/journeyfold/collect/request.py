"""A request's head as the door reads it: names in lower case, nothing decoded that need not be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from journeyfold.collect.keys import Presented, in_headers

COUNTRY = "journeyfold.country"  # in an ASGI scope, set by the guard
DEFAULT_BODY_MAX = 512 * 1024  # until a key says whose limits hold (collect C11)


class Request(msgspec.Struct, frozen=True):
    """A repeated header is joined by a comma, so a second key, type or encoding is never taken."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    ip: str
    scheme: str = "http"
    country: str = ""  # of the sender, as a trusted proxy says

    @property
    def url(self) -> str:
        """As the sender has it: some webhook signatures cover it."""
        query = f"?{self.query.decode('latin-1')}" if self.query else ""
        return f"{self.scheme}://{self.text(b'host')}{self.path}{query}"

    def text(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1").strip()

    def keys(self, *, in_query: bool) -> list[Presented]:
        """Keys in the header block, and in the query where the route takes one.

        Elsewhere a key in a query is still looked at, so that a server key in a URL is noticed.
        """
        found = in_headers(self.headers)
        if self.query and b"writeKey=" in self.query:
            found += [
                Presented(value, in_url=True)
                for name, value in parse_qsl(self.query.decode("latin-1"), max_num_fields=200)
                if name == "writeKey" and (in_query or value.startswith(("jf_srv_", "jf_adm_")))
            ]
        return found


def request_of(scope: Mapping[str, Any]) -> Request:
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        headers[name] = headers[name] + b", " + value if name in headers else value
    client = scope.get("client")
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    return Request(
        scope["method"], raw_path.decode("latin-1"), scope["query_string"], headers,
        client[0] if client else "", scope.get("scheme", "http"),
        scope.get(COUNTRY, ""),
    )  # fmt: skip
