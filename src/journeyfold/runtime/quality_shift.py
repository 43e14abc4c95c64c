"""Has the distribution of a source's numbers moved, or its share in quarantine? (quality Q36)

A day's numbers are held against those of the 28 days before, in ten bins that are the tenths of
those; with fewer than 500 rows on a side nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from journeyfold.core.instant import DAY_US, instant_us, rfc3339
from journeyfold.log.store import Marks
from journeyfold.quality.anomaly import BINS, ROWS_MIN, SHIFTED, stability_of
from journeyfold.quality.result import Point, Run
from journeyfold.quality.rule import WEIGHT, Rule
from journeyfold.quality.score import Result
from journeyfold.quality.side import Side
from journeyfold.quality.sql import number
from journeyfold.runtime.quality_engine import RuleEngine

BASE = 28  # days that a day is held against
_NUMBERS = "_numbers"
Judged = tuple[tuple[str, str], Result]


def shifts(
    rule: Rule, side: Side, engine: RuleEngine, run: Run
) -> tuple[list[Point], list[Judged]]:
    """The index by day, and what it says of every closed day of the run."""
    assert rule.anomaly is not None, "a rule of this key"
    column, today = side.column(rule.anomaly.column or ""), rfc3339(run.at_us)[:10]
    engine.rows(
        f"create or replace temp table {_NUMBERS} as select * from (select _source, _day, "  # noqa: S608 - quoted
        f"{number(column)} as v from {side.sql} where _day < '{today}') where v is not null "
        "order by _source, _day"
    )
    points, results = [], []
    counted = engine.rows(f"select _source, _day, count(*) from {_NUMBERS} group by 1, 2 order by 1, 2")  # noqa: S608  # fmt: skip
    for source, day, n in counted:
        if day < run.since:
            continue
        index = _index(engine, source, day) if n >= ROWS_MIN else None
        if index is not None:
            points.append(Point(rule.id, source, day, index))
        results.append(((source, day), _result(rule, index)))
    engine.rows(f"drop table {_NUMBERS}")
    return points, results


def _index(engine: RuleEngine, source: str, day: str) -> float | None:
    first = (date.fromisoformat(day) - timedelta(days=BASE)).isoformat()
    of = f"_source = '{source}'"
    base = f"{of} and _day >= '{first}' and _day < '{day}'"
    tenths = [at / BINS for at in range(1, BINS)]
    ((edges, n),) = engine.rows(
        f"select quantile_disc(v, {tenths}), count(*) from {_NUMBERS} where {base}"  # noqa: S608
    )
    if n < ROWS_MIN:
        return None
    before = _counts(engine, base, edges)
    return stability_of(before, _counts(engine, f"{of} and _day = '{day}'", edges))


def _counts(engine: RuleEngine, where: str, edges: Sequence[float]) -> list[int]:
    at = " + ".join(f"cast(v >= {edge!r} as integer)" for edge in edges)
    counts = [0] * BINS
    for place, n in engine.rows(
        f"select {at}, count(*) from {_NUMBERS} where {where} group by 1"  # noqa: S608
    ):
        counts[place] = n
    return counts


def _result(rule: Rule, index: float | None) -> Result:
    weight = WEIGHT[rule.severity]
    if index is None:
        return Result(
            rule.id, rule.dimension, weight, 0, 0, "empty", detail="fewer than 500 rows to compare"
        )
    has_moved = index > SHIFTED
    detail = f"population stability index {index:.3f} against the {BASE} days before"
    if has_moved:
        detail += f", {SHIFTED} is the limit"
    return Result(
        rule.id, rule.dimension, weight, 1, int(has_moved), "fail" if has_moved else "pass",
        detail=detail,
    )  # fmt: skip


def quarantined_shares(
    marks: Marks, source: str, run: Run
) -> Iterator[tuple[str, str, float, int]]:
    """Source, day of coming in, share in per cent and messages: from the door's own counters."""
    today = run.at_us // DAY_US
    first = (instant_us(f"{run.since}T00:00:00Z") or 0) // DAY_US - BASE if run.since else 0
    for each in marks.daily(max(first, 0)):
        if each.source == source and each.day < today and each.received:
            day = rfc3339(each.day * DAY_US)[:10]
            yield source, day, 100 * each.quarantined / each.received, each.received
