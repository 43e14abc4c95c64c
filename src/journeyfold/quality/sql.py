"""Rules as one SQL text: all that are about rows are counted in a single scan (quality section 4).

Pure: text in, text out. DuckDB runs it over Parquet or a table. A row whose value is null breaks
only rules about completeness; other rules are about the values that are there (section 2.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from journeyfold.core.instant import duration_us
from journeyfold.quality.rule import Rule, Ruleset
from journeyfold.quality.tables import rows

Predicate = Mapping[str, str]
"""Rule id → the SQL of its `check` or `when`, made from the project's language."""

_SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "phone": r"^\+[1-9][0-9]{6,14}$",
    "url": r"^https?://[^\s/$.?#][^\s]*$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "iban": r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
}
_TABLES = {"country": "countries", "currency": "currencies"}
_CASTS = {
    "number": "double", "integer": "bigint", "boolean": "boolean", "date": "date",
    "instant": "timestamptz",
}  # fmt: skip


class Scan(msgspec.Struct, frozen=True):
    """One query; its row holds for each rule how many rows it is about and how many break it."""

    sql: str
    rules: tuple[Rule, ...]

    def counts(self, row: Sequence[int]) -> Iterator[tuple[Rule, int, int]]:
        for at, rule in enumerate(self.rules):
            yield rule, int(row[2 * at] or 0), int(row[2 * at + 1] or 0)


def scan_of(ruleset: Ruleset, table: str, predicates: Predicate | None = None) -> Scan:
    """`table` is SQL: a name, or `read_parquet(…)`. Rules about several tables are not in it."""
    predicates = predicates or {}
    told = [rule for rule in ruleset.rules if rule.key in _COUNTED]
    parts: list[str] = []
    for rule in told:
        about, holds = _COUNTED[rule.key](rule, predicates)
        if rule.when is not None:
            about = f"({about}) and ({predicates[f'{rule.id}/when']})"
        if holds is None:
            key = ", ".join(_column(name) for name in rule.unique or ())
            parts += [
                f"count_if({about})", f"count_if({about}) - count(distinct ({key})) filter ({about})",
            ]  # fmt: skip
        else:
            parts += [
                f"count_if({about})",
                f"count_if(({about}) and not coalesce(({holds}), false))",
            ]
    selected = ", ".join(parts) or "0"
    return Scan(f"select {selected} from {table}", tuple(told))  # noqa: S608 - columns are quoted


def orphans_of(rule: Rule, table: str, other: str) -> str:
    """Rows that refer to something, and those that refer to nothing."""
    assert rule.references is not None, "a rule about references says to what"
    column = _column(rule.references.column)
    far = _column(rule.references.to.rpartition(".")[2])
    return (
        f"select count({column}), count({column}) - count(matched.it) from {table} "  # noqa: S608 - quoted
        f"left join (select distinct {far} as it from {other} where {far} is not null) matched "
        f"on {column} = matched.it"
    )


def bad_rows_of(
    rule: Rule, table: str, key: Sequence[str], predicates: Predicate | None = None
) -> str:
    """The keys of at most 20 rows that break it."""
    about, holds = _COUNTED[rule.key](rule, predicates or {})
    shown = ", ".join(f"cast({_column(name)} as varchar)" for name in key) or "'?'"
    if holds is None:
        names = ", ".join(_column(name) for name in rule.unique or ())
        return f"select {shown} from {table} where {about} qualify count(*) over (partition by {names}) > 1 limit 20"  # noqa: S608 - quoted
    return (
        f"select {shown} from {table} where ({about}) and not coalesce(({holds}), false) limit 20"  # noqa: S608 - quoted
    )


def _completeness(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    """A text of blanks is nothing; most texts begin with what is none, so few are trimmed."""
    column = _column(rule.completeness or "")
    text = f"cast({column} as varchar)"
    return "true", f"case when ascii({text}) > 32 then true else trim({text}) <> '' end"


def _valid(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    column, kind = _column(rule.valid or ""), rule.valid_as or ""
    text = f"cast({column} as varchar)"
    about = f"{column} is not null and {text} <> ''"
    if kind in _SHAPES:
        holds = f"regexp_matches({text}, {_text(_SHAPES[kind])})"
        return about, f"{holds} and {_mod_97(text)}" if kind == "iban" else holds
    if kind in _TABLES:
        codes = ", ".join(_text(row[0]) for row in rows(_TABLES[kind]))
        # as a relation it is hashed; as a list it is looked through, value by value
        return about, f"{text} in (select unnest([{codes}]))"
    return about, f"try_cast({column} as {_CASTS[kind]}) is not null"


def _mod_97(text: str) -> str:
    """The check digits of an IBAN (ISO 13616): letters are 10 to 35, the whole is 1 modulo 97."""
    moved = f"substr({text}, 5) || substr({text}, 1, 4)"
    digits = (
        f"array_to_string(list_transform(string_split({moved}, ''), lambda c: "
        "case when c between 'A' and 'Z' then cast(ascii(c) - 55 as varchar) else c end), '')"
    )
    return (
        f"list_reduce(list_transform(string_split({digits}, ''), lambda c: cast(c as integer)), "
        "lambda x, y: (x * 10 + y) % 97) = 1"
    )


def _matches(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.matches is not None, "a rule of this key"
    column = _column(rule.matches.column)
    holds = f"regexp_full_match(cast({column} as varchar), {_text(rule.matches.pattern)})"
    return f"{column} is not null", holds


def _one_of(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.one_of is not None, "a rule of this key"
    column = _column(rule.one_of.column)
    values = ", ".join(_literal(value) for value in rule.one_of.values)
    return f"{column} is not null", f"{column} in ({values})"


def _range(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.range is not None, "a rule of this key"
    column = _column(rule.range.column)
    bounds = [
        f"{column} {sign} {_literal(bound)}"
        for sign, bound in ((">=", rule.range.min), ("<=", rule.range.max))
        if bound is not None
    ]
    return f"{column} is not null", " and ".join(bounds)


def _kind(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.kind is not None, "a rule of this key"
    column = _column(rule.kind.column)
    return f"{column} is not null", f"try_cast({column} as {_CASTS[rule.kind.is_]}) is not null"


def _unique(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    names = [_column(name) for name in rule.unique or ()]
    return " and ".join(f"{name} is not null" for name in names) or "false", None


def _check(rule: Rule, predicates: Predicate) -> tuple[str, str | None]:
    return "true", predicates[rule.id]


def _timeliness(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.timeliness is not None, "a rule of this key"
    within = duration_us(rule.timeliness.within) or 0
    return "occurred_us is not null", f"received_us - occurred_us <= {within}"


_COUNTED = {
    "completeness": _completeness, "valid": _valid, "matches": _matches, "one_of": _one_of,
    "range": _range, "kind": _kind, "unique": _unique, "check": _check, "timeliness": _timeliness,
}  # fmt: skip


def _column(name: str) -> str:
    """`traits.email` is a member of a struct; each part is quoted."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _literal(value: str | float | bool) -> str:  # noqa: FBT001 - a value of JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
