"""What is known of real files comes out of the cleaners (quality 7)."""

import csv
import os
from pathlib import Path

import msgspec
import pytest

from journeyfold.core.event import Event
from journeyfold.quality.cleaners import chain_of, known
from journeyfold.quality.steps import Steps

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", SHARED / "data"))
CONFORMANCE = Path(os.environ.get("JOURNEYFOLD_CONFORMANCE", SHARED / "conformance"))
FEBRL, FAKE = DATA / "identity/dataset3.csv", DATA / "identity/fake_1000.csv"
CUSTOMERS = DATA / "identity/senzing/customers.csv"
NAUGHTY = CONFORMANCE / "security/blns.json"
SEX = {"male": ["M"], "female": ["F"], "unknown": ["U"]}


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file, skipinitialspace=True))


def event(**traits):
    return Event(
        id="e1", name="Identify", type="identify", source="crm", identifiers=(),
        occurred_us=1, received_us=1, traits=traits,
    )  # fmt: skip


@pytest.mark.skipif(not FEBRL.is_file(), reason="shared/data/identity is not there")
def test_impossible_birth_dates_of_made_people_fail():
    chain = chain_of({"date": ["%Y%m%d"]})
    born = [row["date_of_birth"].strip() for row in rows(FEBRL)]
    states = [chain.clean(text).state for text in born if text]
    assert (len(born), born.count("")) == (5_000, 155)
    assert (states.count("failed"), states.count("changed")) == (35, 4_810)


@pytest.mark.skipif(not FAKE.is_file(), reason="shared/data/identity is not there")
def test_addresses_that_are_none_fail():
    chain = chain_of("email")
    mails = [row["email"] for row in rows(FAKE)]
    there = [text for text in mails if text]
    bare = [text for text in there if "@" not in text or "." not in text.rpartition("@")[2]]
    assert (mails.count(""), len(there)) == (211, 789)
    assert all(chain.clean(text).state == "failed" for text in bare)


@pytest.mark.skipif(not CUSTOMERS.is_file(), reason="shared/data/identity is not there")
def test_six_spellings_of_a_sex_are_three_terms():
    chain = chain_of({"taxonomy": {"terms": SEX}})
    said = {row["GENDER"] for row in rows(CUSTOMERS)} - {""}
    assert said == {"M", "Male", "F", "Female", "U", "Unknown"}
    assert {chain.clean(text).value for text in said} == set(SEX)


@pytest.mark.skipif(not NAUGHTY.is_file(), reason="shared/conformance/security is not there")
@pytest.mark.parametrize("name", known())
def test_every_string_goes_through_every_step_the_same_twice(name):
    steps = Steps("crm", {"traits.x": chain_of(name)})
    for text in msgspec.json.decode(NAUGHTY.read_bytes()):
        once = steps.cleaned(event(x=text))
        assert steps.cleaned(once).traits == once.traits


def test_an_event_is_not_touched_by_its_cleaning():
    sent = event(phone="030 901820", tags=[" a ", " b "])
    steps = Steps(
        "crm", {"traits.phone": chain_of({"phone": "DE"}), "traits.tags": chain_of("text")}
    )
    made = steps.cleaned(sent)
    assert made.traits == {"phone": "+4930901820", "tags": ["a", "b"]}
    assert sent.traits == {"phone": "030 901820", "tags": [" a ", " b "]}
