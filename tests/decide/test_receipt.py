"""A receipt is ours or it is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.instant import DAY_US
from journeyfold.decide.receipt import Receipt, sign, verify

KEY, OTHER = b"a" * 32, b"b" * 32
RECEIPT = Receipt("d1", "home", "ten-percent", "warm", "discount", 1, 100 * DAY_US, "web")
TEXT = sign(RECEIPT, KEY)


def test_what_was_signed_is_read_back():
    assert verify(TEXT, KEY, RECEIPT.issued_us) == RECEIPT


def test_another_key_opens_nothing():
    assert verify(TEXT, OTHER, RECEIPT.issued_us) == "bad_receipt"


@pytest.mark.parametrize(
    ("days", "is_good"), [(0, True), (30, True), (30.001, False), (-1, True), (-1.001, False)]
)
def test_a_receipt_lives_thirty_days(days, is_good):
    verified = verify(TEXT, KEY, RECEIPT.issued_us + int(days * DAY_US))
    assert verified == (RECEIPT if is_good else "old_receipt")


@pytest.mark.parametrize("text", ["", ".", "a.b", TEXT + "=", TEXT + ".x", "é.é", "A" * 5_000])
def test_what_is_no_receipt_is_refused(text):
    assert verify(text, KEY, RECEIPT.issued_us) == "bad_receipt"


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("ABCabc019-_."))
def test_a_changed_character_is_noticed(at, character):
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed != TEXT:
        assert verify(changed, KEY, RECEIPT.issued_us) == "bad_receipt"


def test_a_receipt_of_another_shape_is_refused():
    import msgspec

    from journeyfold.decide import receipt

    body = msgspec.msgpack.encode(["only", "two"])
    text = f"{receipt._text(body)}.{receipt._text(receipt._mac(body, KEY))}"
    assert verify(text, KEY, 0) == "bad_receipt"
