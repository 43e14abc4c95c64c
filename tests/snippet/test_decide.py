"""Placements in the page: asked for once, hidden shortly, shown safely, watched (decisions W1 to W3)."""

import json
import time

import pytest

pytestmark = pytest.mark.browser
HERO = '<div data-jf-placement="home-hero"><p>The shop\'s own hero</p></div>'


def who(page):
    return page.evaluate("jf.anonymousId()")


def decisions(visit):
    return [json.loads(each.post_data) for each in visit.sent("/v1/decide")]


def hero(page):
    return page.locator("[data-jf-placement=home-hero]")


def test_all_placements_of_a_page_are_one_call(visit):
    page = visit.open(
        HERO + '<div id="strip"></div>',
        settings="{placements: {'strip': '#strip'}, context: {category: 'shoes'}}",
    )
    visit.shown(page)
    (asked,) = decisions(visit)
    assert {each["id"] for each in asked["placements"]} == {"home-hero", "strip"}
    assert asked["subject"] == {"anonymous_id": who(page)}
    assert asked["context"]["page"] == "/"
    assert asked["context"]["device"] == "desktop"
    assert asked["context"]["category"] == "shoes"
    assert visit.complaints == []


def test_what_was_seen_and_clicked_is_in_the_log_with_its_receipt(visit):
    visit.come_before()
    page = visit.open(HERO)
    item = visit.shown(page)
    receipt = item.get_attribute("data-jf-receipt")
    (shown,) = visit.named(who(page), "Offer Shown")
    assert shown["properties"]["receipt"] == receipt
    page.locator(".jf-cta").click()
    (clicked,) = visit.named(who(page), "Offer Clicked")
    assert clicked["properties"]["receipt"] == receipt
    assert clicked["properties"]["placement"] == "home-hero"
    page.wait_for_timeout(300)
    assert len(visit.named(who(page), "Offer Shown")) == 1


def test_what_is_below_the_fold_is_not_exposed_before_it_is_seen(visit):
    visit.come_before()
    page = visit.open(
        HERO,
        script="setInterval(() => document.body && (document.body.style.paddingTop = '3000px'));",
    )
    visit.shown(page)
    page.wait_for_timeout(1_500)
    assert visit.sent("/v1/expose") == []
    page.locator(".jf-item").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    assert visit.sent("/v1/expose") == []
    assert visit.named(who(page), "Offer Shown")


def test_only_the_placement_is_hidden_and_for_300_ms_at_most(visit):
    """The answer takes a second: the page's own markup stands, nothing is shown or exposed late."""

    def slowly(route):
        held.append(route)

    held = []
    page = visit.open(
        "<h1>Shop</h1>" + HERO,
        script="""
          window.hidden = [];
          (function look() {
            const hero = document.querySelector("[data-jf-placement]");
            const page = document.body && getComputedStyle(document.body).visibility;
            if (hero) hidden.push([performance.now(), getComputedStyle(hero).visibility, page]);
            setTimeout(look, 10);
          })();
        """,
        before=lambda page: page.route("**/v1/decide", slowly),
    )
    page.wait_for_timeout(700)
    held[0].continue_()
    page.wait_for_timeout(500)
    looks = page.evaluate("hidden")
    hidden = [at for at, visibility, _ in looks if visibility == "hidden"]
    assert hidden
    assert hidden[-1] - hidden[0] <= 350
    assert all(page_is == "visible" for _, _, page_is in looks if page_is)
    assert hero(page).inner_text() == "The shop's own hero"
    page.wait_for_timeout(1_200)
    assert visit.sent("/v1/expose") == []


def test_an_error_leaves_the_page_as_it_was(visit):
    page = visit.open(HERO, before=lambda page: page.route("**/v1/decide", lambda r: r.abort()))
    page.wait_for_timeout(400)
    assert hero(page).inner_text() == "The shop's own hero"
    assert hero(page).is_visible()


def test_html_is_what_the_server_has_cleaned_and_runs_nothing(visit):
    page = visit.open('<div data-jf-placement="strip"></div>')
    visit.shown(page, "p.strip")
    markup = page.locator("[data-jf-placement=strip]").inner_html()
    assert "onclick" not in markup
    assert "script" not in markup
    page.locator("p.strip a").evaluate("link => link.removeAttribute('href')")
    assert page.title() == "Shop"


def test_a_page_renders_by_its_own_function(visit):
    visit.come_before()
    page = visit.open(
        HERO,
        settings="""{render: {"home-hero": function (items, element) {
          element.textContent = "mine: " + items[0].content.title;
          element.setAttribute("data-jf-receipt", items[0].receipt);
        }}}""",
    )
    assert visit.shown(page, "[data-jf-receipt]").inner_text().startswith("mine: ")
    assert visit.named(who(page), "Offer Shown")


def test_decide_answers_a_callback_and_a_promise(visit):
    page = visit.open(
        script="jf.decide('home-hero', function (items) { window.early = items[0].offer; });"
    )
    visit.until(page, "Boolean(window.early)")
    assert page.evaluate("jf.decide('home-hero')")[0]["content"]["title"]


def test_a_placement_that_comes_later_is_decided_too(visit):
    page = visit.open(
        "<p>later</p>",
        script="""
          setTimeout(function add() {
            if (!document.querySelector("p")) return setTimeout(add, 10);
            const hero = document.createElement("div");
            hero.dataset.jfPlacement = "home-hero";
            document.body.append(hero);
          }, 500);""",
    )
    visit.shown(page)
    assert len(decisions(visit)) == 1


def test_a_new_address_of_a_single_page_shop_decides_again(visit):
    page = visit.open(HERO)
    visit.shown(page)
    page.evaluate("history.pushState({}, '', '/shoes'); jf.page('Shoes')")
    visit.until(page, "document.querySelectorAll('.jf-item').length === 1")
    page.wait_for_timeout(400)
    assert [each["context"]["page"] for each in decisions(visit)] == ["/", "/shoes"]
    assert hero(page).is_visible()


def test_what_the_server_has_rendered_is_watched_and_not_asked_for(visit, live):
    id_ = visit.come_before()
    with live.client() as client:
        made = client.post(
            "/v1/decide",
            json={"subject": {"anonymous_id": id_}, "placements": [{"id": "home-hero"}]},
        ).json()
    receipt = made["placements"][0]["items"][0]["receipt"]
    page = visit.open(
        f'<div data-jf-placement="home-hero"><p data-jf-receipt="{receipt}">server</p></div>'
    )
    (shown,) = visit.named(id_, "Offer Shown")
    assert shown["properties"]["receipt"] == receipt
    assert decisions(visit) == []
    assert hero(page).inner_text() == "server"


def test_a_dismissed_offer_goes_and_says_so(visit):
    page = visit.open(
        HERO,
        settings="""{render: {"home-hero": function (items, element) {
          element.innerHTML = '<p><button data-jf-dismiss>no</button></p>';
          element.firstChild.setAttribute("data-jf-receipt", items[0].receipt);
        }}}""",
    )
    visit.shown(page, "[data-jf-dismiss]").click()
    assert visit.named(who(page), "Offer Dismissed")
    assert page.locator("[data-jf-dismiss]").count() == 0


def test_without_personalization_everybody_sees_the_same(visit):
    page = visit.open(HERO, settings="{consent: {personalization: false}}")
    visit.shown(page)
    assert page.locator(".jf-title").inner_text() == "The spring collection is here"
    assert decisions(visit)[0]["consent"] == {"personalization": False}
    assert visit.sent("/v1/stream") == []


def test_a_decision_waits_for_what_the_page_has_just_said(visit):
    page = visit.open()
    page.evaluate("for (let n = 0; n < 20; n++) jf.track('Product Viewed', {sku: 'S1'})")
    deadline = time.monotonic() + 5
    while not visit.sent("/v1/b") and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    page.wait_for_timeout(300)
    page.evaluate("jf.decide('home-hero')")
    assert decisions(visit)[-1]["after"] >= 0


def test_a_pinned_script_element_loads_under_a_strict_policy(visit):
    from journeyfold.collect.snippet import tag

    element = tag(visit.live.url, visit.key)
    visit.pages.by_path["/pinned"] = f"<!doctype html><title>Shop</title>{element}{HERO}"
    page = visit.context.new_page()
    page.on("console", lambda said: visit.complaints.append(said.text))
    page.goto(visit.pages.url + "/pinned")
    visit.shown(page)
    assert visit.complaints == []


def test_html_is_set_by_a_policy_of_its_own_where_trusted_types_are_demanded(visit):
    visit.pages.by_path["/trusted"] = f"""<!doctype html><html><head><title>Shop</title>
<meta http-equiv="Content-Security-Policy"
      content="require-trusted-types-for 'script'; trusted-types journeyfold">
<script async src="{visit.live.url}/js/jf.js" data-write-key="{visit.key}"></script>
</head><body><div data-jf-placement="strip"></div></body></html>"""
    page = visit.context.new_page()
    page.on("console", lambda said: visit.complaints.append(said.text))
    page.goto(visit.pages.url + "/trusted")
    visit.shown(page, "p.strip")
    assert visit.complaints == []
