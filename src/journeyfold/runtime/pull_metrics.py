"""How sources that are pulled stand, and how far what is followed has come (collect C46, ADR 30)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from journeyfold.runtime.pull_standing import PullStanding, read_standings

_GAUGES: tuple[tuple[str, str, Callable[[PullStanding], float | None]], ...] = (
    ("pull_failing", "1 while pulling fails", lambda each: each.failures > 0),
    ("pull_failures", "in a row", lambda each: each.failures),
    (
        "pull_last_success_seconds", "when a run ended well",
        lambda each: each.succeeded_us / 1e6 if each.succeeded_us else None,
    ),
    (
        "pull_next_run_seconds", "when a scheduled import runs next",
        lambda each: each.next_us / 1e6 if each.next_us and not each.position else None,
    ),
    ("pull_rows", "read by the last run, or by a stream so far", lambda each: each.rows),
    (
        "follow_lag_seconds", "age of the last change that was read, while there are newer ones",
        lambda each: None if each.lag_us is None else each.lag_us / 1e6,
    ),
    ("follow_lag_bytes", "written by the server and not read", lambda each: each.lag_bytes),
    ("follow_retained_bytes", "kept by the server for a slot", lambda each: each.retained_bytes),
    (
        "follow_last_commit_seconds", "when the last change that was read was committed",
        lambda each: each.committed_us / 1e6 if each.committed_us else None,
    ),
    ("follow_alarm", "1 while the server keeps more than it should", lambda each: bool(each.alarm)),
)  # fmt: skip


def pull_metrics(run: Path, prefix: str) -> Iterator[Metric]:
    standings = read_standings(run)
    for name, words, value in _GAUGES:
        gauge = GaugeMetricFamily(prefix + name, words, labels=["source"])
        for source, standing in sorted(standings.items()):
            is_stream = bool(standing.position)
            told = value(standing) if is_stream or name.startswith("pull_") else None
            if told is not None:
                gauge.add_metric([source], told)
        yield gauge
