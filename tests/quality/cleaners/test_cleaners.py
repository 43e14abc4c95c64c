"""What every cleaner promises, and each with its own cases."""

import csv
import os
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from journeyfold.quality.cleaners import chain_of, known

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", SHARED / "data"))
CONFORMANCE = Path(os.environ.get("JOURNEYFOLD_CONFORMANCE", SHARED / "conformance"))
NAUGHTY = CONFORMANCE / "security" / "blns.json"
CUSTOMERS = DATA / "identity" / "senzing" / "customers.csv"
SEX = {"taxonomy": {"terms": {"male": ["M"], "female": ["F"]}}}
US_DATES = {"formats": ["%m/%d/%Y", "%m/%d/%y", "%d-%b-%y", "%b %d %Y"], "pivot": "birth"}


def result(spec, value):
    found = chain_of(spec).clean(value)
    return found.value if found.state != "failed" else "failed"


@pytest.mark.skipif(not NAUGHTY.is_file(), reason="shared/conformance/security is not there")
@pytest.mark.parametrize("name", known())
def test_every_cleaner_takes_every_string_and_is_idempotent(name):
    chain = chain_of(name)
    for text in msgspec.json.decode(NAUGHTY.read_bytes()):
        once = chain.clean(text)
        if once.state != "failed":
            assert chain.clean(once.value).value == once.value


@pytest.mark.parametrize("name", known())
@pytest.mark.parametrize("value", [None, True, [], {}, [1], {"a": 1}, 0, 1.5, ""])
def test_every_cleaner_takes_every_json_value(name, value):
    assert chain_of(name).clean(value).state in {"ok", "changed", "failed"}


@pytest.mark.parametrize(
    ("spec", "value", "cleaned"),
    [
        ("text", "  Ann \t  Lee\u200b ", "Ann Lee"),
        ("text", "e\u0301", "\u00e9"),
        ("text", "", None),
        ({"text": ["none"]}, "None", None),
        ("blank", "N/A", None),
        ("blank", "Null Island", "Null Island"),
        ("date", "1971-06", "1971-06"),
        ("date", "1971-06-31", "failed"),
        ("date", "2026-11-22T10:00:00Z", "2026-11-22"),
        ("date", "03/04/2021", "failed"),
        ({"date": ["%d.%m.%Y"]}, "03.04.2021", "2021-04-03"),
        ({"date": ["%d.%m.%y"]}, "03.04.21", "failed"),
        ({"date": {"formats": ["%d.%m.%y"], "pivot": 1930}}, "03.04.29", "2029-04-03"),
        ({"date": {"formats": ["%d.%m.%y"], "pivot": 1930}}, "03.04.30", "1930-04-03"),
        (
            {"date": {"formats": ["%d.%m.%y"], "pivot": "birth", "today": 2026}},
            "3.4.27",
            "1927-04-03",
        ),
        ({"phone": "US"}, "(702) 919-1300", "+17029191300"),
        ("phone", "+44 (0)20 7946 0000", "+442079460000"),
        ("phone", "702-919-1300", "failed"),
        ("email", " Ann.Lee@Example.COM ", "Ann.Lee@example.com"),
        ("email", "ann@", "failed"),
        ("number", "1,234.5", 1234.5),
        ("number", "1,23,4.5", "failed"),
        ("number", "12%", 0.12),
        ({"number": "1.234,56"}, "1.234,56", 1234.56),
        ({"number": "1.234,56"}, "1,234.56", "failed"),
        ({"number": {"whole": True}}, "3.5", "failed"),
        ({"number": "1 234,56"}, "1\u202f234,5", 1234.5),
        ("country", "EIRE", "IE"),
        ("country", "RSA", "ZA"),
        ("country", "the Netherlands", "NL"),
        ("country", "deu", "DE"),
        ("country", "European Community", "failed"),
        ("country", "Channel Islands", "failed"),
        ({"country": {"aliases": {"Channel Islands": "JE"}}}, "channel islands", "JE"),
        ("currency", "\u20ac", "EUR"),
        ("currency", "swiss francs", "CHF"),
        ("currency", "kr", "failed"),
        ({"money": "EUR"}, "\u20ac 1,234.50", 1_234_500_000),
        ({"money": {"currency": "EUR", "marks": "1.234,56"}}, "1.234,50 EUR", 1_234_500_000),
        ({"money": "JPY"}, "100.5", "failed"),
        ({"money": "USD"}, "\u20ac5", "failed"),
        ({"unit": "kg"}, "2.5 lb", 1.133980925),
        ({"unit": "g"}, "1 kg", 1000),
        ({"unit": "kg"}, "3 m", "failed"),
        ({"unit": "kg"}, "3 stone", "failed"),
        (
            "name_key",
            "Dr. J\u00fcrgen  M\u00fcller-L\u00fcdenscheidt",
            "jurgen muller ludenscheidt",
        ),
        ("name_key", "Sir", "sir"),
        ({"postcode": "DE"}, " 10115 ", "10115"),
        ({"postcode": "Germany"}, "D-10115", "10115"),
        ({"postcode": "DE"}, "1067", "failed"),
        ({"postcode": "PL"}, "00950", "00-950"),
        ({"postcode": "GB"}, "sw1a1aa", "SW1A 1AA"),
        ({"postcode": "GB"}, "M1 1AE", "M1 1AE"),
        ({"postcode": "NL"}, "1012js", "1012 JS"),
        ({"postcode": "LT"}, "01103", "LT-01103"),
        ({"postcode": "LT"}, "lt 01103", "LT-01103"),
        ({"postcode": "US"}, "606111234", "60611-1234"),
        ("postcode", "10115", "failed"),
        ("address_key", "12 Main Street, Apartment 4", "12 main st apt 4"),
        ("address_key", "Hauptstra\u00dfe 5", "hauptstr 5"),
        (SEX, "Male", "male"),
        (SEX, "U", "failed"),
    ],
)
def test_what_becomes_of_a_value(spec, value, cleaned):
    assert result(spec, value) == cleaned


def test_a_chain_ends_at_the_first_failure():
    found = chain_of(["blank", {"phone": "US"}]).clean("n/a")
    assert (found.value, found.state) == (None, "changed")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("emial", "there is no cleaner 'emial'"),
        ({"phone": {"country": "US"}}, "phone: .*unknown field"),
        ({"email": "x"}, "takes a map"),
        ({"date": ["%d.%Y"]}, "a day without a month"),
        ({"taxonomy": {"terms": {"a": ["x"], "b": ["X"]}}}, "stands for a and for b"),
        ({"money": "EURO"}, "no ISO 4217 code"),
        ({"date": ["%Y"], "phone": "US"}, "one name"),
    ],
)
def test_a_wrong_specification_is_one_sentence(spec, says):
    with pytest.raises(ValueError, match=says):
        chain_of(spec)


@pytest.mark.skipif(not CUSTOMERS.is_file(), reason="shared/data/identity/senzing is not there")
def test_birth_dates_of_five_shapes_and_the_phones_of_a_real_list():
    with CUSTOMERS.open() as file:
        rows = list(csv.DictReader(file))
    dates = [row["DATE_OF_BIRTH"] for row in rows if row["DATE_OF_BIRTH"]]
    phones = [row["PHONE_NUMBER"] for row in rows if row["PHONE_NUMBER"]]
    states = Counter(chain_of({"date": US_DATES}).clean(text).state for text in dates)
    assert (len(dates), states["ok"], states["failed"]) == (64, 3, 1)  # 20/8/1991 has no month 20
    failed = Counter(text for text in phones if result({"phone": "US"}, text) == "failed")
    assert len(phones) - sum(failed.values()) == 15
    assert failed == Counter(
        {"321-3212": 1, "221-2412": 1, "0352 6553537": 2, "481-285-6234": 1, "800-111-1234": 1}
    )
