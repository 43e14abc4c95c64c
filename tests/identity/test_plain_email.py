"""Plain addresses are read by one pattern, with the answer of the full reading."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyfold.identity.plain_email import plain_email

PIECE = st.text(alphabet="aZ0-_.+'\"@ xn!é\\/", max_size=12)
TOP = st.sampled_from(
    ["com", "DE", "test", "TEST", "local", "c0m", "c-m", "xn--p1ai", "ab--cd", "c"]
)
ADDRESS = st.builds("{}@{}.{}".format, PIECE, PIECE, TOP)


def in_full(value):
    try:
        parsed = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return None
    return parsed.local_part, (parsed.ascii_domain or parsed.domain).lower()


@given(st.one_of(ADDRESS, st.emails()))
@settings(max_examples=2_000)
def test_what_the_pattern_takes_the_full_reading_reads_alike(value):
    found = plain_email(value)
    assert found is None or found == in_full(value)


@pytest.mark.parametrize(
    "value", ["ann@example.com", "o'neil+news@Mail.Example.CO.UK", "a.b.c@x-y.io", "1@a.museum"]
)
def test_addresses_as_people_have_them_are_plain(value):
    assert plain_email(value) == in_full(value) != None  # noqa: E711 - both at once


@pytest.mark.parametrize(
    "value",
    ["a" * 250 + "@x.com", "a@" + "x" * 64 + ".com", "a@x.test", "a@localhost", "a..b@x.com", ".a@x.com",
     "a@-x.com", "a@x-.com", "a@xn--a.com", "a@x.c0", "ä@x.com", "a@x.com\n", '"a b"@x.com', ""],
)  # fmt: skip
def test_everything_else_is_read_in_full(value):
    assert plain_email(value) is None
