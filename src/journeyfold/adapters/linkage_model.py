"""The settings of a linkage as a model of Splink, in the SQL of its engine.

A comparison is a list of levels, the first that holds counts: nothing known, the same, about the
same, and all else. What two values share stands here once for every engine; only the names of the
string distances differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from journeyfold.identity.linkage import Agreement, Compare, Linkage, agreement

ID = "unique_id"
Backend = Literal["duckdb", "spark"]
LinkType = Literal["dedupe_only", "link_only"]

ABOUT, ALIKE, WHOLE_ALIKE = 0.8, 0.9, 0.92
"""Jaro-Winkler similarities from which names, texts and whole names are about the same."""


class Distances(NamedTuple):
    """What an engine calls its string distances, and how it writes names, texts and dates."""

    similarity: str
    edits: str
    day: str
    between: str = "datediff('day', {}, {})"
    quote: str = '"'
    text: str = "varchar"

    def about(self, a: str, b: str, least: float) -> str:
        return f"{self.similarity}({a}, {b}) >= {least}"

    def within(self, a: str, b: str, most: int) -> str:
        return f"{self.edits}({a}, {b}) <= {most}"

    def days(self, a: str, b: str, most: int) -> str:
        days = self.between.format(self.day.format(a), self.day.format(b))
        return f"abs({days}) <= {most}"

    def name(self, column: str) -> str:
        return f"{self.quote}{column}{self.quote}"

    def iso(self, value: str, written: str) -> str:
        """A date as ISO 8601 writes it; null for what is none. `written` is of strptime."""
        if self.text == "varchar":
            return f"strftime(try_strptime({value}, '{written}'), '%Y-%m-%d')"
        for code, letters in _LETTERS:
            written = written.replace(code, letters)
        return f"date_format(try_to_timestamp({value}, '{written}'), 'yyyy-MM-dd')"


_LETTERS = (("%Y", "yyyy"), ("%m", "MM"), ("%d", "dd"), ("%y", "yy"))
ENGINES: dict[Backend, Distances] = {
    "duckdb": Distances("jaro_winkler_similarity", "damerau_levenshtein", "try_cast({} as date)"),
    "spark": Distances(
        "jaro_winkler", "damerau_levenshtein", "try_cast({} as date)", "datediff({}, {})", "`",
        "string",
    ),
}  # fmt: skip


class Level(NamedTuple):
    """`term`: the column whose frequency weighs an agreement."""

    condition: str
    says: str
    term: str = ""


def joined(columns: str) -> str:
    """The column in which `given_name+surname` are one."""
    return columns.replace("+", "_and_")


def model_of(settings: Linkage, link_type: LinkType, backend: Backend) -> dict[str, Any]:
    """A settings dictionary of Splink."""
    engine = ENGINES[backend]
    return {
        "link_type": link_type,
        "unique_id_column_name": ID,
        "linker_uid": "linkage",  # a random one would make equal models differ
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": rule_of(rule, engine), "sql_dialect": backend}
            for rule in settings.block_on
        ],
        "comparisons": [
            _comparison(column, how, engine) for column, how in settings.comparisons.items()
        ],
        "max_iterations": 100,  # who settles at all needs a tenth of them
        "retain_matching_columns": True,  # the levels come with them
        "retain_intermediate_calculation_columns": True,
    }


def rule_of(rule: Iterable[str], engine: Distances) -> str:
    """Everything that a pair has in common, over `l` and `r`."""
    return " and ".join(_shared(agreement(text), engine) for text in rule)


def key_of(rule: Iterable[str]) -> tuple[str, str]:
    """A text that both records of a pair have in common: of the one as it is, and of the other as
    it must be; null where something is unknown. What is no equality is not in it.
    """
    mine, theirs = list[str](), list[str]()
    for what in map(agreement, rule):
        if what.other:
            mine += [what.column, what.other]
            theirs += [what.other, what.column]
        elif not what.edits:
            length = f", {what.stop - what.start}" if what.stop else ""
            part = f"substr({what.column}, {what.start + 1}{length})"
            mine.append(part)
            theirs.append(part)
    if not mine:
        return "''", "''"  # everybody: a key that is too large as soon as there are many
    between = " || chr(31) || "
    return between.join(mine), between.join(theirs)


def frequencies_of(model: Mapping[str, Any]) -> list[str]:
    """Columns whose term frequencies a model weighs."""
    levels = [each for one in model["comparisons"] for each in one["comparison_levels"]]
    return sorted({str(name) for each in levels if (name := each.get("tf_adjustment_column"))})


def words_of(settings: Linkage) -> dict[str, list[str]]:
    """Column → what its levels say, from -1 (unknown) and 0 (all else) up."""
    found: dict[str, list[str]] = {}
    for column, how in settings.comparisons.items():
        made = _comparison(column, how, ENGINES["duckdb"])
        labels = [str(each["label_for_charts"]) for each in made["comparison_levels"]]
        found[joined(column)] = [labels[0], "differs", *reversed(labels[1:-1])]
    return found


def _shared(what: Agreement, engine: Distances) -> str:
    column = what.column
    if what.other:
        return f"l.{column} = r.{what.other} and l.{what.other} = r.{column}"
    if what.edits:
        return engine.within(f"l.{column}", f"r.{column}", what.edits)
    if what.start or what.stop:
        length = f", {what.stop - what.start}" if what.stop else ""
        parts = [f"substr({side}.{column}, {what.start + 1}{length})" for side in "lr"]
        return " = ".join(parts)
    return f"l.{column} = r.{column}"


def _comparison(columns: str, how: Compare, engine: Distances) -> dict[str, Any]:
    if how.edits:
        levels = _edits(columns, how, engine)
    else:
        levels = _MEASURES[how.measure or "exact"](columns, how, engine)
    return {
        "output_column_name": joined(columns),
        "comparison_levels": [
            *map(_level, levels),
            {"sql_condition": "ELSE", "label_for_charts": "else"},
        ],
    }


def _level(level: Level) -> dict[str, Any]:
    made: dict[str, Any] = {"sql_condition": level.condition, "label_for_charts": level.says}
    if level.says == "unknown":
        made["is_null_level"] = True
    if level.term:
        made["tf_adjustment_column"] = level.term
        made["tf_adjustment_weight"] = 1.0
    return made


def _unknown(*columns: str) -> Level:
    """Either record says nothing in all of these."""
    sides = [" and ".join(f"{column}_{side} is null" for column in columns) for side in "lr"]
    return Level(f"({sides[0]}) or ({sides[1]})", "unknown")


def _same(column: str, how: Compare) -> Level:
    return Level(f"{column}_l = {column}_r", "same", column if how.tf else "")


def _edits(column: str, how: Compare, engine: Distances) -> list[Level]:
    one, other = f"{column}_l", f"{column}_r"
    steps = [Level(engine.within(one, other, most), f"{most} edits") for most in how.edits]
    return [_unknown(column), _same(column, how), *steps]


def _exact(column: str, how: Compare, _: Distances) -> list[Level]:
    return [_unknown(column), _same(column, how)]


def _text(column: str, how: Compare, engine: Distances) -> list[Level]:
    alike = engine.about(f"{column}_l", f"{column}_r", ALIKE)
    return [_unknown(column), _same(column, how), Level(alike, "alike")]


def _name(column: str, how: Compare, engine: Distances) -> list[Level]:
    one, other = f"{column}_l", f"{column}_r"
    steps = [
        Level(engine.about(one, other, least), f"alike by {least}") for least in (0.92, 0.88, 0.7)
    ]
    return [_unknown(column), _same(column, how), *steps]


def _names(columns: str, how: Compare, engine: Distances) -> list[Level]:
    """Two names, in either order; a whole name, where there is one, is looked at first."""
    first, last = columns.split("+")
    fl, fr, sl, sr = f"{first}_l", f"{first}_r", f"{last}_l", f"{last}_r"

    def about(a: str, b: str) -> str:
        return engine.about(a, b, ABOUT)

    whole = how.whole
    levels = [_unknown(first, last)]
    if whole:
        levels.append(Level(f"{whole}_l = {whole}_r", "same whole name", whole))
    levels += [
        Level(f"{joined(columns)}_l = {joined(columns)}_r", "same names", joined(columns)),
        Level(f"{fl} = {sr} and {sl} = {fr}", "same names, crossed"),
    ]
    if whole:
        levels.append(
            Level(engine.about(f"{whole}_l", f"{whole}_r", WHOLE_ALIKE), "alike as a whole")
        )
    levels += [
        Level(
            f"({about(fl, fr)} and {about(sl, sr)}) or ({about(fl, sr)} and {about(sl, fr)})",
            "names alike",
        ),
        Level(f"{sl} = {sr}", "same last name", last),
        Level(f"{fl} = {fr}", "same first name", first),
        Level(f"{fl} = {sr} or {sl} = {fr}", "one name, crossed"),
        Level(
            " or ".join([about(fl, fr), about(sl, sr), about(fl, sr), about(sl, fr)]),
            "one name alike",
        ),
    ]
    return levels


def _date(column: str, _: Compare, engine: Distances) -> list[Level]:
    """ISO dates; a difference of a month, a year and ten years are slips of their own."""
    one, other = f"{column}_l", f"{column}_r"
    spans = ((31, "a month"), (366, "a year"), (3_653, "ten years"))
    return [
        _unknown(column),
        Level(f"{one} = {other}", "same"),
        Level(engine.within(one, other, 1), "1 edit"),
        *(Level(engine.days(one, other, days), f"within {name}") for days, name in spans),
    ]


def _email(column: str, how: Compare, engine: Distances) -> list[Level]:
    one, other = f"{column}_l", f"{column}_r"
    local = "substr({0}, 1, instr({0}, '@') - 1)"
    return [
        _unknown(column),
        _same(column, how),
        Level(engine.within(one, other, 3), "3 edits"),
        Level(f"{local.format(one)} = {local.format(other)}", "same before the @"),
        Level(engine.about(one, other, 0.88), "alike"),
    ]


def _postcode(column: str, how: Compare, _: Distances) -> list[Level]:
    """The whole, then what stands before a blank, then the first letters."""
    one, other = f"{column}_l", f"{column}_r"
    parts: Sequence[tuple[str, str]] = (
        ("substr({0}, 1, length({0}) - 1)", "all but the last"),
        ("substr({0}, 1, instr({0}, ' ') - 1)", "same district"),
        ("substr({0}, 1, 2)", "same area"),
    )
    steps = [Level(f"{part.format(one)} = {part.format(other)}", says) for part, says in parts]
    return [_unknown(column), _same(column, how), *steps]


_MEASURES = {
    "name": _name,
    "names": _names,
    "date": _date,
    "email": _email,
    "postcode": _postcode,
    "text": _text,
    "exact": _exact,
}
