"""The server of the benchmark without its work: read, decode, make events, answer, keep nothing.

Guard, protocol, limits and envelope are the platform's own, so the difference to it is judging by
key, plan and consent, and keeping. With `--json-only` not even events are made.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.body import read_body
from journeyfold.collect.envelope import Draft, Terms, draft
from journeyfold.collect.json_entry import decoded_batch
from journeyfold.collect.request import request_of
from journeyfold.core.instant import SECOND_US
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.guard import Guard
from journeyfold.runtime.guard_protocol import ConnectionLimits, server_options

BODY_MAX = 512 * 1024


class Decoding:
    def __init__(self, *, json_only: bool) -> None:
        self._json_only = json_only
        self._now_us = SystemClock(0).now_us

    async def __call__(self, scope, receive, send) -> None:
        if scope["path"] == "/healthz":
            await _reply(send, {"status": "ok"})
            return
        request = request_of(scope)
        body = await read_body(receive, request.headers, BODY_MAX)
        value = decoded_batch(body)
        taken = value["batch"]
        if not self._json_only:
            terms = Terms("shop_server")
            arrival = Arrival(self._now_us() // SECOND_US * SECOND_US, "server")
            made = [draft(item, arrival, terms, "") for item in taken]
            taken = [each for each in made if isinstance(each, Draft)]
        await _reply(
            send, {"success": True, "received": len(taken), "appended": len(taken), "offset": None}
        )


async def _reply(send, body) -> None:
    raw = msgspec.json.encode(body)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(raw)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": raw})


async def _run(listening: socket.socket, *, json_only: bool) -> None:
    limits = ConnectionLimits(connections_per_ip=1_000)
    config = uvicorn.Config(
        Guard(Decoding(json_only=json_only)), loop="uvloop", lifespan="off", log_level="warning",
        **server_options(limits),
    )  # fmt: skip
    await uvicorn.Server(config).serve(sockets=[listening])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--listen-fd", type=int)
    options.add_argument("--json-only", action="store_true")
    given = options.parse_args()
    uvloop.run(_run(socket.socket(fileno=given.listen_fd), json_only=given.json_only))


PATH = Path(__file__)

if __name__ == "__main__":
    asyncio.set_event_loop_policy(None)
    main()
