"""The page of one person: why they are one, where they are and why, and what may be done."""

from __future__ import annotations

import re
from html import unescape

import msgspec
import pytest

from journeyfold.console import timeline, wording
from journeyfold.core.event import Event, Record
from journeyfold.core.profile import Statement, Trait


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


@pytest.fixture
def someone(desk):
    """A person who was joined and one of whose links was refused."""
    return next(
        profile
        for profile in desk.people.recent(60)
        if desk.people.identity(profile).joined and desk.people.identity(profile).refused
    )


def test_each_pair_of_identifiers_names_its_record(signed_in, desk, someone):
    pair = desk.people.identity(someone).joined[0]
    page = signed_in(desk).get(f"/people/{someone.person}")
    assert "stood in one record" in words(page)
    assert f"/live?record={pair.offset}#record" in page.text


def test_a_pair_that_somebody_judged_is_not_said_to_stand_in_a_record(signed_in, desk, someone):
    (pair,) = [one for one in desk.people.identity(someone).joined if one.method == "review"]
    page = words(signed_in(desk).get(f"/people/{someone.person}"))
    assert f"user_id {pair.b[1]} were said to be one person" in page


def test_a_link_that_a_verdict_refused_says_so_without_its_id(signed_in, desk, someone):
    shown = words(signed_in(desk).get(f"/people/{someone.person}"))
    assert "somebody said that they are two" in shown
    assert "cannot_link" not in shown


def test_the_pair_is_masked(signed_in, desk, someone):
    pair = desk.people.identity(someone).joined[0]
    assert pair.b[1] not in signed_in(desk).get(f"/people/{someone.person}").text


def test_each_reason_names_the_records_behind_it(signed_in, desk, someone):
    card = next(card for card in desk.segments.segments() if card.size is not None)
    offsets = [
        offset for one in desk.segments.why(someone, card.id).reasons for offset in one.records
    ]
    page = signed_in(desk).get(f"/people/{someone.person}").text
    assert offsets
    for offset in offsets:
        assert f'href="/live?record={offset}#record"' in page


def test_a_contract_grants_without_a_date(signed_in, desk, someone):
    someone.consents = {"aa": {"analytics": Statement("granted", -1, "e", "web", "contract")}}
    shown = words(signed_in(desk).get(f"/people/{someone.person}"))
    assert "analytics given by contract" in shown
    assert "1970" not in shown


def test_a_refusal_outweighs_a_later_grant_of_another_identifier(signed_in, desk, someone):
    said = {
        "aa": {"marketing_email": Statement("denied", 5 * 10**15, "e1")},
        "bb": {"marketing_email": Statement("granted", 9 * 10**15, "e2")},
    }
    someone.consents = said
    shown = words(signed_in(desk).get(f"/people/{someone.person}"))
    assert "marketing email refused" in shown


def test_a_year_of_birth_is_masked_and_a_number_is_plain(signed_in, desk, someone):
    someone.traits = {
        "birth_year": Trait(1983, 1, "web", "e"),
        "household": Trait(12345, 1, "web", "e"),
    }
    shown = words(signed_in(desk).get(f"/people/{someone.person}"))
    assert "1983" not in shown.replace("1,983", "1983")
    assert "12345" in shown


def test_a_merge_says_who_joined():
    told = {"from": "p_abcdefghijklmnop", "to": "p_zz", "cause": "event"}
    event = Event("e", "person.merged", "track", "_fold", (), 5, 5, told)
    assert timeline.moment_of(Record(3, 5, "output", event)).more == "p_abcd…op joined"


def test_a_split_says_what_each_part_has():
    one, two = "p_aaaaaaaaaaaaaaaaaaaaaaaaaa", "p_bbbbbbbbbbbbbbbbbbbbbbbbbb"
    held = {"segments": ["buyers"], "journeys": ["cart"], "events": 2, "messages": 1}
    told = {"person": one, "parts": [one, two], "moved": {one: held, two: {}}}
    event = Event("e", "person.split", "track", "_fold", (), 5, 5, told)
    more = timeline.moment_of(Record(3, 5, "output", event)).more.replace("\u00a0", " ")
    assert more == ("p_aaaa…aa with 2 events, 1 message, segments buyers, journeys cart; p_bbbb…bb")


def test_a_consent_statement_is_told_by_its_purposes():
    said = {"purposes": {"analytics": "granted", "marketing_email": False}}
    event = Event("e", "Consent Updated", "track", "web", (), 5, 5, said)
    record = Record(3, 5, "event", event)
    assert timeline.moment_of(record).more == "web, analytics given, marketing email refused"
    assert timeline.takes(record, "consent")


@pytest.mark.parametrize(
    ("type_", "value", "shown"),
    [
        ("duration", 4_451_398_116_549, "51 days"),
        ("timestamp", None, "never"),
        ("timestamp", 1_790_000_000_000_000, "21 Sep 16:13"),
        ("bool", False, "no"),
        ("int", 3, "3"),
        ("string", None, "unknown"),
    ],
)
def test_an_operand_is_said_by_its_type(type_, value, shown):
    from journeyfold.api.cards import Operand

    dates = wording.Dates("Europe/Berlin", 1_795_000_000_000_000)
    assert wording.met(Operand("x", value, type_), dates).replace("\u00a0", " ") == shown


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ('type ["number"]', "must be a number"),
        ('type ["number","null"]', "must be a number or empty"),
        ("minimum 0", "must be at least 0"),
        ('enum ["EUR","USD"]', "must be one of EUR, USD"),
        ("required, but missing", "required, but missing"),
        ("the plan does not know this event", "the plan does not know this event"),
        ("", ""),
    ],
)
def test_what_a_schema_asks_for_is_said_in_words(detail, shown):
    assert wording.fault(detail) == shown


def test_a_file_has_no_key(signed_in, desk):
    first, *rest = desk.sample.sources
    desk.sample.sources = [msgspec.structs.replace(first, kind="file"), *rest]
    browser = signed_in(desk)
    assert f"<option>{first.id}</option>" not in browser.get("/settings").text
