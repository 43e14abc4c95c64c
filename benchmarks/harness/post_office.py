"""An SMTP server in a process of its own: takes everything, keeps the last message, and counts.

`VRFY counts` tells how many messages came, how many Message-IDs, and when the first and the last.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop


class Seen:
    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.messages, self.bytes, self.first_s, self.last_s = 0, 0, 0.0, 0.0
        self.last = b""

    def take(self, message: bytes) -> None:
        now_s = time.monotonic()
        self.first_s = self.first_s or now_s
        self.last_s = now_s
        self.messages += 1
        self.bytes += len(message)
        begins = message.find(b"Message-ID: <") + 13
        self.ids.add(message[begins : message.find(b">", begins)])
        self.last = message

    def told(self) -> bytes:
        counts = {
            "messages": self.messages, "ids": len(self.ids), "bytes": self.bytes,
            "seconds": self.last_s - self.first_s, "signed": b"DKIM-Signature: " in self.last,
            "tracked": b"/t/c/" in self.last.replace(b"=\r\n", b""),
        }  # fmt: skip
        return b"252 " + json.dumps(counts).encode() + b"\r\n"


class Office(asyncio.Protocol):
    """Just enough SMTP for a client that waits for each answer."""

    def __init__(self, seen: Seen) -> None:
        self._seen, self._held, self._is_message = seen, bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(b"220 ready\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while True:
            if self._is_message:
                end = self._held.find(b"\r\n.\r\n", max(0, len(self._held) - len(data) - 5))
                if end < 0:
                    return
                self._seen.take(bytes(self._held[:end]))
                del self._held[: end + 5]
                self._is_message = False
                self._transport.write(b"250 2.0.0 taken\r\n")
                continue
            end = self._held.find(b"\r\n")
            if end < 0:
                return
            line = bytes(self._held[:end])
            del self._held[: end + 2]
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"DATA":
            self._is_message = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"VRFY":
            self._transport.write(self._seen.told())
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 ok\r\n")


async def serve(port: int) -> None:
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Office(seen), "127.0.0.1", port)
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
