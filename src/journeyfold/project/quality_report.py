"""What commands, the API and the console say of quality: rules, scores, freshness (quality Q14).

Days and sources of a rule are added up exactly; the status of the sum is judged by the rule's own
bounds. A score is of one source, or of a dataset that no source sends (people, a table).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import msgspec

from journeyfold.project.model import Project
from journeyfold.project.quality import PROFILES
from journeyfold.quality.result import Column, Found, Run
from journeyfold.quality.rule import Rule, Ruleset
from journeyfold.quality.score import Result, Status, result_of, score_of

_ORDER: dict[Status, int] = {"error": 0, "fail": 1, "warn": 2, "pass": 3, "empty": 4}
_BY_DAY = frozenset({"anomaly", "freshness", "reconcile", "agree", "near_unique", "rows"})
"""What counts is the newest: one bad day is a failure, whatever the share of good ones, and what is
about all that is recorded is not added to what was found the night before.
"""


class RuleLine(msgspec.Struct, frozen=True):
    """One rule and source over all its days. `value` is 1 - bad / n, None where n is 0. Of a rule
    that cannot be run `detail` says why, and the figures are those of the last time it could
    (`at_us`).
    """

    ruleset: str
    dataset: str
    rule: str
    source: str
    dimension: str
    severity: str
    n: int
    bad: int
    value: float | None
    status: Status
    days: int
    newest_day: str
    worst_day: str = ""
    detail: str = ""
    samples: tuple[str, ...] = ()
    on_fail: str = "none"
    owner: str = ""
    at_us: int = 0
    failing: int = 0  # of `days`, those that fail on their own
    failed_day: str = ""  # the newest of them


class ScoreLine(msgspec.Struct, frozen=True):
    """0 to 1, with the rules it stands on and the share of columns under one (Q14)."""

    source: str
    score: float | None
    dimensions: dict[str, float]
    rules: int
    coverage: float
    columns: int


class FreshLine(msgspec.Struct, frozen=True):
    source: str
    state: str
    told: str
    age_us: int | None = None
    expected_us: int | None = None
    is_learned: bool = False


class QualityReport(msgspec.Struct, frozen=True):
    run: str
    rules: tuple[RuleLine, ...]
    scores: tuple[ScoreLine, ...] = ()
    freshness: tuple[FreshLine, ...] = ()
    ledger_gap: int = 0


def rule_lines(project: Project, found: Iterable[Found]) -> list[RuleLine]:
    """By ruleset, rule and source; the worst status first within a ruleset."""
    groups, errors = _grouped(found)
    lines = []
    for (path, rule_id, source), rows in groups.items():
        ruleset = project.quality.get(path)
        rule = (
            next((each for each in ruleset.rules if each.id == rule_id), None) if ruleset else None
        )
        if ruleset is not None and rule is not None:
            rows.sort(key=lambda row: row.day)
            line = _line(path, ruleset, rule, source, rows)
            error = errors.get((path, rule_id))
            if error is not None:
                line = msgspec.structs.replace(line, status="error", detail=error.detail)
            lines.append(line)
    return sorted(
        lines, key=lambda each: (_ORDER[each.status], each.dataset, each.rule, each.source)
    )


def _grouped(
    found: Iterable[Found],
) -> tuple[dict[tuple[str, str, str], list[Found]], dict[tuple[str, str], Found]]:
    """Results by ruleset, rule and source, and the rules that could not be run. That nothing was
    there, or that it could not be run, has a line of its own only where the rule has no other.
    """
    groups: dict[tuple[str, str, str], list[Found]] = {}
    errors: dict[tuple[str, str], Found] = {}
    nothing: list[Found] = []
    for each in found:
        if each.status == "error":
            errors[each.ruleset, each.rule] = each
        if each.status == "error" or (each.status == "empty" and not each.source):
            nothing.append(each)
        else:
            groups.setdefault((each.ruleset, each.rule, each.source), []).append(each)
    told = {key[:2] for key in groups}
    for each in nothing:
        if (each.ruleset, each.rule) not in told:
            groups.setdefault((each.ruleset, each.rule, ""), []).append(each)
    return groups, errors


def _line(path: str, ruleset: Ruleset, rule: Rule, source: str, rows: Sequence[Found]) -> RuleLine:
    dataset = ruleset.dataset
    told = _newest(rows) if _is_of_its_day(ruleset, rule) else None
    n = told.n if told else sum(row.n for row in rows)
    bad = told.bad if told else sum(row.bad for row in rows)
    status = told.status if told else result_of(rule, n, bad).status
    worst = max(rows, key=lambda row: (row.status == "fail", row.bad, row.day))
    shown = told or next((row for row in reversed(rows) if row.samples or row.detail), rows[-1])
    samples = tuple(dict.fromkeys(each for row in reversed(rows) for each in row.samples))[:20]
    failed = [row.day for row in rows if row.status == "fail"]
    return RuleLine(
        path, dataset, rule.id, source, rule.dimension, rule.severity, n, bad,
        float(1 - Fraction(bad, n)) if n else None, status, len(rows), rows[-1].day,
        worst.day if worst.bad else "", shown.detail, samples, rule.on_fail, rule.owner,
        rows[-1].at_us, len(failed), failed[-1] if failed else "",
    )  # fmt: skip


def _is_of_its_day(ruleset: Ruleset, rule: Rule) -> bool:
    """A result about all there was on that day, which the next day's replaces and adds nothing to."""
    whole = ruleset.dataset == PROFILES or ruleset.dataset in ruleset.tables
    return whole or rule.key in _BY_DAY


def _newest(rows: Sequence[Found]) -> Found:
    """Of days that say something, where there are any."""
    return next((row for row in reversed(rows) if row.n), rows[-1])


def score_lines(
    lines: Iterable[RuleLine], columns: Mapping[str, Sequence[Column]]
) -> list[ScoreLine]:
    """By source; what no source sends stands under its dataset."""
    groups: dict[str, list[RuleLine]] = {}
    for line in lines:
        groups.setdefault(line.source or line.dataset, []).append(line)
    return [_score(name, groups[name], columns) for name in sorted(groups)]


def _score(
    name: str, lines: Sequence[RuleLine], columns: Mapping[str, Sequence[Column]]
) -> ScoreLine:
    weights = {"high": 3, "medium": 2, "low": 1}
    results = [
        Result(line.rule, line.dimension, weights[line.severity], line.n, line.bad, line.status)  # type: ignore[arg-type]  # as it was found
        for line in lines
    ]
    seen: dict[tuple[str, str], bool] = {}
    for dataset, told in _columns(lines, columns):
        for column in told:
            key = (dataset, column.name)
            seen[key] = seen.get(key, False) or column.is_covered
    found = score_of(results, len(seen), sum(seen.values()))
    return ScoreLine(name, found.score, found.dimensions, found.rules, found.coverage, len(seen))


def _columns(
    lines: Iterable[RuleLine], columns: Mapping[str, Sequence[Column]]
) -> Iterator[tuple[str, Sequence[Column]]]:
    for path, dataset in dict.fromkeys((line.ruleset, line.dataset) for line in lines):
        yield dataset, columns.get(path, ())


# --- over time ----------------------------------------------------------------------------------


class DayScore(msgspec.Struct, frozen=True):
    day: str
    score: float


class AlertLine(msgspec.Struct, frozen=True):
    """An alert that is open."""

    ruleset: str
    dataset: str
    rule: str
    source: str
    since_us: int
    day: str
    muted: bool


class DayLine(msgspec.Struct, frozen=True):
    """One day of one rule and source, as it was found."""

    day: str
    n: int
    bad: int
    value: float | None
    status: Status
    detail: str
    samples: tuple[str, ...]


class QualityCard(msgspec.Struct, frozen=True):
    """Everything a page needs: `trend` by source, the runs newest first."""

    report: QualityReport
    trend: dict[str, tuple[DayScore, ...]] = {}
    alerts: tuple[AlertLine, ...] = ()
    runs: tuple[Run, ...] = ()
    has_rules: bool = False


def trends(
    project: Project, found: Iterable[Found], most: int = 60
) -> dict[str, tuple[DayScore, ...]]:
    """The score of every day that has one, by source, the latest days of each."""
    days: dict[str, dict[str, list[Found]]] = {}
    for each in found:
        ruleset = project.quality.get(each.ruleset)
        if ruleset is not None and each.n:
            name = each.source or ruleset.dataset
            days.setdefault(name, {}).setdefault(each.day, []).append(each)
    return {
        name: tuple(_day_score(day, by_day[day]) for day in sorted(by_day)[-most:])
        for name, by_day in sorted(days.items())
    }


def _day_score(day: str, rows: Iterable[Found]) -> DayScore:
    results = [
        Result(row.rule, row.dimension, row.weight, row.n, row.bad, row.status) for row in rows
    ]
    return DayScore(day, score_of(results, 0, 0).score or 0.0)


def day_lines(found: Iterable[Found]) -> list[DayLine]:
    """Newest first."""
    return [
        DayLine(
            row.day, row.n, row.bad, float(row.value) if row.value is not None else None,
            row.status, row.detail, row.samples,
        )
        for row in sorted(found, key=lambda each: each.day, reverse=True)
    ]  # fmt: skip
