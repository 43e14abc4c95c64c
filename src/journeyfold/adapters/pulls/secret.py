"""No message of a pull shows what the project keeps out of itself (trust SEC-20). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, urlsplit

HIDDEN = "***"
_LEAST = 3  # what is shorter hides nothing, and is in every sentence


def hidden(text: str, secrets: Iterable[str]) -> str:
    """`text` without the secrets, however a library has written them."""
    for each in sorted(_forms(secrets), key=len, reverse=True):
        text = text.replace(each, HIDDEN)
    return text


def _forms(secrets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for secret in secrets:
        parts = {secret, _password(secret)}
        for part in parts:
            found |= {part, quote(part, safe=""), quote_plus(part), unquote(part)}
    return {each for each in found if len(each) >= _LEAST}


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
