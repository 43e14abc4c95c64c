"""The demo's live traffic: what visitors send, what their pages ask, see and click, over HTTP.

Everything goes through the real door with a real key, on one kept connection. A message that
fails is sent again, as any client does; nothing here ever ends the demo.
"""

from __future__ import annotations

import http.client
import threading
from base64 import b64encode
from collections.abc import Iterator
from heapq import merge
from operator import itemgetter

import msgspec

from journeyfold.core.chance import uniform
from journeyfold.core.event import Json
from journeyfold.core.instant import HOUR_US
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.slips import as_sent

CLICK_EVERY = 9  # of what was seen
_PAUSES_S = (0.2, 1.0, 3.0)


class Shown(msgspec.Struct):
    receipt: str | None = None


class Placed(msgspec.Struct):
    items: list[Shown] = []


class Told(msgspec.Struct):
    """What a visitor's page reads of an answer."""

    placements: list[Placed] = []


class Visitors:
    """`send` what happens; `see` a placement and, now and then, click what it shows."""

    def __init__(self, host: str, port: int, key: str, stop: threading.Event) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=10)
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
            "Content-Type": "application/json",
        }
        self._stop = stop
        self._shown = 0

    def send(self, message: dict[str, Json]) -> None:
        self._post("/v1/batch", {"batch": [message]})

    def see(self, subject: dict[str, Json], who: dict[str, Json]) -> None:
        """The home page asks what to show, and says that it was seen.

        `who` names the same person in a message, for the click.
        """
        answer = self._post(
            "/v1/decide",
            {
                "subject": subject,
                "placements": [{"id": "home-hero"}],
                "context": {"page": "/", "device": "desktop"},
            },
        )
        for placed in answer.placements:
            for item in placed.items:
                if item.receipt:
                    self._expose(item.receipt, who)

    def close(self) -> None:
        self._connection.close()

    def _expose(self, receipt: str, who: dict[str, Json]) -> None:
        self._post("/v1/expose", {"receipt": receipt, "surface": "web"})
        self._shown += 1
        if self._shown % CLICK_EVERY == 0:
            properties: dict[str, Json] = {"receipt": receipt}
            self.send({**who, "type": "track", "event": "Offer Clicked", "properties": properties})

    def _post(self, path: str, body: dict[str, object]) -> Told:
        """The answer; empty when there was none or it says no."""
        for pause_s in _PAUSES_S:
            if self._stop.is_set():
                break
            try:
                self._connection.request("POST", path, msgspec.json.encode(body), self._headers)
                answer = self._connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()  # a restarted server; the next request connects anew
            else:
                if answer.status == 200:
                    return msgspec.json.decode(text, type=Told)
                if answer.status not in {429, 503}:
                    break
            self._stop.wait(pause_s)
        return Told()


def shop(visitors: Visitors, seed: str, people: int, now_us: int, stop: threading.Event) -> None:
    """Simulated shoppers in real time, with a slip now and then, until `stop`."""
    from journeyfold.testing.regulars import coming
    from journeyfold.testing.shoppers import live

    clock = SystemClock()
    traffic = live(f"{seed}/{now_us}", people, now_us)
    for at_us, message in merge(traffic, coming(seed, now_us), key=itemgetter(0)):
        if stop.wait(max(0, at_us - clock.now_us()) / 1e6):
            return
        for sent in as_sent(message):
            visitors.send(sent)
        anonymous = message.get("anonymousId")
        if message.get("type") == "page" and anonymous:
            visitors.see({"anonymous_id": anonymous}, {"anonymousId": anonymous})


def orders(visitors: Visitors, seed: str, now_us: int, stop: threading.Event) -> None:
    """Customers of the order log come again and order, a few a second, until `stop`."""
    for number, message in enumerate(_orders(f"{seed}/{now_us}", now_us // HOUR_US)):
        if stop.wait(0.2 + uniform("sample", seed, str(number))):
            return
        visitors.send(message)
        context = message["context"]
        assert isinstance(context, dict), "made below"
        customer = str(message["messageId"]).rsplit("-", 1)[1]
        visitors.see({"customer_id": customer}, {"context": context})


def _orders(seed: str, hour: int) -> Iterator[dict[str, Json]]:
    number = 0
    while True:
        number += 1
        customer = 12_346 + int(uniform("sample", seed, f"who{number}") * 5_900)
        total = round(5 + 60 * uniform("sample", seed, f"much{number}"), 2)
        yield {
            "type": "track", "event": "Order Completed",
            "messageId": f"live-{seed}-{number}-{customer}",
            "context": {"externalIds": [{"type": "customer_id", "id": str(customer)}]},
            "properties": {
                "order_id": f"L{hour}-{number}", "currency": "GBP", "total": total, "products": [],
            },
        }  # fmt: skip
