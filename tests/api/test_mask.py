"""What reaches a person is masked; what tells records apart is not (console C16)."""

from __future__ import annotations

import pytest

from journeyfold.api.mask import is_personal, masked, masked_identifier, masked_json


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("jonna@example.com", "j•••@example.com"),
        ("+49 30 1234567", "•••67"),
        ("Jonna", "J•••"),
        ("@", "•••@"),
    ],
)
def test_a_mask_keeps_what_tells_two_apart(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "name",
    ["email", "firstName", "last_name", "phone_mobile", "address.street", "ip", "surname", "dob"],
)
def test_names_of_personal_values(name):
    assert is_personal(name)


@pytest.mark.parametrize("name", ["sku", "total", "product_name", "country", "tier", "shipping"])
def test_names_of_other_values(name):
    assert not is_personal(name)


def test_a_name_is_a_pages_in_properties_and_a_persons_among_traits():
    body = {"properties": {"name": "Home"}, "context": {"traits": {"name": "Jonna"}}}
    assert masked_json(body) == {
        "properties": {"name": "Home"},
        "context": {"traits": {"name": "J•••"}},
    }


def test_an_address_is_masked_whatever_it_is_called():
    assert masked_json({"note": "jonna@example.com"}) == {"note": "j•••@example.com"}


def test_lists_and_depths_are_masked():
    assert masked_json({"traits": {"emails": ["a@b.de"]}}) == {"traits": {"emails": ["a•••@b.de"]}}


def test_pseudonyms_stay_readable():
    assert masked_identifier("user_id", "20417") == "20417"
    assert masked_identifier("email", "jonna@example.com") == "j•••@example.com"
