"""The one JSON entry against JSONTestSuite and our own limits (collect C11, C13; attacks J*)."""

import msgspec
import pytest
from door_kit import CONFORMANCE
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.json_entry import (
    BOUND,
    Bounded,
    Refused,
    Shape,
    decoded,
    decoded_batch,
    misshapen,
    pointer,
)

SUITE = sorted((CONFORMANCE / "json/test_parsing").glob("*.json"))
TAKEN_OF_I = {"i_number_double_huge_neg_exp.json", "i_number_real_underflow.json"}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=20,
)


def code(body):
    value = decoded(body)
    found = value if isinstance(value, Refused) else misshapen(value)
    return found.code if found else None


def test_the_suite_is_complete():
    assert len(SUITE) == 318


@pytest.mark.parametrize("path", [p for p in SUITE if p.name[0] == "n"], ids=lambda p: p.name)
def test_what_is_not_json_is_refused(path):
    assert code(path.read_bytes()) == "invalid_json"


@pytest.mark.parametrize("path", [p for p in SUITE if p.name[0] == "y"], ids=lambda p: p.name)
def test_what_is_json_is_taken_as_a_value(path):
    assert code(b'{"properties":{"v":' + path.read_bytes() + b"}}") is None


@pytest.mark.parametrize("path", [p for p in SUITE if p.name[0] == "i"], ids=lambda p: p.name)
def test_what_the_standard_leaves_open_is_decided(path):
    assert (code(path.read_bytes()) is None) == (path.name in TAKEN_OF_I)


@given(JSON)
def test_what_passes_is_encoded_and_read_back_equal(value):
    again = decoded(msgspec.json.encode(value))
    assert again == value
    assert misshapen(again) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"1e400", "number_out_of_range"),
        (b"-1e400", "number_out_of_range"),
        (b'{"a":[9223372036854775807,-9223372036854775808]}', None),
        (b'{"a":9223372036854775808}', "number_out_of_range"),
        (b'{"a":[-9223372036854775809]}', "number_out_of_range"),
        (b"18446744073709551616", "number_out_of_range"),
        (b"1" * 5000, "number_out_of_range"),
        (b"[" * 32 + b"]" * 32, None),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 900 + b"]" * 900, "too_deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 49_999, "invalid_json"),
        (b"[" * 5000 + b"}" * 5000, "invalid_json"),
        (b'["]]",' + b"[" * 5000 + b"]" * 5001, "too_deep"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        ('"é"'.encode("utf-16"), "invalid_json"),
        (b'"\\ud800"', "invalid_json"),
        (b'{"\\udc00":1}', "invalid_json"),
        (b"NaN", "invalid_json"),
        (b"-Infinity", "invalid_json"),
        (b"", "invalid_json"),
        (b'"\\u0000"', None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_hostile_bytes_have_a_code(body, expected):
    assert code(body) == expected


def test_the_last_of_two_equal_keys_wins():
    assert decoded(b'{"a":1,"a":2}') == {"a": 2}


def test_members_are_counted_over_all_levels():
    assert misshapen({str(n): n for n in range(1000)}) is None
    assert misshapen({"a": {str(n): n for n in range(1000)}}).code == "too_many_properties"


def test_items_of_a_list_are_no_members():
    assert misshapen({"a": list(range(5000))}) is None


def test_an_import_may_have_wider_limits():
    wide = Shape(members=20_000)
    assert misshapen({str(n): n for n in range(20_000)}, wide) is None


@pytest.mark.parametrize(
    ("key", "is_taken"), [("k" * 256, True), ("k" * 257, False), ("é" * 129, False)]
)
def test_a_key_has_at_most_256_bytes(key, is_taken):
    assert (misshapen({"a": [{key: 1}]}) is None) is is_taken


def test_a_finding_points_to_its_place():
    value = {"properties": {"a/b": [1, {"n": 2**63}]}}
    assert misshapen(value) == Refused(
        "number_out_of_range", "/properties/a~1b/1/n", "not a 64-bit integer"
    )


def test_one_bad_number_does_not_cost_its_neighbours():
    found = decoded_batch(b'{"batch":[{"a":1},{"a":1e400},{"a":2}],"sentAt":"x","writeKey":"k"}')
    assert [getattr(item, "code", item) for item in found["batch"]] == [
        {"a": 1}, "number_out_of_range", {"a": 2},
    ]  # fmt: skip
    assert (found["sentAt"], found["writeKey"], found["context"]) == ("x", "k", None)


ANY_SHAPE = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3) | st.integers(-(2**64), 2**64),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "k" * 64, "ü" * 300]), inner, max_size=2)
        | inner.map(lambda value: [[[[value]]]])
    ),
)


@given(st.lists(st.dictionaries(st.text(max_size=2), ANY_SHAPE, max_size=3), max_size=3))
def test_a_batch_checked_while_it_is_decoded_is_the_same_and_within_its_bound(items):
    body = msgspec.json.encode({"batch": items, "sentAt": "x"})
    found = decoded_batch(body)["batch"]
    assert found == decoded(body)["batch"]
    if isinstance(found, Bounded):
        assert [misshapen(item, Shape(BOUND.depth, key_bytes=256)) for item in found] == [
            None for _ in items
        ]
    else:
        assert any(
            misshapen(item, Shape(BOUND.depth, key_bytes=256)) or "k" * 65 in str(item)
            for item in items
        )


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[{"a":1}],"other":"\xff"}',
        b'{"batch":[{"a":1}],"other":[1,]}',
        b'{"batch":[{"a":1}]} x',
    ],
)
def test_what_stands_beside_a_usual_batch_must_be_json_too(body):
    assert decoded_batch(body).code == "invalid_json"


@pytest.mark.parametrize("body", [b'{"batch":1e400}', b'{"batch":[],"context":1e400}', b"1e400"])
def test_a_frame_that_cannot_be_read_is_refused_whole(body):
    assert decoded_batch(body).code == "number_out_of_range"


def test_a_pointer_escapes_what_it_must():
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
