"""From what a sender claimed to the identifiers that name somebody (identity I1-I9, E6, E9).

Pure and memoised on the rules: parsing a phone number takes 130 µs, looking up the answer 1 µs.
The original stays in the log; a normalised value is a match key, never an address to send to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from journeyfold.core.event import Event, Identifier
from journeyfold.identity.blocked import is_blocked_by_default, matches
from journeyfold.identity.plain_email import plain_email
from journeyfold.identity.rules import Dropped, IdentityRules, KindRule, Reason, Usable

MAX_IDENTIFIERS = 10  # of one event (identity I7)
MAX_OF_ONE_KIND = 3
MAX_CODE_POINTS = 256

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")

_SLOW = frozenset({"email", "phone"})
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NODE = b"journeyfold.node"
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_TWO_LETTERS = [one + other for one in _LETTERS for other in _LETTERS]


def normalised(event: Event, rules: IdentityRules) -> Usable:
    """The usable identifiers, strongest first, and what was dropped with the reason.

    The first is the owner of the record (identity I8). The answer depends on the event and the
    rules only; verdicts that block more values are applied by the resolver.
    """
    client = is_unsigned_client(event)
    region = _region(event, rules)
    key = (event.identifiers, client, event.type == "alias", region)
    found = rules.usable_memo.get(key)
    if found is None:
        found = _normalised(event, rules, client=client, region=region)
        _remember(rules.usable_memo, key, found, rules.answers_max)
    return found


def is_unsigned_client(event: Event) -> bool:
    """Sent with a public key and without a signature; what is not stamped counts as this (E8)."""
    context = event.context
    return context.get("auth", "browser") == "browser" and context.get("signed") is not True


def identifier(kind: str, value: str, rules: IdentityRules) -> Identifier | None:
    """One value as a trusted sender would have it read; None if it names nobody."""
    found = _one(Identifier(kind, value), rules, rules.region)
    return found if isinstance(found, Identifier) else None


def node_of(identifier: Identifier, key: bytes, generation: int = 0) -> bytes:
    """16 bytes that name the identifier and tell nothing of it without the key (identity I9)."""
    digest = _begun(key).copy()
    digest.update(f"{identifier.kind}\0{identifier.value}\0{generation}".encode())
    return digest.digest()


@lru_cache(maxsize=8)  # a process has one or two keys
def _begun(key: bytes) -> blake2b:
    """The digest with its key taken in, which is half of the work."""
    return blake2b(digest_size=16, key=key, person=_NODE)


def person_id(node: bytes) -> str:
    """`p_` and 26 characters of the anchor's node; one to one (identity P1)."""
    # 128 bits and two of padding are 26 letters of 5: three times 8 letters of 40 bits, then 2
    a, b = int.from_bytes(node[:5], "big"), int.from_bytes(node[5:10], "big")
    c = int.from_bytes(node[10:15], "big")
    two = _TWO_LETTERS
    return (
        f"p_{two[a >> 30]}{two[a >> 20 & 1023]}{two[a >> 10 & 1023]}{two[a & 1023]}"
        f"{two[b >> 30]}{two[b >> 20 & 1023]}{two[b >> 10 & 1023]}{two[b & 1023]}"
        f"{two[c >> 30]}{two[c >> 20 & 1023]}{two[c >> 10 & 1023]}{two[c & 1023]}"
        f"{two[node[15] << 2]}"
    )


def match_key(kind: KindRule, value: str, region: str | None) -> str | None:
    """The normalised form of a clean value, None when it is not of its kind (identity I3-I5)."""
    match kind.name:
        case "email":
            return _email(value, kind)
        case "phone":
            return _phone(value, region)
    key = value.lower() if kind.case == "lower" else value
    if kind.name in {"anonymous_id", "push_token"} and _UUID.fullmatch(key):
        key = key.lower()
    return None if kind.full_match and not kind.full_match.fullmatch(key) else key


def clean(value: str) -> str | None:
    """NFC without outer white space; None if empty, too long or with a control character (I2)."""
    if value.isascii() and value.isprintable():
        text = value.strip()
        return text if 1 <= len(text) <= MAX_CODE_POINTS else None
    text = unicodedata.normalize("NFC", value).strip()
    if not 1 <= len(text) <= MAX_CODE_POINTS:
        return None
    if not text.isprintable() and any(unicodedata.category(char) == "Cc" for char in text):
        return None
    return text


def _normalised(event: Event, rules: IdentityRules, *, client: bool, region: str | None) -> Usable:
    dropped: list[Dropped] = []
    claims = _allowed(event, rules, dropped) if client else event.identifiers
    if len(claims) == 1 and not dropped:  # as of most rows of a file
        found = _one(claims[0], rules, region)
        if isinstance(found, Identifier):
            return (found,), ()
        return (), (_dropped(claims[0], found),)
    usable: set[Identifier] = set()
    for claim in _distinct(event, claims):
        found = _one(claim, rules, region)
        if isinstance(found, Identifier):
            usable.add(found)
        else:
            dropped.append(_dropped(claim, found))
    kept = _within_limits(usable, rules, dropped)
    return tuple(kept), tuple(dropped)


def _allowed(event: Event, rules: IdentityRules, dropped: list[Dropped]) -> Sequence[Identifier]:
    """What a client may assert; its other identifiers are traits, not nodes (identity E6)."""
    kept = []
    for claim in event.identifiers:
        if claim.kind in rules.by_name and claim.kind not in rules.client_kinds:
            dropped.append(_dropped(claim, "client_may"))
        else:
            kept.append(claim)
    return kept


def _distinct(event: Event, claims: Sequence[Identifier]) -> Sequence[Identifier]:
    """Claims without the second half of a self-alias or self-identify (identity E9, collect C22).

    An alias whose two values are equal names its user and says nothing else; an identify whose
    user and device are equal keeps the user only.
    """
    users = [claim.value for claim in claims if claim.kind == "user_id"]
    if not users:
        return claims
    equal = [claim for claim in claims if claim.kind == "anonymous_id" and claim.value in users]
    if event.type == "alias" and (equal or len(users) > len(set(users))):
        return [claim for claim in claims if claim.kind == "user_id"]
    return [claim for claim in claims if claim not in equal] if equal else claims


def _one(claim: Identifier, rules: IdentityRules, region: str | None) -> Identifier | Reason:
    """Only what is slow to parse is remembered by itself."""
    if claim.kind not in _SLOW:
        return _parsed(claim, rules, region)
    key = (claim, region if claim.kind == "phone" else None)
    found = rules.value_memo.get(key)
    if found is None:
        found = _parsed(claim, rules, region)
        _remember(rules.value_memo, key, found, rules.answers_max)
    return found


def _parsed(claim: Identifier, rules: IdentityRules, region: str | None) -> Identifier | Reason:
    kind = rules.by_name.get(claim.kind)
    if kind is None:
        return "unknown_kind"
    text = clean(claim.value)
    if text is None:
        return "invalid"
    if is_blocked_by_default(text, kind.name, rules.unblock):
        return "blocked"
    key = match_key(kind, text, region)
    if key is None:
        return "invalid"
    patterns = rules.blocked_patterns.get(kind.name)
    if patterns and matches(key, patterns):
        return "blocked"
    return claim if key == claim.value else Identifier(kind.name, key)


def _within_limits(
    usable: set[Identifier], rules: IdentityRules, dropped: list[Dropped]
) -> list[Identifier]:
    """Canonical order; beyond 3 of a kind and 10 in all they are dropped (identity I7)."""
    if len(usable) < 2:
        return list(usable)
    place = rules.position
    if len(usable) == 2:
        one, other = usable
        is_first = (place[one.kind], one.value) < (place[other.kind], other.value)
        return [one, other] if is_first else [other, one]
    kept: list[Identifier] = []
    of_kind: dict[str, int] = {}
    for identifier in sorted(usable, key=lambda one: (place[one.kind], one.value)):
        count = of_kind.get(identifier.kind, 0)
        if count >= MAX_OF_ONE_KIND or len(kept) >= MAX_IDENTIFIERS:
            dropped.append(_dropped(identifier, "too_many"))
            continue
        of_kind[identifier.kind] = count + 1
        kept.append(identifier)
    return kept


def _email(value: str, kind: KindRule) -> str | None:
    parts = plain_email(value) or _read_in_full(value)
    if parts is None:
        return None
    local, domain = parts[0].lower(), parts[1]
    if domain in {"gmail.com", "googlemail.com"}:
        domain, local = "gmail.com", local.partition("+")[0].replace(".", "")
    elif kind.plus_tag == "strip":
        local = local.partition("+")[0]
    return f"{local}@{domain}" if local else None


def _read_in_full(value: str) -> tuple[str, str] | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        parsed = validate_email(value, check_deliverability=False)
    except EmailNotValidError:
        return None
    return parsed.local_part, (parsed.ascii_domain or parsed.domain).lower()


def _phone(value: str, region: str | None) -> str | None:
    """A full parse: `+4402079460000` has the shape of E.164 and yet is not one (identity I5)."""
    import phonenumbers

    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _region(event: Event, rules: IdentityRules) -> str | None:
    """The record's country, else its source's, else the project's; only phones need it."""
    for claim in event.identifiers:
        if claim.kind == "phone":
            break
    else:
        return None
    for country in (event.traits.get("country"), event.context.get("country")):
        if isinstance(country, str) and len(country) == 2 and country.isalpha():
            return country.upper()
    return rules.region


def _dropped(claim: Identifier, reason: Reason) -> Dropped:
    return Dropped(claim.kind, claim.value[:1] + "…", reason)


def _remember(memo: dict[_Key, _Answer], key: _Key, answer: _Answer, answers_max: int) -> None:
    if len(memo) >= answers_max:  # many at once: a dict looks for its first key ever longer
        for oldest in list(islice(memo, answers_max // 2)):
            del memo[oldest]
    memo[key] = answer
