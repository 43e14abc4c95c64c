"""Schemas on their pages: versions with what they changed, failing fields, a proposal."""

import re


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)).replace("\xa0", " ")


def test_events_are_listed_with_their_newest_version(shop):
    shown = words(shop.get("/schemas"))
    assert "14 messages break a schema and wait for a fix." in shown
    assert "Order Completed track 2 1-0-1" in shown
    assert "may not follow" in shown


def test_a_schema_shows_what_each_version_changed_and_the_document_against_it(shop):
    shown = words(shop.get("/schemas/order_completed"))
    assert "/coupon added string" in shown
    assert "forward /coupon" in shown
    assert "{&#34;coupon&#34;:" in shown


def test_failing_fields_lead_to_their_messages_and_can_be_replayed(shop):
    page = shop.get("/schemas/order_completed").text
    assert "/quarantine?source=web&amp;name=Order+Completed&amp;pointer=" in page
    assert "Replay 14" in page


def test_a_proposal_is_shown_and_written_nowhere(signed_in, desk):
    browser = signed_in(desk)
    page = browser.write("/schemas/order_completed/propose")
    assert "nothing is written" in page.text
    assert "No such event came" in browser.write("/schemas/cart_updated/propose").text


def test_a_schema_that_is_not_there_is_404(shop):
    assert shop.get("/schemas/nothing").status_code == 404
