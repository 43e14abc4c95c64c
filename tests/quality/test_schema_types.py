"""JSON Schema types as types of the condition language (segments C5, C6)."""

import pytest

from journeyfold.quality.schema_types import type_of, types_of


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["null", "integer"]}, "int"),
        ({"type": ["integer", "number"]}, "float"),
        ({"type": ["string", "integer"]}, "any"),
        ({"type": "null"}, "any"),
        ({"type": "string", "format": "date-time"}, "timestamp"),
        ({"type": "string", "format": "email"}, "string"),
        ({"type": "array"}, "list[any]"),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}},
            "list[list[bool]]",
        ),
        ({"enum": ["a", "b", None]}, "string"),
        ({"enum": [1, "a"]}, "any"),
        ({"const": True}, "bool"),
        ({}, "any"),
        (True, "any"),
    ],
)
def test_a_schema_has_a_type(schema, expected):
    assert type_of(schema) == expected


def test_a_schema_that_contains_itself_by_depth_ends():
    schema = {"properties": {"a": {"type": "object"}}}
    node = schema
    for _ in range(40):
        node["properties"]["a"] = {"type": "object", "properties": {"a": {}}}
        node = node["properties"]["a"]
    assert len(types_of(schema)) < 15


def test_a_property_may_be_just_true():
    assert types_of({"properties": {"a": True}}) == {"a": "any"}
