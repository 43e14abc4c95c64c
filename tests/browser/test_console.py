"""The console as people meet it: in Chromium, wide and narrow, light and dark, with the keyboard.

Promises: no complaint in the console, nothing from another host, nothing serious for axe, no
sideways scroll at 390, everything readable without JavaScript (console C1, C10-C15).
"""

from __future__ import annotations

import re

import pytest
from chromium import SERIOUS
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PATHS = {
    "overview": "/",
    "live": "/live",
    "drawer": "/live?held=9",
    "empty": "/live?name=nothing&source=web",
    "quarantine": "/quarantine",
    "people": "/people",
    "review": "/review",
    "pair": "/review?pair=00000000000000000000000000000004",
    "audit": "/audit",
    "segments": "/segments",
    "segment": "/segments/returning-buyers",
    "new": "/segments/new",
    "sources": "/sources",
    "schemas": "/schemas",
    "schema": "/schemas/order_completed",
    "quality": "/quality?ruleset=quality/orders.yaml&rule=amount&source=web",
    "lineage": "/lineage?of=segment:returning-buyers",
    "names": "/lineage",
    "settings": "/settings",
    "contextual": "/segments/on-mobile-evening",
    "duplicates": "/live?fate=duplicate",
    "searched": "/segments?tag=value",
    "nowhere": "/people/p_nobody",
}
AT = """() => {
  const chosen = document.querySelector(".graph [aria-current]");
  const frame = chosen.closest(".scroll-x");
  const [here, there] = [chosen.getBoundingClientRect(), frame.getBoundingClientRect()];
  const [left, right] = [here.left - there.left, here.right - there.left];
  return { left, right, frame: there.width, wide: frame.scrollWidth };
}"""
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    return tmp_path_factory.mktemp("screens")


def person_path(served):
    people = served.desk.people
    best = max(people.recent(60), key=lambda one: len(people.identity(one).nodes))
    return f"/people/{best.person}"


def all_paths(served):
    return {**PATHS, "person": person_path(served)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_whole(opened, served, axe, pictures, size, scheme):
    width, height = SIZES[size]
    page = opened("/", width=width, height=height, scheme=scheme)
    for name, path in all_paths(served).items():
        page.goto(served.url + path)
        page.wait_for_timeout(50)
        page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], name
    assert [said for said in page.complaints if "404" not in said] == []  # asked for nobody


def test_a_lineage_that_is_wider_than_its_frame_begins_with_what_was_asked_for(opened, served):
    page = opened("/lineage?of=event:Order%20Completed", width=390, height=844)
    at = page.evaluate(AT)
    assert at["wide"] > at["frame"]
    assert at["left"] >= 0
    assert at["right"] <= at["frame"]


def test_the_door_is_whole(chromium, served, axe, pictures):
    for scheme in ("light", "dark"):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{served.url}/sign-in")
        page.screenshot(path=pictures / f"sign-in-{scheme}.png")
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == []
        context.close()


def test_a_first_start_is_whole(chromium, first_start, axe, pictures, sign_in):
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, first_start.url)
    for name in ("overview", "live", "quarantine", "people", "segments", "sources", "settings"):
        page.goto(first_start.url + PATHS[name])
        page.screenshot(path=pictures / f"first-{name}.png", full_page=True)
        page.evaluate(axe)
        assert page.evaluate(SERIOUS) == [], name
    context.close()


def test_slash_goes_to_the_search(opened):
    page = opened("/live")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("/g p")
    assert page.input_value("#q") == "/g p"


@pytest.mark.parametrize(
    ("key", "path"), [("p", "/people"), ("s", "/segments"), ("q", "/quarantine"), ("o", "/")]
)
def test_g_and_a_letter_go_to_a_place(opened, served, key, path):
    page = opened("/settings")
    page.keyboard.press("g")
    page.keyboard.press(key)
    page.wait_for_url(served.url + path)


def test_question_mark_shows_the_keys_and_escape_closes(opened):
    page = opened("/")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")


def test_j_and_enter_open_a_row(opened, served):
    page = opened("/segments")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/segments/returning-buyers"))


def test_search_posts_and_opens_the_person(opened):
    page = opened("/")
    page.fill("#q", "jonna.0@example.com")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/people/p_[a-z2-7]{26}$"))


def test_a_row_opens_in_the_drawer_and_back_closes_it(opened):
    page = opened("/live")
    page.click("live-tail tbody tr:nth-child(2) td.main a")
    page.wait_for_selector("#record h2:visible")
    assert re.search(r"[?&](record|held)=\d+", page.url)
    page.go_back()
    page.wait_for_url(re.compile(r"/live$"))
    assert page.complaints == []


def test_on_a_narrow_screen_the_drawer_is_a_sheet_from_below(opened):
    page = opened("/live", width=390, height=844)
    page.click("live-tail tbody tr:nth-child(2) td.main a")
    page.wait_for_selector("#record h2:visible")
    assert page.evaluate("getComputedStyle(document.getElementById('record')).position") == "fixed"
    page.click("#record [data-close]")
    page.wait_for_url(re.compile(r"/live$"))
    assert not page.is_visible("#record")


def test_new_records_appear_by_themselves(opened, served):
    page = opened("/live")
    page.wait_for_selector("live-state .on-good")
    served.desk.arrive("Parcel Arrived")
    page.wait_for_selector("live-tail tbody tr:first-child :text('Parcel Arrived')", timeout=20_000)
    assert page.complaints == []


def test_pause_keeps_the_place_and_says_how_many_wait(opened, served):
    page = opened("/live")
    page.wait_for_selector("live-state .on-good")
    page.click("live-state button")
    served.desk.arrive("While Paused")
    page.wait_for_selector("live-state button:has-text('1 new')", timeout=20_000)
    assert page.locator("live-tail :text('While Paused')").count() == 0
    page.click("live-state button")
    assert page.locator("live-tail tbody tr:first-child :text('While Paused')").count() == 1


def test_writing_the_condition_counts_at_once(opened):
    page = opened("/segments/returning-buyers")
    page.fill("#when", 'traits.tier == "gold"')
    page.wait_for_selector("text=Draft, not published")
    assert page.input_value(".builder input[aria-label=value]") == "gold"
    assert page.evaluate("document.activeElement.id") == "when"
    assert page.complaints == []


def test_changing_a_part_changes_the_text(opened):
    page = opened("/segments/returning-buyers")
    page.fill(".builder input[name='part:0:value']", "5")
    page.keyboard.press("Tab")
    expect(page.locator("#when")).to_have_value(re.compile(">= 5"))
    assert page.complaints == []


def test_lines_are_added_and_removed_in_place(opened):
    page = opened("/segments/returning-buyers")
    page.select_option("select[name='new:']", "consent")
    page.click("button[value='add:']")
    expect(page.locator("#when")).to_have_value(re.compile(r"consent\("))
    assert page.input_value("select[name='new:']") == "consent"
    page.hover(".cond-row:nth-of-type(1)")
    page.click("button[value='drop:0']")
    expect(page.locator("#when")).not_to_have_value(re.compile(r"count\("))
    assert page.url.endswith("/segments/returning-buyers")
    assert page.complaints == []


def test_a_segment_is_published_by_keyboard_alone(opened, served):
    page = opened("/segments/vip")
    page.focus("#when")
    page.keyboard.press("Control+a")
    page.keyboard.type('count("Order Completed", within="90d") >= 4')
    page.wait_for_selector("#review button.primary")
    page.focus("#review button.primary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#plan button.primary")
    page.focus("#plan button.primary")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"published=1"))
    assert 'within="90d") >= 4' in served.desk.project.card().files["segments/shop.yaml"]


@pytest.mark.parametrize("size", SIZES)
def test_everything_reads_without_javascript(opened, served, size):
    width, height = SIZES[size]
    page = opened("/", width=width, height=height, script=False)
    for name, path in all_paths(served).items():
        page.goto(served.url + path)
        assert page.is_visible("h1"), name
        if name not in ("empty", "nowhere"):
            assert page.locator("main table, main pre, main svg, main form").count() > 0, name


def test_the_builder_works_without_javascript(opened):
    page = opened("/segments/returning-buyers", script=False)
    page.fill(".builder input[name='part:0:value']", "7")
    page.click("text=Count again")
    assert ">= 7" in page.input_value("#when")


def test_more_opens_the_whole_rail_on_a_narrow_screen(opened):
    page = opened("/", width=390, height=844)
    assert not page.is_visible(".rail a[href='/settings']")
    page.click(".rail .more-link a")
    assert page.is_visible(".rail a[href='/settings']")


def test_a_chart_tells_its_numbers_under_the_pointer(opened):
    page = opened("/")
    page.hover("time-chart svg.plot", position={"x": 200, "y": 100})
    assert re.search(r"\d\d:\d\d", page.inner_text("time-chart output"))


def test_targets_are_large_enough(opened, served):
    page = opened("/", width=390, height=844)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .btn, .chip, .rail a, select, input:not([type=hidden])")]
        .filter((one) => one.checkVisibility()).map((one) => [one.className, one.getBoundingClientRect().height])
        .filter(([, height]) => height < 24)"""
    )
    assert small == []


def test_every_page_has_a_title_and_one_heading_of_its_own(opened, served):
    page = opened("/")
    titles = set()
    for name, path in all_paths(served).items():
        page.goto(served.url + path)
        titles.add((page.title(), page.inner_text("h1")))
        assert page.locator("h1").count() == 1, name
    assert len({title for title, _ in titles}) >= 9


def test_a_wrong_password_is_said_at_its_field_and_told_to_a_reader(chromium, served, axe):
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{served.url}/sign-in")
    page.fill("#u", "nobody")
    page.fill("#p", "guess and guess")
    page.click("button[type=submit]")
    page.wait_for_selector("#p-e")
    assert page.evaluate("document.activeElement.id") == "p"
    page.evaluate(axe)
    assert page.evaluate(SERIOUS) == []
    context.close()


def test_a_server_that_is_gone_is_said_and_what_stands_stays(chromium, accounts, sign_in, serve):
    alone = serve(accounts)
    context = chromium.new_context()
    page = context.new_page()
    sign_in(page, alone.url)
    alone.stop()
    page.wait_for_selector("#unanswered:visible", timeout=30_000)
    assert "No answer since" in page.inner_text("#unanswered")
    assert page.is_visible("#figs")
    context.close()


def test_a_tail_without_a_session_leads_to_the_door(opened):
    page = opened("/live")
    page.wait_for_selector("live-state .on-good")
    page.context.clear_cookies()
    page.evaluate("document.querySelector('live-tail').poll()")
    page.wait_for_url(re.compile("/sign-in"), timeout=20_000)


def test_focus_is_seen_on_every_kind_of_control(opened):
    page = opened("/segments/returning-buyers")
    page.keyboard.press("Tab")
    for _ in range(40):
        ring = page.evaluate(
            """() => { const one = document.activeElement, own = getComputedStyle(one);
            const box = getComputedStyle(one.parentElement);
            return [own.outlineStyle, box.outlineStyle, one.outerHTML.slice(0, 90)]; }"""
        )
        assert "solid" in ring[:2], ring[2]
        page.keyboard.press("Tab")
