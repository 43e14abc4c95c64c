"""Key text: what is written can be read, what is mistyped is not a key."""

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.keys import ApiKey, hashed, new_key, opens, parse_key, redacted

KEY = new_key("pub", "live", bytes(range(16)), bytes(range(32)))


def stored(**changes) -> ApiKey:
    values = {
        "id": KEY.id,
        "kind": "pub",
        "source": "web",
        "env": "live",
        "secret_sha256": hashed(KEY.secret),
        "scopes": ("collect",),
        "created_us": 1,
    }
    return ApiKey(**(values | changes))


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
def test_a_key_written_is_the_key_read(id_bytes, secret_bytes):
    key = new_key("srv", "development", id_bytes, secret_bytes)
    assert parse_key(str(key)) == key


@given(st.integers(0, len(str(KEY)) - 1), st.sampled_from("0aZ_ é"))
def test_a_mistyped_character_is_found_without_the_store(place, character):
    text = str(KEY)
    mistyped = text[:place] + character + text[place + 1 :]
    assert parse_key(mistyped) == (KEY if mistyped == text else None)


def test_a_key_has_the_lengths_of_its_format():
    assert [len(part) for part in str(KEY).split("_")] == [2, 3, 4, 10, 32, 6]


def test_only_the_right_secret_opens_a_key():
    assert opens(stored(), KEY.secret)
    assert not opens(stored(), KEY.secret[::-1])


def test_a_key_is_live_until_it_is_revoked_or_expires():
    assert stored().is_live(10)
    assert stored(revoked_us=11, expires_us=11).is_live(10)
    assert not stored(revoked_us=10).is_live(10)
    assert not stored(expires_us=10).is_live(10)


def test_a_redacted_key_does_not_show_its_secret():
    assert KEY.secret not in redacted(str(KEY))
    assert redacted("someone-elses-key").endswith("-key")
