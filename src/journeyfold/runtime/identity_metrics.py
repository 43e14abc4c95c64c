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
    """Nothing before the first audit; an alert is 1 while the latest report has it."""
    made = latest(log)
    if made is None:
        return
    alerts = GaugeMetricFamily(
        f"{prefix}identity_alert", "1: the latest identity audit says to look", labels=["alert"]
    )
    raised = {alert.name for alert in made.alerts}
    for name in ALERTS:
        alerts.add_metric([name], float(name in raised))
    yield alerts
    audit = made.audit
    for name, words, value in (
        ("identity_people", "people at the latest identity audit", audit.people),
        ("identity_size_max", "identifiers of the largest of them", audit.size_max),
        ("identity_hubs", "identifiers that belong to nobody", audit.hubs),
    ):
        yield GaugeMetricFamily(prefix + name, words, value=float(value))
