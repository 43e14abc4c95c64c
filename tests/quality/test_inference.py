"""Recorded events become a proposal (Q09), and Avro schemas JSON Schemas."""

import json

import jsonschema_rs
import pytest

from journeyfold.core.event import Event
from journeyfold.quality.avro_schema import AvroSchemaError, from_avro
from journeyfold.quality.inference import Inferring, slug_of


def proposed(documents, name="Order", kind="track"):
    inferring = Inferring()
    for number, each in enumerate(documents):
        parts = {"traits": each} if kind == "identify" else {"properties": each}
        inferring.take(Event(str(number), name, kind, "web", (), 1, 1, **parts))
    return {each.name: each.document for each in inferring.proposals()}.get(name)


def fields(documents):
    return proposed(documents)["properties"]


def test_types_are_those_that_came():
    found = fields([{"a": 1, "b": True, "c": None, "d": [1, "x"]}, {"a": 1.5, "c": "x"}])
    assert (found["a"], found["b"]) == ({"type": "number"}, {"type": "boolean"})
    assert found["c"] == {"type": ["null", "string"]}
    assert found["d"] == {"type": "array", "items": {"type": ["integer", "string"]}}


@pytest.mark.parametrize(("missing", "required"), [(5, ["a"]), (6, None)])
def test_a_field_is_required_at_99_5_percent(missing, required):
    documents = [{"a": 1} for _ in range(1_000 - missing)] + [{"b": 1} for _ in range(missing)]
    assert proposed(documents).get("required") == required


@pytest.mark.parametrize(
    ("values", "samples", "is_listed"),
    [(20, 1_000, True), (21, 1_000, False), (3, 999, False)],
)
def test_an_enumeration_needs_a_thousand_samples_and_few_values(values, samples, is_listed):
    found = fields([{"a": f"v{number % values}"} for number in range(samples)])["a"]
    assert ("enum" in found) is is_listed


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("2026-01-02T03:04:05Z", "date-time"), ("2026-01-02", "date"), ("2026-02-30", None),
        ("ann@example.com", "email"), ("https://example.com/a", "uri"), ("plain", None),
        ("0190163d-8694-739b-aea5-966c26f8ad91", "uuid"),
    ],
)  # fmt: skip
def test_a_format_is_recognised(text, format_):
    assert fields([{"a": text}])["a"].get("format") == format_


@pytest.mark.parametrize(("others", "has_format"), [(1, True), (2, False)])
def test_a_format_is_what_99_percent_have(others, has_format):
    documents = [{"a": f"p{n}@example.com"} for n in range(100 - others)]
    found = fields([*documents, *({"a": f"none{n}"} for n in range(others))])["a"]
    assert ("format" in found) is has_format


def test_what_was_seen_is_valid_by_the_proposal():
    documents = [{"a": {"b": [{"c": n}], "d": None if n % 2 else "x"}} for n in range(50)]
    validator = jsonschema_rs.validator_for(proposed(documents))
    assert all(validator.is_valid(each) for each in documents)


def test_an_identify_is_proposed_from_its_traits():
    assert proposed([{"plan": "gold"}], "Identify", "identify")["properties"] == {
        "plan": {"type": "string"}
    }


def test_an_event_without_fields_proposes_nothing():
    assert proposed([{}]) is None


def test_a_name_becomes_a_slug():
    assert (slug_of("Order Completed"), slug_of("***")) == ("order_completed", "event")


AVRO = {
    "type": "record", "name": "OrderCompleted", "namespace": "shop", "doc": "An order.",
    "fields": [
        {"name": "id", "type": "string", "doc": "Of the shop."},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "coupon", "type": ["null", "string"], "default": None},
        {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["NEW", "PAID"]}},
        {"name": "was", "type": ["null", "Status"], "default": None},
        {"name": "lines", "type": {"type": "array", "items": {
            "type": "record", "name": "Line", "fields": [
                {"name": "sku", "type": "string"},
                {"name": "parts", "type": {"type": "array", "items": "Line"}},
            ]}}},
        {"name": "labels", "type": {"type": "map", "values": "int"}},
    ],
}  # fmt: skip


def test_an_avro_schema_takes_what_arrives_from_it():
    document = from_avro(json.dumps(AVRO))
    assert (document["title"], document["description"]) == ("Order Completed", "An order.")
    assert document["required"] == ["id", "total", "at", "status", "lines", "labels"]
    validator = jsonschema_rs.validator_for(document, validate_formats=True)
    line = {"sku": "a", "parts": [{"sku": "b", "parts": []}]}
    order = {
        "id": "1", "total": 1.5, "at": "2026-01-02T03:04:05Z", "coupon": None, "status": "NEW",
        "was": "PAID", "lines": [line], "labels": {"x": 1},
    }  # fmt: skip
    assert validator.is_valid(order)
    for wrong in ({"status": "OLD"}, {"labels": {"x": "1"}}, {"at": 5}, {"coupon": 1}):
        assert not validator.is_valid(order | wrong)
    assert not validator.is_valid({key: order[key] for key in order if key != "id"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"), ('"string"', "must be a record"),
        ('{"type": "record", "name": "A"}', "needs `fields`"),
        ('{"type": "record", "name": "A", "fields": [{"name": "x", "type": "B"}]}', "/x: unknown type 'B'"),
        ('{"type": "record", "name": "A", "fields": [{"type": "int"}]}', "needs a name"),
        ('{"type": "record", "name": "A", "fields": [{"name": "x", "type": {"type": "enum", "name": "E"}}]}', "/x: an enum needs"),
    ],
)  # fmt: skip
def test_what_is_no_avro_schema_is_said_in_a_sentence(text, words):
    with pytest.raises(AvroSchemaError, match=words):
        from_avro(text)


def test_a_type_that_leads_into_itself_for_ever_ends():
    deep = {"type": "int"}
    for _ in range(60):
        deep = {"type": "array", "items": deep}
    given = {"type": "record", "name": "A", "fields": [{"name": "x", "type": deep}]}
    with pytest.raises(AvroSchemaError, match="more than 32 levels"):
        from_avro(json.dumps(given))
