"""A journey in a running platform: a cart is left, a second passes, a mail lies in the mailbox."""

from __future__ import annotations

import email
import email.policy
import time

import pytest
from live import run_cli, start

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, reason: bought}]
policy: {purpose: marketing, quiet: never}
steps:
  - {id: pause, wait: {for: 1s}}
  - {id: mail, send: {channel: email, template: cart}}
"""
MESSAGE = "subject: 'Your cart, {{ traits.first_name }}'\nfrom: Shop <shop@example.com>\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = tmp_path_factory.mktemp("journey") / "shop"
    run_cli(directory.parent, "init", str(directory), "--template", "shop")
    for theirs in [*(directory / "journeys").iterdir(), directory / "tests" / "journeys.yaml"]:
        theirs.unlink()  # the shop's own journeys write to the same people
    (directory / "journeys" / "cart.yaml").write_text(JOURNEY)
    message = directory / "templates" / "cart"
    message.mkdir(parents=True)
    (message / "template.yaml").write_text(MESSAGE)
    (message / "body.html").write_text("<p>It is still there, {{ traits.first_name }}.</p>")
    live = start(directory)
    yield live
    live.stop()


def said(client, kind, **more):
    reply = client.post("/v1/batch", json={"batch": [{"type": kind, **more}]})
    assert reply.status_code == 200, reply.text


def leave_a_cart(client, user):
    said(client, "identify", userId=user,
         traits={"email": f"{user}@example.com", "first_name": user.title()})  # fmt: skip
    granted = {"purposes": {"marketing": "granted", "marketing_email": "granted"}}
    said(client, "track", event="Consent Updated", userId=user, properties=granted)
    said(client, "track", event="Cart Updated", userId=user, properties={"cart_id": user})


def mails(shop, least, timeout_s=20):
    """The mailbox, once there are so many."""
    folder, until = shop.directory / ".journeyfold" / "mailbox", time.monotonic() + timeout_s
    while len(files := sorted(folder.glob("*.eml"))) < least and time.monotonic() < until:
        time.sleep(0.1)
    return [email.message_from_bytes(each.read_bytes(), policy=email.policy.SMTP) for each in files]


def records(client, user):
    person = client.post("/v1/people/lookup", json={"kind": "user_id", "value": user}).json()
    found = client.get(f"/v1/people/{person['person']}/records").json()["records"]
    return [each["name"] for each in found]


def test_a_cart_left_for_a_second_is_written_to_once_and_an_order_stops_it(shop):
    with shop.client() as client:
        leave_a_cart(client, "ann")
        leave_a_cart(client, "bob")
        said(client, "track", event="Order Completed", userId="bob",
             properties={"order_id": "o1", "total": 10})  # fmt: skip
        (mail,) = mails(shop, 1)
        assert (mail["To"], mail["Subject"]) == ("ann@example.com", "Your cart, Ann")
        time.sleep(1.5)
        assert len(mails(shop, 1)) == 1
        anns, bobs = records(client, "ann"), records(client, "bob")
    assert {"journey.entered", "journey.exited", "message.sent"} <= set(anns)
    assert "message.sent" not in bobs


def test_a_rebuild_beside_it_is_the_same(shop):
    told = run_cli(shop.directory, "replay", "--verify", "--json")
    assert '"is_equal":true' in told.stdout.replace(" ", "")


def test_a_journey_is_paused_and_resumed_while_it_runs(shop):
    with shop.client() as client:
        before = len(mails(shop, 1))
        told = client.post("/v1/journeys/cart/pause", json={}).json()
        assert told["action"] == "pause"
        leave_a_cart(client, "cem")  # the record before it says that nobody enters
        run_cli(shop.directory, "journey", "resume", "cart")
        leave_a_cart(client, "dan")
        found = mails(shop, before + 1)
        assert [mail["To"] for mail in found if "dan" in mail["To"]] == ["dan@example.com"]
        assert not any("cem" in mail["To"] for mail in found)
        runs = client.get("/v1/journeys/cart/instances", params={"person": "user_id:dan"}).json()
        assert runs["person"].startswith("p_")
    why = run_cli(shop.directory, "why", "user_id:dan", "journey", "cart").stdout
    assert "journey.entered" in why
    assert "message.sent: step mail" in why
    assert '"is_equal":true' in run_cli(
        shop.directory, "replay", "--verify", "--json"
    ).stdout.replace(" ", "")
