"""The whole way of decisions W4: a cart is left, a decision appears, its click is in the log."""

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
