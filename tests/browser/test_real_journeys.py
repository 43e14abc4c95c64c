"""Journeys in front of a real platform: played, published into the file, entered, mailed, stopped.

Promises: what the editor publishes is the file and the version in force, with the older one beside
it; people who enter are counted, traced and mailed to the mailbox of development; a pause holds; a
file that changed on the disk meanwhile is not written over.
"""

from __future__ import annotations

import re
import time

import pytest
from chromium import SERIOUS
from live import platform
from playwright.sync_api import expect
from real_page import signed_in, watched

pytestmark = pytest.mark.browser

PEOPLE = 12
WAIT_MS = 30_000
JOURNEY = "/journeys/hello"
HELLO = """# greets at once
title: Hello there
entry: [{event: Page}]
goal: {event: Order Completed, within: 7d}
policy: {purpose: marketing, quiet: never}
steps:
  - {id: greet, send: {channel: email, template: welcome, class: transactional}}
  - {id: later, wait: {for: 20h}}   # a night
  - {id: done, exit: completed}
"""


def people(first, count):
    for number in range(first, first + count):
        user = f"u{number:03d}"
        traits = {"email": f"{user}@example.com", "first_name": "Ann"}
        yield {"type": "identify", "userId": user, "messageId": f"i{number}", "traits": traits}
        told = {"marketing": True, "marketing_email": True, "analytics": True}
        yield {"type": "track", "event": "Consent Updated", "userId": user,
               "messageId": f"c{number}", "properties": {"purposes": told}}  # fmt: skip
        yield {"type": "page", "name": "Home", "userId": user, "messageId": f"p{number}",
               "properties": {"path": "/"}}  # fmt: skip


def send(live, first, count):
    with live.client() as client:
        sent = client.post("/v1/batch", json={"batch": list(people(first, count))}).json()
        assert sent["appended"] == count * 3, sent
    live.wait_folded()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("acting") / "shop") as live:
        yield live


@pytest.fixture(scope="module")
def cookies(chromium, shop):
    shop.wait_for("password ")
    return signed_in(chromium, shop)


@pytest.fixture
def page(chromium, shop, cookies):
    with watched(chromium, shop, cookies, WAIT_MS) as (opened, complaints):
        yield opened
    assert [said for said in complaints if "409" not in said] == []  # the file was changed


def wait_until(page, path, selector, words, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        page.goto(path)
        if words in page.inner_text(selector):
            return
        assert time.monotonic() < deadline, page.inner_text(selector)
        time.sleep(0.3)


def test_a_journey_lives_from_its_first_line_to_its_stop(page, shop, axe):
    file = shop.directory / "journeys" / "hello.yaml"

    page.goto("/journeys/new")
    page.fill("#id", "hello")
    page.click("form.stack-v button.primary")
    page.wait_for_selector("#editor")
    page.fill("#text", HELLO)
    expect(page.locator("svg.graph")).to_contain_text("greet")
    page.wait_for_selector("text=Review plan")

    page.click("#run")
    expect(page.locator("#simulate")).to_contain_text("entered")
    expect(page.locator("#simulate table")).to_contain_text("greet")

    page.click("text=Review plan")
    page.wait_for_selector("#publish")
    page.click("#publish")
    page.wait_for_url(re.compile(r"published=1"))
    expect(page.locator("h1")).to_have_text("Hello there")
    assert file.read_text() == HELLO

    send(shop, 0, PEOPLE)
    wait_until(page, JOURNEY, ".figs", f"Here now\n{PEOPLE}")
    assert int(page.inner_text(".steps a[href='?step=later#step'] > :last-child")) == PEOPLE
    expect(page.locator("svg.graph")).to_contain_text(str(PEOPLE))
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []

    page.goto(f"{JOURNEY}?tab=people")
    page.fill("#who", "u003")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("person=p_"))
    expect(page.locator(".why").first).to_contain_text("At later (20 hours) since")
    expect(page.locator(".tl")).to_contain_text("journey.entered")

    wait_until(page, "/mailbox", "main", "u003@example.com")
    page.click("text=u003@example.com")
    expect(page.frame_locator(".mail-frame iframe").locator("body")).to_contain_text("Ann")
    wait_until(page, "/messages", "main", "welcome")

    page.goto(f"{JOURNEY}/edit")
    page.click("#s-later button.step")
    page.fill("input[name='f:wait.for']", "30h")
    page.keyboard.press("Tab")
    expect(page.locator("#text")).to_have_value(re.compile(r"for: 30h}}   # a night"))
    file.write_text(HELLO.replace("Hello there", "Somebody else was here"))
    page.click("text=Review plan")
    page.wait_for_selector("#publish")
    page.click("#publish")
    expect(page.locator("main")).to_contain_text(re.compile("The file changed meanwhile"))
    assert "Somebody else was here" in file.read_text()
    assert "for: 30h" in page.input_value("#text")

    page.goto(f"{JOURNEY}?do=pause")
    page.click("#do form:first-of-type button")
    wait_until(page, JOURNEY, "main", "Paused since")
    send(shop, 100, 3)
    wait_until(page, JOURNEY, ".figs", f"Here now\n{PEOPLE}")

    page.goto(f"{JOURNEY}?do=resume")
    page.click("#do form button")
    wait_until(page, JOURNEY, ".page-head", "live")
    page.goto(f"{JOURNEY}?do=pause")
    page.fill("#confirm", "hello")
    page.click("#do button.danger")
    wait_until(page, JOURNEY, ".figs", "Here now\n0")
    wait_until(page, JOURNEY, "main", f"{PEOPLE} stopped")


def test_versions_of_a_journey_are_shown_with_what_changed(page, shop):
    page.goto("/journeys/win-back/edit")
    text = page.input_value("#text")
    page.fill("#text", text.replace("min_interval: ", "min_interval: 1", 1))
    page.wait_for_selector("text=Draft, not published")
    if page.locator("text=Review plan").count() == 0:
        pytest.fail(page.inner_text("#text-e"))
    page.click("text=Review plan")
    page.wait_for_selector("#publish")
    page.click("#publish")
    page.wait_for_url(re.compile(r"published=1"))
    wait_until(page, "/journeys/win-back?tab=versions", "main", "in force")
    page.goto("/journeys/win-back?tab=versions")
    assert page.locator("table tbody tr").count() >= 2
    expect(page.locator(".diff .add")).to_contain_text("min_interval: 1")
    assert "admin" in page.inner_text("main")


def test_a_test_of_a_message_lies_in_the_mailbox(page):
    page.goto("/messages/welcome")
    page.fill("#to", "me@example.com")
    page.click("section:has(#h-te) button")
    expect(page.locator("section:has(#h-te)")).to_contain_text("to me@example.com over mailbox")
    page.goto("/mailbox?find=me@example.com")
    expect(page.locator(".mails")).to_contain_text("[Test]")


def test_a_destination_is_paused_and_resumed(page):
    page.goto("/outbox")
    page.click("button[aria-label='Pause mailbox']")
    wait_until(page, "/outbox", "main", "paused")
    page.click("button[aria-label='Resume mailbox']")
    wait_until(page, "/outbox", "main", "Destinations")
    expect(page.locator("button[aria-label='Resume mailbox']")).to_have_count(0)
