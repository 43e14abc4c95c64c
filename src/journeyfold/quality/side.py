"""Rules about two datasets as SQL: references, accuracy, reconciliation, agreement (Q32, Q33).

Pure: text in, text out. A `Side` is a relation and what its columns are called there; every
relation of a ruleset has `_source`, `_day`, `_id` and `_at` beside its columns.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from journeyfold.quality.rule import Rule

GROUPS = ("_source", "_day")
SHOWN = 20


class Side(msgspec.Struct, frozen=True):
    """`column`: a name as rules write it → the SQL that reads it."""

    sql: str
    column: Callable[[str], str]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _texted(side: Side, name: str) -> str:
    return f"nullif(trim(cast({side.column(name)} as varchar)), '')"


def orphans(rule: Rule, here: Side, far: Side, far_column: str, *, shown: bool) -> str:
    """By group: rows that refer to something, and to nothing; or, `shown`, the values of those."""
    assert rule.references is not None, "a rule about references says to what"
    own, other = _texted(here, rule.references.column), _texted(far, far_column)
    joined = (
        f"(select _source, _day, _at, {own} as own from {here.sql}) here left join "  # noqa: S608
        f"(select distinct {other} as it from {far.sql}) far on own = it"
    )
    if shown:
        return _first(f"select _source, _day, own as shown, _at from {joined} "  # noqa: S608
                      "where own is not null and it is null")  # fmt: skip
    return (
        "select _source, _day, count(own), count(own) - count(it), '' "  # noqa: S608
        f"from {joined} group by _source, _day"
    )


def accuracy(rule: Rule, here: Side, far: Side, far_column: str, *, shown: bool) -> str:
    """By group: rows that the reference has a value for, and those whose own is another."""
    assert rule.accurate is not None, "a rule about accuracy says against what"
    key = rule.accurate.key
    joined = (
        f"(select _source, _day, _at, _id, {_texted(here, rule.accurate.column)} as own, "  # noqa: S608
        f"{_texted(here, key)} as k from {here.sql}) here join "
        f"(select any_value({_texted(far, far_column)}) as it, {_texted(far, key)} as fk "
        f"from {far.sql} group by fk having it is not null) far on k = fk"
    )
    if shown:
        return _first(
            f"select _source, _day, k || ': ' || coalesce(own, '-') || ', reference ' || it as shown, "  # noqa: S608
            f"_at from {joined} where own is distinct from it"
        )
    return (
        "select _source, _day, count(*), count_if(own is distinct from it), '' "  # noqa: S608
        f"from {joined} group by _source, _day"
    )


def _first(sql: str) -> str:
    return (
        f"select _source, _day, shown from ({sql}) "  # noqa: S608
        f"qualify row_number() over (partition by _source, _day order by _at) <= {SHOWN}"
    )


# --- reconciliation -----------------------------------------------------------------------------


def reconciliation(
    rule: Rule, key: tuple[str, ...], here: Side, far: Side, *, shown: bool, most: int = SHOWN
) -> str:
    """Groups or keys of both sides, and those that differ; or, `shown`, which and how: as many as
    `most`, 0 for all.
    """
    assert rule.reconcile is not None, "a rule of this key"
    told = rule.reconcile
    names = told.by or key
    relative, absolute = told.slack
    left, right = (_grouped(side, names, rule, key) for side in (here, far))
    tests = ["l.k is null or r.k is null"]
    absent = (
        "case when l.k is null then ' is missing here' when r.k is null then ' is missing in "
        f"' || {text(told.other)} else '' end"
    )
    shows = []
    if told.sum is not None:
        room = f"greatest({relative!r} * greatest(abs(l.s), abs(r.s)), {absolute!r})"
        tests.append(f"abs(l.s - r.s) > cast({room} as decimal(38, 6))")
        tests.append("(l.s is null) <> (r.s is null)")
        shows.append(_told("l.s is distinct from r.s", told.sum, "l.s", "r.s"))
    if told.sum is None and not told.compare:
        room = f"greatest({relative!r} * greatest(l.n, r.n), {absolute!r})"
        tests.append(f"abs(l.n - r.n) > {room}")
        shows.append(_told("l.n <> r.n", "rows", "l.n", "r.n"))
        if told.by and key:
            tests.append("l.h <> r.h")
            shows.append("case when l.n = r.n and l.h <> r.h then ': other keys' else '' end")
    for at, name in enumerate(told.compare):
        tests.append(f"l.v{at} is distinct from r.v{at}")
        shows.append(_told(f"l.v{at} is distinct from r.v{at}", name, f"l.v{at}", f"r.v{at}"))
    differs = " or ".join(f"coalesce({test}, false)" for test in tests)
    joined = f"({left}) l full join ({right}) r on l.k = r.k"
    if shown:
        said = " || ".join(shows)
        both = "coalesce(l.k, r.k)"
        return (
            f"select array_to_string({both}, ', ') || case when l.k is null or r.k is null then "  # noqa: S608
            f"{absent} else {said} end from {joined} where {differs} order by {both}"
            + (f" limit {most}" if most else "")
        )
    return (
        f"select count(*), count_if({differs}), "  # noqa: S608
        "count_if(l.k is null) || ' missing here, ' || count_if(r.k is null) || ' missing there, ' "
        f"|| count_if(l.k is not null and r.k is not null and ({differs})) || ' differ' from {joined}"
    )


def _told(when: str, name: str, left: str, right: str) -> str:
    shown = (f"coalesce(cast({each} as varchar), '-')" for each in (left, right))
    one, other = shown
    return f"case when {when} then {text(f': {name} ')} || {one} || ' here, ' || {other} || ' there' else '' end"


def _grouped(side: Side, names: tuple[str, ...], rule: Rule, key: tuple[str, ...]) -> str:
    told = rule.reconcile
    assert told is not None, "a rule of this key"
    columns = [_texted(side, name) for name in names]
    keys = ", ".join(f"coalesce({each}, '-')" for each in columns)
    parts = [
        f"[{keys}] as k",
        "count(*) as n",
    ]
    if told.sum is not None:
        parts.append(f"sum(try_cast({_texted(side, told.sum)} as decimal(38, 6))) as s")
    elif told.by and key:
        own = ", ".join(f"coalesce({_texted(side, name)}, '-')" for name in key)
        parts.append(
            f"md5(string_agg(distinct concat_ws('|', {own}), ',' order by concat_ws('|', {own}))) as h"
        )
    parts += [f"max({_texted(side, name)}) as v{at}" for at, name in enumerate(told.compare)]
    known = " or ".join(f"{each} is not null" for each in columns)
    return f"select {', '.join(parts)} from {side.sql} where {known} group by k"  # noqa: S608


# --- agreement ----------------------------------------------------------------------------------


def agreement(table: str, *, shown: bool) -> str:
    """Over `(person, source, value, occurred_us, _at)`: people of whom two sources say something,
    and those of whom they say different things. The newest value of a source counts, compared
    without regard to case and blanks.
    """
    newest = (
        "select person, source, arg_max(value, (occurred_us, _at)) as value "  # noqa: S608
        f"from {table} group by person, source having value is not null"
    )
    people = (
        "select person, count(*) as sources, "  # noqa: S608
        "count(distinct regexp_replace(lower(trim(value)), '\\s+', ' ', 'g')) as says, "
        "string_agg(source || ' ' || value, ', ' order by source) as told "
        f"from ({newest}) group by person having sources >= 2"
    )
    if shown:
        return f"select person || ': ' || told from ({people}) where says > 1 order by person limit {SHOWN}"  # noqa: S608
    return f"select count(*), count_if(says > 1) from ({people})"  # noqa: S608


def matrix(table: str) -> str:
    """Source by source: people of both, and those of whom they say the same."""
    newest = (
        "select person, source, arg_max(value, (occurred_us, _at)) as value, "  # noqa: S608
        f"regexp_replace(lower(trim(value)), '\\s+', ' ', 'g') as folded from {table} "
        "group by person, source, folded qualify row_number() over "
        "(partition by person, source order by max(occurred_us) desc, max(_at) desc) = 1"
    )
    return (
        f"with newest as ({newest}) select a.source, b.source, count(*), "  # noqa: S608
        "count_if(a.folded = b.folded) from newest a join newest b "
        "on a.person = b.person and a.source < b.source group by 1, 2 order by 1, 2"
    )
