"""Providers and mail that comes back tell what became of messages; nobody else does (A14)."""

import base64
import hmac
import json
from types import SimpleNamespace
from urllib.parse import urlencode

import msgspec
import pytest
from post_kit import MESSAGE, Clocked, Post, ask

from journeyfold.api.mail_hooks import MailHooks
from journeyfold.core.errors import ProjectError
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

SOURCE = "kind: webhook\npreset: {}\nwebhook: {{verify: {}, secrets: ['${{env:HOOK}}']}}\n"
SHOP = load(
    template_files("shop")
    | {
        "sources/mandrill.yaml": SOURCE.format("mandrill", "mandrill"),
        "sources/sendgrid.yaml": SOURCE.format("sendgrid", "bearer"),
        "sources/bounced.yaml": SOURCE.format("bounces", "bearer"),
    }
)


@pytest.fixture
def post():
    made = Post(SHOP)
    made.sent()
    return made


@pytest.fixture
def hooks(post):
    gates = {name: SimpleNamespace(source=known(source)) for name, source in SHOP.sources.items()}
    post.denied = []
    door = SimpleNamespace(gates=lambda: gates, audit=lambda *told: post.denied.append(told))
    return MailHooks(Clocked(post), door)


def known(source):
    """With its secret in the place of the reference, as `serve` has it."""
    if source.webhook is None:
        return source
    webhook = msgspec.structs.replace(source.webhook, secrets=("s3cret",))
    return msgspec.structs.replace(source, webhook=webhook)


def sendgrid(event, message=MESSAGE, **more):
    return {"event": event, "message": message, "timestamp": 1, "sg_event_id": "e", **more}


def deliver(hooks, name, body, **headers):
    headers = headers or {"authorization": "Bearer s3cret"}
    return ask(hooks, f"/hooks/{name}", "POST", body, host="shop.example", **headers)


def test_events_of_a_provider_mark_the_message(post, hooks):
    events = [sendgrid("delivered"), sendgrid("open"), sendgrid("delivered", "other")]
    status, _, body = deliver(hooks, "sendgrid", json.dumps(events).encode())
    assert (status, json.loads(body)) == (200, {"reports": 2, "known": 2})
    assert post.marks() == {"sent", "delivered", "opened"}


def test_a_message_that_is_not_ours_is_left_out(post, hooks):
    events = [sendgrid("open", "6a1c0c1e-0000-5000-8000-00000000ffff")]
    status, _, body = deliver(hooks, "sendgrid", json.dumps(events).encode())
    assert (status, json.loads(body)) == (200, {"reports": 1, "known": 0})


def test_who_cannot_prove_it_tells_nothing(post, hooks):
    body = json.dumps([sendgrid("spamreport")]).encode()
    assert deliver(hooks, "sendgrid", body, authorization="Bearer wrong")[0] == 401
    assert post.marks() == {"sent"}
    assert post.denied


def test_mandrill_signs_its_address_and_its_form(post, hooks):
    events = json.dumps([{"event": "spam", "ts": 1, "msg": {"metadata": {"message": MESSAGE}}}])
    signed = f"https://shop.example/hooks/mandrillmandrill_events{events}"
    signature = base64.b64encode(hmac.digest(b"s3cret", signed.encode(), "sha1")).decode()
    form = urlencode({"mandrill_events": events}).encode()
    media = "application/x-www-form-urlencoded"
    right = {"x-mandrill-signature": signature, "content-type": media}
    assert deliver(hooks, "mandrill", form, **{**right, "x-mandrill-signature": "x"})[0] == 401
    assert deliver(hooks, "mandrill", form, **right)[0] == 200
    assert "complained" in post.marks()


def test_a_complaint_withdraws_consent_and_closes_the_channel(post, hooks):
    deliver(hooks, "sendgrid", json.dumps([sendgrid("spamreport")]).encode())
    assert not post.granted(None, ["marketing_email"])["marketing_email"]
    reader = post.engine.compiled.limits.reader
    assert reader.is_suppressed(post.person("user_id", "ann"), "email")


def test_JT32_a_250_and_then_a_bounce_is_a_bounce(post, hooks):
    path = post.key.return_path(MESSAGE, "bounces.example")
    report = (
        f"From: mailer-daemon@mx.example\r\nTo: {path}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    status, _, body = deliver(hooks, "bounced", report.encode())
    assert (status, json.loads(body)) == (200, {"reports": 1, "known": 1})
    assert post.marks() == {"sent", "bounced"}
    assert post.person("user_id", "ann").contacts[-1].kind == "bounced"


def test_what_is_no_json_is_said_once(hooks):
    assert deliver(hooks, "sendgrid", b"{")[0] == 400


def test_a_provider_may_ask_whether_we_are_there(hooks):
    assert ask(hooks, "/hooks/mandrill", "HEAD")[0] == 200


def test_a_hook_that_is_not_there_is_404(hooks):
    assert ask(hooks, "/hooks/none", "POST")[0] == 404


@pytest.mark.parametrize(
    "text",
    [
        "kind: server\npreset: sendgrid\n",
        SOURCE.format("sendgrid", "bearer") + "map: [{otherwise: {filtered: x}}]\n",
    ],
)
def test_a_mail_preset_stands_alone(text):
    with pytest.raises(ProjectError):
        load(template_files("shop") | {"sources/x.yaml": text})
