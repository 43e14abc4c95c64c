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

SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "phone": r"^\+[1-9][0-9]{6,14}$",
    "url": r"^https?://[^\s/$.?#][^\s]*$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "iban": r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$",
}
TABLES = {"country": "countries", "currency": "currencies"}
_CASTS = {"date": "date", "instant": "timestamptz"}
_YEAR = r"([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"  # none is 0 but in DuckDB
_DAY = _YEAR + r"-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
SPELLINGS = {
    "number": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?",
    "integer": r"[+-]?[0-9]{1,18}",
    "boolean": r"true|false",
    "date": _DAY,
    "instant": _DAY + r"[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
}
"""How values of these kinds are written; both the SQL and the predicate at the door read this."""
_SPELT = frozenset({"number", "date"})
_INTEGERS = (
    "'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER', 'UBIGINT'"
)
_OWN = {
    "number": f"{_INTEGERS}, 'DOUBLE', 'FLOAT', 'HUGEINT'", "integer": _INTEGERS,
    "boolean": "'BOOLEAN'", "date": "'DATE'", "instant": "'TIMESTAMP WITH TIME ZONE'",
}  # fmt: skip
_BARE = ", ".join(sorted(set(", ".join(_OWN.values()).split(", ")) | {"'TIMESTAMP'"}))


class Scan(msgspec.Struct, frozen=True):
    """One query; its row holds for each rule how many rows it is about and how many break it,
    behind the `groups` it was counted by.
    """

    sql: str
    rules: tuple[Rule, ...]
    groups: int = 0

    def counts(self, row: Sequence[int]) -> Iterator[tuple[Rule, int, int]]:
        for at, rule in enumerate(self.rules):
            first = self.groups + 2 * at
            yield rule, int(row[first] or 0), int(row[first + 1] or 0)


def scan_of(
    ruleset: Ruleset,
    table: str,
    predicates: Predicate | None = None,
    *,
    groups: Sequence[str] = (),
    order: str = "",
) -> Scan:
    """`table` is SQL: a name, or `read_parquet(…)`. Rules about several tables are not in it.

    By `groups`, a row that repeats an earlier one (by `order`) of any group counts in its own, so
    that the sums over groups are those of the whole (Q15).
    """
    predicates = predicates or {}
    told = [rule for rule in ruleset.rules if rule.key in _COUNTED]
    parts: list[str] = [_column(name) for name in groups]
    repeats: list[str] = []
    for rule in told:
        about, holds = judged_by(rule, predicates)
        parts.append(f"count_if({about})")
        if holds is not None:
            parts.append(f"count_if(({about}) and not coalesce(({holds}), false))")
        elif not groups:
            key = ", ".join(_column(name) for name in rule.unique or ())
            parts.append(f"count_if({about}) - count(distinct ({key})) filter ({about})")
        else:
            own = _column(f"_repeats {rule.id}")  # a column may be called as the rule is
            repeats.append(f"({about}) and {_is_repeat(rule, about, order)} as {own}")
            parts.append(f"count_if({own})")
    selected = ", ".join(parts) or "0"
    within = f"(select *, {', '.join(repeats)} from {table})" if repeats else table  # noqa: S608
    by = ", ".join(_column(name) for name in groups)
    sql = f"select {selected} from {within}"  # noqa: S608 - columns are quoted
    return Scan(f"{sql} group by {by}" if by else sql, tuple(told), len(groups))


def judged_by(rule: Rule, predicates: Predicate) -> tuple[str, str | None]:
    """SQL: is the rule about a row, and does the row keep it; None where rows are compared."""
    about, holds = _COUNTED[rule.key](rule, predicates)
    if rule.when is not None:
        about = f"({about}) and coalesce(({predicates[f'{rule.id}/when']}), false)"
    return about, holds


def _is_repeat(rule: Rule, about: str, order: str) -> str:
    key = ", ".join(_column(name) for name in rule.unique or ())
    return f"row_number() over (partition by ({about}), {key} order by {order}) > 1"


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
    about, holds = judged_by(rule, predicates or {})
    shown = ", ".join(f"cast({_column(name)} as varchar)" for name in key) or "'?'"
    if holds is None:
        names = ", ".join(_column(name) for name in rule.unique or ())
        return f"select {shown} from {table} where {about} qualify count(*) over (partition by {names}) > 1 limit 20"  # noqa: S608 - quoted
    return (
        f"select {shown} from {table} where ({about}) and not coalesce(({holds}), false) limit 20"  # noqa: S608 - quoted
    )


def samples_of(
    rule: Rule, table: str, shown: str, predicates: Predicate, *, groups: Sequence[str], order: str
) -> str:
    """The first 20 rows of every group that break it: the groups, and `shown` of the row."""
    about, holds = judged_by(rule, predicates)
    broken = "repeated" if holds is None else f"({about}) and not coalesce(({holds}), false)"
    within = table
    if holds is None:
        repeat = f"({about}) and {_is_repeat(rule, about, order)}"
        within = f"(select *, {repeat} as repeated from {table})"  # noqa: S608 - quoted
    by = ", ".join(_column(name) for name in groups)
    return (
        f"select {by}, cast({_column(shown)} as varchar) from {within} where {broken} "  # noqa: S608 - quoted
        f"qualify row_number() over (partition by {by} order by {order}) <= 20"
    )


def _completeness(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    """A text of blanks is nothing; most texts begin with what is none, so few are trimmed, and
    numbers and times are not made texts of.
    """
    column = _column(rule.completeness or "")
    text = f"cast({column} as varchar)"
    texts = f"case when ascii({text}) > 32 then true else trim({text}) <> '' end"
    return (
        "true",
        f"case when typeof({column}) in ({_BARE}) then {column} is not null else {texts} end",
    )


def _valid(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    column, kind = _column(rule.valid or ""), rule.valid_as or ""
    text = f"cast({column} as varchar)"
    about = f"{column} is not null and {text} <> ''"
    if kind in _SPELT:
        return about, spelt(column, kind)
    if kind in SHAPES:
        holds = f"regexp_matches({text}, {_text(SHAPES[kind])})"
        return about, f"{holds} and {_mod_97(text)}" if kind == "iban" else holds
    if kind in TABLES:
        codes = ", ".join(_text(row[0]) for row in rows(TABLES[kind]))
        # as a relation it is hashed; as a list it is looked through, value by value
        return about, f"{text} in (select unnest([{codes}]))"
    raise AssertionError(f"'{kind}' has no meaning")


def _mod_97(text: str) -> str:
    """The check digits of an IBAN (ISO 13616): letters are 10 to 35, the whole is 1 modulo 97."""
    moved = f"substr({text}, 5) || substr({text}, 1, 4)"
    digits = (
        f"array_to_string(list_transform(string_split({moved}, ''), lambda c: "
        "case when c between 'A' and 'Z' then cast(ascii(c) - 55 as varchar) else c end), '')"
    )
    return (
        f"list_reduce(list_transform(string_split({digits}, ''), lambda c: try_cast(c as integer)), "
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
    given = rule.one_of.values
    numbers = ", ".join(repr(float(each)) for each in given if _is_number(each))
    texts = ", ".join(_literal(each) for each in given if isinstance(each, str))
    truths = ", ".join(_text(str(each).lower()) for each in given if isinstance(each, bool))
    tests = [f"{number(column)} in ({numbers})"] if numbers else []
    tests += [f"cast({column} as varchar) in ({each})" for each in (texts, truths) if each]
    return f"{column} is not null", " or ".join(f"coalesce({test}, false)" for test in tests)


def _range(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.range is not None, "a rule of this key"
    column = number(_column(rule.range.column))
    bounds = [
        f"{column} {sign} {_literal(bound)}"
        for sign, bound in ((">=", rule.range.min), ("<=", rule.range.max))
        if bound is not None
    ]
    return f"{_column(rule.range.column)} is not null", " and ".join(bounds)


def _kind(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.kind is not None, "a rule of this key"
    column = _column(rule.kind.column)
    return f"{column} is not null", spelt(column, rule.kind.is_)


def _unique(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    names = [_column(name) for name in rule.unique or ()]
    return " or ".join(f"{name} is not null" for name in names) or "false", None


def _check(rule: Rule, predicates: Predicate) -> tuple[str, str | None]:
    return "true", predicates[rule.id]


def _timeliness(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    assert rule.timeliness is not None, "a rule of this key"
    within = duration_us(rule.timeliness.within) or 0
    return "occurred_us is not null", f"received_us - occurred_us <= {within}"


def _conforms(rule: Rule, _: Predicate) -> tuple[str, str | None]:
    del rule
    return "true", "schema_errors = 0"


_COUNTED = {
    "completeness": _completeness, "valid": _valid, "matches": _matches, "one_of": _one_of,
    "range": _range, "kind": _kind, "unique": _unique, "check": _check, "timeliness": _timeliness,
    "conforms": _conforms,
}  # fmt: skip


def spelt(column: str, kind: str) -> str:
    """Is it written as one of these? A column that is a number is one without being read."""
    text = f"cast({column} as varchar)"
    test = f"regexp_full_match({text}, {_text(SPELLINGS[kind])})"
    if kind in {"date", "instant"}:
        test += f" and try_cast({text} as {_CASTS[kind]}) is not null"
    elif kind == "number":
        test += f" and isfinite(try_cast({text} as double))"
    return f"case when typeof({column}) in ({_OWN[kind]}) then true else {test} end"


def number(column: str) -> str:
    """The value as a number, null for what is none."""
    return (
        f"case when typeof({column}) in ({_OWN['number']}) then try_cast({column} as double) "
        f"when {spelt(column, 'number')} then try_cast(cast({column} as varchar) as double) end"
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _column(name: str) -> str:
    """`traits.email` is a member of a struct; each part is quoted."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def _literal(value: str | float | bool) -> str:  # noqa: FBT001 - a value of JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
