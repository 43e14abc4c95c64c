"""What is kept of requests and answers holds no whole addresses and no secrets (journeys A6)."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})")
_PHONE = re.compile(r"\+\d{4,13}(\d{2})\b")
_SECRET = re.compile(
    r"(whsec_|whsk_|Bearer |Basic |jf_srv_)[A-Za-z0-9+/=._-]{8,}"
    r"|((?:api[_-]?key|token|secret|password)\"?\s*[:=]\s*\"?)[^\s\",}&]{4,}",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """`ann@example.com` → `a…@example.com`; keys and tokens by their kind only."""
    text = _ADDRESS.sub(r"\1…@\2", text)
    text = _PHONE.sub(r"+…\1", text)
    return _SECRET.sub(lambda match: f"{match[1] or match[2]}…", text)
