"""A CRM and an advertising platform, kept in step by a real platform: rows, orders, withdrawals."""

import json
import time
from hashlib import sha256

import pytest
from http_receiver import receiving
from live import platform

CRM = """type: hubspot
secret: ${env:CRM_TOKEN}
url: ${env:CRM_URL}
purpose: marketing_email
syncs:
  - id: gold
    from: {where: traits.loyalty_tier == "gold"}
    key: traits.email
    max_removed: 100%
    every: 1s
    map: {firstname: traits.first_name}
"""
ADS = """type: meta
secret: ${env:CRM_TOKEN}
url: ${env:CRM_URL}
pixel: "111"
purpose: ads_share
events:
  - id: purchases
    event: Order Completed
    map:
      event: '"Purchase"'
      event_id: properties.order_id
      value: properties.total
      currency: properties.currency
      email: traits.email
"""


class Platforms:
    """HubSpot's contacts and Meta's events, of which each comes once."""

    def __init__(self):
        self.contacts, self.events, self.busy = {}, {}, 2

    def __call__(self, request):
        if self.busy:  # the first calls are refused, as platforms do
            self.busy -= 1
            return 429, {}, {"retry-after": "1"}
        match request.path:
            case "/crm/v3/objects/contacts/batch/upsert":
                for each in request.json["inputs"]:
                    self.contacts[each["id"]] = each["properties"]
                return 200, {"results": []}
            case "/crm/v3/objects/contacts/batch/read":
                asked = [each["id"] for each in request.json["inputs"]]
                there = [each for each in asked if each in self.contacts]
                return 200, {
                    "results": [{"id": each, "properties": {"email": each}} for each in there]
                }
            case "/crm/v3/objects/contacts/batch/archive":
                for each in request.json["inputs"]:
                    del self.contacts[each["id"]]
                return 204, b""
            case "/v25.0/111/events":
                for each in request.json["data"]:
                    assert each["event_id"] not in self.events, "the same event twice"
                    self.events[each["event_id"]] = each
                return 200, {"events_received": len(request.json["data"])}
        return 404, {"message": request.path}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root, platforms = tmp_path_factory.mktemp("platforms"), Platforms()
    with (
        receiving(platforms) as receiver,
        platform(root / "shop", CRM_TOKEN="t0ken", CRM_URL=receiver.url) as live,
    ):
        settings = live.directory / "journeyfold.yaml"
        folder = live.directory / "destinations"
        folder.mkdir(exist_ok=True)
        (folder / "crm.yaml").write_text(CRM)
        (folder / "ads.yaml").write_text(ADS)
        allowed = "\nserver:\n  outgoing: {allow: [127.0.0.1]}\n"
        settings.write_text(settings.read_text().replace("\nserver:\n", allowed))
        live.wait_for("is taken over")
        live.platforms = platforms
        yield live


def send(live, *messages):
    with live.client() as server:
        answer = server.post("/v1/batch", json={"batch": list(messages)})
        assert answer.status_code == 200, answer.text
    live.wait_folded()


def person(name, tier="gold", **more):
    purposes = {
        "marketing_email": "granted",
        "ads_share": "granted",
        "analytics": "granted",
        **more,
    }
    traits = {"email": f"{name}@shop.test", "first_name": name, "loyalty_tier": tier}
    return (
        {"type": "track", "event": "Consent Updated", "userId": name, "properties": {"purposes": purposes}},
        {"type": "identify", "userId": name, "traits": traits},
    )  # fmt: skip


def order(name, number):
    items = [{"product_id": "p1", "name": "Shoe", "price": 20, "quantity": 1}]
    said = {"order_id": number, "total": 20, "currency": "EUR", "products": items}
    return {"type": "track", "event": "Order Completed", "userId": name, "properties": said}


def becomes(wanted, look, within_s=45):
    until_s = time.monotonic() + within_s
    while (found := look()) != wanted:
        assert time.monotonic() < until_s, f"it stayed {found}"
        time.sleep(0.1)


def test_a_crm_holds_who_is_in_the_audience_and_loses_who_withdraws(shop):
    held = shop.platforms.contacts
    send(shop, *person("ann"), *person("bob"), *person("cy", tier="silver"))
    becomes({"ann@shop.test", "bob@shop.test"}, lambda: set(held))
    assert held["ann@shop.test"] == {"firstname": "ann"}
    send(shop, *person("bob", tier="silver"), *person("cy"))
    becomes({"ann@shop.test", "cy@shop.test"}, lambda: set(held))
    send(shop, person("ann", marketing_email="denied")[0])
    becomes({"cy@shop.test"}, lambda: set(held))


def test_an_order_is_a_purchase_of_whoever_agreed_and_told_by_a_hash(shop):
    events = shop.platforms.events
    send(
        shop,
        *person("dee"),
        *person("eve", ads_share="denied"),
        order("dee", "o1"),
        order("eve", "o2"),
    )
    becomes({"o1"}, lambda: set(events))
    time.sleep(2)
    assert set(events) == {"o1"}
    told = events["o1"]
    assert told["user_data"] == {"em": [sha256(b"dee@shop.test").hexdigest()]}
    assert told["custom_data"] == {"value": 20, "currency": "EUR"}
    assert "dee" not in json.dumps(told)
