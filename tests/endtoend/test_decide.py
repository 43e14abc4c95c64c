"""Decisions over HTTP, as a page and a server ask for them (decisions A1-A7)."""

import pytest
from live import run_cli, start

HERO = [{"id": "home-hero"}]
POPUP = [{"id": "cart-popup"}]


def ask(client, subject, placements=HERO, **more):
    return client.post("/v1/decide", json={"subject": subject, "placements": placements, **more})


def items(reply):
    assert reply.status_code == 200, reply.text
    return [item["offer"] for item in reply.json()["placements"][0]["items"]]


def agreed(client, visitor):
    """A visitor who lets us personalize, known to the fold."""
    body = {"subject": {"anonymous_id": visitor}, "purposes": {"personalization": True}}
    assert client.post("/v1/consents", json=body).status_code == 200


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = tmp_path_factory.mktemp("decide") / "shop"
    run_cli(directory.parent, "init", str(directory), "--template", "shop")
    (directory / "sources/partner.yaml").write_text("kind: server\n")
    live = start(directory)
    yield live
    live.stop()


@pytest.fixture(scope="module")
def server(shop):
    with shop.client() as client:
        yield client


@pytest.fixture(scope="module")
def partner(shop):
    """A server whose data rest on consent."""
    with shop.client("srv", "partner") as client:
        yield client


@pytest.fixture(scope="module")
def visitor(shop, server):
    agreed(server, "a-1")
    shop.wait_folded()
    return {"anonymous_id": "a-1"}


def test_a_repeated_request_gets_the_same_bytes(server, visitor):
    one = ask(server, visitor, request_id="same", trace=True)
    assert one.content == ask(server, visitor, request_id="same", trace=True).content


def test_another_body_under_the_same_request_id_is_a_conflict(server, visitor):
    ask(server, visitor, request_id="taken")
    other = ask(server, visitor, placements=POPUP, request_id="taken")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


def test_who_said_nothing_sees_what_everybody_sees_where_consent_is_the_basis(partner):
    reply = ask(partner, {"anonymous_id": "never-asked"}, trace=True)
    assert items(reply) == ["hero-default"]
    reasons = {each["offer"]: each["code"] for each in reply.json()["placements"][0]["reasons"]}
    assert reasons["free-shipping"] == "no_consent"


def test_a_contract_of_the_asking_source_holds_from_the_first_decision_on(shop, server):
    """The same before anything of theirs is folded and after the first event is (PRV-3)."""
    newcomer = {"anonymous_id": "a-new"}
    first = ask(server, newcomer)
    page = {"type": "page", "anonymousId": "a-new", "properties": {}}
    server.post("/v1/batch", json={"batch": [page]})
    shop.wait_folded()
    assert items(first) == items(ask(server, newcomer)) != ["hero-default"]


def test_who_refused_is_refused_by_the_contract_of_the_asking_source_too(shop, server):
    body = {"subject": {"anonymous_id": "a-no"}, "purposes": {"personalization": False}}
    assert server.post("/v1/consents", json=body).status_code == 200
    shop.wait_folded()
    assert items(ask(server, {"anonymous_id": "a-no"})) == ["hero-default"]


def test_who_agreed_gets_a_choice_of_their_own(server, visitor):
    assert items(ask(server, visitor)) in (["free-shipping"], ["newsletter"])


def test_a_call_may_narrow_the_consent_and_never_widen_it(server, partner, visitor):
    assert items(ask(server, visitor, consent={"personalization": False})) == ["hero-default"]
    stranger = {"anonymous_id": "never-asked"}
    assert items(ask(server, stranger, consent={"personalization": False})) == ["hero-default"]
    assert items(ask(partner, stranger, consent={"personalization": True})) == ["hero-default"]


def test_a_preview_writes_nothing(shop, server, visitor):
    shop.wait_folded()
    before = ask(server, visitor, mode="preview").json()
    ask(server, visitor, mode="preview", request_id="p-1")
    after = ask(server, visitor, mode="preview").json()
    assert before["profile_offset"] == after["profile_offset"]
    found = server.get(f"/v1/decisions/{before['decision_id']}")
    assert found.status_code == 404


def test_a_live_decision_can_be_read_again(server, visitor):
    decision = ask(server, visitor).json()["decision_id"]
    stored = server.get(f"/v1/decisions/{decision}").json()
    assert stored["decision"]["decision_id"] == decision


def test_an_unknown_placement_is_not_found(server, visitor):
    assert ask(server, visitor, placements=[{"id": "no-such"}]).status_code == 404


def test_after_an_offset_the_decision_knows_what_was_sent_before(server):
    agreed(server, "a-2")
    identify = {"type": "identify", "anonymousId": "a-2", "traits": {"email": "a2@example.com"}}
    sent = server.post("/v1/batch", json={"batch": [identify]}).json()
    reply = ask(
        server, {"anonymous_id": "a-2"}, trace=True, after=sent["offset"], timeout_ms=1000
    )  # fmt: skip
    reasons = {each["offer"]: each["code"] for each in reply.json()["placements"][0]["reasons"]}
    assert reply.json()["degraded"] == []
    assert reasons["newsletter"] == "not_applicable"


def test_an_offer_is_shown_as_often_as_its_cap_allows(shop, server):
    """Free shipping has a cap of three in seven days; each time it is seen counts."""
    agreed(server, "a-3")
    shop.wait_folded()
    shown = []
    for _ in range(8):
        reply = ask(
            server, {"anonymous_id": "a-3"}, [{"id": "product-page"}], context={"category": "shoes"}
        )  # fmt: skip
        for item in reply.json()["placements"][0]["items"]:
            shown.append(item["offer"])
            assert server.post("/v1/expose", json={"receipt": item["receipt"]}).status_code == 200
    assert shown.count("free-shipping") == 3


def test_a_write_key_speaks_for_an_anonymous_visitor_only(shop):
    with shop.client("pub", "shop_web") as browser:
        assert ask(browser, {"user_id": "ann"}).status_code == 403
        assert ask(browser, {"anonymous_id": "a-1"}).status_code == 200


def test_a_write_key_reads_nobody(shop, server, visitor):
    body = {"kind": "anonymous_id", "value": visitor["anonymous_id"]}
    person = server.post("/v1/people/lookup", json=body).json()["person"]
    with shop.client("pub", "shop_web") as browser:
        assert browser.get(f"/v1/people/{person}").status_code == 403


def test_a_forged_receipt_counts_nothing(server):
    reply = server.post("/v1/expose", json={"receipt": "bm90aGluZw.AAAA"})
    assert reply.status_code == 200
    assert (reply.json()["appended"], reply.json()["quarantined"]) == (0, 1)
