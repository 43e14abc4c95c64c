import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.errors import FormatError
from journeyfold.core.event import Event, Identifier
from journeyfold.log.codec import decode, dedupe_key, encode, signed_64

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
documents = st.dictionaries(st.text(max_size=4), json_values, max_size=4)


def an_event(properties=None, traits=None) -> Event:
    identifiers = (Identifier("user_id", "u1"), Identifier("email", "a@b.example"))
    return Event("i1", "Order Completed", "track", "web", identifiers, 1, 2,
                 properties or {}, traits or {}, {"auth": "server"}, "order/2")  # fmt: skip


@given(documents, documents)
def test_an_event_is_read_as_it_was_written(properties, traits):
    event = an_event(properties, traits)
    assert decode(1, encode(event)) == event


def test_the_first_versions_bytes_decode_for_ever():
    body = bytes.fromhex(
        "9ba161a14ea5747261636ba37765629192a7757365725f6964a27531010281a16e018080c0"
    )
    event = Event("a", "N", "track", "web", (Identifier("user_id", "u1"),), 1, 2, {"n": 1})
    assert decode(1, body) == event
    assert encode(event) == body


def test_an_unknown_version_is_refused_by_number():
    with pytest.raises(FormatError, match="envelope 2, this release reads up to 1"):
        decode(2, encode(an_event()))


def test_a_source_and_an_id_do_not_run_together():
    assert dedupe_key("web", "1a") != dedupe_key("web1", "a")
    assert len(dedupe_key("", "\ud800")) == 16


@pytest.mark.parametrize(("fingerprint", "kept"), [(0, 0), (2**63, -(2**63)), (2**64 - 1, -1)])
def test_a_fingerprint_fits_into_a_signed_column(fingerprint, kept):
    assert signed_64(fingerprint) == kept
    assert signed_64(kept) == kept
