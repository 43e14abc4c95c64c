"""Rules that look at how many there are: rows of a day, and values that are nearly the same."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.util import find_spec

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.core.instant import rfc3339
from journeyfold.quality.near import near_duplicates
from journeyfold.quality.result import Run
from journeyfold.quality.rule import Rule
from journeyfold.quality.rule_parts import Rows
from journeyfold.quality.score import Result, result_of
from journeyfold.quality.side import Side
from journeyfold.runtime.quality_engine import RuleEngine
from journeyfold.runtime.quality_series import DAYS_MAX

SHOWN, VALUES_MAX = 20, 200_000


def nearly_the_same(rule: Rule, side: Side, engine: RuleEngine) -> Result:
    """Pairs by the number of values (Q13); UsageError without the library, or with values that no
    person would review.
    """
    assert rule.near_unique is not None, "a rule of this key"
    if find_spec("rapidfuzz") is None:
        raise UsageError("near_unique needs rapidfuzz; pip install 'journeyfold[linkage]'")
    text = f"nullif(trim(cast({side.column(rule.near_unique.column)} as varchar)), '')"
    rows = engine.rows(
        f"select {text} as v, count(*) from {side.sql} where v is not null group by v "  # noqa: S608 - quoted
        f"limit {VALUES_MAX + 1}"
    )
    if len(rows) > VALUES_MAX:
        raise UsageError(
            f"{rule.near_unique.column} has more than {VALUES_MAX:,} values; near_unique is for "
            "names that somebody looks after"
        )
    found = near_duplicates(dict(rows), rule.near_unique.threshold)
    samples = (f"{pair.one} ~ {pair.other} ({pair.score:.2f})" for pair in found.pairs[:SHOWN])
    bad = min(len(found.pairs), found.values)
    detail = f"{_told(len(found.pairs), 'pair')} among {_told(found.values, 'value')}"
    if found.cut:
        detail += f"; {found.cut:,} values of large blocks were not compared"
    return msgspec.structs.replace(result_of(rule, found.values, bad, samples), detail=detail)


def row_counts(
    rule: Rule, side: Side, engine: RuleEngine, run: Run, *, is_by_day: bool
) -> list[tuple[tuple[str, str], Result]]:
    """Of events every UTC day of a source from its first to yesterday, also one without a row; of
    a table and of people all there are.
    """
    assert rule.rows is not None, "a rule of this key"
    today = rfc3339(run.at_us)[:10]
    if not is_by_day:
        ((n, source),) = engine.rows(f"select count(*), min(_source) from {side.sql}")  # noqa: S608 - quoted
        return [((source or "", today), _bounded(rule, rule.rows, n))]
    counts: dict[str, dict[str, int]] = {}
    rows = engine.rows(
        f"select _source, _day, count(*) from {side.sql} where _day < '{today}' group by 1, 2"  # noqa: S608
    )
    for source, day, n in rows:
        counts.setdefault(source, {})[day] = n
    last = date.fromisoformat(today) - timedelta(days=1)
    found = []
    for source, known in sorted(counts.items()):
        first = max(date.fromisoformat(min(known)), last - timedelta(days=DAYS_MAX))
        for at in range((last - first).days + 1):
            day = (first + timedelta(days=at)).isoformat()
            found.append(((source, day), _bounded(rule, rule.rows, known.get(day, 0))))
    return found


def _bounded(rule: Rule, bounds: Rows, n: int) -> Result:
    low, high = bounds.min, bounds.max
    is_bad = (low is not None and n < low) or (high is not None and n > high)
    said = _told(n, "row")
    if is_bad:
        words = f"{low:,} to {high:,}" if low is not None and high is not None else (
            f"at least {low:,}" if low is not None else f"at most {high:,}"
        )  # fmt: skip
        said += f" where {words} are expected"
    return msgspec.structs.replace(result_of(rule, 1, int(is_bad)), detail=said)


def _told(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
