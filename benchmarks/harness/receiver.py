"""A receiver of webhooks in a process of its own: as fast as it can be, and it counts.

`GET /counts` tells how many requests came, how many ids, and when the first and the last of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

_OK = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


class Seen:
    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.requests, self.first_s, self.last_s = 0, 0.0, 0.0

    def take(self, webhook_id: bytes) -> None:
        now_s = time.monotonic()
        self.first_s = self.first_s or now_s
        self.last_s = now_s
        self.requests += 1
        self.ids.add(webhook_id)

    def told(self) -> bytes:
        counts = {
            "requests": self.requests, "ids": len(self.ids), "seconds": self.last_s - self.first_s,
        }  # fmt: skip
        body = json.dumps(counts).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


class Receiver(asyncio.Protocol):
    """Just enough HTTP for a client that sends Content-Length."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._held = seen, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            length = _header(head, b"content-length")
            total = end + 4 + int(length or b"0")
            if len(self._held) < total:
                return
            self._held = self._held[total:]
            if head.startswith(b"get"):
                self._transport.write(self._seen.told())
            else:
                self._seen.take(_header(head, b"webhook-id"))
                self._transport.write(_OK)


def _header(head: bytes, name: bytes) -> bytes:
    at = head.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    begins = at + len(name) + 3
    ends = head.find(b"\r\n", begins)
    return head[begins : ends if ends >= 0 else len(head)].strip()


async def serve(port: int) -> None:
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Receiver(seen), "127.0.0.1", port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
