"""The console in front of a real platform: events come in, people merge, a segment is published.

Promises: what the door takes in shows by itself, a merge and a decision stand on the person's page
with the records behind them, quarantine replays after the schema is mended, a publish changes the
file and the version in force, no complaint in the browser, nothing serious for axe.
"""

from __future__ import annotations

import re
import time

import httpx
import pytest
from chromium import SERIOUS
from live import platform
from playwright.sync_api import expect
from real_page import signed_in, watched

pytestmark = pytest.mark.browser

PEOPLE = 24
WAIT_MS = 15_000
PATHS = (
    "/",
    "/live",
    "/quarantine",
    "/people",
    "/segments",
    "/segments/vip",
    "/sources",
    "/schemas",
    "/quality",
    "/settings",
)


def of(user, anonymous, name, number, **properties):
    return {
        "type": "track", "event": name, "messageId": f"m{number}", "userId": user,
        "anonymousId": anonymous, "properties": properties,
    }  # fmt: skip


def batch():
    """Visits, carts and orders of a few people: about 200 messages."""
    items = []
    for who in range(PEOPLE):
        user, device = f"u{who:03d}", f"d{who:03d}"
        page = {"type": "page", "name": "Home", "anonymousId": device, "properties": {"path": "/"}}
        items.append({**page, "messageId": f"p{who}"})
        for step in range(6):
            seen = {"sku": f"SHO-0{step}", "category": "shoes", "price": 20.0 + step}
            items.append(
                {**of(None, device, "Product Viewed", f"{who}-v{step}", **seen), "userId": None}
            )
        order = {"order_id": f"o{who}", "total": 60.0 + who, "currency": "EUR", "products": []}
        items.append(of(user, device, "Order Completed", f"{who}-o", **order))
    items.append({"type": "page", "name": "Home", "anonymousId": "phone", "messageId": "phone"})
    return [{key: value for key, value in item.items() if value is not None} for item in items]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A shop with a few hundred records, two messages held, one person joined, one decision."""
    with platform(tmp_path_factory.mktemp("real") / "shop") as live:
        with live.client() as client:
            sent = client.post("/v1/batch", json={"batch": batch()}).json()
            assert sent["appended"] == sent["received"] == PEOPLE * 8 + 1
            for number in range(2):
                order = {"order_id": f"bad{number}", "total": "64,90", "currency": "EUR"}
                bad = of("u001", None, "Order Completed", f"bad{number}", **order)
                del bad["anonymousId"]
                assert client.post("/v1/track", json=bad).json()["quarantined"] == 1
            told = {"userId": "u000", "traits": {"email": "ann@example.com", "birth_year": 1983}}
            client.post("/v1/identify", json={**told, "anonymousId": "phone"})
            live.wait_folded()
            asked = {"subject": {"user_id": "u000"}, "placements": [{"id": "home-hero"}]}
            assert client.post("/v1/decide", json=asked).status_code == 200
            live.wait_folded()
        yield live


@pytest.fixture(scope="module")
def cookies(chromium, shop):
    return signed_in(chromium, shop)


@pytest.fixture
def page(chromium, shop, cookies):
    with watched(chromium, shop, cookies, WAIT_MS) as (opened, complaints):
        yield opened
    assert complaints == []


def ann(page):
    """Her page, found by an identifier."""
    page.goto("/people")
    page.fill("form.find input[name=q]", "u000")
    page.click("form.find button")
    page.wait_for_url(re.compile(r"/people/p_[a-z2-7]{26}$"))


def test_the_overview_says_what_came_in(page):
    page.goto("/")
    table = page.locator("section:has(#h-acc)")
    expect(table).to_contain_text("adds up")
    assert int(table.locator("tfoot td").nth(1).inner_text().replace(",", "")) >= PEOPLE * 8 + 2
    expect(page.locator(".lede")).to_contain_text("needs you")


def test_a_new_event_appears_by_itself(page, shop):
    page.goto("/live")
    page.wait_for_selector("live-state .on-good")
    with shop.client() as client:
        seen = of("u003", "d003", "Survey Looked At", "live-1", path="/survey")
        assert client.post("/v1/track", json=seen).json()["appended"] == 1
    page.wait_for_selector("live-tail tbody :text('Survey Looked At')", timeout=20_000)


def test_the_person_is_one_and_the_page_says_by_which_record(page):
    ann(page)
    expect(page.locator(".tl")).to_contain_text("Two people became one")
    why = page.locator("section:has(#graph) .why")
    expect(why).to_contain_text("stood in one record")
    why.locator("a").first.click()
    page.wait_for_selector("#record h2:visible")
    expect(page.locator("#record")).to_contain_text("u000")


def test_a_decision_stands_on_the_page_of_its_person(page):
    ann(page)
    expect(page.locator("section:has(#dec) table")).to_contain_text("home-hero")
    expect(page.locator(".tl")).to_contain_text("Decision: home-hero shows")


def test_a_membership_opens_the_records_that_decide_it(page):
    ann(page)
    page.locator("section:has(#h-seg) summary", has_text="they are not in").click()
    page.locator("summary", has_text=re.compile("^vip$")).click()
    reason = page.locator("details:has(> summary:text-is('vip')) .reason").first
    expect(reason).to_contain_text("now 1 from")
    reason.locator("a.off").first.click()
    expect(page.locator("#record h2")).to_have_text("Order Completed")


def test_what_reaches_a_person_is_masked(page):
    ann(page)
    shown = page.inner_text("main")
    assert "ann@example.com" not in shown
    assert "a•••@example.com" in shown
    assert "1983" not in shown


def test_the_stages_sum_to_the_people(page):
    page.goto("/segments")
    people = int(re.search(r"over ([\d,]+)", page.inner_text(".lede"))[1].replace(",", ""))
    stages = page.locator("section:has(#h-life) tbody td.n").all_inner_texts()
    assert sum(int(stage.replace(",", "")) for stage in stages) == 2 * people  # two lifecycles


def test_held_messages_are_replayed_after_the_schema_is_mended(page, shop):
    page.goto("/quarantine")
    expect(page.locator(".lede")).to_contain_text("2 messages wait")
    page.click("main tbody a:text('Order Completed')")
    expect(page.locator("#record")).to_contain_text("Must be a number")
    schema = shop.directory / "schemas" / "order_completed.1.json"
    before = httpx.get(f"{shop.url}/healthz", trust_env=False).json()["project"]
    text = schema.read_text()
    for journey in (shop.directory / "journeys").iterdir():  # a total may be a text from now on
        said = journey.read_text()
        journey.write_text(
            said.replace("value: properties.total", "value: as_float(properties.total)")
        )
    schema.write_text(
        text.replace('"total": {"type": "number"', '"total": {"type": ["number", "string"]')
    )
    assert schema.read_text() != text
    wait_until(
        lambda: httpx.get(f"{shop.url}/healthz", trust_env=False).json()["project"] != before
    )
    page.goto("/quarantine")
    page.click(".page-head button.primary")
    expect(page.locator("main")).to_contain_text("Replayed: 2 appended")
    expect(page.locator(".lede")).to_contain_text("Nothing waits")


def test_a_segment_is_published_through_the_builder(page, shop):
    before = httpx.get(f"{shop.url}/healthz", trust_env=False).json()["project"]
    file = shop.directory / "segments" / "shopping.yaml"
    page.goto("/segments/new-visitor")
    page.fill(".builder input[name='part:1:value']", "7")
    page.keyboard.press("Tab")
    expect(page.locator("#when")).to_have_value(re.compile("<= 7"))
    page.click("#review button.primary")
    page.wait_for_selector("#plan button.primary")
    assert 'count("Page") <= 5' in file.read_text()
    page.click("#plan button.primary")
    page.wait_for_url(re.compile("published=1"))
    assert 'count("Page") <= 7' in file.read_text()
    assert "# a cart was touched, five quiet minutes passed" in file.read_text()
    wait_until(
        lambda: httpx.get(f"{shop.url}/healthz", trust_env=False).json()["project"] != before
    )


def test_every_screen_is_whole_on_real_records(page, axe):
    ann(page)
    for path in (page.url, *PATHS):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.set_viewport_size({"width": 1280, "height": 900})
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], path


def wait_until(is_so, seconds=20):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.1)
