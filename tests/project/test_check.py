"""Wrong projects: where each mistake is found, under which code, with which way out."""

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.check import check, load_checked
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SHOP = template_files("shop")


def findings(files):
    try:
        return check(load(files))
    except ProjectError as error:
        return list(error.problems)


def errors_after(path, old, new):
    """What is wrong with the shop after one edit; `old` None makes a new file."""
    if old is None:
        files = SHOP | {path: new}
    else:
        assert old in SHOP[path], f"{old!r} is not in {path}"
        files = SHOP | {path: SHOP[path].replace(old, new, 1)}
    return [problem for problem in findings(files) if problem.severity == "error"]


SEGMENT = "segments:\n  - {id: x, when: "
OFFER = "category: hero\n"
HOOK = "kind: webhook\nwebhook: {secrets: ['${env:S}']}\n"

# file, what stands there, what is written instead (or a new file), the text at the place the
# finding points at, its code, and words of the sentence
WRONG = [
    ("journeyfold.yaml", "currency: EUR", "curency: EUR", "curency: EUR", "P110", "unknown key 'curency'; did you mean 'currency'?"),
    ("journeyfold.yaml", "currency: EUR", "currency: euro", "euro", "P113", "write it like EUR"),
    ("journeyfold.yaml", "Europe/Berlin", "Europe/Berln", "Europe/Berln", "P114", "'Europe/Berln' is no time zone; write Europe/Berlin"),
    ("journeyfold.yaml", "durability: fsync", "durability: fsnc", "fsnc", "P113", "did you mean 'fsync'?"),
    ("journeyfold.yaml", "2GiB", "2GB", "2GB}", "P114", "'2GB' is no size"),
    ("journeyfold.yaml", "port: 8080", "port: '8080'", "'8080'", "P111", "the text '8080'; expected a whole number"),
    ("journeyfold.yaml", "port: 8080", "port: 99999", "99999", "P113", "'99999' is not at least 1 and at most 65535"),
    ("journeyfold.yaml", "raw: 36mo", "raw: 3 years", "3 years, analy", "P113", "'3 years' is no duration; write it like 24mo"),
    ("journeyfold.yaml", "eu: deny", "eu: denied", "denied, us: al", "P113", "did you mean 'deny'?"),
    ("journeyfold.yaml", "    discount: [", "    discunt: [", "discunt: [{max", "P130", "unknown offer category 'discunt'; did you mean 'discount'?"),
    ("journeyfold.yaml", "name: shop", "name: shop\nname: shop", "name: shop", "P102", "the key 'name' stands twice"),
    ("journeyfold.yaml", "name: shop", "name: '${env:NAME}'", "'${env:NAME}'", "P113", "does not match"),
    ("sources/shop_web.yaml", "kind: browser", "kind: browsr", "browsr", "P113", "did you mean 'browser'?"),
    ("sources/shop_web.yaml", "kind: browser\n", "", "description: W", "P112", "the key 'kind' is missing; add `kind: browser`"),
    ("sources/shop_web.yaml", "kind: browser", "kind: browser\nsource: web", "web", "P120", "write 'shop_web', or rename the file to sources/web.yaml"),
    ("sources/shop_web.yaml", "personalization]", "personalisation]", "personalisatio", "P130", "did you mean 'personalization'?"),
    ("sources/shop_web.yaml", "awareness", "awarness", "awarness, cons", "P130", "unknown stage 'awarness'; did you mean 'awareness'?"),
    ("sources/shop_server.yaml", "env: development", "env: live\nsla: ${env:SLA}", "${env:SLA}", "P121", "references stand only in paths and secrets"),
    ("sources/crm.yaml", None, "kind: server\nenv: live\nupdate: realtime\n", "live", "P140", "a live source needs an owner; add `owner: team@example.com`"),
    ("sources/hook.yaml", None, "kind: webhook\nwebhook: {secrets: [hunter2]}\n", "hunter2]}", "P122", "a secret is written out; write ${env:NAME}"),
    ("sources/hook.yaml", None, HOOK + "map: [{when: 'row.kind == 1', event: Paid}]\nfields: {occurred: as_time(row.at)}\n", "1', event", "J110", "use as_string(row.kind)"),
    ("sources/hook.yaml", None, HOOK + "map: [{event: Paid}]\nfields: {id: [nr]}\n", "{id: [nr]}", "P116", "needs `identifiers`"),
    ("sources/shop_orders.yaml", "row.customer_id is not None", "row.customer_id is not Nothing", "Nothing', even", "J103", ""),
    ("sources/shop_orders.yaml", "occurred: row.ordered_at", "occurred: row.", "row.", "J102", "not a condition"),
    ("sources/shop_orders.yaml", "row.customer_id is not None", "traits.email is None", "traits.email i", "J143", "traits is not available in a mapping"),
    ("sources/shop_orders.yaml", "row.ordered_at", "row.orderd_at", "row.orderd_at", "P116", "row.orderd_at is string, not a timestamp"),
    ("sources/shop_orders.yaml", "item.price)", "item.prize)", "item.quantity ", "J110", "int * string has no meaning"),
    ("sources/shop_orders.yaml", "  occurred: row.ordered_at\n", "", "id: [order_id]", "P116", "needs `occurred`"),
    ("sources/shop_orders.yaml", "{user_id: row", "{userid: row", "userid: row.cu", "P130", "unknown kind of identifier 'userid'; did you mean 'user_id'?"),
    ("sources/shop_orders.yaml", "update: daily 05:30", "update: dayly 05:30", "dayly 05:30", "P114", "'dayly 05:30' is no rhythm; write realtime, 15m, daily 05:30"),
    ("sources/shop_orders.yaml", "sla: 6h", "sla: 6hours", "6hours", "P114", "'6hours' is no span; write it like 6h"),
    ("sources/shop_orders.yaml", "retention: 36mo", "retention: forever", "forever", "P114", "'forever' is no span; write it like 36mo"),
    ("sources/shop_orders.yaml", "Europe/Berlin", "Berlin", "Berlin", "P114", "'Berlin' is no time zone; write Europe/Berlin"),
    ("sources/shop_web.yaml", "kind: browser", "kind: browser\norigins: [shop.example.com]", "shop.example.c", "P114", "is no origin; write https://shop.example.com"),
    ("sources/shop_web.yaml", "kind: browser", "kind: browser\nallow_ips: [10.0.0.0/99]", "10.0.0.0/99]", "P114", "is no network; write 10.0.0.0/8"),
    ("sources/Shop.yaml", None, "kind: server\n", "kind: server", "P123", "'Shop' is no id"),
    ("schemas/page.1.json", '"type": "page"', '"type": "pge"', 'pge", "version', "Q105", "did you mean"),
    ("schemas/page.1.json", '"type": "object",', '"type": "object"', '"properties":', "P101", "no JSON"),
    ("schemas/page.1.json", '"title": "Page",', '"title": "Page", "title": "P",', '"title": "P",', "P102", "stands twice"),
    ("identity.yaml", "class: contact, limit", "class: contacts, limit", "contacts, limi", "P113", "did you mean 'contact'?"),
    ("identity.yaml", "pattern: '[0-9]{10}'", "pattern: '(?=x)'", "'(?=x)'", "P114", "bad pattern"),
    ("identity.yaml", "region: DE", "region: Germany", "Germany", "P114", "two capital letters, as DE"),
    ("identity.yaml", "region: DE", "region: XX", "XX", "P130", "unknown country 'XX'"),
    ("identity.yaml", "region: DE", "unblock: [gest]", "gest]", "P130", "'gest' is not blocked by default; did you mean 'guest'?"),
    ("identity.yaml", "[anonymous_id, user_id]", "[anonymous_id, userid]", "[anonymous_id,", "P114", "unknown kind 'userid'; known: user_id"),
    ("identity.yaml", "limit: 1}", "limit: 0}", "0}", "P114", "must be at least 1"),
    ("features.yaml", "policy: last}", "policy: lsat}", "lsat}", "P113", "did you mean 'last'?"),
    ("features.yaml", "[shop_server, shop", "[shop_srver, shop", "shop_srver, sh", "P130", "unknown source 'shop_srver'; did you mean 'shop_server'?"),
    ("features.yaml", "fields: [sku,", "fields: [skuu,", "Product Viewed", "J104", "has no property 'skuu'; did you mean sku?"),
    ("features.yaml", '"Order Completed", within="30d"', '"Order Complete", within="30d"', 'count("Order C', "J104", "did you mean Order Completed"),
    ("features.yaml", "features.rfm_r *", "features.rfm_score *", "features.rfm_s", "J130", "rfm_score → rfm_score"),
    ("features.yaml", "order: falling", "cuts: [4, 3, 2, 1]", 'recency("Order', "J171", "cuts rise"),
    ("segments/shopping.yaml", "goal: {event: Order Completed", "goal: {event: Order Complete", "Order Complete", "P130", "did you mean 'Order Completed'?"),
    ("segments/shopping.yaml", "id: browse-abandoned", "id: Browse abandoned", "Browse abandon", "P113", "write 'browse-abandoned'"),
    ("segments/x.yaml", None, "segments:\n  - {id: x, kind: manual, identifier: emial}\n", "emial}", "P130", "did you mean 'email'?"),
    ("placements/home-hero.yaml", "properties.total", "properties.totl", "properties.tot", "J104", "did you mean properties.total?"),
    ("placements/home-hero.yaml", "properties.total", "properties.currency", "properties.curr", "J110", "a value is a number, properties.currency is string"),
    ("placements/cart-popup.yaml", "push: true\n", "", "{entered: cart", "P114", "add `push: true`"),
    ("features.yaml", "order: falling", "ordr: falling", "ordr: falling,", "P110", "did you mean 'order'?"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'traits.county == "DE"\'}\n', "traits.county", "J104", "did you mean traits.country or traits.city?"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'traits.country == "it\'\'s" and traits.emial is None\'}\n', "traits.emial i", "J104", "did you mean traits.email?"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: "traits.country == \\"DE\\" and traits.emial is None"}\n', "traits.emial i", "J104", "did you mean traits.email?"),
    ("segments/x.yaml", None, "segments:\n  - id: x\n    when: traits.country is None and traits.emial is None\n", "traits.emial i", "J104", "did you mean traits.email?"),
    ("segments/x.yaml", None, "segments:\n  - id: x\n    when: >-\n      traits.country is None\n      and traits.emial is None\n", "traits.emial i", "J104", "did you mean traits.email?"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'count("Order Complete") > 1\'}\n', 'count("Order C', "J104", "did you mean Order Completed"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'in_segment("vipp")\'}\n', 'in_segment("vi', "J104", "there is no segment 'vipp'; did you mean vip?"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'traits.birth_year > "1980"\'}\n', '"1980"\'}', "J110", "did you mean 1980?"),
    ("segments/x.yaml", None, "segments:\n  - {id: x, when: 'traits.country == None'}\n", "None'}", "J111", "use `is None`"),
    ("segments/x.yaml", None, "segments:\n  - {id: x, when: 'true'}\n", "true'}", "J112", "use `True`"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'count("Page", within="30 days") > 1\'}\n', '"30 days") > 1', "J120", "30 days"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'count("Page", within="2000d") > 1\'}\n', 'count("Page",', "J160", "longer than retention"),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'context.device == "mobile"\'}\n', "context.device", "J140", ""),
    ("segments/x.yaml", None, 'segments:\n  - {id: x, when: \'count("Page", where=traits.country == "DE") > 1\'}\n', "traits.country", "J150", ""),
    ("segments/x.yaml", None, "segments:\n  - {id: x, when: '(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((('}\n", "((((((((((((((", "J101", ""),
    ("segments/x.yaml", None, 'segments:\n  - {id: a, when: \'in_segment("b")\'}\n  - {id: b, when: \'in_segment("a")\'}\n', 'in_segment("b"', "J130", "→"),
    ("segments/x.yaml", None, 'segments:\n  - {id: vip, when: \'count("Page") > 1\'}\n', "vip, when: 'co", "P127", "the segment 'vip' is defined twice; the first is in segments/shopping.yaml"),
    ("segments/x.yaml", None, "segments:\n  - {id: x, wen: 'True'}\n", "wen: 'True'}", "P110", "unknown key 'wen'; did you mean 'when'?"),
    ("segments/lifecycle.yaml", "from: [Active, Loyal, At-risk]", "from: [Actve]", 'recency("Order', "J104", "there is no stage 'Actve'"),
    ("segments/lifecycle.yaml", '\'count("Order Completed") >= 1\'', '\'in_segment("vip")\'', 'in_segment("vi', "J141", ""),
    ("offers/x.yaml", None, "category: hero\npurpose: personalisation\n", "personalisatio", "P130", "did you mean 'personalization'?"),
    ("offers/x.yaml", None, 'category: hero\neligibility: traits.county == "DE"\n', "traits.county", "J104", "did you mean traits.country or traits.city?"),
    ("offers/x.yaml", None, "category: hero\nvariants: [{id: a, weight: 0}]\n", "category: hero", "P114", "the weights of the variants sum to 0"),
    ("offers/x.yaml", None, "category: hero\nvariants: [{id: a, content: {title: '{{ x'}}]\n", "'{{ x'}}]", "P131", ""),
    ("offers/x.yaml", None, "category: hero\npropensity: {prior: 1.5}\n", "1.5}", "P113", "more than 0 and at most 1"),
    ("offers/x.yaml", None, "category: hero\npropensity: {model: churn}\n", "churn}", "P130", "give a prior"),
    ("offers/x.yaml", None, "category: hero\ncaps: [{max: 1, within: 1 week}]\n", "1 week}]", "P113", "'1 week' is no duration; write it like 30d"),
    ("offers/x.yaml", None, "category: hero\nvalid: {from: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z'}\n", "'2026-01-01T00", "P132", "`until` is not after `from`"),
    ("offers/x.yaml", None, "category: hero\noffer: ten\n", "ten", "P120", "the id 'ten' is not the file's name"),
    ("placements/home-hero.yaml", "[discount, hero]", "[discount, heros]", "heros]}", "P130", "unknown offer category 'heros'; did you mean 'hero'?"),
    ("placements/home-hero.yaml", "offer: hero-default", "offer: hero-defualt", "hero-defualt,", "P130", "did you mean 'hero-default'?"),
    ("placements/home-hero.yaml", "variant: plain", "variant: plan", "plan}", "P130", "unknown variant of hero-default 'plan'; did you mean 'plain'?"),
    ("placements/home-hero.yaml", "policy: arbitration", "policy: bandit", "bandit, explor", "P113", "'bandit' is not one of arbitration, fixed, rules"),
    ("placements/home-hero.yaml", "event: Order Completed", "event: Order Complete", "Order Complete", "P130", "did you mean 'Order Completed'?"),
    ("placements/cart-popup.yaml", "entered: cart-abandoned", "entered: cart-abandond", "cart-abandond}", "P130", "did you mean 'cart-abandoned'?"),
    ("placements/cart-popup.yaml", "entered: cart-abandoned", "entered: on-mobile-evening", "on-mobile-even", "P135", "nobody enters 'on-mobile-evening'"),
    ("placements/cart-popup.yaml", "[ten-percent, free-shipping]", "[ten-pct, free-shipping]", "ten-pct, free-", "P130", "unknown offer 'ten-pct'; did you mean 'ten-percent'?"),
    ("placements/product-page.yaml", "offer: vip-early-access", "offer: hero-default", "hero-default}", "P134", "not among the offers"),
    ("placements/product-page.yaml", "context.category ==", "context.categry ==", "context.categr", "J104", "did you mean context.category or context.country?"),
    ("tests/shopping.yaml", "not_in: [cart-abandoned]", "not_in: [cart-abandond]", "cart-abandond]", "P130", "did you mean 'cart-abandoned'?"),
    ("tests/shopping.yaml", "at: +1m", "at: 1 minute later", "1 minute later", "P152", "is no instant"),
    ("tests/shopping.yaml", "anonymous_id: a1, prop", "anonymus_id: a1, prop", "anonymus_id: a", "P110", "did you mean 'anonymous_id'?"),
    ("tests/shopping.yaml", "wait: 4m", "wiat: 4m", "wiat: 4m", "P110", "did you mean 'wait'?"),
    ("tests/shopping.yaml", "stage: {customer: Active}", "stage: {customer: Actve}", "Actve}}", "P130", "unknown stage 'Actve'; did you mean 'Active'?"),
    ("tests/shopping.yaml", "now: '2026-01-10T09", "now: '2025-01-10T09", "'2025-01-10T09", "P153", "time does not go back"),
    ("tests/decisions.yaml", "placement: home-hero", "placement: home", "home, context:", "P130", "unknown placement 'home'"),
    ("tests/decisions.yaml", "not_eligible,", "not_eligble,", "not_eligble, t", "P130", "unknown reason 'not_eligble'; did you mean 'not_eligible'?"),
    ("tests/decisions.yaml", "offer: ten-percent}", "offer: ten-percent, variant: wam}", "wam}", "P130", "unknown variant 'wam'; did you mean 'warm'?"),
    ("tests/decisions.yaml", "device: desktop", "devic: desktop", "desktop, page:", "P130", "unknown name of the context 'devic'; did you mean 'device'?"),
    ("tests/decisions.yaml", "denied}}", "refused}}", "refused}}", "P130", "unknown answer 'refused'"),
    ("tests/decisions.yaml", "[{placement: cart-popup}]", "[{placement: cart-popop}]", "cart-popop}]", "P130", "did you mean 'cart-popup'?"),
    ("tests/x.yaml", None, "- {name: x, given: [{at: '2026-03-02T10:00:00Z', type: page, anonymous_id: a}]}\n", "{name: x", "P156", "this scenario expects nothing"),
    ("tests/identity.yaml", "of: user_id:ann", "of: userid:ann", "userid:ann", "P130", "unknown kind of identifier 'userid'; did you mean 'user_id'?"),
]  # fmt: skip
NAMES = [f"{case[0]} {str(case[1])[:20]} {case[2][-30:]}" for case in WRONG]


def test_the_shop_is_right():
    assert findings(SHOP) == []


def test_the_blank_project_is_right():
    assert findings(template_files("blank")) == []


@pytest.mark.parametrize(("path", "old", "new", "place", "code", "words"), WRONG, ids=NAMES)
def test_a_mistake_is_found_at_its_place(path, old, new, place, code, words):
    lines = (new if old is None else SHOP[path].replace(old, new, 1)).split("\n")
    found = errors_after(path, old, new)
    assert any(
        problem.file == path
        and problem.code == code
        and lines[problem.line - 1][problem.column - 1 :].startswith(place)
        and words in f"{problem.message}; {problem.suggestion}"
        for problem in found
    ), [str(problem) for problem in found]


@pytest.mark.parametrize(("path", "old", "new", "place", "code", "words"), WRONG, ids=NAMES)
def test_every_finding_shows_the_offending_line(path, old, new, place, code, words):
    text = new if old is None else SHOP[path].replace(old, new, 1)
    for problem in errors_after(path, old, new):
        if problem.file == path and not problem.code.startswith("Q"):
            assert problem.text == text.split("\n")[problem.line - 1].rstrip()[:400]


def test_all_mistakes_of_all_files_come_at_once_and_sorted():
    files = SHOP | {
        "offers/x.yaml": "category: hero\neligibility: traits.nope is None\npurpose: nope\n",
        "segments/x.yaml": "segments:\n  - {id: x, when: 'traits.nope is None'}\n",
        "placements/x.yaml": "offers: {ids: [nope]}\n",
    }
    found = [(p.file, p.line) for p in findings(files) if p.severity == "error"]
    assert found == sorted(found)
    assert {file for file, _ in found} == {
        "offers/x.yaml", "segments/x.yaml", "placements/x.yaml",
    }  # fmt: skip
    assert len(found) == 4


def test_one_unreadable_file_does_not_hide_the_others():
    files = SHOP | {"offers/x.yaml": "a: [", "offers/y.yaml": "catgory: x", "sources/z.yaml": "- 1"}
    assert {problem.file for problem in findings(files)} == {
        "offers/x.yaml", "offers/y.yaml", "sources/z.yaml",
    }  # fmt: skip


def test_a_broken_segment_is_not_reported_again_where_it_is_used():
    found = errors_after("segments/shopping.yaml", 'recency("Cart', 'recency("Cat')
    assert [problem.file for problem in found] == ["segments/shopping.yaml"]


def test_a_negation_that_null_makes_false_is_a_hint_and_stops_nothing():
    files = SHOP | {
        "segments/x.yaml": "segments:\n  - {id: x, when: 'not traits.marketing_opt_in'}\n"
    }
    (hint,) = findings(files)
    assert (hint.severity, hint.code) == ("hint", "J210")
    assert load_checked(files).segments["x"].id == "x"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("offers/ten.yml", "rename it to offers/ten.yaml"),
        ("offer/ten.yaml", "did you mean 'offers'?"),
        ("maps/shop.yaml", "is not read by this release"),
        ("schemas/page.yaml", "files here are schemas/*.json"),
        ("kpis.yaml", "is not read by this release"),
    ],
)
def test_a_file_that_nobody_reads_is_pointed_out(path, words):
    (hint,) = findings(SHOP | {path: "x: 1"})
    assert hint.severity == "hint"
    assert words in hint.message


def test_a_project_without_its_root_file_says_so():
    files = {path: text for path, text in SHOP.items() if path != "journeyfold.yaml"}
    assert [str(p) for p in findings(files)] == [
        "journeyfold.yaml:1:1: P112 the file is missing; add `name: …`"
    ]


def test_an_undeclared_event_in_a_new_project_tells_how_to_declare_it():
    files = template_files("blank") | {
        "segments/x.yaml": "segments:\n  - {id: x, when: 'count(\"Bought\") > 1'}\n"
    }
    (problem,) = findings(files)
    assert (problem.code, problem.line) == ("J104", 2)


HINTS = [
    ("features.yaml", "country: {policy: last}", "countri: {policy: last}", "the trait 'countri'; did you mean 'country'?"),
    ("segments/lifecycle.yaml", "initial: Prospect", "initial: Prospekt", "none of the stages; did you mean 'Prospect'?"),
    ("sources/shop_orders.yaml", "event: Order Completed", "event: Order Complete", "the event 'Order Complete'; did you mean 'Order Completed'?"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "old", "new", "words"), HINTS, ids=[case[0] for case in HINTS])
def test_what_may_be_meant_and_most_often_is_not_is_a_hint(path, old, new, words):
    (hint,) = findings(SHOP | {path: SHOP[path].replace(old, new, 1)})
    assert (hint.severity, hint.code, hint.file) == ("hint", "P130", path)
    assert words in f"{hint.message}; {hint.suggestion}"


def test_a_basis_without_purposes_is_a_hint():
    (hint,) = findings(SHOP | {"sources/crm.yaml": "kind: server\nbasis: contract\n"})
    assert (hint.severity, hint.code, hint.line, hint.column) == ("hint", "P117", 2, 8)
    assert "contract allows nothing without purposes" in hint.message


def test_the_columns_of_a_parquet_file_know_their_own_types():
    sold = "kind: import\nread: {parquet: x.parquet}\nmap: [{when: 'row.a > 3', event: Page}]\n"
    fields = "fields: {occurred: row.at, identifiers: {user_id: row.who}}\n"
    assert findings(SHOP | {"sources/sold.yaml": sold + fields}) == []
