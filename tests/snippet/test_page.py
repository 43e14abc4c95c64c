"""What a page says by itself: its data layer as order events, and its forms (collect C54)."""

import json

import pytest

pytestmark = pytest.mark.browser
SILENT = "{pages: 'manual'}"
ITEMS = "[{item_id: 'S1', item_name: 'Boot', item_category: 'shoes', price: '89.90', quantity: 2}]"
BOOT = {
    "product_id": "S1", "sku": "S1", "name": "Boot", "category": "shoes", "price": 89.9, "quantity": 2,
}  # fmt: skip


@pytest.fixture
def shop(visit):
    """Opens a page with both scripts; `script` runs before either is there."""

    def opened(body="", settings=SILENT, script="", path="/"):
        add_on = f'<script async src="{visit.live.url}/js/jf-page.js"></script>'
        page = visit.open(body=add_on + body, settings=settings, script=script, path=path)
        visit.until(page, "Boolean(window.jfPage)")
        return page

    return opened


def who(page):
    return page.evaluate("jf.anonymousId()")


def properties(visit, page, name):
    return visit.named(who(page), name)[0]["properties"]


def test_an_order_pushed_before_and_one_after_the_scripts_arrive_once_each(visit, shop):
    order = "{{event: 'purchase', ecommerce: {{transaction_id: '{}', value: 179.8, currency: 'EUR', items: {}}}}}"
    page = shop(script=f"window.dataLayer = [{order.format('o1', ITEMS)}];")
    page.evaluate(f"dataLayer.push({order.format('o2', ITEMS)})")
    found = visit.named(who(page), "Order Completed", 2)
    assert [each["properties"]["order_id"] for each in found] == ["o1", "o2"]
    assert found[0]["properties"] == {
        "order_id": "o1", "total": 179.8, "currency": "EUR", "items": 2, "products": [BOOT],
    }  # fmt: skip
    assert visit.complaints == []


def test_gtag_calls_are_read_as_well(visit, shop):
    page = shop(script="window.gtag = function () { (window.dataLayer ||= []).push(arguments); };")
    page.evaluate(f"gtag('event', 'begin_checkout', {{value: '12', items: {ITEMS}}})")
    assert properties(visit, page, "Checkout Started")["total"] == 12


def test_a_product_event_is_one_for_each_product(visit, shop):
    page = shop()
    page.evaluate(
        f"dataLayer.push({{event: 'view_item', ecommerce: {{currency: 'EUR', items: {ITEMS}}}}})"
    )
    assert properties(visit, page, "Product Viewed") == BOOT | {"currency": "EUR"}


def test_the_page_maps_its_own_names_and_silences_ours(visit, shop):
    page = shop(
        settings="""{pages: 'manual', dataLayer: {
          add_to_cart: 'Cart Updated',
          view_item: false,
          wished: function (entry) { return ['Wish Made', {sku: entry.sku}]; }}}"""
    )
    page.evaluate(
        f"""dataLayer.push(
          {{event: 'view_item', ecommerce: {{items: {ITEMS}}}}},
          {{event: 'add_to_cart', ecommerce: {{value: 179.8, items: {ITEMS}}}}},
          {{event: 'wished', sku: 'S9'}})"""
    )
    assert properties(visit, page, "Wish Made") == {"sku": "S9"}
    assert properties(visit, page, "Cart Updated")["products"] == [BOOT]
    assert "Product Viewed" not in [each["name"] for each in visit.records(who(page))]


@pytest.mark.parametrize(
    "entry",
    ["null", "'text'", "{event: '__proto__', ecommerce: {}}", "{event: 'purchase'}",
     "{event: 'purchase', ecommerce: {items: 'none'}}", "{event: 'view_item', ecommerce: {items: [7]}}"],
)  # fmt: skip
def test_a_strange_push_disturbs_nothing(visit, shop, entry):
    page = shop()
    page.evaluate(f"dataLayer.push({entry}); jf.track('Still Here', {{}})")
    assert visit.named(who(page), "Still Here")
    assert visit.complaints == []


FORM = """
<form data-jf-form="newsletter" data-jf-text-version="2026-05" id="f" action="/thanks">
  <input name="email" data-jf-trait="email" value="ann@example.org">
  <input name="topic" value="boots">
  <input name="password" type="password" value="never">
  <input name="number" autocomplete="cc-number" value="never">
  <input name="other" value="4111 1111 1111 1111">
  <input name="note" type="hidden" value="never">
  <input name="terms" type="checkbox">
  <input name="news" type="checkbox" data-jf-consent="marketing_email" checked>
  <input name="jf_anonymous_id" type="hidden"><input name="jf_utm_source" type="hidden">
  <input name="jf_click_id" type="hidden"><input name="jf_consent" type="hidden">
</form>"""
STAY = "document.addEventListener('submit', function (event) { event.preventDefault(); });"


def sent(page):
    page.evaluate("document.getElementById('f').requestSubmit()")


def test_a_form_says_what_was_written_and_nothing_secret(visit, shop):
    page = shop(FORM, script=STAY)
    sent(page)
    told = properties(visit, page, "Form Submitted")
    assert told["fields"] == {"topic": "boots"}
    assert (told["form"], told["text_version"]) == ("newsletter", "2026-05")
    assert told["submitted_at"].endswith("Z")
    assert "never" not in json.dumps(visit.records(who(page)))
    assert "4111" not in json.dumps(visit.records(who(page)))


def test_a_marked_field_becomes_a_trait(visit, shop):
    page = shop(FORM, script=STAY)
    sent(page)
    assert visit.named(who(page), "Identify")[0]["traits"] == {"email": "ann@example.org"}


def test_a_marked_box_is_a_statement_with_the_version_of_its_text(visit, shop):
    page = shop(FORM, script=STAY)
    sent(page)
    told = properties(visit, page, "Consent Updated")
    assert told["purposes"] == {"marketing_email": "granted"}
    assert told["text_version"] == "2026-05"


def test_hidden_fields_carry_where_the_visitor_came_from(visit, shop):
    settings = "{pages: 'manual', consent: {functional: true, analytics: true}}"
    page = shop(FORM, settings, STAY, path="/?utm_source=mail&gclid=c1")
    visit.until(page, "document.forms.f.jf_anonymous_id.value")
    values = page.evaluate(
        "['anonymous_id', 'utm_source', 'click_id', 'consent'].map((n) => document.forms.f['jf_' + n].value)"
    )
    assert values[:3] == [who(page), "mail", "c1"]
    assert json.loads(values[3]) == {"functional": True, "analytics": True}


def test_nothing_is_kept_of_the_landing_while_functional_is_denied(visit, shop):
    page = shop(
        settings="{pages: 'manual', consent: {functional: false}}", path="/?utm_source=mail"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]") == [
        0,
        0,
        "",
    ]


def test_a_form_without_the_mark_is_left_alone(visit, shop):
    page = shop(FORM.replace("data-jf-form", "data-other"), script=STAY)
    sent(page)
    page.evaluate("jf.track('Still Here', {})")
    visit.named(who(page), "Still Here")
    assert "Form Submitted" not in [each["name"] for each in visit.records(who(page))]
