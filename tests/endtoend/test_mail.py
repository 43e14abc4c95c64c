"""Mail in a running platform: from a cart to a signed message, its links, and no more of them."""

from __future__ import annotations

import email
import email.policy
import re
import time

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from live import run_cli, start
from servers.post_office import post_office
from servers.process import free_ports

from journeyfold.activate.dkim import Signer

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
policy: {purpose: marketing, quiet: never}
steps:
  - {id: mail, send: {channel: email, template: cart}}
"""
MESSAGE = """
subject: 'Your cart, {{ traits.first_name }}'
preheader: It is still there
from: Shop <hello@shop.example>
"""
BODY = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ traits.first_name }}</mj-text>
<mj-button href="https://shop.example/cart?of={{ traits.first_name }}&amp;x=1">To the cart</mj-button>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
PEM = (
    rsa.generate_private_key(65_537, 2_048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
READER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture(scope="module")
def office():
    port = free_ports(1)[0]
    with post_office(port) as opened:
        opened.port = port
        yield opened


@pytest.fixture(scope="module")
def shop(tmp_path_factory, office):
    directory = tmp_path_factory.mktemp("mail") / "shop"
    run_cli(directory.parent, "init", str(directory), "--template", "shop")
    for theirs in [*(directory / "journeys").iterdir(), directory / "tests" / "journeys.yaml"]:
        theirs.unlink()  # the shop's own journeys write to the same people
    (directory / "journeys" / "cart.yaml").write_text(JOURNEY)
    message = directory / "templates" / "cart"
    for old in message.iterdir() if message.exists() else ():
        old.unlink()
    message.mkdir(parents=True, exist_ok=True)
    (message / "template.yaml").write_text(MESSAGE)
    (message / "body.mjml").write_text(BODY)
    (directory / "dkim.pem").write_text(PEM)
    destinations = directory / "destinations"
    destinations.mkdir(exist_ok=True)
    (destinations / "post.yaml").write_text(
        f"type: smtp\nhost: 127.0.0.1\nport: {office.port}\ntls: none\n"
        "dkim: {selector: s1, key: '${file:dkim.pem}'}\n"
    )
    with (directory / "journeyfold.yaml").open("a") as settings:
        settings.write("\nemail: {bounces: bounces.shop.example}\n")
    live = start(directory)
    yield live
    live.stop()


def said(client, kind, **more):
    reply = client.post("/v1/batch", json={"batch": [{"type": kind, **more}]})
    assert reply.status_code == 200, reply.text


def leave_a_cart(client, user, cart="1"):
    said(client, "identify", userId=user,
         traits={"email": f"{user}@example.com", "first_name": user.title()})  # fmt: skip
    granted = dict.fromkeys(("marketing", "marketing_email", "analytics"), "granted")
    said(client, "track", event="Consent Updated", userId=user, properties={"purposes": granted})
    said(client, "track", event="Cart Updated", userId=user,
         properties={"cart_id": f"{user}-{cart}"})  # fmt: skip


def letters(office, user, least=1, timeout_s=30):
    until = time.monotonic() + timeout_s
    while True:
        found = [raw for _, to, raw in office.letters if to == f"{user}@example.com"]
        if len(found) >= least or time.monotonic() > until:
            return found
        time.sleep(0.05)


def page_of(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.SMTP)
    return mail, mail.get_body(("html",)).get_content()


def names(client, user, wanted, timeout_s=20):
    """Names of a person's records, once `wanted` is among them."""
    person = client.post("/v1/people/lookup", json={"kind": "user_id", "value": user}).json()
    until = time.monotonic() + timeout_s
    while True:
        found = client.get(f"/v1/people/{person['person']}/records").json()["records"]
        if any(each["name"] == wanted for each in found) or time.monotonic() > until:
            return found
        time.sleep(0.1)


def test_a_message_arrives_signed_and_its_link_leads_to_the_cart(shop, office):
    with shop.client() as client:
        leave_a_cart(client, "ann")
        (raw,) = letters(office, "ann")
        mail, html = page_of(raw)
        assert mail["Subject"] == "Your cart, Ann"
        record = Signer("shop.example", "s1", PEM).record.encode()
        assert dkim.DKIM(raw).verify(dnsfunc=lambda _name, timeout=5: record)
        link = re.search(rf'href="({shop.url}/t/c/[^"]+)"', html)[1]
        pixel = re.search(rf'src="({shop.url}/t/o/[^"]+\.gif)"', html)[1]
        time.sleep(2.1)  # before that it would be a machine's
        followed = httpx.get(link, follow_redirects=False, headers=READER)
        assert followed.status_code == 302
        assert followed.headers["location"] == "https://shop.example/cart?of=Ann&x=1"
        assert len(httpx.get(pixel, headers=READER).content) == 43
        found = names(client, "ann", "message.opened")
    told = {each["name"]: each["properties"] for each in found}
    assert told["message.clicked"]["link"] == "https://shop.example/cart?of=Ann&x=1"
    assert "machine" not in told["message.clicked"]
    assert told["message.sent"]["links"] == ["https://shop.example/cart?of=Ann&x=1"]


def test_one_click_unsubscribes_and_the_next_message_is_not_sent(shop, office):
    with shop.client() as client:
        leave_a_cart(client, "bob")
        (raw,) = letters(office, "bob")
        mail, _ = page_of(raw)
        url, mailto = (part.strip("<>") for part in mail["List-Unsubscribe"].split(", "))
        assert re.fullmatch(
            r"mailto:u\+[0-9a-f]{32}\.[0-9a-f]{16}@bounces\.shop\.example\?subject=unsubscribe",
            mailto,
        )
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert b"Unsubscribe" in httpx.get(url).content
        done = httpx.post(url, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
        assert done.status_code == 200
        said(client, "track", event="Cart Updated", userId="bob",
             properties={"cart_id": "bob-2"})  # fmt: skip
        found = names(client, "bob", "message.skipped")
    assert "message.unsubscribed" in {each["name"] for each in found}
    assert len(letters(office, "bob", least=2, timeout_s=1)) == 1


def test_nothing_is_tracked_of_somebody_who_does_not_want_it(shop, office):
    with shop.client() as client:
        said(client, "track", event="Consent Updated", userId="cem",
             properties={"purposes": {"analytics": "denied"}})  # fmt: skip
        said(client, "identify", userId="cem",
             traits={"email": "cem@example.com", "first_name": "Cem"})  # fmt: skip
        granted = {"marketing": "granted", "marketing_email": "granted"}
        said(client, "track", event="Consent Updated", userId="cem",
             properties={"purposes": granted})  # fmt: skip
        said(client, "track", event="Cart Updated", userId="cem", properties={"cart_id": "c-1"})
        (raw,) = letters(office, "cem")
    _, html = page_of(raw)
    assert "/t/c/" not in html
    assert "/t/o/" not in html
    assert "https://shop.example/cart?of=Cem" in html
    assert f"{shop.url}/u/" in html


def test_JT32_a_message_that_was_taken_and_comes_back_is_a_bounce(shop, office):
    with shop.client() as client:
        leave_a_cart(client, "eve")
        letters(office, "eve")
        names(client, "eve", "message.sent")
        (path,) = [sender for sender, to, _ in office.letters if to == "eve@example.com"]
        report = shop.directory / "returned.eml"
        report.write_text(
            f"From: mailer-daemon@mx.example\nTo: {path}\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n"
            "Action: failed\nStatus: 5.1.1\n\n--b--\n"
        )
        told = run_cli(shop.directory, "mail", "bounce", "returned.eml").stdout
        assert "bounced 5.1.1" in told
        said(client, "track", event="Cart Updated", userId="eve", properties={"cart_id": "eve-2"})
        found = names(client, "eve", "message.skipped")
    (skipped,) = [each for each in found if each["name"] == "message.skipped"]
    assert skipped["properties"]["gate"] == "suppressed"
    assert "message.bounced" in {each["name"] for each in found}


def test_a_message_is_previewed_as_somebody_and_tried_out(shop, office):
    with shop.client() as client:
        leave_a_cart(client, "fay")
        letters(office, "fay")
        fay = client.post("/v1/people/lookup", json={"kind": "user_id", "value": "fay"}).json()
        preview = client.post("/v1/templates/cart/preview", json={"person": fay["person"]}).json()
        absent = client.post("/v1/templates/none/preview", json={})
    assert (preview["subject"], preview["to"]) == ("Your cart, Fay", "fay@example.com")
    assert preview["html_bytes"] == len(preview["html"].encode())
    assert absent.status_code == 404
    shown = run_cli(
        shop.directory, "template", "preview", "cart", "--person", "user_id:fay",
        "--html", "cart.html",
    ).stdout  # fmt: skip
    assert "Subject: Your cart, Fay" in shown
    assert "To the cart (https://shop.example/cart?of=Fay&x=1)" in shown
    assert "Hello Fay" in (shop.directory / "cart.html").read_text()
    run_cli(
        shop.directory, "template", "send-test", "cart", "--person", "user_id:fay",
        "--to", "me@shop.example",
    )  # fmt: skip
    (raw,) = [raw for _, to, raw in office.letters if to == "me@shop.example"]
    mail, html = page_of(raw)
    assert mail["Subject"] == "[Test] Your cart, Fay"
    assert "/t/c/" not in html


def test_a_rebuild_beside_it_is_the_same(shop):
    told = run_cli(shop.directory, "replay", "--verify", "--json")
    assert '"is_equal":true' in told.stdout.replace(" ", "")
