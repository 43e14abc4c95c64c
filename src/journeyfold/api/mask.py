"""Personal values made unreadable: what a screen shows until a clear view is asked for (C16).

A mask keeps what tells two people apart for the eye (a first letter, a mail domain, the last
digits) and nothing that reaches the person. It is done on the server; the value never leaves.
"""

from __future__ import annotations

from journeyfold.core.event import Json

DOTS = "•••"
_PERSONAL = (
    "email", "mail", "phone", "mobile", "name", "birth", "dob", "street", "address", "postcode", "postal",
    "zip", "iban", "card", "ip", "avatar", "latitude", "longitude",
)  # fmt: skip
_NOT_PERSONAL = frozenset(
    (
        "name",
        "company_name",
        "list_name",
        "product_name",
        "campaign_name",
        "event_name",
        "page_name",
    )
)
_KEPT_KINDS = frozenset(("user_id", "anonymous_id", "group_id"))


def is_personal(name: str) -> bool:
    """Whether a trait or property of this name usually holds what reaches a person."""
    words = name.lower().replace("-", "_").replace(".", "_")
    if words in _NOT_PERSONAL:
        return False
    parts = words.split("_")
    return any(part == word for part in parts for word in _PERSONAL) or any(
        word in words
        for word in ("email", "phone", "firstname", "lastname", "forename", "surname", "address")
    )


def masked(text: str) -> str:
    """`jonna@example.com` → `j•••@example.com`, `+49 30 1234567` → `•••67`, else `J•••`."""
    if "@" in text:
        local, _, domain = text.rpartition("@")
        return f"{local[:1]}{DOTS}@{domain}"
    if sum(character.isdigit() for character in text) > len(text) // 2:
        return f"{DOTS}{text[-2:]}"
    return f"{text[:1]}{DOTS}"


def masked_identifier(kind: str, value: str) -> str:
    """Contact kinds are masked; accounts and devices are pseudonyms and stay readable."""
    return value if kind in _KEPT_KINDS else masked(value)


def masked_json(value: Json, name: str = "", *, of_person: bool = False) -> Json:
    """The same shape with personal leaves masked.

    `name` alone is a page's or a product's in properties and a person's among traits: `of_person`
    says that the value is a trait, and whatever stands under `traits` is one.
    """
    of_person = of_person or name == "traits"
    if isinstance(value, dict):
        return {key: masked_json(inner, key, of_person=of_person) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked_json(inner, name, of_person=of_person) for inner in value]
    is_reaching = is_personal(name) or (of_person and name.lower() == "name")
    if isinstance(value, str) and value and (is_reaching or _is_address(value)):
        return masked(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and is_reaching:
        return masked(str(value))
    return value


def _is_address(text: str) -> bool:
    """A mail address by shape, whatever it is called."""
    local, at, domain = text.partition("@")
    return bool(at and local and "." in domain) and " " not in text and len(text) < 255
