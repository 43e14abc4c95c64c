"""Journeys in a real browser: created, simulated, published and paused by keyboard alone."""

from __future__ import annotations

import re

import pytest
from chromium import SERIOUS
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CART = "/journeys/cart-abandoned"
PATHS = {
    "journeys": "/journeys",
    "journey": CART,
    "step": f"{CART}?step=mail",
    "branches": "/journeys/welcome",
    "long": "/journeys/win-back-of-the-lapsed-by-spend",
    "versions": f"{CART}?tab=versions",
    "inside": f"{CART}?tab=people",
    "asked": f"{CART}?do=pause",
    "new": "/journeys/new",
    "editor": f"{CART}/edit",
    "open": f"{CART}/edit?open=split",
    "rules": f"{CART}/edit?open=entry",
}
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


def type_into(page, selector, text):
    """By keyboard: the field is reached, its content replaced."""
    page.focus(selector)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def press(page, selector):
    """A control is reached by the keyboard and pressed."""
    page.focus(selector)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_journeys_is_whole(opened, served, axe, size, scheme):
    width, height = SIZES[size]
    page = opened("/journeys", width=width, height=height, scheme=scheme)
    for name, path in PATHS.items():
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], name
    assert page.complaints == []


def test_a_journey_is_created_simulated_published_and_paused_by_keyboard_alone(opened, served):
    page = opened("/")
    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url(re.compile("/journeys$"))
    press(page, "a[href='/journeys/new']")
    page.wait_for_url(re.compile("/journeys/new$"))
    type_into(page, "#id", "spring-sale")
    page.keyboard.press("Tab")  # the first seed
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#editor")
    expect(page.locator("#text")).to_have_value(re.compile("id: pause"))

    page.focus("#s-pause button.step")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name='f:wait.for']")
    type_into(page, "input[name='f:wait.for']", "2h")
    page.keyboard.press("Tab")
    expect(page.locator("#text")).to_have_value(re.compile("{for: 2h}"))
    press(page, "button[value='add:pause']")
    expect(page.locator("#text")).to_have_value(re.compile("id: wait,"))

    press(page, "#run")
    page.wait_for_selector("#simulate table")
    expect(page.locator("#simulate")).to_contain_text("entered")

    press(page, ".page-head button.primary")
    page.wait_for_selector("#publish")
    press(page, "#publish")
    page.wait_for_url(re.compile(r"/journeys/spring-sale\?published=1$"))
    assert "{for: 2h}" in served.desk.project.card().files["journeys/spring-sale.yaml"]

    press(page, ".page-head a[href='?do=pause#do']")
    page.wait_for_selector("#do")
    press(page, "#do form:first-of-type button")
    page.wait_for_url(re.compile("said=pause"))
    assert served.desk.journeys.controls["spring-sale"].status == "paused"
    expect(page.locator("main")).to_contain_text("Nobody enters and nobody takes a step")
    assert page.complaints == []


def test_typing_in_the_text_redraws_the_canvas_and_keeps_the_place(opened):
    page = opened(f"{CART}/edit")
    text = page.input_value("#text")
    page.fill("#text", text.replace("id: pause", "id: breathe"))
    page.wait_for_selector("#s-breathe")
    expect(page.locator("svg.graph")).to_contain_text("breathe")
    assert page.evaluate("document.activeElement.id") == "text"
    assert page.complaints == []


def test_a_wrong_target_is_named_while_it_is_written(opened):
    page = opened(f"{CART}/edit")
    page.fill("#text", page.input_value("#text").replace("goto: mail, max", "goto: mial, max"))
    expect(page.locator("#text-e")).to_contain_text("unknown step 'mial'")
    page.wait_for_selector("#s-again .warned")
    assert page.locator("text=Review plan").count() == 0


def test_steps_are_moved_and_removed_by_mouse(opened):
    page = opened(f"{CART}/edit?open=pick")
    page.click("button[value='down:pick']")
    expect(page.locator(".steps > li:nth-of-type(6)")).to_have_id("s-pick")
    page.click("button[value='drop:pick']")
    expect(page.locator("#s-pick")).to_have_count(0)
    assert page.complaints == []


def test_the_editor_works_without_javascript(opened):
    page = opened(f"{CART}/edit", script=False)
    page.click("#s-mail button.step")
    page.fill("input[name='f:send.template']", "other")
    page.click(".step-form button[value=apply]")
    assert "template: other" in page.input_value("#text")
    page.click("#run")
    assert page.locator("#simulate table").count() == 1


def test_the_drawing_scrolls_in_its_own_frame(opened):
    page = opened("/journeys/welcome", width=390, height=844)
    frame = page.locator("[aria-label='The journey, drawn']")
    inner, outer = frame.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
    assert outer <= 390
    assert inner >= outer


def test_a_step_of_the_drawing_is_reached_by_keyboard(opened):
    page = opened(CART)
    page.focus("svg.graph a[href='?step=mail#step']")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("step=mail"))
    expect(page.locator("#step")).to_contain_text("came here")


ACTING = {
    "outbox": "/outbox",
    "delivery": "/outbox?row=8b1f2f2e-0003-5000-8000-000000000001",
    "filtered": "/outbox?state=dead&journey=none",
    "messages": "/messages",
    "message": "/messages/cart",
    "phone": "/messages/cart?width=phone&locale=de",
    "text": "/messages/cart?part=text",
    "broken": "/messages/broken-template-with-a-long-name",
    "mailbox": "/mailbox",
    "mail": "/mailbox/8b1f2f2e-0001-5000-8000-000000000001",
    "headers": "/mailbox/8b1f2f2e-0001-5000-8000-000000000001?part=headers",
    "links": "/mailbox/8b1f2f2e-0001-5000-8000-000000000001?part=links",
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_of_what_is_sent_is_whole(opened, served, axe, size, scheme):
    width, height = SIZES[size]
    page = opened("/outbox", width=width, height=height, scheme=scheme)
    for name, path in ACTING.items():
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], name
    assert page.complaints == []


def test_a_mail_in_its_frame_is_seen_and_runs_nothing(opened):
    page = opened("/messages/cart")
    frame = page.frame_locator(".mail-frame iframe")
    expect(frame.locator("h1")).to_have_text("Hello Ann!")
    assert frame.locator("script").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize(("key", "path"), [("m", "/messages"), ("t", "/outbox"), ("i", "/mailbox")])
def test_g_and_a_letter_go_to_what_is_sent(opened, served, key, path):
    page = opened("/journeys")
    page.keyboard.press("g")
    page.keyboard.press(key)
    page.wait_for_url(served.url + path)


def test_a_delivery_is_tried_again_by_keyboard(opened, served):
    page = opened("/outbox?row=8b1f2f2e-0006-5000-8000-000000000001")
    press(page, "#record button.primary")
    page.wait_for_url(re.compile("done=retry"))
    assert served.desk.outbox.acts[-1][1].keys == ("8b1f2f2e-0006-5000-8000-000000000001",)


def test_a_first_start_of_what_acts_is_whole(chromium, first_start, axe, sign_in):
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(page, first_start.url)
    for path in ("/journeys", "/messages", "/outbox", "/mailbox", "/journeys/new"):
        page.goto(first_start.url + path)
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    context.close()
