"""Where a key may stand and what it opens (collect C06 to C08)."""

from base64 import b64encode

import pytest
from door_kit import NOW_US, PUB, SRV, stored
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.keys import (
    Denied,
    MemoryKeys,
    Presented,
    agreed,
    declared_keys,
    in_headers,
    opened,
    within,
)
from journeyfold.core.keys import hashed
from journeyfold.sources.inventory import Limits, Source

STORE = MemoryKeys([stored(PUB, "web"), stored(SRV, "shop")])


def header(value):
    return in_headers({b"authorization": value})[0].text


def test_basic_ignores_the_password():
    assert header(b"Basic " + b64encode(b"KEY:")) == "KEY"
    assert header(b"basic " + b64encode(b"KEY:secret")) == "KEY"


def test_bearer_is_the_key_itself():
    assert header(b"Bearer KEY ") == "KEY"


@pytest.mark.parametrize(
    "value", [b"", b"Basic", b"Basic !!", b"Basic " + b64encode(b"\xff"), b"Digest x"]
)
def test_another_authorization_is_no_key(value):
    assert header(value) == ""


@given(st.binary(max_size=60))
def test_no_authorization_breaks_the_reading(value):
    assert isinstance(header(value), str)


def test_no_key_is_missing():
    assert agreed([]) == Denied("missing")


def test_the_same_key_twice_is_one_and_remembers_its_places():
    found = agreed(
        [Presented("k"), Presented("k", in_authorization=True), Presented("k", in_url=True)]
    )
    assert found == Presented("k", in_authorization=True, in_url=True)


@pytest.mark.parametrize(
    ("presented", "cause"),
    [
        (Presented(str(SRV), in_url=True), "server_key_in_url"),
        (Presented(str(SRV)), "server_key_outside_authorization"),
        (Presented(""), "unknown"),
        (Presented("x" * 100_000), "unknown"),
    ],
)
def test_what_does_not_open_has_a_cause_for_the_audit(presented, cause):
    assert opened(STORE, presented, NOW_US) == Denied(cause)


def test_a_server_key_in_authorization_opens_its_source():
    assert opened(STORE, Presented(str(SRV), in_authorization=True), NOW_US).source == "shop"


def test_a_declared_key_has_its_sources_kind_and_rate():
    source = Source(
        kind="mobile", source="app", keys=("THEIRS",), limits=Limits(events_per_s=7, burst=9)
    )
    (key,) = declared_keys([source]).values()
    assert (key.kind, key.source, key.rate_per_s, key.burst) == ("pub", "app", 7, 9)
    store = MemoryKeys(sources=[source])
    assert store.find_foreign(hashed("THEIRS")) == key
    assert opened(store, Presented("THEIRS"), NOW_US) == key


def test_a_foreign_key_is_stored_by_its_hash():
    store = MemoryKeys()
    store.put(stored(PUB, "web", is_foreign=True, secret_sha256=hashed("T")))
    assert opened(store, Presented("T"), NOW_US).source == "web"
    assert opened(store, Presented(str(PUB)), NOW_US) == Denied("unknown")


def test_an_address_is_within_a_range_or_not():
    assert within("10.1.2.3", ["192.168.0.0/16", "10.0.0.0/8"])
    assert not within("11.1.2.3", ["10.0.0.0/8"])
    assert not within("", ["0.0.0.0/0"])
    assert within("2001:db8::1", ["2001:db8::/32"])


def test_a_key_that_opened_something_was_used_then():
    store = MemoryKeys([stored(PUB, "web")])
    key = opened(store, Presented(str(PUB)), NOW_US)
    assert store.uses == {key.id: NOW_US}


def test_a_key_that_opened_nothing_was_not_used():
    store = MemoryKeys([stored(SRV, "shop")])
    opened(store, Presented(str(SRV), in_url=True), NOW_US)
    assert store.uses == {}
