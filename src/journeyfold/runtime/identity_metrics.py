"""What `/metrics` says of who is who: the figures of the latest identity audit (X4)."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from journeyfold.log.store import LogStore
from journeyfold.runtime.auditing import latest

ALERTS = (
    "limit_conflicts", "unusual_merges", "unusual_splits", "bridges", "disagreements",
    "old_reviews",
)  # fmt: skip


def identity_metrics(log: LogStore, prefix: str) -> Iterator[Metric]:
    """Without a value before the first audit; an alert is 1 while the latest report has it."""
    made = latest(log)
    alerts = GaugeMetricFamily(
        f"{prefix}identity_alert", "1: the latest identity audit says to look", labels=["alert"]
    )
    raised = {alert.name for alert in made.alerts} if made else set()
    for name in ALERTS if made else ():
        alerts.add_metric([name], float(name in raised))
    yield alerts
    audit = made.audit if made else None
    for name, words, value in (
        ("identity_people", "people at the latest identity audit", audit.people if audit else None),
        ("identity_size_max", "identifiers of the largest", audit.size_max if audit else None),
        ("identity_hubs", "identifiers that belong to nobody", audit.hubs if audit else None),
    ):
        yield GaugeMetricFamily(prefix + name, words, value=value)
