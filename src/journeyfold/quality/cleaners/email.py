"""E-mail addresses: their syntax, and the domain in lower case; the local part is kept (Q22)."""

from __future__ import annotations

from functools import lru_cache

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of


class Email(Cleaner, frozen=True, kw_only=True):
    """No look-up is ever made: an address that is well formed may still be nobody's."""

    name = "email"

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        return _address(text) or Failure("it is no e-mail address")


@lru_cache(maxsize=100_000)
def _address(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        return str(validate_email(text, check_deliverability=False).normalized)
    except EmailNotValidError:
        return ""
