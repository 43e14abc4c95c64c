"""Quality: scores with their rules and coverage, what fails, and examples that are links."""

import re
from html import unescape

import pytest

from journeyfold.testing.desk import SampleDesk


def words(answer):
    body = re.sub(r"<(svg|head).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


RULE = "/quality?ruleset=quality/orders.yaml&rule=amount&source=web"


def test_a_score_stands_with_its_rules_and_its_coverage(shop):
    shown = words(shop.get("/quality"))
    assert "web 98.12 %" in shown
    assert "completeness 97.44 %" in shown
    assert "42 % of 31" in shown


def test_what_fails_stands_first_and_is_counted(shop):
    shown = words(shop.get("/quality"))
    assert "1 rule fails, 1 cannot be run; crm is behind." in shown
    assert shown.index("fails") < shown.index("passes")
    assert "31" in shown


def test_rules_of_several_sources_are_told_apart_beside_an_open_one(shop):
    for page in ("/quality", RULE):
        assert "from web, validity" in words(shop.get(page))


def test_a_rule_that_cannot_be_run_shows_what_it_found_before_and_when(shop):
    shown = words(shop.get("/quality?ruleset=quality/orders.yaml&rule=stock&source="))
    assert "Why the table tables/erp.csv is not there" in shown
    assert "99.27 %, 3 of 412 bad as found " in shown


def test_an_alert_that_is_open_says_since_when(shop):
    assert "amount of web fails" in words(shop.get("/quality"))


def test_an_example_leads_to_its_record_and_one_without_is_text(shop):
    page = shop.get(RULE).text
    assert 'href="/live?record=12#record"' in page
    assert "o-4712" in page
    assert "record=-1" not in page


def test_a_rule_that_is_not_there_is_not_found(shop):
    assert shop.get("/quality?ruleset=quality/orders.yaml&rule=none&source=web").status_code == 404


def test_a_run_is_asked_for_and_audited(signed_in):
    desk = SampleDesk()
    answer = signed_in(desk, "admin").write("/quality/run")
    assert answer.status_code == 303
    assert desk.quality.asked == 1
    assert ("quality.run", "all rules") in [(act, subject) for _, act, subject, _ in desk.keys.acts]


@pytest.mark.parametrize("role", ["viewer", "marketer"])
def test_who_may_not_run_rules_sees_no_button(signed_in, role):
    browser = signed_in(SampleDesk(), role)
    assert "Run the rules now" not in browser.get("/quality").text
    assert browser.write("/quality/run").status_code == 403


def test_without_rules_the_page_shows_how_to_write_one(signed_in):
    shown = words(signed_in(SampleDesk(people=0)).get("/quality"))
    assert "No rules yet" in shown
    assert "range: {column: total, min: 0}" in shown
