"""Rows against what was acknowledged: the comparison of a sync, without people or stores."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.sync import (
    Seen,
    Sync,
    change_of,
    gone,
    is_too_much,
    row_of,
    usable_key,
)

SECRET = bytes(range(32))


def sync(**told):
    usual = {"id": "vip", "from": {"segment": "vip"}, "key": "traits.email"}
    return msgspec.convert({**usual, **told}, Sync)


def row(key="ann", where="crm.vip", **fields):
    return row_of(SECRET, where, key, "p_ann", fields)


def seen(*digests):
    made = Seen()
    for digest in digests:
        made.add(digest)
    made.close()
    return made


def test_a_row_is_the_same_whoever_has_it_and_in_whatever_order_its_fields_came():
    one = row_of(SECRET, "crm.vip", "ann", "p_ann", {"a": 1, "b": [2]})
    other = row_of(SECRET, "crm.vip", "ann", "p_bob", {"b": [2], "a": 1})
    assert (one.digest, one.hash) == (other.digest, other.hash)


@pytest.mark.parametrize(
    "other", [row("bob", tier="a"), row(where="crm.all", tier="a"), row(1, tier="a")]
)
def test_another_key_or_another_sync_is_another_row(other):
    assert other.digest != row(tier="a").digest


def test_a_number_and_its_text_are_two_keys():
    assert row(1).digest != row("1").digest


def test_without_the_secret_a_digest_tells_nothing():
    assert row_of(bytes(32), "crm.vip", "ann", "p", {}).digest != row().digest


@pytest.mark.parametrize(
    ("value", "key"),
    [("ann", "ann"), (7, 7), ("", None), (None, None), (True, None), (1.5, None), (["a"], None),
     ("x" * 512, "x" * 512), ("x" * 513, None)],
)  # fmt: skip
def test_a_key_is_a_text_or_an_integer(value, key):
    assert usable_key(value) == key


@pytest.mark.parametrize("mode", ["mirror", "upsert", "append"])
def test_a_row_nobody_acknowledged_is_added_in_every_mode(mode):
    assert change_of(sync(mode=mode), row(), None) == "add"


@pytest.mark.parametrize(
    ("mode", "change"), [("mirror", "change"), ("upsert", "change"), ("append", None)]
)
def test_a_row_that_differs_is_changed_unless_rows_are_only_appended(mode, change):
    assert change_of(sync(mode=mode), row(tier="b"), row(tier="a").hash) == change
    assert change_of(sync(mode=mode), row(tier="a"), row(tier="a").hash) is None


@pytest.mark.parametrize(
    ("mode", "change"), [("mirror", "remove"), ("upsert", None), ("append", None)]
)
def test_a_row_that_is_gone_is_removed_where_the_sync_mirrors(mode, change):
    assert gone(sync(mode=mode), row().digest, seen(), seen()) == change
    assert gone(sync(mode=mode), row().digest, seen(row().digest), seen()) is None


@pytest.mark.parametrize("mode", ["mirror", "upsert", "append"])
def test_withdrawn_consent_is_a_removal_in_every_mode(mode):
    assert gone(sync(mode=mode), row().digest, seen(), seen(row().digest)) == "withdraw"


def test_somebody_else_with_the_key_keeps_the_row():
    """Two people share a key, and one of them withdrew: the row is the other's."""
    assert gone(sync(), row().digest, seen(row().digest), seen(row().digest)) is None


@pytest.mark.parametrize(
    ("removed", "acknowledged", "share", "stops"),
    [(30, 100, "30%", False), (31, 100, "30%", True), (10, 10, "30%", True), (4, 11, "30%", True),
     (1, 1000, "0%", True), (1000, 1000, "100%", False), (0, 0, "0%", False)],
)  # fmt: skip
def test_more_than_the_share_is_too_much(removed, acknowledged, share, stops):
    assert is_too_much(sync(max_removed=share), removed, acknowledged) is stops


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=60))
def test_what_was_seen_is_told_from_what_was_not(digests):
    twice = digests[::3]
    found = seen(*digests, *twice)
    assert all(each in found for each in digests)
    assert all(found.is_repeated(each) for each in twice)
    times = {each: (digests + twice).count(each) for each in digests}
    assert all(found.is_repeated(each) is (n > 1) for each, n in times.items())
    assert found.repeated() == sum(n for n in times.values() if n > 1)
    assert bytes(16) in found or bytes(16) not in digests


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"from": {}}, "one of segment and where"),
        ({"from": {"segment": "a", "where": "true"}}, "one of segment and where"),
        ({"map": {"key": "traits.email"}}, "`key` is the row's key itself"),
        ({"map": {f"f{n}": "1" for n in range(201)}}, "at most 200 fields"),
        ({"max_removed": "101%"}, "matching regex"),
        ({"every": "15 minutes"}, "matching regex"),
    ],
)
def test_a_sync_that_cannot_be_meant_is_refused(told, sentence):
    with pytest.raises(msgspec.ValidationError, match=sentence):
        sync(**told)
