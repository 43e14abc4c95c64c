"""Signatures of webhooks, verified by others: the package of the specification, and Ed25519."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from journeyfold.activate.webhook import public_key, signed_headers, signer_of, webhook_id

SECRET = "whsec_am91cm5leWZvbGQtd2ViaG9vay10ZXN0LXNlY3JldCE="
OLD = "whsec_" + b64encode(b"o" * 24).decode()
SEED = bytes(range(32))
PAIR = SEED + Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
KEY = "whsk_" + b64encode(SEED).decode()
ID = "8b1f2f2e-0000-5000-8000-000000000001"
BODY = b'{"type":"order.completed","timestamp":"2026-11-22T08:00:00Z","data":{"id":"o-1"}}'


def headers(*secrets, body=BODY, at=None, key=ID):
    at = int(datetime.now(UTC).timestamp()) if at is None else at
    return signed_headers([signer_of(each) for each in secrets], key, at, body)


def test_the_known_answer_of_the_design():
    """A21."""
    assert headers(SECRET, at=1795334400) == {
        "webhook-id": ID,
        "webhook-timestamp": "1795334400",
        "webhook-signature": "v1,RZkxLZsvMIKcDnhxgA4ukoPenH1sS3CjaAyUSfteSAI=",
    }


def test_the_package_of_the_specification_signs_the_same():
    """Its `sign` takes a naive time for UTC, so it is given one."""
    at = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)
    theirs = Webhook(SECRET).sign(ID, at.replace(tzinfo=None), BODY.decode())
    assert theirs == headers(SECRET, at=int(at.timestamp()))["webhook-signature"]


@given(st.text(max_size=90).map(msgspec.json.encode), st.binary(min_size=24, max_size=64))
def test_the_package_of_the_specification_verifies_whatever_is_sent(body, secret):
    told = "whsec_" + b64encode(secret).decode()
    Webhook(told).verify(body, headers(told, body=body))


def test_a_changed_body_id_or_time_is_no_longer_signed():
    good = headers(SECRET)
    verify = Webhook(SECRET).verify
    verify(BODY, good)
    later = str(int(good["webhook-timestamp"]) + 1)
    for body, changed in (
        (BODY + b" ", good),
        (BODY, {**good, "webhook-id": ID[:-1] + "2"}),
        (BODY, {**good, "webhook-timestamp": later}),
    ):
        with pytest.raises(WebhookVerificationError):
            verify(body, changed)


def test_a_receiver_with_either_secret_verifies_while_they_change():
    both = headers(SECRET, OLD)
    assert len(both["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OLD):
        Webhook(secret).verify(BODY, both)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + b64encode(b"x" * 24).decode()).verify(BODY, both)


def test_an_attempt_long_ago_is_refused_by_the_receiver():
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, headers(SECRET, at=int(datetime.now(UTC).timestamp()) - 301))


def test_a_key_of_ours_is_verified_with_its_public_half():
    told = headers(KEY)
    kind, _, signature = told["webhook-signature"].partition(",")
    content = f"{ID}.{told['webhook-timestamp']}.".encode() + BODY
    public = public_key(KEY)
    assert (kind, public[:5]) == ("v1a", "whpk_")
    verifier = Ed25519PublicKey.from_public_bytes(b64decode(public[5:]))
    verifier.verify(b64decode(signature), content)
    with pytest.raises(InvalidSignature):
        verifier.verify(b64decode(signature), content + b" ")


def test_both_kinds_of_signature_may_stand_side_by_side():
    told = headers(SECRET, KEY)
    assert [each.partition(",")[0] for each in told["webhook-signature"].split(" ")] == [
        "v1",
        "v1a",
    ]
    Webhook(SECRET).verify(BODY, told)


def test_a_key_may_be_written_with_its_public_half():
    both = "whsk_" + b64encode(PAIR).decode()
    assert headers(both, at=1) == headers(KEY, at=1)
    assert public_key(both) == public_key(KEY)


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("swordfish", "begins with whsec_"),
        (b64encode(b"x" * 32).decode(), "begins with whsec_"),
        ("whsec_" + b64encode(b"x" * 23).decode(), "24 to 64 bytes; this one has 23"),
        ("whsec_" + b64encode(b"x" * 65).decode(), "this one has 65"),
        ("whsec_not base64!", "no base64"),
        ("whsk_" + b64encode(b"x" * 31).decode(), "32 or 64 bytes"),
        ("whsk_" + b64encode(SEED + SEED).decode(), "do not belong together"),
        ("whpk_" + b64encode(SEED).decode(), "the receiver's half"),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_told(secret, why):
    with pytest.raises(ValueError, match=why) as refused:
        signer_of(secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_secret_sign(size):
    secret = "whsec_" + b64encode(b"x" * size).decode()
    Webhook(secret).verify(BODY, headers(secret))


def test_an_id_never_holds_a_full_stop():
    assert webhook_id(ID) == ID
    made = webhook_id("journey.step")
    assert "." not in made
    assert made == webhook_id("journey.step") != webhook_id("journey.stop")
