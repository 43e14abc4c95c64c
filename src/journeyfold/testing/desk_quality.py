"""Rules and what they found, for screens that are looked at without a platform."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.core.instant import DAY_US, rfc3339
from journeyfold.project.quality_report import (
    AlertLine,
    DayLine,
    DayScore,
    FreshLine,
    QualityCard,
    QualityReport,
    RuleLine,
    ScoreLine,
)
from journeyfold.quality.result import Run
from journeyfold.quality.score import Status

_PATH, _DATASET = "quality/orders.yaml", "events/Order Completed"
NO_TABLE = "the table tables/erp.csv is not there"


class SampleQuality:
    """`names` replace the words of people: a rule's detail and its samples."""

    def __init__(self, now_us: int, *, is_empty: bool, names: Sequence[str] = ()) -> None:
        self._now_us, self._is_empty, self._names = now_us, is_empty, tuple(names)
        self.asked = 0

    def card(self) -> QualityCard:
        if self._is_empty:
            return QualityCard(QualityReport("", ()))
        days = [rfc3339(self._now_us - at * DAY_US)[:10] for at in range(30, 0, -1)]
        trend = tuple(DayScore(day, 0.97 + at % 7 / 300) for at, day in enumerate(days))
        report = QualityReport(
            "q-1", tuple(self._rules()), (
                ScoreLine("web", 0.9812, {"completeness": 0.9744, "validity": 0.988}, 5, 0.42, 31),
                ScoreLine("profiles", 1.0, {"validity": 1.0}, 1, 0.125, 8),
            ), (
                FreshLine("crm", "late", "late: the newest record is 1 d 3 h old, 1 d 1 h is expected"),
                FreshLine("web", "fresh", "fresh: the newest record is 2 min old, 15 min is expected"),
            ),
        )  # fmt: skip
        alert = AlertLine(
            _PATH, _DATASET, "amount", "web", self._now_us - DAY_US, days[-1], muted=False
        )
        run = Run("q-1", self._now_us - 3_600_000_000, 12_217, "", "", "", "done", self._now_us, 4.2,
                  {"pass": 151, "fail": 2})  # fmt: skip
        return QualityCard(report, {"web": trend}, (alert,), (run,), has_rules=True)

    def freshness(self) -> Sequence[FreshLine]:
        return self.card().report.freshness

    def _rules(self) -> list[RuleLine]:
        samples = self._names or ("o-4711", "o-4712")
        detail = self._names[0] if self._names else ""
        return [
            self._rule("amount", "web", "validity", 8_412, 31, "fail", detail, samples),
            self._rule("volume", "web", "anomaly", 1, 0, "pass"),
            self._rule("email", "", "validity", 240, 0, "pass", dataset="profiles"),
            self._rule("sku", "web", "integrity", 0, 0, "empty"),
            self._rule("stock", "", "reconciliation", 412, 3, "error", NO_TABLE, dataset="catalog"),
        ]

    def _rule(
        self, name: str, source: str, dimension: str, n: int, bad: int, status: Status,
        detail: str = "", samples: Sequence[str] = (), dataset: str = _DATASET,
    ) -> RuleLine:  # fmt: skip
        value = 1 - bad / n if n else None
        return RuleLine(
            _PATH, dataset, name, source, dimension, "medium", n, bad, value, status, 30,
            rfc3339(self._now_us)[:10], "", detail, tuple(samples), owner="ann@shop.example",
            at_us=self._now_us - 26 * 3_600_000_000,
        )  # fmt: skip

    def days(self, ruleset: str, rule: str, source: str) -> Sequence[DayLine]:
        del ruleset, rule, source
        return [
            DayLine(rfc3339(self._now_us - at * DAY_US)[:10], 280, at % 3, 0.99, "pass", "", ())
            for at in range(30)
        ]

    def offset_of(self, source: str, event_id: str) -> int:
        del source
        return 12 if event_id == "o-4711" else -1

    def ask(self) -> None:
        self.asked += 1
