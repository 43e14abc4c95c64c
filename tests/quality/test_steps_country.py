"""A value is read by the country that its record names, before the source's own (quality Q21, Q26)."""

import pytest

from journeyfold.core.event import Event
from journeyfold.quality.cleaners import chain_of
from journeyfold.quality.steps import Steps

STEPS = Steps(
    "crm",
    {
        "traits.phone": chain_of({"phone": {"region": "DE", "country_of": "traits.country"}}),
        "traits.zip": chain_of({"postcode": {"country_of": "traits.country"}}),
    },
)


def cleaned(**traits):
    event = Event("e", "Identify", "identify", "crm", (), 0, 0, {}, traits)
    assert STEPS.cleaned(STEPS.cleaned(event)) == STEPS.cleaned(event)
    return STEPS.cleaned(event).traits


@pytest.mark.parametrize(
    ("country", "sent", "phone"),
    [
        ("AT", "01 51581", "+43151581"),
        ("Austria", "01 51581", "+43151581"),
        ("nowhere", "030 901820", "+4930901820"),
        (None, "030 901820", "+4930901820"),
    ],
)
def test_the_country_of_the_record_goes_before_that_of_the_source(country, sent, phone):
    assert cleaned(phone=sent, country=country)["phone"] == phone


def test_two_records_of_two_countries_are_read_each_by_its_own():
    found = [cleaned(zip="1011ab", country="NL"), cleaned(zip="sw1a1aa", country="GB")]
    assert [each["zip"] for each in found] == ["1011 AB", "SW1A 1AA"]


def test_what_no_country_can_read_stays_and_is_told():
    event = Event("e", "Identify", "identify", "crm", (), 0, 0, {}, {"zip": "99", "country": "DE"})
    (change,) = STEPS.changes(event)
    assert (change.field, change.outcome.state, change.outcome.value) == (
        "traits.zip",
        "failed",
        "99",
    )


@pytest.mark.parametrize("path", ["country", "traits.", "event.country"])
def test_a_country_that_is_no_field_is_refused(path):
    with pytest.raises(ValueError, match="write traits"):
        chain_of({"postcode": {"country_of": path}})
