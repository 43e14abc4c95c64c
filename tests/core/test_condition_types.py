"""A condition is typed before anybody is in it: what is unsupported is an error (segments C14)."""

from __future__ import annotations

import pytest

from journeyfold.core.condition import ConditionError, Place
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import (
    ANY,
    BOOL,
    CONTEXT_TYPE,
    FLOAT,
    INT,
    STRING,
    TIMESTAMP,
    Scope,
    Type,
    list_of,
    object_of,
    type_of_schema,
    unify,
)
from journeyfold.core.condition_types import check
from journeyfold.core.instant import DAY_US

SCOPE = Scope(
    traits=object_of(
        {
            "age": INT, "country": STRING, "active": BOOL, "born": TIMESTAMP, "score": FLOAT,
            "tags": list_of(STRING), "free": ANY, "address": object_of({"city": STRING}),
        }
    ),
    context=CONTEXT_TYPE,
    events={
        "Order Completed": object_of({"total": FLOAT, "sku": STRING, "at": TIMESTAMP}),
        "Product Viewed": object_of({"total": STRING, "sku": STRING}),
    },
    segments=frozenset({"vip", "at-risk"}),
    lifecycles={"customer": ("New", "Active")},
    models=frozenset({"churn"}),
    purposes=frozenset({"email"}),
    retention_us=400 * DAY_US,
)  # fmt: skip

REFUSED = [
    ('traits.county == "DE"', "J104", "traits.country"),
    ('country == "DE"', "J104", "traits.country"),
    ('traits.address.cty == "x"', "J104", "traits.address.city"),
    ('count("Order Complete") > 1', "J104", "Order Completed"),
    ('in_segment("vips")', "J104", "vip"),
    ('consent("emial")', "J104", "email"),
    ('score("chum") > 1', "J104", "churn"),
    ('stage("custmer") == "x"', "J104", "customer"),
    ('stage("customer") == "Activ"', "J104", "Active"),
    ('"Activ" != stage()', "J104", "Active"),
    ('stage() in ["Active", "Lapst"]', "J104", "no stage 'Lapst' in customer"),
    ("features.x > 1", "J104", "feature"),
    ('sum("Order Completed", "totl") > 1', "J104", "total"),
    ('traits.age > "30"', "J110", "did you mean 30?"),
    ("traits.active == 1", "J110", "did you mean True?"),
    ("traits.country == 1", "J110", '"1"'),
    ("traits.active > False", "J110", "no order"),
    ("traits.tags == traits.tags", "J110", "list of string"),
    ("traits.free > 1", "J110", "as_string(traits.free)"),
    ('traits.free in ["a"]', "J110", "cast"),
    ('traits.age in ["a"]', "J110", ""),
    ("traits.country in [1, 2]", "J110", "string in a list of numbers"),
    ("traits.age in [1, True]", "J110", "different kinds"),
    ("traits.age in traits.country", "J110", "list"),
    ("contains(traits.tags, 1)", "J110", ""),
    ("any(traits.age, item > 1)", "J110", "list"),
    ("lower(traits.age) == 'a'", "J110", "string"),
    ('sum("Order Completed", "sku") > 1', "J110", "int, float"),
    ('sum(["Order Completed", "Product Viewed"], "sku") > 1', "J110", ""),
    ('traits.country + "x" == "y"', "J110", "no meaning"),
    ("now * 2 > now", "J110", "no meaning"),
    ("traits.age", "J114", "int"),
    ("traits.age and traits.active", "J114", ""),
    ("not traits.country", "J114", ""),
    ("1 < 2", "J131", "always"),
    ("traits.active or True", "J131", "True"),
    ("traits.age in []", "J131", "empty"),
    ('recency("Order Completed") in ["1d"]', "J115", "moves"),
    ('recency("Order Completed") > "30 days"', "J120", "30d"),
    ('traits.born < "2000"', "J121", "RFC 3339"),
    ('traits.born < "2000-01-01T00:00:00"', "J121", "offset"),
    ('context.device == "mobile"', "J140", "decision"),
    ("properties.total > 1", "J143", ""),
    ("row.x == 1", "J143", ""),
    ("item.x == 1", "J143", ""),
    ("event.name == 'x'", "J143", ""),
    ('count("Order Completed", where=traits.age > 1) > 1', "J150", "arrives"),
    ('count("Order Completed", where=event.occurred < now) > 1', "J150", "now"),
    ('count("Order Completed", where=in_segment("vip")) > 1', "J150", ""),
    ('count("Order Completed", where=hour() > 1) > 1', "J150", "event.occurred"),
    ('count("Order Completed", within="500d") > 1', "J160", "400d"),
    ('share("Order Completed", by="sku", value=traits.country) > 1', "J106", "literal"),
]


def problem_of(text: str, scope: Scope = SCOPE, place: Place | None = None):
    with pytest.raises(ConditionError) as caught:
        check(parse(text, place), scope)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(("text", "code", "part"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_has_no_meaning_is_an_error_with_its_code(text, code, part):
    problem = problem_of(text)
    assert problem.code == code, str(problem)
    assert part in str(problem)


ACCEPTED = [
    "traits.age == traits.score",
    'traits.born < "2000-01-01T00:00:00+01:00" and now - traits.born > "1w"',
    'last("Order Completed", "at") > "2025-01-01T00:00:00Z"',
    "as_int(traits.free) > 1 and exists(traits.free)",
    'stage() == "Active" and in_segment("vip") and consent("email")',
    'count("Order Completed", where=any(properties.x, item.y == 1) or True == event.context.z) > 1',
    'contains(["a", "b"], traits.country)',
    'first("Order Completed") is not None',
    'any(traits.tags, starts_with(item, "a") and length(item) > 2)',
    "max(traits.tags, length(item)) > 3",
    "traits.age - 1 > traits.score * 2",
]


@pytest.mark.parametrize("text", ACCEPTED[:5] + ACCEPTED[6:])
def test_what_has_a_meaning_is_typed(text):
    assert check(parse(text), SCOPE).type == BOOL


def test_a_problem_names_file_line_column_code_and_a_suggestion():
    problem = problem_of('traits.county == "x"', place=Place("segments/vip.yaml", 4, 12))
    assert str(problem) == (
        "segments/vip.yaml:4:12: J104 traits.county is not declared; did you mean traits.country?"
    )


def test_a_lifecycle_cannot_ask_for_segments():
    scope = Scope(place="lifecycle", segments=frozenset({"vip"}))
    assert problem_of('in_segment("vip")', scope).code == "J141"


def test_a_feature_cannot_ask_for_segments():
    scope = Scope(place="feature", segments=frozenset({"vip"}))
    assert problem_of('in_segment("vip")', scope).code == "J142"


def test_context_is_there_while_a_decision_is_made():
    scope = Scope(place="contextual", context=CONTEXT_TYPE)
    assert check(parse('context.device == "mobile" and hour() >= 18'), scope).type == BOOL


def test_a_contextual_segment_is_evaluated_in_place_and_only_there():
    typed = check(
        parse('context.device == "mobile"'), Scope(place="contextual", context=CONTEXT_TYPE)
    )
    known = {"mobile": typed.expr}
    offer = Scope(place="contextual", contextual=known, context=CONTEXT_TYPE)
    assert check(parse('in_segment("mobile")'), offer).type == BOOL
    assert problem_of('in_segment("mobile")', Scope(contextual=known)).code == "J140"


def test_a_negation_of_what_may_be_unknown_gives_a_hint():
    hints = check(parse("not traits.active"), SCOPE).hints
    assert [(hint.code, hint.severity) for hint in hints] == [("J210", "hint")]
    assert check(parse('not in_segment("vip") and not exists(traits.age)'), SCOPE).hints == ()


def test_an_open_scope_takes_undeclared_paths_with_a_cast():
    scope = Scope(open=True)
    assert check(parse('as_int(traits.x) > 1 and sum("Any", "y.z") > 2'), scope).type == BOOL
    assert problem_of("traits.x > 1", scope).code == "J110"


def test_a_property_of_two_types_needs_a_cast():
    text = 'last(["Order Completed", "Product Viewed"], "total")'
    assert check(parse(text), SCOPE, None).type == ANY
    assert problem_of(f"{text} > 1").code == "J110"


def test_a_mapping_gives_any_type_of_value():
    scope = Scope(place="mapping", row=object_of({"a": FLOAT}))
    assert check(parse("sum(rows, item.a * 2)"), scope, None).type == FLOAT
    assert check(parse('"GBP"'), scope, None).type == STRING


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, INT),
        ({"type": ["string", "null"]}, STRING),
        ({"type": ["integer", "number"]}, FLOAT),
        ({"type": ["integer", "string"]}, ANY),
        ({"type": "string", "format": "date-time"}, TIMESTAMP),
        ({"type": "string", "format": "email"}, STRING),
        ({"type": "array", "items": {"type": "string"}}, list_of(STRING)),
        ({"type": "object", "properties": {"a": {"type": "boolean"}}}, object_of({"a": BOOL})),
        ({"type": "object"}, Type("object")),
        ({"properties": {"a": {"type": "boolean"}}}, object_of({"a": BOOL})),
        ({"enum": ["a", "b", None]}, STRING),
        ({"enum": ["a", 1]}, ANY),
        ({"const": 3}, INT),
        ({"$ref": "#/x"}, ANY),
        (True, ANY),
        ({}, ANY),
    ],
)
def test_json_schema_declares_types(schema, expected):
    assert type_of_schema(schema) == expected


def test_two_types_become_the_one_that_holds_both():
    assert unify(INT, FLOAT) == FLOAT
    assert unify(INT, STRING) == ANY
    assert unify(Type("null"), INT) == unify(INT, Type("null")) == INT
