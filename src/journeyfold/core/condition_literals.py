"""Literals of the condition language: their types, their arithmetic, what was probably meant."""

from __future__ import annotations

from journeyfold.core.condition import Scalar
from journeyfold.core.condition_scope import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NULL,
    NUMBERS,
    STRING,
    TIMESTAMP,
    Type,
)
from journeyfold.core.condition_typed import Const, Expr


def arithmetic_type(op: str, left: Type, right: Type) -> Type | None:
    if left.name in NUMBERS and right.name in NUMBERS:
        return INT if left == right == INT else FLOAT
    if op == "*":
        return None
    pair = (left.name, right.name)
    if pair == ("timestamp", "timestamp"):
        return DURATION if op == "-" else None
    if pair == ("duration", "timestamp"):
        return TIMESTAMP if op == "+" else None
    return {("timestamp", "duration"): TIMESTAMP, ("duration", "duration"): DURATION}.get(pair)


def type_of_literal(value: Scalar) -> Type:
    names = {bool: BOOL, int: INT, float: FLOAT, str: STRING}
    return NULL if value is None else names[type(value)]


def literal_value(expr: Expr) -> Scalar:
    assert isinstance(expr, Const)
    assert not isinstance(expr.value, tuple)
    return expr.value


def other_spelling(expr: Expr, wanted: Type) -> str:
    value = expr.value if isinstance(expr, Const) else None
    if isinstance(value, str) and wanted.name in NUMBERS:
        try:
            float(value)
        except ValueError:
            return ""
        return f"did you mean {value}?"
    if wanted == BOOL and value in {0, 1}:
        return f"did you mean {bool(value)}?"
    if wanted == STRING and isinstance(value, int | float):
        return f'did you mean "{value}"?'
    return ""
