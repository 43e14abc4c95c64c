"""What rules find in the rows of a run: the SQL of each, executed, and its results (Q12 to Q15).

A rule that cannot be run (a table that is not there) has the status `error` with its reason, and
the others are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.project.quality import Bound, far_dataset
from journeyfold.quality import side as two_sided
from journeyfold.quality.renamed import renamed
from journeyfold.quality.result import Found, Point, Run
from journeyfold.quality.rule import COUNTED, Rule, Ruleset
from journeyfold.quality.score import Result, failed_to_run, result_of
from journeyfold.quality.side import GROUPS, Side
from journeyfold.quality.sql import samples_of, scan_of
from journeyfold.quality.wilson import interval
from journeyfold.runtime.quality_counts import nearly_the_same, row_counts
from journeyfold.runtime.quality_engine import RuleEngine
from journeyfold.runtime.quality_series import anomalies, judged_days
from journeyfold.runtime.quality_shift import quarantined_shares, shifts
from journeyfold.runtime.quality_states import freshness_of
from journeyfold.runtime.quality_tables import Tables
from journeyfold.runtime.workspace import Workspace

ORDER = "_at"
Group = tuple[str, str]
"""(source, day)."""
Before = Callable[[str, str], Sequence[Point]]
"""(ruleset, rule) → figures of earlier runs."""


class Findings(msgspec.Struct):
    found: list[Found]
    points: list[Point]


class Judging:
    """One ruleset over the rows of a run."""

    def __init__(
        self, bound: Bound, tables: Tables, engine: RuleEngine, run: Run, before: Before
    ) -> None:
        self.bound, self.tables, self.engine, self.run = bound, tables, engine, run
        self.before = before
        self.findings = Findings([], [])

    def note(self, result: Result, group: Group) -> None:
        run = self.run
        self.findings.found.append(
            Found(
                self.bound.path, result.rule, *group, run.id, run.at_us, result.dimension,
                result.weight, result.n, result.bad, result.status, run.watermark,
                result.detail, tuple(each[:200] for each in result.samples),
            )
        )  # fmt: skip

    def fail(self, rule: Rule, error: Exception) -> None:
        first = str(error).strip().split("\n")[0][:300]
        self.note(failed_to_run(rule, first), ("", ""))


def judge(
    bound: Bound, tables: Tables, engine: RuleEngine, run: Run, workspace: Workspace, before: Before
) -> Findings:
    """`before`: of a rule about anomalies the figures of the days that this run does not read."""
    import duckdb

    judging = Judging(bound, tables, engine, run, before)
    counted = [rule for rule in bound.ruleset.rules if rule.key in COUNTED]
    try:
        if counted:
            _scan(judging, counted)
    except (duckdb.Error, UsageError) as error:
        for rule in counted:
            judging.fail(rule, error)
    for rule in bound.ruleset.rules:
        if rule.key in COUNTED:
            continue
        try:
            _of_sets(judging, rule, workspace)
        except (duckdb.Error, UsageError) as error:
            judging.fail(rule, error)
    return judging.findings


# --- what one scan counts -----------------------------------------------------------------------


def _scan(judging: Judging, rules: Sequence[Rule]) -> None:
    bound, engine = judging.bound, judging.engine
    side, predicates = _own(judging)
    ruleset = Ruleset(bound.ruleset.dataset, tuple(renamed(rule, side.column) for rule in rules))
    ruleset = _plain(ruleset)
    scan = scan_of(ruleset, side.sql, predicates, groups=GROUPS, order=ORDER)
    meant = {rule.id: rule for rule in rules}
    late = {rule.id: _latenesses(judging, side) for rule in rules if rule.timeliness}
    counts: dict[str, dict[Group, tuple[int, int]]] = {rule.id: {} for rule in rules}
    for row in engine.rows(scan.sql):
        for rule, n, bad in scan.counts(row):
            counts[rule.id][row[0], row[1]] = n, bad
    for rule in scan.rules:
        samples = _samples(judging, rule, side, predicates) if _any_bad(counts[rule.id]) else {}
        for group, (n, bad) in sorted(counts[rule.id].items()):
            result = result_of(meant[rule.id], n, bad, samples.get(group, ()))
            detail = late.get(rule.id, {}).get(group, "")
            judging.note(msgspec.structs.replace(result, detail=detail), group)
        if not counts[rule.id]:
            judging.note(result_of(meant[rule.id], 0, 0), ("", judging.tables.day))


def _own(judging: Judging) -> tuple[Side, dict[str, str]]:
    return own_side(judging.bound, judging.tables, judging.engine)


def own_side(bound: Bound, tables: Tables, engine: RuleEngine) -> tuple[Side, dict[str, str]]:
    """The dataset's own rows, and where the answers of its conditions stand."""
    if bound.dataset.kind == "table":
        side = tables.file_side(bound, bound.dataset.name, engine)
        return side, {name: f"t{at}" for at, name in enumerate(bound.tests)}
    if bound.dataset.kind == "profiles":
        table = tables.profiles[bound.path]
        return Side(table.sql, table.column), table.predicates
    table = tables.table(bound.dataset)
    own = f"{bound.path}/"
    predicates = {
        name.removeprefix(own): column
        for name, column in table.predicates.items()
        if name.startswith(own)
    }
    return Side(table.sql, table.column), predicates


def _plain(ruleset: Ruleset) -> Ruleset:
    """Columns of a file come quoted; a scan quotes them itself."""

    def plain(name: str) -> str:
        return name[1:-1].replace('""', '"') if name.startswith('"') else name

    return msgspec.structs.replace(
        ruleset, rules=tuple(renamed(rule, plain) for rule in ruleset.rules)
    )


def _samples(
    judging: Judging, rule: Rule, side: Side, predicates: Mapping[str, str]
) -> dict[Group, list[str]]:
    found: dict[Group, list[str]] = {}
    sql = samples_of(rule, side.sql, "_id", predicates, groups=GROUPS, order=ORDER)
    for source, day, shown in judging.engine.rows(sql):
        found.setdefault((source, day), []).append(shown)
    return found


def _any_bad(counts: Mapping[Group, tuple[int, int]]) -> bool:
    return any(bad for _, bad in counts.values())


def _latenesses(judging: Judging, side: Side) -> dict[Group, str]:
    sql = (
        "select _source, _day, quantile_disc(received_us - occurred_us, [0.5, 0.95]) "  # noqa: S608
        f"from {side.sql} group by _source, _day"
    )
    return {
        (source, day): f"p50 {_seconds(both[0])}, p95 {_seconds(both[1])}"
        for source, day, both in judging.engine.rows(sql)
    }


def _seconds(us: int) -> str:
    return f"{us / 1_000_000:,.1f} s"


# --- what is about sets -------------------------------------------------------------------------


def _of_sets(judging: Judging, rule: Rule, workspace: Workspace) -> None:
    if rule.references is not None or rule.accurate is not None:
        _against(judging, rule)
    elif rule.reconcile is not None:
        _reconciled(judging, rule)
    elif rule.agree is not None:
        _agreed(judging, rule)
    elif rule.freshness is not None:
        told = list(freshness_of(judging.bound, rule, workspace, judging.run))
        _note_all(judging, rule, [((source, judging.tables.day), each) for source, each in told])
    elif rule.near_unique is not None:
        side, _ = _own(judging)
        result = nearly_the_same(rule, side, judging.engine)
        judging.note(result, ("", judging.tables.day))
    elif rule.rows is not None:
        side, _ = _own(judging)
        is_by_day = judging.bound.dataset.is_of_events
        found = row_counts(rule, side, judging.engine, judging.run, is_by_day=is_by_day)
        _note_all(judging, rule, found)
    else:
        _unusual(judging, rule, workspace)


def _unusual(judging: Judging, rule: Rule, workspace: Workspace) -> None:
    assert rule.anomaly is not None, "the key that is left"
    side, _ = _own(judging)
    run, before = judging.run, judging.before(judging.bound.path, rule.id)
    if rule.anomaly.metric == "distribution":
        points, results = shifts(rule, side, judging.engine, run)
    elif rule.anomaly.metric == "quarantined":
        source = judging.bound.dataset.name
        rows = quarantined_shares(workspace.log.marks, source, run)
        points, results = judged_days(rule, rows, run, before)
    else:
        points, results = anomalies(rule, side, judging.engine, run, before)
    judging.findings.points += points
    _note_all(judging, rule, results)


def _note_all(judging: Judging, rule: Rule, results: Sequence[tuple[Group, Result]]) -> None:
    """Every rule leaves something, so that one that was never run is known."""
    for group, result in results:
        judging.note(result, group)
    if not results:
        judging.note(result_of(rule, 0, 0), ("", judging.tables.day))


def _against(judging: Judging, rule: Rule) -> None:
    """Every row against a row of another dataset."""
    assert rule.references is not None or rule.accurate is not None, "one of both"
    to = (rule.references or rule.accurate).to  # type: ignore[union-attr]  # see above
    name, column = far_dataset(to)
    here, far = _sides(judging, name)
    make = two_sided.orphans if rule.references is not None else two_sided.accuracy
    samples: dict[Group, list[str]] = {}
    for source, day, shown in judging.engine.rows(make(rule, here, far, column, shown=True)):
        samples.setdefault((source, day), []).append(shown)
    rows = judging.engine.rows(make(rule, here, far, column, shown=False))
    for source, day, n, bad, _ in sorted(rows, key=_group_of):
        result = result_of(rule, n, bad, samples.get((source, day), ()))
        if rule.accurate is not None and n:
            low, high = interval(n - bad, n)
            told = f"95 % interval {low:.1%} to {high:.1%}"
            result = msgspec.structs.replace(result, detail=told)
        judging.note(result, (source, day))
    if not rows:
        judging.note(result_of(rule, 0, 0), ("", judging.tables.day))


def _group_of(row: Sequence[Any]) -> tuple[str, str]:
    return str(row[0]), str(row[1])


def _reconciled(judging: Judging, rule: Rule) -> None:
    assert rule.reconcile is not None, "a rule of this key"
    here, far = _sides(judging, rule.reconcile.other)
    key = judging.bound.ruleset.key
    sql = two_sided.reconciliation(rule, key, here, far, shown=False)
    ((n, bad, detail),) = judging.engine.rows(sql)
    shown = two_sided.reconciliation(rule, key, here, far, shown=True)
    samples = [row[0] for row in judging.engine.rows(shown)] if bad else []
    result = msgspec.structs.replace(result_of(rule, n, bad, samples), detail=detail)
    judging.note(result, ("", judging.tables.day))


def _sides(judging: Judging, other: str) -> tuple[Side, Side]:
    here, _ = _own(judging)
    return here, judging.tables.side(judging.bound, other, judging.engine)


def _agreed(judging: Judging, rule: Rule) -> None:
    """How many sources of a person say the same, and which sources say what of each other."""
    table = judging.tables.statements[judging.bound.path, rule.id]
    rows = (
        f"(select c0 as person, _source as source, c1 as value, occurred_us, _at from {table.sql})"  # noqa: S608
    )
    ((n, bad),) = judging.engine.rows(two_sided.agreement(rows, shown=False))
    shown = two_sided.agreement(rows, shown=True)
    samples = [row[0] for row in judging.engine.rows(shown)] if bad else []
    pairs = _matrix(judging.engine.rows(two_sided.matrix(rows)))
    result = msgspec.structs.replace(result_of(rule, n, bad, samples), detail="; ".join(pairs))
    judging.note(result, ("", judging.tables.day))


def _matrix(rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    for one, other, both, same in rows:
        yield f"{one} and {other}: {same:,} of {both:,} the same"
