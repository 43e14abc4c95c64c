"""The functions of the condition language and the shape of their arguments (segments 2.4).

One table serves the parser, the printer and the JSON form; types and meanings are elsewhere.
"""

from __future__ import annotations

from typing import Literal

import msgspec

ParameterKind = Literal[
    "events",  # "Order Completed" or ["A", "B"]: literals
    "text",  # a literal string: a property, an id, a glob
    "duration",  # "30d"
    "where",  # a condition on the arriving event (segments C11)
    "value",  # any expression
    "each",  # an expression in which `item` is an element
    "steps",  # the list of `sequence`
]
Form = Literal["event", "list", "state", "pure"]


class Parameter(msgspec.Struct, frozen=True):
    name: str
    kind: ParameterKind
    required: bool = True
    keyword: bool = False


class Signature(msgspec.Struct, frozen=True):
    """`form` says where the value comes from: events, a list, the person's state, arguments."""

    name: str
    form: Form
    parameters: tuple[Parameter, ...]


def _option(name: str, kind: ParameterKind, *, required: bool = False) -> Parameter:
    return Parameter(name, kind, required=required, keyword=True)


_EVENTS = Parameter("event", "events")
_PROPERTY = Parameter("property", "text")
_WHERE, _WITHIN = _option("where", "where"), _option("within", "duration")
_VALUE, _LIST, _EACH = (
    Parameter("value", "value"),
    Parameter("list", "value"),
    Parameter("each", "each"),
)
_ID = Parameter("id", "text")


def _table() -> dict[str, tuple[Signature, ...]]:
    made: list[Signature] = [
        Signature("count", "event", (_EVENTS, _WHERE, _WITHIN)),
        Signature("recency", "event", (_EVENTS, _WHERE)),
        Signature("top", "event", (_EVENTS, _PROPERTY, _WHERE, _WITHIN)),
        Signature("distinct", "event", (_EVENTS, _PROPERTY, _WHERE, _WITHIN)),
        Signature("avg", "event", (_EVENTS, _PROPERTY, _WHERE, _WITHIN)),
        Signature(
            "share",
            "event",
            (
                _EVENTS,
                _option("by", "text", required=True),
                _option("value", "value", required=True),
                _WHERE,
                _WITHIN,
            ),
        ),
        Signature(
            "sequence",
            "event",
            (Parameter("steps", "steps"), _WITHIN, _option("since", "duration")),
        ),
        Signature("stage", "state", (msgspec.structs.replace(_ID, required=False),)),
        Signature("contains", "pure", (_LIST, _VALUE)),
        Signature("like", "pure", (_VALUE, Parameter("pattern", "text"))),
    ]
    optional_property = msgspec.structs.replace(_PROPERTY, required=False)
    made += [
        Signature(name, "event", (_EVENTS, optional_property, _WHERE, _WITHIN))
        for name in ("first", "last")
    ]
    for name in ("sum", "min", "max"):
        made.append(Signature(name, "event", (_EVENTS, _PROPERTY, _WHERE, _WITHIN)))
        made.append(Signature(name, "list", (_LIST, _EACH)))
    made += [Signature(name, "list", (_LIST, _EACH)) for name in ("any", "all")]
    made += [
        Signature(name, "state", (_ID,))
        for name in ("in_segment", "consent", "score", "label", "score_version")
    ]
    made += [
        Signature(name, "pure", (_VALUE, Parameter("part", "value")))
        for name in ("starts_with", "ends_with")
    ]
    made += [
        Signature(name, "pure", (_VALUE,))
        for name in (
            "lower", "length", "exists", "as_int", "as_float", "as_string", "as_time", "as_bool",
        )
    ]  # fmt: skip
    at = Parameter("at", "value", required=False)
    made += [Signature(name, "pure", (at,)) for name in ("hour", "weekday")]
    made.append(Signature("month_day", "pure", (msgspec.structs.replace(at, required=True),)))
    table: dict[str, tuple[Signature, ...]] = {}
    for signature in made:
        table[signature.name] = (*table.get(signature.name, ()), signature)
    return table


FUNCTIONS = _table()


def signature_of(name: str, arguments: frozenset[str]) -> Signature | None:
    """The form of `name` that takes these arguments, else its only or last form."""
    forms = FUNCTIONS.get(name, ())
    for signature in forms:
        if arguments <= {parameter.name for parameter in signature.parameters}:
            return signature
    return forms[-1] if forms else None
