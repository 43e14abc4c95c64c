"""What `/metrics` says of deliveries: what waits, how destinations stand, attempts and latency.

Rows are counted in the state at the scrape; attempts are those of `work` since it began, as it last
wrote them down.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from journeyfold.activate.lane_figures import EDGES_US, read_figures
from journeyfold.core.ports import StateReader
from journeyfold.project.model import Project
from journeyfold.runtime.outbox_view import destinations

_BREAKER = {"closed": 0, "half-open": 1, "open": 2}


def delivery_metrics(
    reader: StateReader, project: Project, run: Path, now_us: int, prefix: str
) -> Iterator[Metric]:
    """By destination, as the project and its rows name them."""
    rows = _gauge(prefix, "outbox_rows", "deliveries by destination and state", "state")
    age = _gauge(prefix, "outbox_age_seconds", "since the oldest that waits was due")
    closed = _gauge(prefix, "destination_paused", "1: it takes nothing until it is resumed")
    breaker = _gauge(prefix, "destination_breaker", "0 closed, 1 half-open, 2 open")
    for card in destinations(reader, project, run):
        for state, number in sorted(card.rows.items()):
            rows.add_metric([card.id, state], number)
        waits_us = max(0, now_us - card.oldest_due_us) if card.oldest_due_us else 0
        age.add_metric([card.id], waits_us / 1e6)
        closed.add_metric([card.id], card.status in {"paused", "disabled"})
        breaker.add_metric([card.id], _BREAKER[card.breaker])
    yield from (rows, age, closed, breaker)
    yield from _attempts(run, prefix)


def _attempts(run: Path, prefix: str) -> Iterator[Metric]:
    attempts = CounterMetricFamily(
        f"{prefix}delivery_attempts", "attempts by destination and outcome",
        labels=["destination", "result"],
    )  # fmt: skip
    seconds = HistogramMetricFamily(
        f"{prefix}delivery_seconds", "one attempt, by destination", labels=["destination"]
    )
    for name, figures in sorted(read_figures(run).items()):
        for result, number in sorted(figures.attempts.items()):
            attempts.add_metric([name, result], number)
        if figures.latency:
            seconds.add_metric([name], _buckets(figures.latency), figures.latency_sum_us / 1e6)
    yield attempts
    yield seconds


def _buckets(counts: list[int]) -> list[tuple[str, float]]:
    """Cumulative, as the format wants them."""
    edges = [*(str(edge / 1e6) for edge in EDGES_US), "+Inf"]
    return [(edge, float(sum(counts[: at + 1]))) for at, edge in enumerate(edges)]


def _gauge(prefix: str, name: str, words: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(prefix + name, words, labels=["destination", *labels])
