"""Signatures of every preset, against vectors made here with other means (collect C38)."""

import hashlib
import hmac as standard_hmac
from base64 import b64decode, b64encode

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from journeyfold.collect.webhook import (
    Delivery,
    at_pointer,
    challenge,
    delivery_id,
    is_authentic,
    payload_of,
)
from journeyfold.core.instant import instant_us
from journeyfold.sources.inventory import Webhook

NOW = instant_us("2026-11-22T12:00:00Z")
STAMP = str(NOW // 1_000_000)
BODY = b'{"id":"evt_1","n":1}'
URL = "https://cdp.example.com/hooks/shop?a=b"
PRIVATE = ec.derive_private_key(20261122, ec.SECP256R1())
PUBLIC = b64encode(
    PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


def mac(secret, signed, digest=hashlib.sha256):
    return standard_hmac.HMAC(secret, signed, digest)


def hex_of(secret, signed):
    return mac(secret, signed).hexdigest()


def b64_of(secret, signed, digest=hashlib.sha256):
    return b64encode(mac(secret, signed, digest).digest()).decode()


def standard():
    signed = b"msg_1." + STAMP.encode() + b"." + BODY
    return {"webhook-id": "msg_1", "webhook-timestamp": STAMP,
            "webhook-signature": "v1,AAAA v2,x v1," + b64_of(b"s3cret", signed)}  # fmt: skip


def hubspot():
    stamp = STAMP + "000"
    signed = b"POST" + URL.encode() + BODY + stamp.encode()
    return {
        "x-hubspot-request-timestamp": stamp,
        "x-hubspot-signature-v3": b64_of(b"s3cret", signed),
    }


def zendesk():
    stamp = "2026-11-22T12:00:00Z"
    return {"x-zendesk-webhook-signature-timestamp": stamp,
            "x-zendesk-webhook-signature": b64_of(b"s3cret", stamp.encode() + BODY)}  # fmt: skip


def sendgrid():
    signature = PRIVATE.sign(STAMP.encode() + BODY, ec.ECDSA(SHA256()))
    return {"x-twilio-email-event-webhook-timestamp": STAMP,
            "x-twilio-email-event-webhook-signature": b64encode(signature).decode()}  # fmt: skip


HMAC = {
    "header": "X-Sig", "timestamp_header": "X-Time", "algorithm": "sha512", "encoding": "base64",
    "prefix": "sig=", "signed": "{method}|{url}|{timestamp}|{body}",
}  # fmt: skip
FORM = b"To=%2B49&From=%2B1&Body=hi"
MAILGUN = msgspec.json.encode({
    "signature": {
        "timestamp": STAMP, "token": "tok", "signature": hex_of(b"s3cret", STAMP.encode() + b"tok"),
    },
    "event-data": {"id": "mg1"},
})  # fmt: skip

CASES = {
    "standard": ({"secrets": ("whsec_" + b64encode(b"s3cret").decode(),)}, standard(), BODY),
    "stripe": ({}, {"stripe-signature": f"t={STAMP},v0=x,v1=00,v1={hex_of(b's3cret', STAMP.encode() + b'.' + BODY)}"}, BODY),
    "shopify": ({}, {"x-shopify-hmac-sha256": b64_of(b"s3cret", BODY)}, BODY),
    "github": ({}, {"x-hub-signature-256": "sha256=" + hex_of(b"s3cret", BODY)}, BODY),
    "meta": ({}, {"x-hub-signature-256": "sha256=" + hex_of(b"s3cret", BODY)}, BODY),
    "slack": (
        {},
        {"x-slack-request-timestamp": STAMP,
         "x-slack-signature": "v0=" + hex_of(b"s3cret", b"v0:" + STAMP.encode() + b":" + BODY)},
        BODY,
    ),
    "twilio": ({}, {"x-twilio-signature": b64_of(b"s3cret", URL.encode() + b"BodyhiFrom+1To+49", hashlib.sha1)}, FORM),
    "mailgun": ({}, {}, MAILGUN),
    "sendgrid": ({"secrets": (PUBLIC,)}, sendgrid(), BODY),
    "hubspot": ({}, hubspot(), BODY),
    "zendesk": ({}, zendesk(), BODY),
    "hmac": (
        HMAC,
        {"x-time": STAMP,
         "x-sig": "sig=" + b64_of(b"s3cret", b"|".join([b"POST", URL.encode(), STAMP.encode(), BODY]), hashlib.sha512)},
        BODY,
    ),
    "basic": ({"secrets": ("user:pass",)}, {"authorization": "Basic " + b64encode(b"user:pass").decode()}, BODY),
    "bearer": ({}, {"authorization": "Bearer s3cret"}, BODY),
}  # fmt: skip
TIMED = ("standard", "stripe", "slack", "mailgun", "sendgrid", "hubspot", "zendesk", "hmac")
SIGNS_THE_BODY = tuple(name for name in CASES if name not in {"mailgun", "basic", "bearer"})


def webhook(name):
    return Webhook(verify=name, **({"secrets": ("s3cret",)} | CASES[name][0]))


def delivery(name, **changes):
    _, headers, body = CASES[name]
    values = {"method": "POST", "url": URL, "body": body,
              "headers": {key.encode(): value.encode() for key, value in headers.items()}}  # fmt: skip
    return Delivery(**(values | changes))


@pytest.mark.parametrize("name", CASES)
def test_a_vendors_own_signature_is_authentic(name):
    assert is_authentic(webhook(name), delivery(name), NOW)


@pytest.mark.parametrize("name", SIGNS_THE_BODY)
def test_a_changed_body_is_not(name):
    assert not is_authentic(webhook(name), delivery(name, body=CASES[name][2] + b"&x=y"), NOW)


@pytest.mark.parametrize("name", CASES)
def test_another_secret_does_not_vouch(name):
    other = {
        "standard": "whsec_" + b64encode(b"other").decode(),
        "sendgrid": b64encode(b"x").decode(),
    }
    wrong = msgspec.structs.replace(webhook(name), secrets=(other.get(name, "other"),))
    assert not is_authentic(wrong, delivery(name), NOW)


@pytest.mark.parametrize("name", CASES)
def test_several_secrets_may_be_live(name):
    rotated = msgspec.structs.replace(webhook(name), secrets=("b2xk", *webhook(name).secrets))
    assert is_authentic(rotated, delivery(name), NOW)


@pytest.mark.parametrize("name", CASES)
def test_no_signature_is_no_signature(name):
    assert not is_authentic(webhook(name), delivery(name, headers={}, body=b"{}"), NOW)
    assert not is_authentic(msgspec.structs.replace(webhook(name), secrets=()), delivery(name), NOW)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signed_time_must_be_near(name, seconds):
    assert is_authentic(webhook(name), delivery(name), NOW + seconds // abs(seconds) * 299_000_000)
    assert not is_authentic(webhook(name), delivery(name), NOW + seconds * 1_000_000)


@pytest.mark.parametrize("name", CASES)
def test_hostile_headers_are_wrong_and_nothing_worse(name):
    names = [key.encode() for key in CASES[name][1]]
    for value in (b"", b"\xff\xfe", b"=" * 50, b"t=,v1=", b"Basic \xe9", b"99999999999999999999"):
        hostile = delivery(
            name, headers=dict.fromkeys(names, value), body=b"\xff{" if names else b"[]"
        )
        assert not is_authentic(webhook(name), hostile, NOW)


def test_the_published_vector_of_standard_webhooks_is_authentic():
    """The example of the specification's libraries."""
    given = Webhook(verify="standard", secrets=("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",))
    stamp = "1614265330"
    body = b'{"test": 2432232314}'
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek." + stamp.encode() + b"." + body
    signature = b64_of(b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), signed)
    assert signature == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {b"webhook-id": b"msg_p5jXN8AQM9LWM0D4loKWxJek", b"webhook-timestamp": stamp.encode(),
               b"webhook-signature": b"v1," + signature.encode()}  # fmt: skip
    assert is_authentic(given, Delivery("POST", URL, headers, body), int(stamp) * 1_000_000)


def test_twilio_vouches_for_json_by_its_hash_in_the_url():
    url = URL + "&bodySHA256=" + hashlib.sha256(BODY).hexdigest()
    headers = {b"x-twilio-signature": b64_of(b"s3cret", url.encode(), hashlib.sha1).encode()}
    signed = delivery("twilio", url=url, body=BODY, headers=headers)
    assert is_authentic(webhook("twilio"), signed, NOW)
    assert not is_authentic(webhook("twilio"), msgspec.structs.replace(signed, body=b"{}"), NOW)


def test_meta_is_told_its_challenge_only_for_our_token():
    query = b"hub.mode=subscribe&hub.verify_token=%s&hub.challenge=42"
    assert challenge(webhook("meta"), query % b"s3cret") == b"42"
    assert challenge(webhook("meta"), query % b"other") is None
    assert challenge(webhook("github"), query % b"s3cret") is None


@pytest.mark.parametrize(
    ("name", "headers", "body", "expected"),
    [
        ("standard", {b"webhook-id": b"msg_1"}, BODY, "msg_1"),
        ("stripe", {}, BODY, "evt_1"),
        ("mailgun", {}, MAILGUN, "mg1"),
        ("github", {b"x-github-delivery": b"g-1"}, BODY, "g-1"),
        ("sendgrid", {}, b"[]", hashlib.sha256(b"[]").hexdigest()[:32]),
        ("stripe", {}, b'{"id":true}', hashlib.sha256(b'{"id":true}').hexdigest()[:32]),
    ],
)
def test_the_id_is_the_vendors_or_the_bodys_hash(name, headers, body, expected):
    value = msgspec.json.decode(body)
    assert delivery_id(webhook(name), Delivery("POST", URL, headers, body), value) == expected


def test_a_source_may_name_where_the_id_stands():
    configured = Webhook(verify="bearer", secrets=("x",), id="/data/0/key")
    value = {"data": [{"key": 7}]}
    assert delivery_id(configured, Delivery("POST", URL, {}, b"{}"), value) == "7"


def test_a_form_is_an_object_of_texts():
    headers = {b"content-type": b"application/x-www-form-urlencoded"}
    assert payload_of(Delivery("POST", URL, headers, b"a=1&b=%C3%BC")) == {"a": "1", "b": "ü"}
    assert payload_of(Delivery("POST", URL, headers, b"payload=%7B%22a%22%3A1%7D")) == {"a": 1}
    assert payload_of(Delivery("POST", URL, headers, b'{"a":1}')) == {"a": 1}


def test_a_pointer_finds_or_finds_nothing():
    assert at_pointer({"a/b": [0, {"c": 1}]}, "/a~1b/1/c") == 1
    assert at_pointer({"a": 1}, "/a/b") is None
    assert at_pointer([1], "/1") is None
