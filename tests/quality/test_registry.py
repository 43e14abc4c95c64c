"""What an event of each name looks like (quality Q01 to Q08)."""

import json

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event
from journeyfold.quality.registry import Registry, load_registry

ORDER = {
    "title": "Order Completed",
    "x-journeyfold": {"type": "track", "version": 1, "owner": "shop", "purposes": ["analytics"]},
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "pattern": "^[a-z0-9]+$"},
        "total": {"type": "number", "minimum": 0},
        "at": {"type": "string", "format": "date-time"},
        "address": {"type": "object", "properties": {"city": {"type": ["string", "null"]}}},
        "products": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
        "anything": {},
        "either": {"type": ["integer", "string"]},
        "count": {"type": "integer"},
        "size": {"enum": ["S", "M"]},
    },
    "required": ["order_id"],
}  # fmt: skip


def files(**schemas):
    return {
        f"schemas/{name.replace('__', '.')}.json": json.dumps(each)
        for name, each in schemas.items()
    }


def event(properties=None, *, name="Order Completed", kind="track", traits=None, context=None):
    return Event("1", name, kind, "web", (), 1, 1, properties or {}, traits or {}, context or {})


def problems(texts):
    with pytest.raises(ProjectError) as raised:
        load_registry(texts)
    return raised.value.problems


@pytest.fixture(scope="module")
def registry():
    return load_registry(files(order_completed__1=ORDER))


def test_a_valid_event_has_no_violations(registry):
    assert registry.validate(event({"order_id": "a1", "total": 3})) == ("order_completed.1", ())


def test_a_name_without_a_schema_has_no_version(registry):
    assert registry.validate(event(name="Other")) == (None, ())
    assert registry.validate(event(kind="page")) == (None, ())


def test_a_violation_names_the_place_and_what_was_asked_never_the_value(registry):
    _, (found,) = registry.validate(event({"order_id": "a1", "total": -77}))
    assert (found.code, found.pointer, found.detail) == ("schema", "/properties/total", "minimum 0")
    assert found.schema_pointer == "/properties/total/minimum"


def test_a_missing_property_is_named(registry):
    _, (found,) = registry.validate(event({}))
    assert (found.pointer, found.detail) == ("/properties/order_id", "required, but missing")


def test_a_place_inside_a_list_is_named(registry):
    _, (found,) = registry.validate(
        event({"order_id": "a", "products": [{"sku": "x"}, {"sku": 1}]})
    )
    assert found.pointer == "/properties/products/1/sku"


def test_formats_are_checked(registry):
    _, (found,) = registry.validate(event({"order_id": "a", "at": "yesterday"}))
    assert found.detail == 'format "date-time"'


def test_at_most_twenty_violations_are_told():
    many = {"title": "Many", "properties": {f"p{n}": {"type": "string"} for n in range(50)}}
    found = load_registry(files(many__1=many)).validate(
        event({f"p{n}": n for n in range(50)}, name="Many")
    )
    assert len(found[1]) == 20


def test_a_closed_model_names_the_stranger():
    closed = {"title": "Closed", "additionalProperties": False, "properties": {}}
    found = load_registry(files(closed__1=closed)).validate(event({"x": 1}, name="Closed"))
    assert found[1][0].pointer == "/properties/x"


def test_identify_schemas_describe_traits():
    schema = {
        "title": "Identify",
        "x-journeyfold": {"type": "identify"},
        "properties": {"age": {"type": "integer"}},
    }
    registry = load_registry(files(identify__1=schema))
    _, (found,) = registry.validate(event(name="Identify", kind="identify", traits={"age": "x"}))
    assert found.pointer == "/traits/age"
    assert registry.trait_types() == {"age": "int"}
    assert registry.property_types("Identify") == {}


def test_property_types_are_those_of_the_condition_language(registry):
    assert registry.property_types("Order Completed") == {
        "order_id": "string", "total": "float", "at": "timestamp", "address": "object",
        "address.city": "string", "products": "list[object]", "products[].sku": "string",
        "anything": "any", "either": "any", "count": "int", "size": "string",
    }  # fmt: skip


def versions():
    second = ORDER | {
        "x-journeyfold": {"version": 2, "aliases": ["iglu:com.x/order/jsonschema/2-0-0"]},
        "required": ["total"],
    }
    return load_registry(files(order_completed__1=ORDER, order_completed__2=second))


@pytest.mark.parametrize(
    ("named", "stem"),
    [(None, "order_completed.2"), (1, "order_completed.1"), ("order_completed.1", "order_completed.1"),
     ("9", "order_completed.2"), ("iglu:com.x/order/jsonschema/2-0-0", "order_completed.2"), ([], "order_completed.2")],
)  # fmt: skip
def test_an_event_may_name_its_version_else_the_newest_judges(named, stem):
    context = {} if named is None else {"schema": named}
    assert versions().validate(event({"order_id": "a"}, context=context))[0] == stem


def test_stripping_leaves_what_is_declared(registry):
    schema = registry.schema_for(event())
    dirty = event({"order_id": "a", "x": 1})
    assert schema.undeclared(dirty) == ["x"]
    assert schema.stripped(dirty).properties == {"order_id": "a"}


def test_a_reference_reaches_another_file_of_the_project():
    address = {"title": "Address Changed", "type": "object", "required": ["city"]}
    moved = {"title": "Moved", "properties": {"to": {"$ref": "address.1.json"}}}
    registry = load_registry(files(address__1=address, moved__1=moved))
    assert registry.validate(event({"to": {}}, name="Moved"))[1][0].pointer == "/properties/to/city"


def test_an_empty_registry_knows_nothing():
    assert Registry().event_names == frozenset()
    assert Registry().property_types("X") == {}


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("order", "{}", "Q101", "<slug>.<version>.json"),
        ("order.1", "{", "Q103", "not a JSON object"),
        ("order.1", "[]", "Q103", "not a JSON object"),
        ("order.1", "{}", "Q104", "title"),
        ("order.1", '{"title":"O","x-journeyfold":{"tpye":"track"}}', "Q105", "tpye"),
        ("order.1", '{"title":"O","x-journeyfold":{"type":"trak"}}', "Q105", "unknown type"),
        ("order.1", '{"title":"O","x-journeyfold":{"invalid":"drop"}}', "Q105", "invalid"),
        ("order.1", '{"title":"O","x-journeyfold":{"version":2}}', "Q106", "version 2"),
        ("order.2", '{"title":"O"}', "Q106", "1, 2, 3"),
        ("order.1", '{"title":"O","type":"nope"}', "Q107", "not a JSON Schema"),
        ("order.1", '{"title":"O","properties":{"a":{"pattern":"(?=a)b"}}}', "Q108", "look-around"),
        (
            "order.1",
            '{"title":"O","properties":{"a":{"pattern":"(a)\\\\1"}}}',
            "Q108",
            "back-reference",
        ),
        ("order.1", '{"title":"O","$ref":"https://evil.example/x.json"}', "Q109", "disabled"),
        ("order.1", '{"title":"O","$ref":"missing.1.json"}', "Q109", "missing.1.json"),
        ("order.1", '{"title":"O","a":' + "[" * 40 + "]" * 40 + "}", "Q102", "32 levels"),
        ("order.1", '{"title":"' + "x" * 300_000 + '"}', "Q102", "256 KiB"),
    ],
)
def test_a_wrong_schema_is_a_problem_with_its_place(name, text, code, words):
    (found,) = problems({f"schemas/{name}.json": text})
    assert found.code == code
    assert words in found.message


def test_a_problem_stands_on_its_line():
    text = '{\n  "title": "O",\n  "properties": {\n    "a": {"pattern": "(?!x)"}\n  }\n}'
    (found,) = problems({"schemas/o.1.json": text})
    assert (found.line, found.column, found.text) == (4, 23, '"a": {"pattern": "(?!x)"}')


def test_a_mistyped_word_gets_a_suggestion():
    (found,) = problems({"schemas/o.1.json": '{"title":"O","x-journeyfold":{"type":"identfy"}}'})
    assert found.suggestion == "did you mean `identify`?"


def test_one_slug_has_one_event():
    found = problems(
        files(order__1=ORDER, order__2=ORDER | {"title": "Other", "x-journeyfold": {"version": 2}})
    )
    assert {each.code for each in found} == {"Q104", "Q106"}


def test_a_hostile_pattern_runs_in_linear_time():
    schema = {"title": "P", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    registry = load_registry(files(p__1=schema))
    assert registry.validate(event({"a": "a" * 30_000 + "!"}, name="P"))[1]
