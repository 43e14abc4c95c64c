"""What the fold's benchmarks fold: the shop with twenty segments, and what its shoppers do.

The messages are the simulated shoppers' and go through the collector's own envelope, so events have
the size and the context that a browser sends. Nothing here is timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.envelope import Draft, Terms, draft
from journeyfold.core.event import Event, Record
from journeyfold.core.instant import instant_us
from journeyfold.project.load import load, read_directory
from journeyfold.project.model import Project

SHOP = Path(__file__).resolve().parent.parent / "src/journeyfold/project/templates/shop"
START_US = 1_790_000_000_000_000

# Beside the template's twelve: what a shop's marketing asks of baskets, taste, service and consent.
SEGMENTS = """\
segments:
  - {id: german-speaking, when: 'traits.country in ["DE", "AT", "CH"]'}
  - {id: big-basket, when: 'max("Cart Updated", "total", within="30d") >= 150'}
  - {id: left-at-checkout, when: 'recency("Checkout Started") >= "1h" and count("Order Completed", within="1d") == 0'}
  - {id: sent-back, when: 'count("Order Refunded", within="180d") >= 1'}
  - {id: promoters, when: 'last("Survey Answered", "score") >= 9'}
  - {id: window-shoppers, when: 'count("Product Viewed", within="30d") >= 20 and count("Order Completed", within="30d") == 0'}
  - {id: regulars, when: 'count("Page", within="14d") >= 8'}
  - {id: wide-taste, when: 'distinct("Product Viewed", "category", within="60d") >= 4'}
"""
BENCH_SEGMENTS = 20


TRAVEL = ("journeys/", "tests/")


def project() -> Project:
    """The template's segments, eight more, and the lifecycles; no journeys: what they add is a
    figure of its own (journeys.py).
    """
    files = {
        path: text for path, text in read_directory(SHOP).items() if not path.startswith(TRAVEL)
    }
    made = load({**files, "segments/bench.yaml": SEGMENTS})
    stored = [each for each in made.segments.values() if each.kind == "rule"]
    assert len(stored) == BENCH_SEGMENTS, f"{len(stored)} stored segments"
    return made


class OneProject:
    """A log of one record: the project. The fold reads definitions from the log."""

    def __init__(self, made: Project) -> None:
        told = {"hash": made.hash, "files": dict(made.files)}
        event = Event(
            id="project", name="project.activated", type="system", source="_system",
            identifiers=(), occurred_us=START_US, received_us=START_US, properties=told,
        )  # fmt: skip
        self.first = Record(0, START_US, "project", event)

    def read(self, after: int, limit: int) -> list[Record]:
        return [self.first][: max(0, -after)][:limit]

    def history(self, _nodes: Sequence[bytes], *, upto: int) -> list[Record]:
        raise AssertionError(f"no verdict and no split is in here (up to {upto})")


def records(messages: Iterator[dict[str, object]], count: int, first: int) -> list[Record]:
    """The log's records of wire messages: of the browser, and orders of the shop's server."""
    made = []
    for offset, message in enumerate(islice(messages, count), first):
        is_browser = "anonymousId" in message
        source, auth = ("shop_web", "browser") if is_browser else ("shop_server", "server")
        at_us = instant_us(str(message["timestamp"])) or START_US
        agent = str(message.get("context", {}).get("userAgent", ""))
        arrival = Arrival(received_us=at_us, auth=auth, user_agent=agent)
        drafted = draft(message, arrival, Terms(source), "")
        assert isinstance(drafted, Draft), f"{message} is refused: {drafted}"
        made.append(Record(offset, at_us, "event", drafted.event))
    return made
