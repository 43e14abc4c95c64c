"""Identifiers as advertising platforms match them; the digests are of the platforms' own examples."""

from hashlib import sha256

import pytest

from journeyfold.activate import hashed as norm


def digest(text):
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("write", "value", "expected"),
    [
        (norm.email, " Jane.Doe@Example.COM ", "jane.doe@example.com"),
        (norm.email, "no address", None),
        (norm.email, "@example.com", None),
        (norm.email, None, None),
        (norm.google_email, "Cloudy.SanFrancisco@gmail.com", "cloudysanfrancisco@gmail.com"),
        (norm.google_email, "Jefferson.Loves.Hiking@googlemail.com",
         "jeffersonloveshiking@googlemail.com"),
        (norm.google_email, "a.b@example.com", "a.b@example.com"),
        (norm.e164, "+44 (0)20 7946 0000", "+442079460000"),
        (norm.e164, "020 7946 0000", None),
        (norm.phone_digits, "+1 (650) 555-1212", "16505551212"),
        (norm.name, "Mary-Jane O'Neil", "maryjane oneil"),
        (norm.name, "정", "정"),
        (norm.name, "Valéry", "valéry"),
        (norm.google_name, " John ", "john"),
        (norm.city, "St. Louis", "stlouis"),
        (norm.postcode, "94035-1234", "94035"),
        (norm.postcode, "M1 1AE", "m11ae"),
        (norm.postcode, 94035, "94035"),
        (norm.country, "US", "us"),
        (norm.country, "Germany", None),
        (norm.birthday, "1997-02-16", "19970216"),
        (norm.birthday, "1997-02-16T00:00:00Z", "19970216"),
        (norm.birthday, "16.2.1997", None),
        (norm.gender, "Female", "f"),
        (norm.gender, "other", None),
        (norm.external_id, 42, "42"),
        (norm.external_id, 42.0, "42"),
        (norm.external_id, True, None),
    ],
)  # fmt: skip
def test_a_value_is_written_as_the_platform_writes_it(write, value, expected):
    assert write(value) == expected


def test_a_number_without_its_country_is_read_in_the_region():
    assert norm.e164("020 7946 0000", "GB") == "+442079460000"


def test_a_digest_is_that_of_the_platforms_example():
    """developers.facebook.com, customer information parameters: john_smith@gmail.com."""
    assert norm.hashed(norm.email(" John_Smith@gmail.com ")) == (
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
    )


def test_what_is_hashed_already_stays():
    told = digest("jane@example.com")
    for write in (norm.email, norm.google_email, norm.e164, norm.country, norm.gender):
        assert norm.hashed(write(told)) == told


def test_what_says_nothing_is_not_hashed():
    assert norm.hashed("") is norm.hashed(None) is None


@pytest.mark.parametrize(
    ("key", "name"), [("a@b.example", "email"), ("+44 20 7946 0000", "phone"), ("c-17", "other")]
)
def test_a_row_with_its_key_alone_is_known_by_it(key, name):
    assert norm.keyed({"key": key}, "other") == {name: key}


def test_the_key_wins_over_what_is_mapped_since_a_removal_has_nothing_else():
    told = {"key": "a@b.example", "email": "c@d.example", "phone": "1"}
    assert norm.keyed(told, "x") == {"email": "a@b.example", "phone": "1"}
