"""Definitions are ordered, typed, and refused with everything that is wrong with them."""

from __future__ import annotations

import msgspec
import pytest

from journeyfold.core.condition import Place
from journeyfold.core.condition_compile import inputs_of
from journeyfold.core.condition_scope import FLOAT, STRING, Scope, object_of
from journeyfold.core.errors import ProjectError
from journeyfold.segment.bind import bind
from journeyfold.segment.definition import FeatureDefinition, FeaturesFile, SegmentsFile

SCOPE = Scope(
    traits=object_of({"country": STRING}),
    events={"Order Completed": object_of({"total": FLOAT, "sku": STRING})},
)


def bound(features: dict | None = None, segments=(), lifecycles=(), places=None):
    file = msgspec.convert({"segments": segments, "lifecycles": lifecycles}, SegmentsFile)
    definitions = msgspec.convert({"features": features or {}}, FeaturesFile).features
    return bind(definitions, file.segments, file.lifecycles, SCOPE, places)


def problems(*args, **kwargs) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        bound(*args, **kwargs)
    return [f"{p.code} {p.message}" for p in caught.value.problems]


def test_the_features_of_the_design_are_understood():
    made = bound(
        {
            "orders_30d": {"value": 'count("Order Completed", within="30d")'},
            "spend_total": {"value": 'sum("Order Completed", "total")', "unit": "EUR"},
            "last_orders": {"recent": "Order Completed", "keep": 20, "fields": ["sku"]},
            "rfm_score": {"value": "features.rfm_r * 100 + features.rfm_f * 10"},
            "rfm_r": {
                "quintile": 'recency("Order Completed")',
                "order": "falling",
                "refresh": "1d",
            },
            "rfm_f": {"quintile": 'count("Order Completed", within="365d")', "refresh": "1d"},
        },
        [
            {"id": "champions", "when": "features.rfm_r >= 4 and features.rfm_f >= 4"},
            {"id": "runner", "when": 'any(features.last_orders, item.sku == "shoe")'},
        ],
    )
    assert list(made.features)[-1] == "rfm_score"
    assert made.levels == (("champions", "runner"),)


def test_segments_that_read_segments_come_on_later_levels():
    made = bound(
        segments=[
            {"id": "c", "when": 'in_segment("b") or in_segment("a")'},
            {"id": "b", "when": 'not in_segment("a")'},
            {"id": "a", "when": 'count("Order Completed") > 1'},
        ]
    )
    assert made.levels == (("a",), ("b",), ("c",))


def test_a_circle_of_segments_is_printed():
    found = problems(
        segments=[
            {"id": "a", "when": 'in_segment("b")'},
            {"id": "b", "when": 'in_segment("a")'},
        ]
    )
    assert found == ["J130 segments in a circle: a → b → a"]


def test_a_circle_of_features_is_printed():
    found = problems({"a": {"value": "features.b + 1"}, "b": {"value": "features.a + 1"}})
    assert found[0] == "J130 features in a circle: a → b → a"


def test_all_problems_are_found_at_once_each_in_its_place():
    places = {
        "segment:a": Place("segments/a.yaml", 3, 9),
        "feature:f": Place("features.yaml", 2, 1),
    }
    with pytest.raises(ProjectError) as caught:
        bound({"f": {"value": "traits.x"}}, [{"id": "a", "when": "traits.y == 1"}], places=places)
    assert [(p.file, p.line, p.column) for p in caught.value.problems] == [
        ("features.yaml", 2, 1),
        ("segments/a.yaml", 3, 9),
    ]


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        ({"id": "a", "kind": "cluster", "model": "m"}, "J170"),
        ({"id": "a", "kind": "micro", "by": ["stage()"]}, "J170"),
        ({"id": "a", "kind": "predictive", "when": "x"}, "J170"),
        ({"id": "a"}, "J171"),
        ({"id": "a", "kind": "manual"}, "J171"),
        ({"id": "a", "when": 'count("Order Completed") > 1', "min_stay": "1 day"}, "J120"),
        ({"id": "a", "when": 'context.device == "x"'}, "J140"),
    ],
)
def test_a_wrong_segment_is_refused(segment, code):
    assert problems(segments=[segment])[0].startswith(code)


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ({}, "J171"),
        ({"value": "now", "recent": "Order Completed"}, "J171"),
        ({"recent": "Order Completed", "keep": 201}, "J171"),
        ({"recent": "Order Complete"}, "J104"),
        ({"recent": "Order Completed", "fields": ["sko"]}, "J104"),
        ({"quintile": "traits.country"}, "J110"),
        ({"quintile": 'recency("Order Completed")', "cuts": [1, 2]}, "J171"),
        ({"quintile": 'recency("Order Completed")', "refresh": "daily"}, "J120"),
    ],
)
def test_a_wrong_feature_is_refused(feature, code):
    assert problems({"f": feature})[0].startswith(code)


def test_a_stage_that_comes_from_nowhere_is_refused():
    stages = [{"stage": "A", "when": 'count("Order Completed") > 1', "from": ["B"]}]
    found = problems(lifecycles=[{"id": "l", "initial": "A", "stages": stages}])
    assert found == ["J104 there is no stage 'B'"]


def test_two_segments_cannot_have_one_id():
    twice = [{"id": "a", "when": 'count("Order Completed") > 1'}] * 2
    assert problems(segments=twice)[0].startswith("J171")


def test_an_unknown_key_is_refused():
    with pytest.raises(msgspec.ValidationError, match="whenn"):
        msgspec.convert({"segments": [{"id": "a", "whenn": "x"}]}, SegmentsFile)


def test_features_nested_too_deep_are_refused():
    features = {"f0": FeatureDefinition(value='count("Order Completed")')}
    for i in range(1, 80):
        features[f"f{i}"] = FeatureDefinition(value=f"features.f{i - 1} + 1")
    with pytest.raises(ProjectError, match="nested"):
        bind(features, (), (), SCOPE)


def test_a_condition_reads_a_prepared_feature_by_its_name():
    spend = {"value": 'sum("Order Completed", "total")', "impute": "median", "transform": "minmax"}
    land = {"value": "traits.country", "impute": "unknown"}
    made = bound(
        {"spend": spend, "land": land, "half": {"value": "features.spend.prepared * 0.5"}},
        [{"id": "a", "when": 'features.spend.prepared > 0.9 or features.land.prepared == "DE"'}],
    )
    assert list(made.features) == ["spend", "land", "half"]
    assert inputs_of(made.segments["a"].expr) == {
        "event:Order Completed", "trait:country", "fits:spend", "fits:land",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        ({"value": "traits.country"}, "the feature says neither impute nor transform"),
        ({"value": 'recency("Order Completed")', "impute": "mean"}, "moves with time"),
        ({"value": "traits.country", "transform": "zscore"}, "is of numbers, this is a text"),
        ({"value": "traits.country", "impute": "mean"}, "impute: mean does not go with string"),
        ({"value": 'last("Order Completed")', "impute": "mode"}, "it is timestamp; numbers, texts"),
    ],
)
def test_why_a_feature_has_no_prepared_value(feature, says):
    (told,) = problems({"x": feature}, [{"id": "a", "when": "exists(features.x.prepared)"}])
    assert told.startswith("J104 there is no features.x.prepared: ")
    assert says in told


def test_a_model_guesses_from_other_features_that_are_numbers():
    orders = {"value": 'count("Order Completed")'}
    guessed = {"value": 'avg("Order Completed", "total")', "impute": "model"}
    city = {"value": "traits.country"}
    assert problems({"orders": orders, "x": {**guessed, "using": ["order"]}}) == [
        "J104 using: there is no other feature 'order'"
    ]
    assert problems({"city": city, "x": {**guessed, "using": ["city"]}}) == [
        "J110 using: city is string, a model guesses from numbers"
    ]


def test_a_feature_that_is_guessed_from_its_own_reader_is_a_circle():
    x = {"value": "traits.country", "impute": "model", "using": ["y"]}
    told, *_ = problems({"x": x, "y": {"value": 'features.x.prepared == "DE"'}})
    assert told.startswith("J130 features in a circle")
