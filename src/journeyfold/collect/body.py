"""A request's body: bounded while it arrives, unpacked while it arrives (collect C10, C11).

Nothing larger than the cap is ever held: a declared length above it is refused unread, and a gzip
member is cut at the cap however small it came.
"""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from journeyfold.collect.json_entry import Refused

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

MEDIA_TYPES = frozenset({
    b"", b"application/json", b"text/plain", b"application/x-www-form-urlencoded",
})  # fmt: skip
_GZIP = 16 + zlib.MAX_WBITS


class Gone(Exception):  # noqa: N818 - the sender went away; nobody is left to answer
    """The connection closed before the body was complete."""


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], cap: int, *, any_type: bool = False
) -> bytes | Refused:
    """The decoded body; `any_type` for webhooks, whose vendors choose theirs."""
    media = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if not any_type and media not in MEDIA_TYPES:
        return Refused("unsupported_type", detail="send JSON as application/json or text/plain")
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in {b"", b"identity", b"gzip"}:
        return Refused("unsupported_encoding", detail="only gzip, once, or none")
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or len(declared) > 12 or int(declared) > cap:
        return Refused("body_too_large", detail=f"above {cap} bytes")
    if encoding == b"gzip":
        return await _unpacked(receive, cap)
    return await _plain(receive, cap)


async def _plain(receive: Receive, cap: int) -> bytes | Refused:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")  # the common case: one piece, not copied
        return body if len(body) <= cap else Refused("body_too_large", detail=f"above {cap} bytes")
    pieces = bytearray()
    while True:
        if message["type"] != "http.request":
            raise Gone
        pieces += message.get("body", b"")
        if len(pieces) > cap:
            return Refused("body_too_large", detail=f"above {cap} bytes")
        if not message.get("more_body", False):
            return bytes(pieces)
        message = await receive()


async def _unpacked(receive: Receive, cap: int) -> bytes | Refused:
    unzip = zlib.decompressobj(_GZIP)
    pieces, taken = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        chunk = message.get("body", b"")
        taken += len(chunk)
        if taken > cap:
            return Refused("body_too_large", detail=f"above {cap} bytes")
        if chunk and unzip.eof:
            return Refused("bad_encoding", detail="bytes after the gzip member")
        try:
            pieces += unzip.decompress(chunk, cap + 1 - len(pieces))
        except zlib.error:
            return Refused("bad_encoding", detail="not a gzip member")
        if len(pieces) > cap:
            return Refused("decompressed_too_large", detail=f"above {cap} bytes unpacked")
        if not message.get("more_body", False):
            break
    if not unzip.eof or unzip.unused_data:
        return Refused("bad_encoding", detail="a truncated gzip member, or bytes after it")
    return bytes(pieces)
