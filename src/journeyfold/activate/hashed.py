"""Identifiers as advertising platforms match them: normalised, then SHA-256 in hex. Pure.

Both sides have to write a value alike before it is hashed, so the rules are the platforms' own:
Google (developers.google.com/google-ads/api/docs/conversions/upload-online) and Meta
(developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information).
A value that is hashed already is left as it is; one that says nothing is not sent.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

from journeyfold.core.event import Json

KEY = "key"  # of a sync's row
_PHONE = re.compile(r"\+[0-9][0-9 ()/.-]{5,30}")
_HASH = re.compile(r"[0-9a-f]{64}")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}


def keyed(body: dict[str, Json], other: str) -> dict[str, Json]:
    """A row with its key under what the key is: an `email`, a `phone`, or `other`. It wins over what
    is mapped there, since a removal has nothing but its key.
    """
    key = written(body.get(KEY))
    name = "email" if "@" in key else "phone" if _PHONE.fullmatch(key) else other
    rest = {each: value for each, value in body.items() if each != KEY}
    return {**rest, name: key} if key else rest


def hashed(text: str | None) -> str | None:
    """None for what says nothing."""
    if not text:
        return None
    return text if _HASH.fullmatch(text) else sha256(text.encode()).hexdigest()


def written(value: Json) -> str:
    """A value as text without the space around it; a number as its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def email(value: Json) -> str | None:
    """Trimmed and lower-case."""
    text = written(value).lower()
    return text if _HASH.fullmatch(text) or 0 < text.find("@") < len(text) - 1 else None


def google_email(value: Json) -> str | None:
    """The same; in addresses of Gmail full stops before the @ tell nothing apart."""
    text = email(value)
    if text is None or "@" not in text:
        return text
    name, _, domain = text.rpartition("@")
    return f"{name.replace('.', '')}@{domain}" if domain in _GMAIL else text


def e164(value: Json, region: str = "") -> str | None:
    """`+442079460000`; a number without its country is read in `region`, if one is told."""
    text = written(value)
    if not text or _HASH.fullmatch(text):
        return text or None
    import phonenumbers  # heavy; only who sends phones needs it

    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def phone_digits(value: Json, region: str = "") -> str | None:
    """Country code and number, digits alone: `442079460000`."""
    text = e164(value, region)
    return text.removeprefix("+") if text else None


def name(value: Json) -> str | None:
    """Lower-case, without punctuation; letters of any script stay."""
    kept = (each for each in written(value).lower() if unicodedata.category(each)[0] != "P")
    return "".join(kept).strip() or None


def google_name(value: Json) -> str | None:
    """Trimmed and lower-case."""
    return written(value).lower() or None


def city(value: Json) -> str | None:
    """Lower-case letters without spaces and punctuation."""
    return "".join(each for each in written(value).lower() if each.isalnum()) or None


def postcode(value: Json) -> str | None:
    """Lower-case without spaces and dashes; of a ZIP+4 the first five digits."""
    text = re.sub(r"\s", "", written(value).lower())
    if re.fullmatch(r"\d{5}-\d{4}", text):
        text = text[:5]
    return text.replace("-", "") or None


def country(value: Json) -> str | None:
    """The two letters of ISO 3166-1, lower-case."""
    text = written(value).lower()
    return text if re.fullmatch(r"[a-z]{2}|[0-9a-f]{64}", text) else None


def birthday(value: Json) -> str | None:
    """YYYYMMDD of 1990-02-28."""
    text = written(value)
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)(?:\D|$)", text)
    if found:
        return "".join(found.groups())
    return text if _HASH.fullmatch(text) else None


def gender(value: Json) -> str | None:
    text = written(value).lower()
    return text if _HASH.fullmatch(text) else _GENDERS.get(text)


def external_id(value: Json) -> str | None:
    return written(value) or None
