"""What the page says arrives, once, also when the network does not help (collect C50 to C53, C55)."""

import json
import time

import pytest

pytestmark = pytest.mark.browser
BATCH = "/v1/b"


def who(page):
    return page.evaluate("jf.anonymousId()")


def batches(visit):
    return [json.loads(each.post_data) for each in visit.sent(BATCH)]


def test_segments_calls_made_before_the_script_is_there_arrive_once(visit):
    page = visit.open(
        script="""
          jf.page("Home");
          jf.identify("u-" + Math.random(), {first_name: "Ann"});
          jf.track("Product Viewed", {sku: "S1"}, function () { window.called = true; });
          jf.group("g1", {plan: "pro"});
          jf.alias("u2", "u1");
        """
    )
    visible = visit.named(who(page), "Product Viewed")
    assert visible[0]["properties"] == {"sku": "S1"}
    records = visit.records(who(page))
    for name in ("Page", "Identify", "Group", "Product Viewed"):
        assert [each["name"] for each in records].count(name) == 1, name
    (batch,) = batches(visit)
    assert [each["type"] for each in batch["batch"]] == [
        "page", "identify", "track", "group", "alias",
    ]  # fmt: skip
    assert page.evaluate("window.called")
    assert visit.complaints == []


def test_twenty_messages_go_at_once(visit):
    page = visit.open(settings="{pages: 'manual'}")
    page.evaluate("for (let n = 0; n < 20; n++) jf.track('Counted', {n})")
    visit.until(page, "true")
    found = visit.named(who(page), "Counted", 20)
    assert sorted(each["properties"]["n"] for each in found) == list(range(20))
    assert [len(each["batch"]) for each in batches(visit)] == [20]


def test_what_overflows_offline_is_dropped_oldest_first_and_counted(visit):
    page = visit.open(settings="{pages: 'manual'}")
    visit.context.set_offline(True)
    page.evaluate("for (let n = 0; n < 230; n++) jf.track('Counted', {n})")
    page.wait_for_timeout(200)
    visit.context.set_offline(False)
    found = visit.named(who(page), "Counted", 200, timeout=25)
    while 229 not in {each["properties"]["n"] for each in found}:  # those under way come back
        found = visit.named(who(page), "Counted", len(found) + 1, timeout=25)
    lost = sum(each["context"].get("dropped", 0) for each in found)
    assert len(found) + lost == 230
    assert lost > 0


def test_a_refused_batch_comes_again_under_its_ids_when_the_server_said(visit):
    answers, came = [], []

    def refuse_once(route):
        came.append(time.monotonic())
        answers.append(json.loads(route.request.post_data))
        if len(answers) > 1:
            return route.continue_()
        headers = {
            "retry-after": "2",
            "access-control-allow-origin": "*",
            "access-control-expose-headers": "Retry-After",
        }
        return route.fulfill(status=503, headers=headers, body="{}")

    page = visit.open(
        settings="{pages: 'manual'}", before=lambda page: page.route(f"**{BATCH}", refuse_once)
    )
    page.evaluate("for (let n = 0; n < 20; n++) jf.track('Counted', {n})")
    found = visit.named(who(page), "Counted", 20, timeout=20)
    assert len(found) == 20
    first, second = answers
    assert first["batch"] == second["batch"]
    assert first["sentAt"] < second["sentAt"]
    assert came[1] - came[0] >= 1.9


def test_a_page_that_goes_sends_what_it_holds(visit):
    page = visit.open(settings="{pages: 'manual'}")
    id_ = who(page)
    page.evaluate("jf.track('Left', {}); location.href = '/elsewhere'")
    page.wait_for_url("**/elsewhere")
    assert visit.named(id_, "Left")


def test_what_could_not_be_sent_goes_from_the_next_page(visit):
    page = visit.open(settings="{pages: 'manual'}")
    id_ = who(page)
    page.route(f"**{BATCH}", lambda route: route.abort())
    page.evaluate("for (let n = 0; n < 20; n++) jf.track('Kept', {n})")
    visit.until(page, "true")
    page.wait_for_timeout(300)
    page.unroute(f"**{BATCH}")
    page.goto(visit.pages.url + "/")
    assert len(visit.named(id_, "Kept", 20)) == 20


def test_the_id_is_a_cookie_of_thirteen_months_mirrored_in_storage(visit):
    page = visit.open()
    id_ = who(page)
    (cookie,) = visit.context.cookies()
    assert (cookie["name"], cookie["value"], cookie["sameSite"]) == ("jf_id", id_, "Lax")
    assert 394 * 86400 < cookie["expires"] - time.time() <= 395 * 86400
    visit.context.clear_cookies()
    page.reload()
    visit.until(page, "Boolean(window.jf && jf.version)")
    assert who(page) == id_


def test_an_id_older_than_thirteen_months_is_not_used_again(visit):
    old = f"{int((time.time() - 396 * 86400) * 1000):012x}" + "0" * 20
    visit.context.add_cookies([{"name": "jf_id", "value": old, "url": visit.pages.url}])
    assert who(visit.open()) != old


def test_without_cookies_and_storage_the_id_lives_as_long_as_the_page(visit):
    visit.context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('refused'); }});"
        "Object.defineProperty(document, 'cookie', {get() { return ''; }, set() {}});"
    )
    page = visit.open()
    id_ = who(page)
    page.evaluate("jf.track('Seen')")
    assert visit.named(id_, "Seen")
    assert who(page) == id_
    assert visit.complaints == []


def stored(page):
    return page.evaluate("[document.cookie, JSON.stringify(localStorage)]")


def test_nothing_is_stored_or_sent_until_the_visitor_has_answered(visit):
    page = visit.open(settings="{consent: {functional: false}}", script="jf.track('Early');")
    page.wait_for_timeout(3_300)
    assert stored(page) == ["", "{}"]
    assert visit.sent(BATCH) == []
    page.evaluate("jf.consent({functional: true, analytics: true, personalization: true})")
    assert visit.named(who(page), "Early")
    (said,) = visit.named(who(page), "Consent Updated")
    assert said["properties"]["purposes"]["analytics"] == "granted"
    assert who(page) in stored(page)[0]


def test_a_refusal_removes_what_was_stored(visit):
    page = visit.open()
    visit.until(page, "document.cookie !== ''")
    page.evaluate("jf.consent({functional: false})")
    assert stored(page) == ["", "{}"]
    page.evaluate("jf.track('After')")
    assert stored(page) == ["", "{}"]


def test_an_answer_is_remembered_on_the_next_page(visit):
    page = visit.open(settings="{consent: {functional: false}}")
    page.evaluate("jf.consent({functional: true, analytics: false})")
    page.reload()
    visit.until(page, "Boolean(window.jf && jf.version)")
    page.evaluate("jf.track('Next')")
    visit.named(who(page), "Consent Updated")
    page.wait_for_timeout(200)
    last = batches(visit)[-1]["batch"][-1]
    assert last["context"]["consent"]["purposes"] == {"functional": True, "analytics": False}


def test_a_page_view_leaves_without_a_cookie_where_it_is_necessary(visit):
    page = visit.open(settings="{consent: {functional: false, necessary: true}}")
    assert visit.named(who(page), "Page")
    assert stored(page) == ["", "{}"]


def test_consent_mode_is_read_before_the_first_event(visit):
    page = visit.open(
        script="""
          window.dataLayer = [];
          function gtag() { dataLayer.push(arguments); }
          gtag("consent", "default", {functionality_storage: "denied"});
        """
    )
    page.wait_for_timeout(300)
    assert stored(page) == ["", "{}"]
    page.evaluate("gtag('consent', 'update', {functionality_storage: 'granted'})")
    assert who(page) in stored(page)[0]


def test_global_privacy_control_is_told(visit):
    visit.context.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    )
    page = visit.open()
    (viewed,) = visit.named(who(page), "Page")
    assert viewed["context"]["gpc"] is True


def test_reset_is_the_beginning_of_another_visitor(visit):
    page = visit.open(settings="{pages: 'manual'}")
    before = who(page)
    page.evaluate("jf.identify('someone', {}); jf.reset()")
    assert who(page) != before
    page.evaluate("jf.track('Later')")
    visit.named(who(page), "Later")
    (later,) = [m for each in batches(visit) for m in each["batch"] if m.get("event") == "Later"]
    assert "userId" not in later
    assert later["anonymousId"] == who(page)


def test_every_address_of_a_single_page_shop_is_one_page_view(visit):
    page = visit.open()
    page.evaluate("history.pushState({}, '', '/shoes?token=secret&utm_source=mail#id_token=x')")
    page.wait_for_timeout(50)
    page.evaluate("history.replaceState({}, '', '/shoes?token=other&utm_source=mail')")
    page.wait_for_timeout(50)
    page.evaluate("history.pushState({}, '', '/bags'); jf.page('Bags')")
    page.wait_for_timeout(50)
    page.evaluate("history.back()")
    seen = visit.named(who(page), "Page", 4)
    base = visit.pages.url
    assert [each["properties"]["url"] for each in seen] == [
        f"{base}/", f"{base}/shoes?utm_source=mail", f"{base}/bags", f"{base}/shoes?utm_source=mail",
    ]  # fmt: skip
    assert seen[2]["properties"]["name"] == "Bags"
    assert "secret" not in json.dumps(seen)


def test_what_waited_for_an_answer_is_forgotten_with_its_visitor(visit):
    page = visit.open(settings="{pages: 'manual', consent: {functional: false}}")
    page.evaluate("jf.track('Early'); jf.reset(); jf.consent({functional: true})")
    visit.named(who(page), "Consent Updated")
    sent = [message.get("event") for each in batches(visit) for message in each["batch"]]
    assert "Early" not in sent
