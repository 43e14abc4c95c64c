"""The project and the messages of the benchmarks that go over HTTP."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from journeyfold.project.load import read_directory
from journeyfold.project.scaffold import write_template

IS_QUICK = bool(os.environ.get("JOURNEYFOLD_BENCH_QUICK"))
EVENT_BYTES = 1_000
OFFERS, SEGMENTS = 20, 10  # two conditions an offer and ten segments: 50 rules
PEOPLE = 2_000

_LIMITS = "limits: {events_per_s: 1000000, burst: 1000000}\n"
_OFFER = """\
category: bench
title: Offer {n}
purpose: personalization
applicability: '{applies}'
suitability: '{suits}'
propensity: {{prior: 0.0{share}}}
value: {n}.5
variants:
  - {{id: a, content: {{title: "{{{{ traits.first_name | default: 'Hello' }}}}, offer {n}"}}}}
  - {{id: b, content: {{title: "Offer {n} for you", cta: "Look"}}}}
"""
_PLACEMENT = """\
title: Benchmark
surface: web
slots: 2
offers: {categories: [bench]}
rank: {policy: arbitration, explore: 0.02}
default: {offer: bench-1, variant: a}
"""


def write_shop(directory: Path, *, encrypted: bool = True, offers: bool = False) -> None:
    """The shop of the template without a rate limit and journeys, with the offers of the decision
    benchmark.
    """
    write_template("shop", directory)
    for folder in ("journeys", "tests"):  # what journeys cost is a figure of its own
        shutil.rmtree(directory / folder)
    source = directory / "sources/shop_server.yaml"
    source.write_text(source.read_text() + _LIMITS)
    if not encrypted:
        settings = directory / "journeyfold.yaml"
        settings.write_text(settings.read_text().replace("encryption: log ", "encryption: none "))
        assert "encryption: none " in settings.read_text()
    if offers:
        _write_offers(directory)
    read_directory(directory)


def _write_offers(directory: Path) -> None:
    rows = [
        f'  - {{id: bench-{n}, when: \'count("Product Viewed", within="{n + 1}d") >= {n % 4 + 1}'
        f' and traits.country != "XX"\'}}'
        for n in range(SEGMENTS)
    ]
    (directory / "segments/bench.yaml").write_text("segments:\n" + "\n".join(rows) + "\n")
    for n in range(1, OFFERS + 1):
        applies = f'in_segment("bench-{n % SEGMENTS}") or context.device == "mobile"'
        suits = (
            f'count("Order Completed", within="{n + 3}d") < {n % 3 + 1} '
            f'and sum("Order Completed", "total", within="{n + 30}d") < {n * 500}'
        )
        text = _OFFER.format(n=n, applies=applies, suits=suits, share=n % 9 + 1)
        (directory / f"offers/bench-{n}.yaml").write_text(text)
    (directory / "placements/bench.yaml").write_text(_PLACEMENT)


class Batches:
    """Bodies of `/v1/batch` made from prepared bytes: each message 1 kB, with an id of its own."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._made = 0
        head = b'{"type":"track","event":"Product Viewed","messageId":"'
        user = b'","userId":"user-'
        rest = (
            b'","timestamp":"%s","properties":{"product_id":"SKU-1042","sku":"SKU-1042",'
            b'"name":"Trail running shoe","category":"shoes","brand":"Fell","price":119.5,'
            b'"currency":"EUR","variant":"green/43","position":3,"quantity":1,'
            b'"url":"https://shop.example.com/shoes/trail-running-shoe-green",'
            b'"image_url":"https://cdn.example.com/i/sku-1042-green-800.jpg"},'
            b'"context":{"library":{"name":"analytics-python","version":"2.3.4"},'
            b'"locale":"de-DE","timezone":"Europe/Berlin","page":{"url":'
            b'"https://shop.example.com/shoes/trail-running-shoe-green?utm_source=letter",'
            b'"path":"/shoes/trail-running-shoe-green","title":"Trail running shoe"},'
            b'"campaign":{"source":"letter","medium":"email","name":"autumn"},'
            b'"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"'
            b'},"integrations":{"All":true}%s}'
        )
        length = len(head) + len(user) + len(rest) + 24 + 20 + 5
        filler = b',"channel":"' + b"x" * max(0, EVENT_BYTES - length - 13) + b'"'
        self._head, self._user, self._rest, self._filler = head, user, rest, filler

    def __call__(self, now: bytes) -> bytes:
        """`now` as RFC 3339 with milliseconds."""
        rest = self._rest % (now, self._filler)
        messages = []
        for _ in range(self._size):
            self._made += 1
            number = self._made
            own = b"%s-%012d" % (self._name.encode(), number)
            messages.append(
                self._head + own + self._user + b"%05d" % (number * 7919 % PEOPLE) + rest
            )
        return b'{"batch":[' + b",".join(messages) + b"]}"
