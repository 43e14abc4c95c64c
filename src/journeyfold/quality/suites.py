"""Rules out of suites of Great Expectations and Table Schema files, taken over once (quality Q16).

Pure. What means the same here becomes a rule; everything else is named with its reason, so that
nothing is lost without a word. Sources: the expectation gallery of greatexpectations.io (names and
`kwargs` of 0.x and 1.x), and specs.frictionlessdata.io/table-schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from journeyfold.quality.rule import Rule

Written: TypeAlias = dict[str, Any]
LENGTH_MAX = 1_000  # that the engine of patterns repeats


class SuiteError(Exception):
    """The file is neither a suite nor a Table Schema; says so in a sentence."""


class Taken(msgspec.Struct, frozen=True):
    """`rules` as they would be written; `left`: what was not taken over, and why."""

    rules: tuple[Written, ...]
    left: tuple[str, ...]
    key: tuple[str, ...] = ()
    tables: dict[str, str] = {}


class _Left(Exception):  # noqa: N818 - no mistake: this one stays behind
    """Why an expectation has no rule."""


def taken_over(text: str) -> Taken:
    """From the JSON of either."""
    try:
        document = msgspec.json.decode(text.encode(), type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise SuiteError(f"not a JSON object: {error}") from None
    if isinstance(document.get("expectations"), list):
        return _of_suite(document["expectations"])
    if isinstance(document.get("fields"), list):
        return _of_table(document)
    raise SuiteError("neither `expectations` (Great Expectations) nor `fields` (Table Schema)")


def text_of(dataset: str, taken: Taken) -> str:
    """As a file of `quality/`: a line a rule."""
    lines = [f"dataset: {_flow(dataset)}"]
    if taken.key:
        lines.append(f"key: {_flow(list(taken.key))}")
    if taken.tables:
        lines.append(f"tables: {_flow(taken.tables)}")
    lines.append("rules:")
    lines += [f"  - {_flow(rule)}" for rule in taken.rules]
    return "\n".join(lines) + "\n"


# --- Great Expectations -------------------------------------------------------------------------


def _of_suite(expectations: Sequence[Any]) -> Taken:
    made = _Rules()
    for at, each in enumerate(expectations):
        told = each if isinstance(each, dict) else {}
        name = str(told.get("type") or told.get("expectation_type") or f"item {at}")
        kwargs = told.get("kwargs")
        made.add(name, lambda name=name, kwargs=kwargs: [_expected(name, kwargs)])  # type: ignore[misc]
    return made.taken()


def _expected(name: str, kwargs: object) -> Written:
    make = _EXPECTATIONS.get(name)
    if make is None or not isinstance(kwargs, dict):
        raise _Left("has no rule of the same meaning")
    if kwargs.get("row_condition"):
        raise _Left("has a row_condition; write it as `when`")
    rule = make(kwargs)
    mostly = kwargs.get("mostly")
    return rule if mostly in (None, 1, 1.0) else {**rule, "min": mostly}


def _between(kwargs: Mapping[str, Any]) -> Written:
    if kwargs.get("strict_min") or kwargs.get("strict_max"):
        raise _Left("has an open bound; bounds are inclusive here")
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    return {"range": {"column": kwargs["column"], **_bounds(low, high)}}


def _lengths(kwargs: Mapping[str, Any]) -> Written:
    return _length(kwargs["column"], kwargs.get("min_value"), kwargs.get("max_value"))


def _found(kwargs: Mapping[str, Any]) -> Written:
    """Somewhere in the value, where our patterns are about the whole."""
    pattern = f"(?s).*(?:{kwargs['regex']}).*"
    return {"matches": {"column": kwargs["column"], "pattern": pattern}}


def _typed(kwargs: Mapping[str, Any]) -> Written:
    names = kwargs.get("type_list") or [kwargs.get("type_")]
    kinds = {_KINDS.get(str(name).lower()) for name in names}
    if len(kinds) != 1 or None in kinds:
        raise _Left(f"names the type {', '.join(map(str, names))}")
    return {"type": {"column": kwargs["column"], "is": kinds.pop()}}


def _count(kwargs: Mapping[str, Any]) -> Written:
    if "value" in kwargs:
        return {"rows": {"min": kwargs["value"], "max": kwargs["value"]}}
    return {"rows": _bounds(kwargs.get("min_value"), kwargs.get("max_value"))}


def _equal_lengths(kwargs: Mapping[str, Any]) -> Written:
    return _length(kwargs["column"], kwargs["value"], kwargs["value"])


_EXPECTATIONS: dict[str, Callable[[Mapping[str, Any]], Written]] = {
    "expect_column_values_to_not_be_null": lambda told: {"completeness": told["column"]},
    "expect_column_values_to_be_unique": lambda told: {"unique": [told["column"]]},
    "expect_compound_columns_to_be_unique": lambda told: {"unique": told["column_list"]},
    "expect_column_values_to_be_in_set": lambda told: {
        "in": {"column": told["column"], "values": told["value_set"]}
    },
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _equal_lengths,
    "expect_column_values_to_match_regex": _found,
    "expect_column_values_to_be_of_type": _typed,
    "expect_column_values_to_be_in_type_list": _typed,
    "expect_table_row_count_to_be_between": _count,
    "expect_table_row_count_to_equal": _count,
}
_KINDS = {
    "int": "integer", "int32": "integer", "int64": "integer", "integer": "integer",
    "bigint": "integer", "integertype": "integer", "longtype": "integer", "float": "number",
    "float64": "number", "double": "number", "doubletype": "number", "number": "number",
    "numeric": "number", "decimal": "number", "bool": "boolean", "boolean": "boolean",
    "booleantype": "boolean", "date": "date", "datetype": "date", "datetime": "instant",
    "timestamp": "instant", "timestamptype": "instant", "datetime64": "instant",
}  # fmt: skip


# --- Table Schema -------------------------------------------------------------------------------

_FORMATS = {"email": "email", "uri": "url", "uuid": "uuid"}


def _of_table(document: Mapping[str, Any]) -> Taken:
    made = _Rules()
    for at, field in enumerate(document["fields"]):
        if not isinstance(field, dict) or not isinstance(field.get("name"), str):
            made.left.append(f"field {at}: has no name")
            continue
        for what, make in _of_field(field):
            made.add(f"{field['name']}: {what}", make)
    key = _names(document.get("primaryKey"))
    if key:
        made.add("primaryKey", lambda: [{"unique": list(key)}])
    tables: dict[str, str] = {}
    for each in document.get("foreignKeys") or ():
        made.add("foreignKeys", lambda each=each: [_foreign(each, tables)])  # type: ignore[misc]
    return made.taken(key, tables)


def _of_field(field: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[], list[Written]]]]:
    name, kind = field["name"], str(field.get("type", "string"))
    bounds = field.get("constraints")
    bounds = bounds if isinstance(bounds, dict) else {}
    if kind in _KINDS:
        yield f"type {kind}", lambda: [{"type": {"column": name, "is": _KINDS[kind]}}]
    elif kind not in {"string", "any"}:
        yield f"type {kind}", _nothing
    if kind == "string" and field.get("format") in _FORMATS:
        yield "format", lambda: [{"valid": name, "as": _FORMATS[field["format"]]}]
    if bounds.get("required") is True:
        yield "required", lambda: [{"completeness": name}]
    if bounds.get("unique") is True:
        yield "unique", lambda: [{"unique": [name]}]
    if "enum" in bounds:
        yield "enum", lambda: [{"in": {"column": name, "values": bounds["enum"]}}]
    if "pattern" in bounds:
        yield "pattern", lambda: [{"matches": {"column": name, "pattern": bounds["pattern"]}}]
    if bounds.keys() & {"minimum", "maximum"}:
        told = _bounds(bounds.get("minimum"), bounds.get("maximum"))
        yield "minimum, maximum", lambda: [{"range": {"column": name, **told}}]
    if bounds.keys() & {"minLength", "maxLength"}:
        low, high = bounds.get("minLength"), bounds.get("maxLength")
        yield "minLength, maxLength", lambda: [_length(name, low, high)]


def _nothing() -> list[Written]:
    raise _Left("has no rule of the same meaning")


def _foreign(told: Any, tables: dict[str, str]) -> Written:
    far = told.get("reference") if isinstance(told, dict) else None
    if not isinstance(far, dict):
        raise _Left("names no reference")
    here, there = _names(told.get("fields")), _names(far.get("fields"))
    resource = str(far.get("resource", ""))
    if len(here) != 1 or len(there) != 1 or not resource:
        raise _Left("is of several columns or of its own table")
    tables[resource] = f"tables/{resource}.csv"
    return {"references": {"column": here[0], "to": f"{resource}.{there[0]}"}}


def _names(told: Any) -> tuple[str, ...]:
    if isinstance(told, str):
        return (told,)
    return tuple(str(each) for each in told) if isinstance(told, list) else ()


# --- both ---------------------------------------------------------------------------------------


def _bounds(low: Any, high: Any) -> Written:
    return {name: each for name, each in (("min", low), ("max", high)) if each is not None}


def _length(column: str, low: Any, high: Any) -> Written:
    least, most = low or 0, high
    if max(least, most or 0) > LENGTH_MAX:
        raise _Left(f"speaks of more than {LENGTH_MAX:,} characters")
    repeated = f"{{{least},{'' if most is None else most}}}"
    return {"matches": {"column": column, "pattern": f"(?s).{repeated}"}}


class _Rules:
    """Rules with an id each; what makes none, or one that cannot be meant, is left."""

    def __init__(self) -> None:
        self.rules: list[Written] = []
        self.left: list[str] = []
        self._ids: set[str] = set()

    def add(self, what: str, make: Callable[[], list[Written]]) -> None:
        try:
            for rule in make():
                named = {"id": self._id(rule), **rule}
                msgspec.convert(named, Rule)
                self.rules.append(named)
                self._ids.add(str(named["id"]))
        except _Left as why:
            self.left.append(f"{what}: {why}")
        except KeyError as missing:
            self.left.append(f"{what}: says no {missing.args[0]}")
        except (msgspec.ValidationError, TypeError) as error:
            self.left.append(f"{what}: {str(error).partition(' - at')[0]}")

    def taken(self, key: tuple[str, ...] = (), tables: dict[str, str] | None = None) -> Taken:
        return Taken(tuple(self.rules), tuple(self.left), key, tables or {})

    def _id(self, rule: Written) -> str:
        (key, told), *_ = rule.items()
        column = told.get("column", "") if isinstance(told, dict) else told
        words = [*column] if isinstance(column, list) else [str(column)]
        slug = re.sub(r"[^a-z0-9]+", "-", "-".join([*words, key]).lower()).strip("-")[:56]
        at, name = 1, slug
        while name in self._ids:
            at += 1
            name = f"{slug}-{at}"
        return name


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./ -]*[A-Za-z0-9_]|[A-Za-z_]")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _flow(value: Any) -> str:
    """YAML on one line; texts that could be read otherwise are quoted as JSON quotes them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return msgspec.json.encode(value).decode()
