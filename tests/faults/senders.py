"""Clients with a ledger of their own: what they sent, and what was acknowledged."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
import zlib

import httpx
from live import Live

BATCH, PEOPLE = 20, 50
VIEW = {"sku": "S1", "name": "Shoe", "category": "shoes", "price": 10.5}
CART = {"cart_id": "c1", "total": 89.0, "currency": "EUR", "items": 1}


class Sender(threading.Thread):
    """Posts batches over one kept connection; retries each until it is acknowledged."""

    def __init__(self, live: Live, key: str, number: int, pause_s: float = 0.01) -> None:
        super().__init__(daemon=True)
        self.url, self.key, self.number, self.pause_s = f"{live.url}/v1/batch", key, number, pause_s
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.refused: list[httpx.Response] = []
        self.wrong: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        with httpx.Client(auth=(self.key, ""), timeout=10, trust_env=False) as client:
            for batch in itertools.count():
                if self.enough.is_set():
                    return
                ids = [f"k{self.number}-{batch}-{n}" for n in range(BATCH)]
                self.sent |= set(ids)
                self.deliver(client, ids)
                time.sleep(self.pause_s)

    def deliver(self, client: httpx.Client, ids: list[str]) -> None:
        items = [message(id_) for id_ in ids]
        while not self.enough.is_set():
            with contextlib.suppress(httpx.HTTPError):
                answer = client.post(self.url, json={"batch": items})
                if answer.status_code == 200:
                    self.count(answer.json(), ids)
                    return
                self.refused.append(answer)
            time.sleep(0.02)

    def count(self, told: dict[str, int], ids: list[str]) -> None:
        if told["appended"] + told["duplicate"] != BATCH:
            self.wrong.append(str(told))
        self.acknowledged |= set(ids)


def message(id_: str) -> dict[str, object]:
    """The same id is always the same message, as it is with real clients."""
    number = zlib.crc32(id_.encode())
    user = f"u{number % PEOPLE}"
    if id_.endswith("-0"):  # joins a device and a customer: merges happen under the kills
        return {
            "type": "identify", "messageId": id_, "userId": user,
            "anonymousId": f"a{number % (3 * PEOPLE)}", "traits": {"country": "DE"},
        }  # fmt: skip
    track: dict[str, object] = {"type": "track", "messageId": id_}
    track |= {"anonymousId": f"a{number % (3 * PEOPLE)}"} if number % 2 else {"userId": user}
    if id_.endswith("-1"):
        return track | {"event": "Cart Updated", "properties": CART}
    return track | {"event": "Product Viewed", "properties": VIEW}


def started(live: Live, count: int, pause_s: float = 0.01) -> list[Sender]:
    key = live.key("srv", "shop_server")
    senders = [Sender(live, key, number, pause_s) for number in range(count)]
    for sender in senders:
        sender.start()
    return senders


def finished(senders: list[Sender]) -> None:
    for sender in senders:
        sender.enough.set()
    for sender in senders:
        sender.join(15)
        assert not sender.is_alive(), "a client still waits for an answer"
        assert not sender.wrong, sender.wrong[0]
    assert any(sender.acknowledged for sender in senders)
