"""What a new version does to history, shown by documents (quality Q01, Q04 to Q06)."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyfold.quality.containment import findings
from journeyfold.quality.difference import differences
from journeyfold.quality.evolution import History, evolution_problems
from journeyfold.quality.lock import SchemaLock, SchemaModes
from journeyfold.quality.tags import data_categories, tag_problems
from journeyfold.quality.witness import witnesses

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
SUBJECT = "event:track/Order"


def version(number, properties, required=(), *, header=None, **more):
    document = {
        "title": "Order",
        "x-journeyfold": {"type": "track", "version": number, **(header or {})},
        "type": "object",
        "properties": properties,
        "required": list(required),
        **more,
    }
    return {f"schemas/order.{number}.json": json.dumps(document, indent=1)}


def problems(files, mode="FULL_TRANSITIVE", lock=None):
    modes = SchemaModes(compatibility=mode)
    return list(evolution_problems(files, lock or SchemaLock(), modes))


def published(files):
    lock = SchemaLock()
    for file in History(files, lock, SchemaModes()).files:
        lock = lock.with_version(file.stem, file.document)
    return lock


FIRST = version(1, {"total": NUMBER, "note": TEXT})


def test_a_published_version_may_not_change():
    changed = version(1, {"total": {"type": "integer"}, "note": TEXT})
    (found,) = problems(changed, lock=published(FIRST))
    assert (found.code, found.file) == ("Q110", "schemas/order.1.json")
    assert "schemas/order.2.json" in found.suggestion


def test_layout_and_order_of_keys_are_no_change():
    told = json.loads(FIRST["schemas/order.1.json"])
    turned = {"schemas/order.1.json": json.dumps(dict(reversed(told.items())))}
    assert problems(turned, lock=published(FIRST)) == []


def test_a_published_version_may_not_go():
    files = FIRST | version(2, {"total": NUMBER, "note": TEXT})
    (found,) = problems(FIRST, lock=published(files))
    assert (found.code, "order.2" in found.message) == ("Q111", True)


def test_a_narrower_type_is_refused_with_field_mode_and_a_document():
    (found,) = problems(FIRST | version(2, {"total": {"type": "integer"}, "note": TEXT}))
    assert (found.code, found.line) == ("Q112", 9)
    assert "/total: number is not allowed any more" in found.message
    assert '{"total":1.5} (FULL_TRANSITIVE)' in found.message


def test_a_bound_that_moves_is_proven_by_a_value_beside_it():
    files = version(1, {"n": {"type": "integer", "minimum": 0}})
    files |= version(2, {"n": {"type": "integer", "minimum": 5}})
    (found,) = problems(files, "BACKWARD")
    assert (found.code, '{"n":1}' in found.message) == ("Q112", True)


@pytest.mark.parametrize(
    ("first", "second", "mode", "codes"),
    [
        ({}, {"additionalProperties": False}, "BACKWARD", {"Q112"}),
        ({"additionalProperties": False}, {}, "BACKWARD", set()),
        ({"additionalProperties": False}, {}, "FORWARD", {"Q112"}),
        ({}, {"additionalProperties": False}, "NONE", set()),
    ],
)
def test_a_mode_says_which_way_is_looked(first, second, mode, codes):
    files = version(1, {"a": TEXT}, **first) | version(2, {"a": TEXT}, **second)
    assert {each.code for each in problems(files, mode)} == codes


def test_a_mode_holds_for_the_subject_it_names():
    files = FIRST | version(2, {"total": {"type": ["number", "null"]}, "note": TEXT})
    modes = SchemaModes(subjects={SUBJECT: "BACKWARD"})
    assert list(evolution_problems(files, SchemaLock(), modes)) == []
    strange = SchemaModes(subjects={"event:track/Odrer": "NONE"})
    assert [each.code for each in evolution_problems(FIRST, SchemaLock(), strange)] == ["Q114"]


def test_what_nobody_can_tell_needs_an_acknowledgement():
    second = {"code": {"type": "string", "not": {"pattern": "^q{9}$"}}}
    files = version(1, {"code": TEXT})
    (found,) = problems(files | version(2, second), "BACKWARD")
    assert (found.code, '"acknowledged": ["/code"]' in found.suggestion) == ("Q113", True)
    said = version(2, second, header={"acknowledged": ["/code"]})
    assert problems(files | said, "BACKWARD") == []


def test_an_acknowledgement_does_not_excuse_what_a_document_disproves():
    second = version(2, {"total": TEXT}, header={"acknowledged": ["/total"]})
    assert {each.code for each in problems(FIRST | second, "BACKWARD")} == {"Q112"}


def test_a_published_version_is_not_judged_again_by_a_later_mode():
    files = FIRST | version(2, {"total": {"type": "integer"}, "note": TEXT})
    assert problems(files, lock=published(files)) == []


def test_references_are_written_out_before_they_are_compared():
    def with_city(number, city):
        return version(
            number, {"address": {"$ref": "#/$defs/address"}},
            **{"$defs": {"address": {"type": "object", "properties": {"city": city}}}},
        )  # fmt: skip

    assert problems(with_city(1, TEXT) | with_city(2, TEXT)) == []
    (found,) = problems(with_city(1, TEXT) | with_city(2, NUMBER), "BACKWARD")
    assert '{"address":{"city":"a"}}' in found.message


def test_a_schema_that_leads_into_itself_is_not_decided():
    def tree(number, leaf):
        node = {"type": "object", "properties": {"leaf": leaf, "next": {"$ref": "#/$defs/node"}}}
        return version(number, {"root": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": node}})

    assert problems(tree(1, TEXT) | tree(2, TEXT)) == []


def test_the_number_of_a_version_is_derived():
    closed = {"additionalProperties": False}
    files = version(1, {"a": TEXT}, **closed)
    files |= version(2, {"a": TEXT, "b": NUMBER}, **closed)
    files |= version(3, {"a": NUMBER}, **closed)
    history = History(files, SchemaLock(), SchemaModes())
    told = [(each.label, each.number) for each in history.versions(SUBJECT)]
    assert told == [("ADDITION", "1-0-0"), ("ADDITION", "1-0-1"), ("MODEL", "2-0-0")]


def test_the_same_document_has_one_number_in_the_registry():
    lock = SchemaLock().with_version("a.1", {"x": 1}).with_version("b.1", {"x": 1})
    again = lock.with_version("c.1", {"x": 2})
    assert [again.published[stem].id for stem in ("a.1", "b.1", "c.1")] == [1, 1, 2]


LEAVES = st.sampled_from([
    TEXT, NUMBER, {}, {"type": "integer", "minimum": 2}, {"enum": ["a", 1]}, {"maxLength": 1},
    {"type": ["string", "null"]}, {"type": "array", "items": NUMBER, "maxItems": 2},
])  # fmt: skip
OBJECTS = st.builds(
    lambda properties, required, more: {
        "type": "object", "properties": properties, "required": required, **more
    },
    st.dictionaries(st.sampled_from("ab"), LEAVES, max_size=2),
    st.lists(st.sampled_from("ab"), unique=True, max_size=2),
    st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": TEXT}]),
)  # fmt: skip


SOME = [{}, *({"a": a, "b": b} for a in (1.5, "a", 2, []) for b in (1.5, "a", 2, []))]


@given(LEAVES | OBJECTS, LEAVES | OBJECTS)
@settings(deadline=None, max_examples=300)
def test_a_witness_is_taken_by_the_one_and_refused_by_the_other(old, new):
    takes, refuses = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
    for document in witnesses(old, new, takes, refuses).values():
        assert takes.is_valid(document)
        assert not refuses.is_valid(document)


@given(OBJECTS, OBJECTS)
@settings(deadline=None, max_examples=300)
def test_a_narrower_object_has_a_witness(old, new):
    """Nearly always: the rules say no for certain, and a document is there to be seen."""
    known = jsonschema_rs.is_valid(old, 1) or any(
        map(jsonschema_rs.validator_for(old).is_valid, SOME)
    )
    if known and any(each.is_certain for each in findings(old, new)):
        takes, refuses = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
        assert witnesses(old, new, takes, refuses)


def test_a_difference_names_what_came_went_and_changed():
    old = {"properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}
    new = {"properties": {"a": TEXT, "c": {"type": "array", "items": NUMBER}}}
    told = [(each.what, each.pointer, each.before, each.after) for each in differences(old, new)]
    assert told == [
        ("removed", "/b", "string", ""),
        ("changed", "/a", "string, required", "string"),
        ("added", "/c", "", "array"),
        ("added", "/c/-", "", "number"),
    ]


def test_a_tag_is_a_data_category():
    files = version(1, {"mail": {"type": "string", "x-tag": "user.contact.emial"}})
    (found,) = tag_problems(files, {"analytics"})
    assert (found.code, "user.contact.email" in found.suggestion) == ("Q115", True)


@pytest.mark.parametrize(
    "marks", [{"x-origin": "guessed"}, {"x-purposes": ["analitics"]}, {"x-tag": 7}]
)
def test_a_mark_that_means_nothing_is_told(marks):
    files = version(1, {"mail": {"type": "string", **marks}})
    assert [each.code for each in tag_problems(files, {"analytics"})] == ["Q115"]


def test_data_in_an_enumeration_is_no_mark():
    files = version(1, {"kind": {"enum": [{"x-tag": "anything"}]}})
    assert list(tag_problems(files, ())) == []


def test_the_shipped_data_categories_are_those_of_the_taxonomy(conformance: Path):
    told = json.loads((conformance / "privacy" / "data_categories.json").read_text())
    assert data_categories() == {
        each["fides_key"] for each in told["data_category"] if not each["version_deprecated"]
    }
