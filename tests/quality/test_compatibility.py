import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyfold.quality.compatibility import breaches, label_of
from journeyfold.quality.containment import findings

TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}


def obj(required=(), closed=False, **properties):
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return schema | ({"additionalProperties": False} if closed else {})


def verdict(old, new):
    found = findings(old, new)
    if not found:
        return "yes"
    return "no" if any(each.is_certain for each in found) else "unknown"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (WHOLE, NUMBER, "yes"),
        (NUMBER, WHOLE, "no"),
        (TEXT, {"type": ["string", "null"]}, "yes"),
        ({"type": ["string", "null"]}, TEXT, "no"),
        ({"enum": ["a", "b"]}, {"enum": ["a", "b", "c"]}, "yes"),
        ({"enum": ["a", "b", "c"]}, {"enum": ["a", "b"]}, "no"),
        ({"enum": ["a"]}, TEXT, "yes"),
        (obj(["a"], a=TEXT), obj(a=TEXT), "yes"),
        (obj(a=TEXT), obj(["a"], a=TEXT), "no"),
        (obj(closed=True, a=TEXT), obj(closed=True, a=TEXT, b=NUMBER), "yes"),
        (obj(a=TEXT), obj(a=TEXT, b=NUMBER), "no"),
        (obj(a=TEXT, b=NUMBER), obj(a=TEXT), "yes"),
        (obj(closed=True, a=TEXT, b=NUMBER), obj(closed=True, a=TEXT), "no"),
        ({"minimum": 1, "type": "number"}, {"minimum": 0, "type": "number"}, "yes"),
        ({"minimum": 0, "type": "number"}, {"minimum": 1, "type": "number"}, "unknown"),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0}, "yes"),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 9}, "yes"),
        (TEXT, {"anyOf": [NUMBER, TEXT]}, "yes"),
        ({"anyOf": [NUMBER, TEXT]}, TEXT, "no"),
        (TEXT, {"type": "string", "not": {"const": "x"}}, "unknown"),
        ({"type": "array", "items": WHOLE}, {"type": "array", "items": NUMBER}, "yes"),
        ({"type": "array", "items": NUMBER}, {"type": "array", "items": TEXT}, "no"),
        (TEXT, True, "yes"),
        (TEXT, False, "no"),
        (False, TEXT, "yes"),
    ],
)
def test_are_all_documents_of_the_old_schema_documents_of_the_new(old, new, says):
    assert verdict(old, new) == says


LEAF = st.sampled_from([
    TEXT, NUMBER, WHOLE, True, {}, {"type": "null"}, {"type": ["string", "null"]}, {"enum": ["a", 1]},
    {"const": None}, {"type": "string", "minLength": 2}, {"type": "string", "maxLength": 1},
    {"type": "number", "minimum": 1}, {"type": "number", "exclusiveMaximum": 1},
    {"type": "integer", "maximum": 3}, {"type": "string", "pattern": "^a"}, {"not": TEXT},
])  # fmt: skip
NAMES = st.sampled_from(["a", "b", "c"])


def grown(inner):
    properties = st.dictionaries(NAMES, inner, max_size=2)
    required = st.lists(NAMES, unique=True, max_size=2)
    objects = st.builds(
        lambda p, r, more: {"type": "object", "properties": p, "required": r, **more},
        properties, required,
        st.sampled_from([{}, {"additionalProperties": False}, {"additionalProperties": TEXT},
                         {"minProperties": 1}, {"maxProperties": 1}]),
    )  # fmt: skip
    arrays = st.builds(
        lambda items, more: {"type": "array", "items": items, **more},
        inner, st.sampled_from([{}, {"minItems": 1}, {"maxItems": 1}, {"uniqueItems": True}]),
    )  # fmt: skip
    several = st.builds(
        lambda key, ways: {key: ways},
        st.sampled_from(["anyOf", "allOf", "oneOf"]), st.lists(inner, min_size=1, max_size=2),
    )  # fmt: skip
    return objects | arrays | several


SCHEMAS = st.recursive(LEAF, grown, max_leaves=5)
DOCUMENTS = st.recursive(
    st.sampled_from([None, True, 0, 1, 2, 5, 1.5, "", "a", "ab", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=4,
)


PAIRS = st.one_of(
    st.tuples(SCHEMAS, SCHEMAS),
    st.builds(lambda a, b: (a, {"anyOf": [a, b]}), SCHEMAS, SCHEMAS),
    st.builds(lambda a, b: ({"allOf": [a, b]}, a), SCHEMAS, SCHEMAS),
    st.builds(lambda a, b: (obj(["a"], a=a, b=b), obj(a=a)), SCHEMAS, SCHEMAS),
    st.builds(lambda a, b: (obj(closed=True, a=a), obj(closed=True, a=a, b=b)), SCHEMAS, SCHEMAS),
)


@given(PAIRS, st.lists(DOCUMENTS, min_size=5, max_size=12))
@settings(deadline=None, max_examples=1_000)
def test_compatible_is_never_said_where_a_document_proves_otherwise(pair, documents):
    old, new = pair
    mine, theirs = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
    proof = [doc for doc in documents if mine.is_valid(doc) and not theirs.is_valid(doc)]
    if proof:
        assert findings(old, new) != []


@given(SCHEMAS)
def test_every_schema_may_follow_itself(schema):
    assert findings(schema, schema) == []


def test_a_mode_says_which_versions_and_which_way():
    first, second, third = obj(a=TEXT), obj(["a"], a=TEXT), obj(["a"], a=TEXT, b=NUMBER)
    before = [(1, first), (2, second)]
    assert {(each.version, each.direction) for each in breaches(third, before, "FULL_TRANSITIVE")} == {
        (1, "backward"), (2, "backward"),
    }  # fmt: skip
    assert breaches(third, before, "FORWARD_TRANSITIVE") == []
    assert breaches(third, before, "NONE") == []
    assert {each.version for each in breaches(third, before, "BACKWARD")} == {2}


def test_the_label_is_what_a_version_does_to_history():
    narrow, wide = obj(closed=True, a=WHOLE), obj(closed=True, a=NUMBER)
    text = obj(closed=True, a=TEXT)
    assert label_of(wide, [(1, narrow)]) == "ADDITION"
    assert label_of(narrow, [(1, wide)]) == "MODEL"
    assert label_of(wide, [(1, text), (2, narrow)]) == "REVISION"
