"""Signatures hold for an independent verifier, and for nothing that was changed (journeys A11)."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from journeyfold.activate.destination import Mail
from journeyfold.activate.dkim import SIGNED, Signer, signed
from journeyfold.activate.mail import mail_bytes
from journeyfold.core.errors import UsageError

AT_US = 1_790_000_000_000_000
KEY = "6a1c0c1e-0000-5000-8000-000000000001"


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


RSA = pem(rsa.generate_private_key(65_537, 2_048))
ED = pem(ed25519.Ed25519PrivateKey.generate())
SIGNERS = [Signer("example.com", "r1", RSA), Signer("example.com", "e1", ED)]
RECORDS = {
    b"r1._domainkey.example.com.": SIGNERS[0].record,
    b"e1._domainkey.example.com.": SIGNERS[1].record,
}


def records(name, timeout=5):
    return RECORDS[name].encode()


def is_valid(raw):
    """What an independent verifier says of the first signature, which is RSA's."""
    try:
        return dkim.DKIM(raw).verify(dnsfunc=records)
    except dkim.ValidationError:  # the body is another
        return False


class Collected(bytearray):
    update = bytearray.extend


def ed25519_holds(raw):
    """The verifier's own canonical form of headers; the signature is checked by `cryptography`."""
    headers, body = dkim.rfc822_parse(raw)
    value = next(
        value for name, value in headers if name == b"DKIM-Signature" and b"=ed25519" in value
    )
    tags = dkim.parse_tag_value(value)
    policy = dkim.CanonicalizationPolicy.from_c_value(tags[b"c"])
    names = [name.strip().lower() for name in tags[b"h"].split(b":")]
    signed_bytes = Collected()
    dkim.hash_headers(
        signed_bytes, policy, policy.canonicalize_headers(headers), names,
        (b"DKIM-Signature", value), tags,
    )  # fmt: skip
    hashed = sha256(policy.canonicalize_body(body)).digest()
    assert b64encode(hashed) == tags[b"bh"]
    public = b64decode(SIGNERS[1].record.rpartition("p=")[2])
    ed25519.Ed25519PublicKey.from_public_bytes(public).verify(
        b64decode(re.sub(rb"\s", b"", tags[b"b"])), sha256(bytes(signed_bytes)).digest()
    )
    return True


def raw(**more):
    told = {
        "to": "ann@example.com", "sender": "Shop <shop@example.com>", "subject": "Grüße " * 30,
        "text": "Hello  there \n\n.dot\n\n\n", "html": "<p>\tHello </p>\n \n",
        "headers": {
            "List-Unsubscribe": "<https://shop.example/u/" + "x" * 48 + ">, <mailto:u@shop.example>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    } | more  # fmt: skip
    mail = mail_bytes(Mail(**told), key=KEY, domain="example.com", at_us=AT_US)
    return signed(mail, SIGNERS, AT_US)


def test_both_signatures_hold():
    assert is_valid(raw())
    assert ed25519_holds(raw())


def test_a_mail_without_the_headers_of_unsubscribing_is_signed_as_well():
    assert is_valid(raw(headers={}))


def test_an_empty_body_is_signed():
    assert is_valid(raw(text="", html=""))


def test_exactly_these_headers_are_signed():
    said = raw().partition(b"\r\nFrom:")[0].replace(b"\r\n ", b"").decode()
    listed = said.partition("h=")[2].partition(";")[0]
    assert [name.strip() for name in listed.split(":")] == list(SIGNED)


@pytest.mark.parametrize(
    "change",
    [
        (b"Hello", b"Hallo"),
        (b"To: ann@", b"To: bob@"),
        (b"List-Unsubscribe=One-Click", b"List-Unsubscribe=Two-Click"),
        (b"/u/xx", b"/u/yx"),
    ],
)
def test_what_was_changed_on_the_way_is_not_valid(change):
    assert not is_valid(raw().replace(*change, 1))


def test_a_second_from_is_not_valid():
    assert not is_valid(raw().replace(b"\r\nTo: ", b"\r\nFrom: Evil <evil@example.com>\r\nTo: ", 1))


def test_blanks_changed_on_the_way_are_nothing():
    assert is_valid(raw().replace(b"Subject: ", b"Subject:   ", 1) + b"\r\n\r\n")


def test_without_a_key_nothing_is_signed():
    assert signed(b"From: a\r\n\r\nx", [], AT_US) == b"From: a\r\n\r\nx"


def test_a_key_may_be_one_line_of_an_environment():
    assert Signer("example.com", "r1", RSA.replace("\n", "\\n")).record == SIGNERS[0].record


@pytest.mark.parametrize(
    "text",
    ["", "secret", pem(ed25519.Ed25519PrivateKey.generate())[:-40], "-----BEGIN KEY-----"],
    ids=["nothing", "a word", "a torn key", "a head"],
)
def test_what_is_no_key_is_refused_without_showing_it(text):
    with pytest.raises(UsageError) as error:
        Signer("example.com", "s", text)
    assert not text or text not in str(error.value)
