"""Which browsers may read our answers (collect C15, C16). Pure.

Ingest paths and the browser's decision paths only; every other path stays silent about origins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

Headers = list[tuple[bytes, bytes]]

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_DEFAULT_PORTS = {"http": 80, "https": 443}
HEADERS_MAX = 32


def preflight(headers: Mapping[bytes, bytes]) -> Headers:
    """The answer to OPTIONS, no key needed: the names asked for, if each is a plain token.

    SDKs add retry headers of their own; a fixed list would lose exactly the retried messages.
    """
    asked = headers.get(b"access-control-request-headers", b"")
    names = [name.strip() for name in asked.split(b",") if name.strip()]
    is_plain = len(names) <= HEADERS_MAX and all(_TOKEN.fullmatch(name) for name in names)
    answer: Headers = [
        (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
        (b"access-control-max-age", b"900"),
        *shared(headers.get(b"origin"), has_list=False),
    ]
    if names and is_plain:
        answer.append((b"access-control-allow-headers", b", ".join(names)))
    return answer


def shared(origin: bytes | None, *, has_list: bool) -> Headers:
    """Headers of a reply to an origin already let in; credentials only with an origin list."""
    answer: Headers = [(b"vary", b"Origin")]
    if origin is None:
        return answer
    answer += [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", b"Retry-After"),
    ]
    if has_list:
        answer.append((b"access-control-allow-credentials", b"true"))
    return answer


def is_allowed(origin: bytes | None, origins: Iterable[str]) -> bool:
    """Exact scheme, host and port; `null` never matches; no list lets everyone in (C16).

    Without the header there is no browser to protect, and nothing a list could check.
    """
    if origin is None:
        return True
    text = origin.decode("latin-1")
    listed = {normal_origin(each) for each in origins}
    return not listed or (text != "null" and text in listed)


def normal_origin(text: str) -> str:
    """An origin as browsers write it: lower case, no default port, no path."""
    parts = urlsplit(text.strip())
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = parts.port
    if port is None or port == _DEFAULT_PORTS.get(parts.scheme.lower()):
        return f"{parts.scheme.lower()}://{host}"
    return f"{parts.scheme.lower()}://{host}:{port}"
