"""What `/metrics` says, in the Prometheus text format (OBS-1).

What the stores know is read at the scrape, so it is the same in every process and survives a
restart; only latencies and refusals are counted here. Labels come from the project, never from
events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from journeyfold.adapters.disk_room import room
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.ports import Clock, StateStore
from journeyfold.project.model import Project
from journeyfold.project.schema_cards import failing_fields
from journeyfold.project.standing import standing
from journeyfold.runtime import outbox_index
from journeyfold.runtime.conservation import EQUATIONS, gaps_now
from journeyfold.runtime.identity_metrics import identity_metrics
from journeyfold.runtime.outbox_metrics import delivery_metrics
from journeyfold.runtime.pull_metrics import pull_metrics
from journeyfold.runtime.workspace import Place

PREFIX = "journeyfold_"
OWN_SOURCES = frozenset({"_decide", "_fold", "_system"})
"""What nobody sent. Consents, exposures and manual members come over the API, as source `_api`."""
RESULTS = ("appended", "duplicate", "quarantined", "rejected")
_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Telemetry:
    """One per process. `text` is the whole page."""

    def __init__(self, stores: StoreFigures | None = None) -> None:
        self._registry = CollectorRegistry()
        self.ingest_seconds = self._histogram("ingest_seconds", "request to reply, by the door")
        self.commit_seconds = self._histogram("log_commit_seconds", "one group commit of the log")
        self.decision_seconds = self._histogram("decision_seconds", "request to reply, by decide")
        self.decisions = self._counter(
            "decision_fallback_total", "placements answered, by fallback level", ["level"]
        )
        self.denied = self._counter("auth_failed_total", "requests without a right", ["kind"])
        self.throttled = self._counter(
            "throttled_total", "429 and 503 answers", ["source", "status"]
        )
        self.refused_fields = self._counter(
            "refused_fields_total", "fields only the server may set, sent by a client",
            ["source", "field"],
        )  # fmt: skip
        self.dropped = self._counter(
            "consent_dropped_total", "fields and events withheld by consent", ["stage"]
        )
        if stores is not None:
            self._registry.register(stores)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def quantile_us(self, name: str, share: float) -> int | None:
        """The upper bound of the histogram's bucket that holds this share; None without data."""
        counts: list[tuple[float, float]] = []
        for metric in self._registry.collect():
            if metric.name == PREFIX + name:
                counts = [
                    (float(sample.labels["le"]), sample.value)
                    for sample in metric.samples
                    if sample.name.endswith("_bucket")
                ]
        total = counts[-1][1] if counts else 0
        if not total:
            return None
        bound = next(edge for edge, below in counts if below >= share * total)
        return None if bound == float("inf") else int(bound * 1e6)

    def _histogram(self, name: str, words: str) -> Histogram:
        return Histogram(PREFIX + name, words, registry=self._registry, buckets=_FAST)

    def _counter(self, name: str, words: str, labels: list[str]) -> Counter:
        return Counter(PREFIX + name, words, labels, registry=self._registry)


class StoreFigures(Collector):
    """Read from the log and the state at each scrape."""

    def __init__(
        self,
        log: SqliteLog,
        state: Callable[[], StateStore | None],
        place: Place,
        clock: Clock,
        project: Callable[[], Project | None] = lambda: None,
    ) -> None:
        self._log, self._state, self._place, self._clock = log, state, place, clock
        self._project = project

    def collect(self) -> Iterator[Metric]:
        yield from self._fates()
        yield from self._sizes()
        yield from self._fold()
        yield from identity_metrics(self._log, PREFIX)
        yield from pull_metrics(self._place.run, PREFIX)

    def _fates(self) -> Iterator[Metric]:
        fates = CounterMetricFamily(
            PREFIX + "events_received", "messages by source and what became of them",
            labels=["source", "result"],
        )  # fmt: skip
        own = CounterMetricFamily(
            PREFIX + "records_own", "records the platform makes itself: decisions, time, findings",
            labels=["source", "result"],
        )  # fmt: skip
        for tally in self._log.marks.totals():
            is_own = tally.source in OWN_SOURCES
            for result in ("appended", "duplicate") if is_own else RESULTS:
                family = own if is_own else fates
                family.add_metric([tally.source, result], getattr(tally, result))
        yield fates
        yield own
        held = CounterMetricFamily(
            PREFIX + "quarantined", "messages now in quarantine by reason", labels=["reason"]
        )
        reasons: dict[str, int] = {}
        for row in self._log.quarantine.counts():
            reasons[row.code] = reasons.get(row.code, 0) + row.messages
        for reason, waiting in sorted(reasons.items()):
            held.add_metric([reason], waiting)
        yield held
        yield self._violations()

    def _violations(self) -> Metric:
        """By the version that judged, which is the project's word; places stay out of labels."""
        broken = GaugeMetricFamily(
            PREFIX + "schema_violations", "messages that ever broke a schema, by what became of them",
            labels=["schema", "state"],
        )  # fmt: skip
        counted: dict[tuple[str, str], int] = {}
        for each in failing_fields(self._log.quarantine.groups()):
            for state in ("waiting", "replayed", "dropped"):
                key = each.schema, state
                counted[key] = counted.get(key, 0) + getattr(each, state)
        for labels, messages in sorted(counted.items()):
            broken.add_metric(labels, messages)
        return broken

    def _sizes(self) -> Iterator[Metric]:
        log = self._place.log
        wal = log.with_name(log.name + "-wal")
        yield _gauge("log_bytes", "size of the log", log.stat().st_size)
        yield _gauge("wal_bytes", "not yet moved into the log's file", _size(wal))
        yield _gauge("disk_free_bytes", "left on the disk", room(self._place.data).free_bytes)

    def _fold(self) -> Iterator[Metric]:
        head, head_us = self._log.head()
        yield _gauge("log_head_offset", "last offset of the log", head)
        state = self._state()
        if state is None:
            return
        gaps = GaugeMetricFamily(
            PREFIX + "conservation_gap", "must be 0: what has no stated fate", labels=["equation"]
        )
        found = gaps_now(self._log, state)
        for equation in EQUATIONS:
            gaps.add_metric([equation], found.get(equation, 0))
        yield gaps
        now_us = self._clock.now_us()
        with state.read() as reader:
            folded = standing(reader)
            waiting = sum(n for group, n in outbox_index.groups(reader) if group.waits)
            parked = sum(1 for _ in reader.scan("parked"))
            overdue = sum(1 for _ in reader.scan("wake", b"", now_us.to_bytes(8, "big")))
            project = self._project()
            if project is not None:
                yield from delivery_metrics(reader, project, self._place.run, now_us, PREFIX)
        lag_s = max(0, head_us - folded.appended_us) / 1e6 if head > folded.offset else 0.0
        yield _gauge("fold_offset", "last offset folded", folded.offset)
        yield _gauge("fold_lag_events", "records not folded yet", head - folded.offset)
        yield _gauge("fold_lag_seconds", "age of the oldest of them", lag_s)
        yield _gauge("outbox_pending", "effects waiting to be delivered", waiting)
        yield _gauge("parked_records", "records the fold could not take", parked)
        yield _gauge("timers_overdue", "people whose wake is due", overdue)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(PREFIX + name, words, value=value)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
