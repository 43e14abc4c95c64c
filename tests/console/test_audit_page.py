"""The identity audit as a page, and the person page's provenance and past (identity X2, X4)."""

import re
from html import unescape

from journeyfold.console.wording import Dates
from journeyfold.core.instant import instant_us
from journeyfold.testing.desk import SampleDesk


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


def test_alerts_come_first_with_what_to_do(shop):
    shown = words(shop.get("/audit"))
    assert "4 things to look at" in shown
    assert "61 merges in the last day, which is unlike the days before (z 18.9)" in shown


def test_times_are_those_of_the_readers_clock(shop, desk_of_shop):
    report = desk_of_shop.audits.latest()
    at_us = instant_us(report.at)
    dates = Dates("Europe/Berlin", at_us)
    shown = words(shop.get("/audit"))
    assert f"as of {dates.day_clock(at_us).replace(chr(160), ' ')}." in shown
    assert not re.search(r"\d{4}-\d\d-\d\d", shown)


def test_what_a_model_proposed_is_shown_when_asked_for(shop):
    assert "found alike" not in words(shop.get("/audit"))
    assert "Also what models proposed" in words(shop.get("/audit"))


def test_what_a_model_proposed_is_nobodys_word(shop):
    shown = words(shop.get("/audit?models=1"))
    assert "found alike likely enough 0.971" in shown
    assert "said: one person" not in shown


def test_sizes_refused_links_and_changes_are_figures(shop):
    shown = words(shop.get("/audit"))
    assert "1,840 of 4,102 identifiers" in shown
    assert "limit user_id 2>1 38" in shown
    assert "42 merged, 3 split, 1,745 unchanged; 98.3 % keep their id" in shown


def test_the_share_of_right_links_has_its_interval(shop):
    shown = words(shop.get("/audit"))
    assert re.search(r"99\.2 % between \d\d\.\d % and 100\.0 % at 95 %", shown)


def test_no_identifier_is_shown_in_the_clear(shop):
    assert "k…" in words(shop.get("/audit"))


def test_looking_it_over_now_is_audited(signed_in):
    desk = SampleDesk()
    browser = signed_in(desk)
    answer = browser.write("/audit")
    assert answer.headers["location"] == "/audit?done=1"
    assert desk.audits.made == 1
    assert desk.keys.acts[-1][1] == "identity.audit"


def test_without_a_report_the_page_says_how_to_get_one(signed_in):
    page = signed_in(SampleDesk(people=0)).get("/audit")
    assert "journeyfold identity audit --keep" in words(page)


def test_a_trait_says_who_said_it(shop, desk_of_shop):
    people = desk_of_shop.people
    one = next(each for each in people.recent(60) if people.traits(each))
    name, held = next(iter(people.traits(one).items()))
    shown = words(shop.get(f"/people/{one.person}"))
    assert f"{name} " in shown
    assert held.seen.event[:20] in shown


def test_a_person_is_shown_as_of_a_record(shop, desk_of_shop):
    one = desk_of_shop.people.recent(1)[0]
    shown = words(shop.get(f"/people/{one.person}?as_of=5"))
    assert "As it was after record 5" in shown
    assert "Back to now" in shown
