"""Is a delivery really from its vendor? (collect C38). Pure.

The raw body is checked before anybody parses it. Comparisons are constant-time, several secrets may
be live at once, and where a time is signed it must be near. Each scheme cites its vendor's words.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from urllib.parse import parse_qsl, unquote

import msgspec

from journeyfold.collect.json_entry import Refused, decoded
from journeyfold.core.instant import duration_us, instant_us
from journeyfold.sources.inventory import Webhook

SECOND_US = 1_000_000


class Delivery(msgspec.Struct, frozen=True):
    """A request as its signature sees it; header names in lower case, `url` as the vendor has it."""

    method: str
    url: str
    headers: dict[bytes, bytes]
    body: bytes

    def text(self, name: str) -> str:
        return self.headers.get(name.lower().encode("latin-1"), b"").decode("latin-1").strip()


class Recipe(msgspec.Struct, frozen=True):
    """An HMAC over a template of {body}, {timestamp}, {method} and {url}."""

    header: str
    signed: str = "{body}"
    timestamp_header: str = ""
    algorithm: str = "sha256"
    encoding: str = "hex"
    prefix: str = ""


RECIPES = {
    # shopify.dev: base64 of the raw body
    "shopify": Recipe("x-shopify-hmac-sha256", encoding="base64"),
    # docs.github.com and developers.facebook.com: `sha256=` and hex of the raw body
    "github": Recipe("x-hub-signature-256", prefix="sha256="),
    "meta": Recipe("x-hub-signature-256", prefix="sha256="),
    # api.slack.com: `v0:timestamp:body`
    "slack": Recipe(
        "x-slack-signature", "v0:{timestamp}:{body}", "x-slack-request-timestamp", prefix="v0="
    ),
    # developers.hubspot.com, version 3: method, URI, body, timestamp in milliseconds
    "hubspot": Recipe(
        "x-hubspot-signature-v3", "{method}{url}{body}{timestamp}",
        "x-hubspot-request-timestamp", encoding="base64",
    ),
    # developer.zendesk.com: timestamp (ISO 8601) and body
    "zendesk": Recipe(
        "x-zendesk-webhook-signature", "{timestamp}{body}",
        "x-zendesk-webhook-signature-timestamp", encoding="base64",
    ),
}  # fmt: skip

ID_PLACES = {
    "standard": "webhook-id",
    "stripe": "/id",
    "shopify": "x-shopify-webhook-id",
    "github": "x-github-delivery",
    "slack": "/event_id",
    "twilio": "i-twilio-idempotency-token",
    "mailgun": "/event-data/id",
    "zendesk": "x-zendesk-webhook-invocation-id",
}
"""Where a vendor puts the delivery's id: a header, or a JSON pointer into the body (C39)."""


def is_authentic(webhook: Webhook, delivery: Delivery, now_us: int) -> bool:
    """Does any live secret vouch for this delivery, now?"""
    check = _CHECKS.get(webhook.verify, _by_recipe)
    tolerance_us = duration_us(webhook.tolerance) or 0
    return check(webhook, delivery, now_us, tolerance_us)


def challenge(webhook: Webhook, query: bytes) -> bytes | None:
    """What Meta's GET wants echoed when its verify token is one of ours (C38)."""
    asked = dict(parse_qsl(query.decode("latin-1"), max_num_fields=20))
    token = asked.get("hub.verify_token", "")
    if webhook.verify != "meta" or asked.get("hub.mode") != "subscribe":
        return None
    return asked.get("hub.challenge", "").encode() if _any_equal(token, webhook.secrets) else None


def _by_recipe(webhook: Webhook, delivery: Delivery, now_us: int, tolerance_us: int) -> bool:
    """Presets of one HMAC, and `hmac`, whose parts the source names itself."""
    recipe = RECIPES.get(webhook.verify) or Recipe(
        webhook.header or "", webhook.signed, webhook.timestamp_header or "",
        webhook.algorithm, webhook.encoding, webhook.prefix,
    )  # fmt: skip
    given = delivery.text(recipe.header)
    stamp = delivery.text(recipe.timestamp_header) if recipe.timestamp_header else ""
    if not given.startswith(recipe.prefix) or not given:
        return False
    if recipe.timestamp_header and not _is_near(stamp, now_us, tolerance_us):
        return False
    url = unquote(delivery.url) if webhook.verify == "hubspot" else delivery.url
    signed = _filled(recipe.signed, delivery, url, stamp)
    given = given.removeprefix(recipe.prefix)
    return any(
        hmac.compare_digest(
            _hmac(secret.encode(), signed, recipe.algorithm, recipe.encoding),
            given.encode("latin-1"),
        )
        for secret in webhook.secrets
    )


def _standard(webhook: Webhook, delivery: Delivery, now_us: int, tolerance_us: int) -> bool:
    """standardwebhooks.com: `id.timestamp.body`, base64, a list of `v1,SIGNATURE`."""
    stamp = delivery.text("webhook-timestamp")
    if not _is_near(stamp, now_us, tolerance_us):
        return False
    head = f"{delivery.text('webhook-id')}.{stamp}.".encode("latin-1")
    given = [each[3:] for each in delivery.text("webhook-signature").split() if each[:3] == "v1,"]
    for secret in webhook.secrets:
        key = _from_base64(secret.removeprefix("whsec_"))
        if key is not None and _any_equal(
            _hmac(key, head + delivery.body, encoding="base64"), given
        ):
            return True
    return False


def _stripe(webhook: Webhook, delivery: Delivery, now_us: int, tolerance_us: int) -> bool:
    """docs.stripe.com: `t=TIME,v1=HEX,…` over `t.body`."""
    parts = [each.partition("=") for each in delivery.text("stripe-signature").split(",")]
    stamps = [value for name, _, value in parts if name.strip() == "t"]
    given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
    if len(stamps) != 1 or not _is_near(stamps[0], now_us, tolerance_us):
        return False
    signed = stamps[0].encode("latin-1") + b"." + delivery.body
    return any(_any_equal(_hmac(each.encode(), signed), given) for each in webhook.secrets)


def _twilio(webhook: Webhook, delivery: Delivery, _now_us: int, _tolerance_us: int) -> bool:
    """twilio.com/docs: URL, then each form field's name and value in order; HMAC-SHA1, base64.

    A JSON body is vouched for by `bodySHA256` in the signed URL.
    """
    query = dict(parse_qsl(delivery.url.partition("?")[2]))
    signed = delivery.url
    if (digest := query.get("bodySHA256")) is not None:
        if not hmac.compare_digest(sha256(delivery.body).hexdigest(), digest.lower()):
            return False
    else:
        fields = sorted(set(form_of(delivery.body)))
        signed += "".join(name + value for name, value in fields)
    given = [delivery.text("x-twilio-signature")]
    return any(
        _any_equal(_hmac(each.encode(), signed.encode(), "sha1", "base64"), given)
        for each in webhook.secrets
    )


def _mandrill(webhook: Webhook, delivery: Delivery, _now_us: int, _tolerance_us: int) -> bool:
    """mailchimp.com/developer: URL, then each form field's name and value in order; HMAC-SHA1."""
    signed = delivery.url + "".join(name + value for name, value in sorted(form_of(delivery.body)))
    given = [delivery.text("x-mandrill-signature")]
    return any(
        _any_equal(_hmac(each.encode(), signed.encode(), "sha1", "base64"), given)
        for each in webhook.secrets
    )


def _mailgun(webhook: Webhook, delivery: Delivery, now_us: int, tolerance_us: int) -> bool:
    """documentation.mailgun.com: `signature` in the body is over timestamp and token only.

    So the body must be read first, and a replayed token is caught by its event's id.
    """
    value = decoded(delivery.body)
    signature = value.get("signature") if isinstance(value, dict) else None
    if not isinstance(signature, dict):
        return False
    stamp, token, given = (
        str(signature.get(each, "")) for each in ("timestamp", "token", "signature")
    )
    if not _is_near(stamp, now_us, tolerance_us):
        return False
    signed = (stamp + token).encode()
    return any(_any_equal(_hmac(each.encode(), signed), [given]) for each in webhook.secrets)


def _sendgrid(webhook: Webhook, delivery: Delivery, now_us: int, tolerance_us: int) -> bool:
    """twilio.com/docs/sendgrid: ECDSA P-256 over timestamp and body; secrets are public keys."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    stamp = delivery.text("x-twilio-email-event-webhook-timestamp")
    given = _from_base64(delivery.text("x-twilio-email-event-webhook-signature"))
    if given is None or not _is_near(stamp, now_us, tolerance_us):
        return False
    for secret in webhook.secrets:
        try:
            key = load_der_public_key(_from_base64(secret) or b"")
            if isinstance(key, EllipticCurvePublicKey):
                key.verify(given, stamp.encode("latin-1") + delivery.body, ECDSA(SHA256()))
                return True
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
    return False


def _basic(webhook: Webhook, delivery: Delivery, _now_us: int, _tolerance_us: int) -> bool:
    """`user:password` as the secret."""
    scheme, _, rest = delivery.text("authorization").partition(" ")
    given = [rest.strip()] if scheme.lower() == "basic" else []
    return any(_any_equal(b64encode(each.encode()).decode(), given) for each in webhook.secrets)


def _bearer(webhook: Webhook, delivery: Delivery, _now_us: int, _tolerance_us: int) -> bool:
    scheme, _, rest = delivery.text("authorization").partition(" ")
    return scheme.lower() == "bearer" and _any_equal(rest.strip(), webhook.secrets)


_CHECKS: dict[str, Callable[[Webhook, Delivery, int, int], bool]] = {
    "standard": _standard,
    "stripe": _stripe,
    "twilio": _twilio,
    "mailgun": _mailgun,
    "mandrill": _mandrill,
    "sendgrid": _sendgrid,
    "basic": _basic,
    "bearer": _bearer,
}


def form_of(body: bytes) -> Iterator[tuple[str, str]]:
    """Fields of a form body, in order; nothing for a body that is no form."""
    try:
        yield from parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return


def delivery_id(webhook: Webhook, delivery: Delivery, value: object) -> str:
    """The vendor's id of this delivery, else the hash of its body: a redelivery keeps it (C39)."""
    place = webhook.id or ID_PLACES.get(webhook.verify, "")
    found: object = delivery.text(place) if place and not place.startswith("/") else ""
    if place.startswith("/"):
        found = at_pointer(value, place)
    text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    if text and len(text) <= 80 and "\x00" not in text:  # room for `/index`
        return text
    return sha256(delivery.body).hexdigest()[:32]


def at_pointer(value: object, pointer: str) -> object:
    """What stands at a JSON pointer (RFC 6901); None where nothing does."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def payload_of(delivery: Delivery) -> object | Refused:
    """The body as a value: JSON, or a form as an object of texts."""
    media = delivery.text("content-type").partition(";")[0].lower()
    if media == "application/x-www-form-urlencoded" and delivery.body[:1] not in (b"{", b"["):
        fields = dict(form_of(delivery.body))
        if "payload" in fields:  # github and slack can wrap JSON in a form
            return decoded(fields["payload"].encode())
        return dict(fields)
    return decoded(delivery.body)


def _is_near(stamp: str, now_us: int, tolerance_us: int) -> bool:
    """Seconds, milliseconds (13 digits) or RFC 3339, within the tolerance on both sides."""
    if stamp.isascii() and stamp.isdigit() and len(stamp) <= 13:
        at_us: int | None = int(stamp) * (1000 if len(stamp) == 13 else SECOND_US)
    else:
        at_us = instant_us(stamp, zone_required=True)
    return at_us is not None and abs(now_us - at_us) <= tolerance_us


def _filled(template: str, delivery: Delivery, url: str, stamp: str) -> bytes:
    """The template's bytes; the body goes in as it came, whatever its encoding."""
    before, has_body, after = template.partition("{body}")
    texts = [
        part.replace("{method}", delivery.method)
        .replace("{timestamp}", stamp)
        .replace("{url}", url)
        for part in (before, after)
    ]
    return texts[0].encode() + (delivery.body if has_body else b"") + texts[1].encode()


def _hmac(key: bytes, signed: bytes, algorithm: str = "sha256", encoding: str = "hex") -> bytes:
    digest = hmac.new(key, signed, algorithm).digest()
    return b64encode(digest) if encoding == "base64" else digest.hex().encode()


def _any_equal(wanted: str | bytes, given: Iterable[str]) -> bool:
    """Constant-time against each; every one is looked at."""
    raw = wanted if isinstance(wanted, bytes) else wanted.encode()
    return any([hmac.compare_digest(raw, each.encode()) for each in given])  # noqa: C419 - no early end


def _from_base64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
