import phonenumbers

from journeyfold.identity.countries import COUNTRIES


def test_the_countries_are_those_whose_numbers_can_be_read():
    assert phonenumbers.SUPPORTED_REGIONS == COUNTRIES
