"""The whole way of decisions W4: a cart is left, a decision appears, its click is in the log."""

from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.browser


def leave_a_cart(page):
    page.evaluate("jf.track('Cart Updated', {cart_id: 'c1', total: 60})")
    return page.evaluate("jf.anonymousId()")


def test_an_abandoned_cart_brings_a_popup_whose_click_is_recorded(visit):
    page = visit.open(settings="{consent: {personalization: true}}")
    who = leave_a_cart(page)
    popup = page.locator(".jf-popup")
    popup.wait_for()
    assert "10 % off" in popup.inner_text()
    (decided,) = [
        each
        for each in visit.named(who, "Decision Made")
        if each["properties"]["decision"]["placements"][0]["id"] == "cart-popup"
    ]
    (item,) = decided["properties"]["decision"]["placements"][0]["items"]
    (shown,) = visit.named(who, "Offer Shown")
    assert shown["properties"]["offer"] == item["offer"]
    popup.get_by_role("button", name="Use it").or_(
        popup.get_by_role("button", name="Back to my cart")
    ).click()
    (clicked,) = visit.named(who, "Offer Clicked")
    assert clicked["properties"]["receipt"] == item["receipt"]
    assert clicked["properties"]["decision_id"] == decided["properties"]["decision"]["decision_id"]
    assert clicked["properties"]["offer"] == item["offer"]
    assert visit.complaints == []


def test_the_popup_closes_by_escape_and_that_is_a_dismissal(visit):
    page = visit.open()
    who = leave_a_cart(page)
    page.locator(".jf-popup").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".jf-popup").count() == 0
    assert visit.named(who, "Offer Dismissed")


def test_a_trigger_seen_once_does_not_come_again_with_the_next_page(visit):
    page = visit.open()
    leave_a_cart(page)
    page.locator(".jf-popup").wait_for()
    asked = len(visit.sent("/v1/decide"))
    page.reload()
    visit.until(page, "Boolean(window.jf && jf.version)")
    page.wait_for_timeout(500)
    assert len(visit.sent("/v1/decide")) == asked
    since = parse_qs(urlsplit(visit.sent("/v1/stream")[-1].url).query)["since_us"]
    assert int(since[0]) > 0


def test_where_streams_are_blocked_the_page_asks_now_and_then(visit):
    def block(page):
        page.route("**/v1/stream?**", lambda route: route.fulfill(status=503, body=""))

    page = visit.open(before=block)
    leave_a_cart(page)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(2_500)
    # Coming back to a tab asks at once; the pause in between is fifteen seconds.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.locator(".jf-popup").wait_for()
    assert visit.sent("/v1/stream/poll")


def test_a_place_in_the_page_is_preferred_to_a_popup(visit):
    page = visit.open(
        '<div id="cart-popup"></div>', settings="{placements: {'cart-popup': '#cart-popup'}}"
    )
    leave_a_cart(page)
    page.locator("#cart-popup .jf-item").filter(has_text="10 % off").wait_for()
    assert page.locator(".jf-popup").count() == 0
