"""Rules in the words of other vocabularies: dbt's generic tests and DQDL (quality Q16). Pure.

A rule is written anew before it is read, so what an alias means is what its own key means; a value
of another form is left as it is and found as any mistake is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Written = dict[str, Any]


def unaliased(document: object) -> object:
    """A ruleset's plain value with every alias replaced; anything else as it is."""
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        return document
    return {**document, "rules": [_rule(each) for each in document["rules"]]}


def _rule(rule: object) -> object:
    if not isinstance(rule, dict):
        return rule
    made: Written = {}
    for key, value in rule.items():
        meant = ALIASES[key](value) if key in ALIASES else None
        made |= {key: value} if meant is None else meant
    return made


def _complete(value: object) -> Written | None:
    return {"completeness": value} if isinstance(value, str) else None


def _unique(value: object) -> Written | None:
    return {"unique": [value]} if isinstance(value, str) else None


def _is_unique(value: object) -> Written | None:
    return {"unique": [value] if isinstance(value, str) else value}


def _accepted(value: object) -> Written | None:
    return {"in": value}


def _relationships(value: object) -> Written | None:
    """dbt: `{column, to, field}`; DQDL: `{column, to: table.column}`."""
    if not isinstance(value, Mapping) or "to" not in value:
        return None
    to = f"{value['to']}.{value['field']}" if "field" in value else value["to"]
    return {
        "references": {**{k: v for k, v in value.items() if k not in {"to", "field"}}, "to": to}
    }


def _values(value: object) -> Written | None:
    """`{column, in}`, `{column, between: [low, high]}` or `{column, matches}`."""
    if not isinstance(value, Mapping):
        return None
    column = value.get("column")
    if "in" in value:
        return {"in": {"column": column, "values": value["in"]}}
    if "matches" in value:
        return {"matches": {"column": column, "pattern": value["matches"]}}
    bounds = value.get("between")
    if isinstance(bounds, list) and len(bounds) == 2:
        return {"range": {"column": column, "min": bounds[0], "max": bounds[1]}}
    return None


def _fresh(value: object) -> Written | None:
    return {"freshness": {"expected": value}} if isinstance(value, str) else None


def _row_count(value: object) -> Written | None:
    """A number, or `{min, max}`, or `{between: [low, high]}`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return {"rows": {"min": value, "max": value}}
    if not isinstance(value, Mapping):
        return None
    bounds = value.get("between")
    if isinstance(bounds, list) and len(bounds) == 2:
        return {"rows": {"min": bounds[0], "max": bounds[1]}}
    return {"rows": value}


def _match(value: object) -> Written | None:
    return {"reconcile": value}


ALIASES: dict[str, Callable[[object], Written | None]] = {
    "not_null": _complete, "unique": _unique, "accepted_values": _accepted,
    "relationships": _relationships, "IsComplete": _complete, "IsUnique": _is_unique,
    "ColumnValues": _values, "ReferentialIntegrity": _relationships, "DataFreshness": _fresh,
    "AggregateMatch": _match, "RowCount": _row_count,
}  # fmt: skip
