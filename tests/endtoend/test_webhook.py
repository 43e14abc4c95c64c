"""A journey calls a webhook in a running platform: signed, answered, and heard by the journey."""

from __future__ import annotations

import time

import pytest
from http_receiver import receiving
from live import run_cli, start
from standardwebhooks import Webhook

SECRET = "whsec_am91cm5leWZvbGQtd2ViaG9vay10ZXN0LXNlY3JldCE="
OLD = "whsec_" + "b2xk" * 8
JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
steps:
  - {id: crm, webhook: {destination: crm, payload: crm, on_fail: exit,
                        reply: {timeout: 5m, save: crm}}}
  - {id: tier, branch: [{if: 'as_string(vars.crm.tier) == "gold"', goto: again}]}
  - {id: other, exit: plain}
  - {id: again, webhook: {destination: crm}}
  - {id: done, exit: completed}
"""
DESTINATION = """
type: webhook
url: ${env:CRM_URL}
secret: ${env:CRM_SECRET}
secrets: ["${env:CRM_OLD}"]
"""
TEMPLATE = '{"type": "cart.left", "cart": "{{ entry.properties.cart_id }}", "who": {{ traits.email | json }}}'


@pytest.fixture
def receiver():
    """Fails once, so that a second attempt is seen; then tells a tier."""
    told = []

    def answers(request):
        told.append(request)
        return (503, {}) if len(told) == 1 else (200, {"tier": "gold"})

    with receiving(answers) as found:
        yield found


@pytest.fixture
def shop(tmp_path, receiver, monkeypatch):
    directory = tmp_path / "shop"
    run_cli(tmp_path, "init", str(directory), "--template", "shop")
    for path, text in {
        "journeys/cart-left.yaml": JOURNEY, "destinations/crm.yaml": DESTINATION,
        "templates/crm.liquid": TEMPLATE,
    }.items():  # fmt: skip
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_text(text)
    settings = directory / "journeyfold.yaml"
    text = settings.read_text()
    assert text.count("\nserver:\n") == 1
    settings.write_text(
        text.replace("\nserver:\n", "\nserver:\n  outgoing: {allow: [127.0.0.1]}\n")
    )
    for name, value in {
        "CRM_URL": f"{receiver.url}/hook", "CRM_SECRET": SECRET, "CRM_OLD": OLD,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    live = start(directory)
    yield live
    live.stop()


def arrived(receiver, least, timeout_s=30):
    until = time.monotonic() + timeout_s
    while len(receiver.requests) < least and time.monotonic() < until:
        time.sleep(0.05)
    return list(receiver.requests)


def test_a_journey_calls_with_a_signature_goes_again_and_hears_the_answer(shop, receiver):
    with shop.client() as client:
        for message in (
            {"type": "identify", "userId": "ann", "traits": {"email": 'a"b@x.example'}},
            {
                "type": "track",
                "event": "Cart Updated",
                "userId": "ann",
                "properties": {"cart_id": "c1"},
            },
        ):
            assert client.post("/v1/batch", json={"batch": [message]}).status_code == 200
        first, second, third = arrived(receiver, 3)
    for request in (first, second, third):
        for secret in (SECRET, OLD):
            Webhook(secret).verify(request.body, request.headers)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-id"] != third.headers["webhook-id"]
    assert second.json == {"type": "cart.left", "cart": "c1", "who": 'a"b@x.example'}
    usual = third.json
    assert usual["type"] == "journey.called"
    assert usual["data"]["vars"] == {"crm": {"tier": "gold"}}
    assert usual["data"]["entry"]["properties"] == {"cart_id": "c1"}
    time.sleep(1)
    assert len(receiver.requests) == 3
