"""Daily figures of every source against the same weekday before (quality Q36).

Every day of the series is judged by the days before it, so a run that reads all history says of
each of its days what the nightly run would have said. A day without a record is a zero of `rows`
and says nothing of other metrics. The open day of the run is not judged: it is not over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import sqrt
from typing import Any

from journeyfold.core.instant import rfc3339
from journeyfold.quality.anomaly import LOOK_BACK, RESIDUALS, UNUSUAL, judged
from journeyfold.quality.result import Point, Run
from journeyfold.quality.rule import WEIGHT, Rule
from journeyfold.quality.score import Result
from journeyfold.quality.side import Side
from journeyfold.runtime.quality_engine import RuleEngine

DAYS_MAX = 3_660  # of one series; an instant of a broken clock makes no line of a million days
SHARES = frozenset({"nulls", "quarantined"})  # in per cent
_NEEDED = LOOK_BACK + RESIDUALS + 1


def anomalies(
    rule: Rule, side: Side, engine: RuleEngine, run: Run, before: Sequence[Point] = ()
) -> tuple[list[Point], list[tuple[tuple[str, str], Result]]]:
    """The figures by day, and what those from the run's first day on say. `before` are the figures
    that earlier runs found: a night reads four weeks, and is compared with twelve.
    """
    assert rule.anomaly is not None, "a rule of this key"
    today = rfc3339(run.at_us)[:10]
    rows = engine.rows(
        f"select _source, _day, {_metric(rule, side)}, count(*) from {side.sql} where _day < '{today}' "  # noqa: S608
        "group by _source, _day order by _source, _day"
    )
    return judged_days(rule, rows, run, before)


def judged_days(
    rule: Rule, rows: Iterable[Sequence[Any]], run: Run, before: Sequence[Point]
) -> tuple[list[Point], list[tuple[tuple[str, str], Result]]]:
    """Rows of source, day, figure and how many rows it stands on."""
    assert rule.anomaly is not None, "a rule of this key"
    today = rfc3339(run.at_us)[:10]
    series: dict[str, dict[str, float]] = {}
    for point in before:
        if point.day < run.since:
            series.setdefault(point.source, {})[point.day] = point.value
    counts: dict[tuple[str, str], int] = {}
    for source, day, value, n in rows:
        if value is not None:
            series.setdefault(source, {})[day] = float(value)
            counts[source, day] = n
    points, results = [], []
    for source, known in series.items():
        days = _days(known, today)
        gap = 0.0 if rule.anomaly.metric == "rows" else None
        values = [known.get(day, gap) for day in days]
        points += [
            Point(rule.id, source, day, value)
            for day, value in known.items()
            if (source, day) in counts
        ]
        for at, day in enumerate(days):
            if day < run.since:
                continue
            result = _judged(rule, values, at, counts.get((source, day), 0))
            if result is not None:
                results.append(((source, day), result))
    return points, results


def _days(known: dict[str, float], today: str) -> list[str]:
    """From the first to yesterday, without a gap; the latest where there are too many."""
    last = date.fromisoformat(today) - timedelta(days=1)
    first = max(date.fromisoformat(min(known)), last - timedelta(days=DAYS_MAX))
    return [(first + timedelta(days=at)).isoformat() for at in range((last - first).days + 1)]


def _judged(rule: Rule, values: Sequence[float | None], at: int, n: int) -> Result | None:
    """None for a day that says nothing. A share of few rows moves by chance: it is unusual only
    when it is out of reach of that, too.
    """
    today = values[at]
    if today is None:
        return None
    window = values[max(0, at - _NEEDED - LOOK_BACK) : at + 1]
    told = judged([today if each is None else each for each in window])
    weight = WEIGHT[rule.severity]
    if told.z is None:
        return Result(
            rule.id, rule.dimension, weight, 0, 0, "empty", detail="too little to compare"
        )
    expected = told.expected or 0.0
    detail = f"{told.value:,.6g} where {expected:,.6g} was expected, z {told.z:+.1f}"
    is_unusual = told.is_unusual and (
        rule.anomaly is None
        or rule.anomaly.metric not in SHARES
        or _beyond_chance(today, expected, n)
    )
    status = "fail" if is_unusual else "pass"
    return Result(rule.id, rule.dimension, weight, 1, int(is_unusual), status, detail=detail)  # type: ignore[arg-type]


def _beyond_chance(found: float, expected: float, n: int) -> bool:
    """Of percentages: four standard errors of a share of `n` rows."""
    share = min(max(expected / 100, 1 / max(n, 1)), 1.0)
    return abs(found - expected) / 100 > UNUSUAL * sqrt(share * (1 - share) / max(n, 1))


def _metric(rule: Rule, side: Side) -> str:
    assert rule.anomaly is not None, "a rule of this key"
    if rule.anomaly.metric == "rows":
        return "count(*)"
    column = side.column(rule.anomaly.column or "")
    text = f"nullif(trim(cast({column} as varchar)), '')"
    if rule.anomaly.metric == "nulls":
        return f"100 * (1 - count({text}) / count(*))"  # per cent, so that ln(x + 1) sees it
    if rule.anomaly.metric == "distinct":
        return f"count(distinct {text})"
    return f"avg(try_cast({text} as double))"
