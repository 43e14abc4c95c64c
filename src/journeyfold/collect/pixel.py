"""A message in the address of an image (collect C02). Pure.

For mail and pages without scripts: `data=` holds base64 JSON, or the query itself is the message,
flattened by dots. Values of a query are strings.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from urllib.parse import parse_qsl

from journeyfold.collect.json_entry import Members, Refused, decoded

GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
FIELDS_MAX, DEPTH_MAX = 100, 8
_OURS = frozenset({"writeKey", "data"})


def message_of(query: bytes) -> Members | Refused:
    """The message a pixel's query carries."""
    pairs = pairs_of(query)
    if isinstance(pairs, Refused):
        return pairs
    if (packed := dict(pairs).get("data")) is not None:
        return _packed(packed)
    message: Members = {}
    for name, value in pairs:
        if name not in _OURS and not _set(message, name.split("."), value):
            return Refused("bad_query", detail="a name that is both a value and an object")
    return message


def pairs_of(query: bytes) -> list[tuple[str, str]] | Refused:
    try:
        text = query.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        return Refused("bad_query", detail=f"not a query of at most {FIELDS_MAX} fields")


def _packed(text: str) -> Members | Refused:
    """Both base64 alphabets, padded or not; a `+` may have become a blank on the way."""
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return Refused("bad_query", "", "`data` is not base64")
    value = decoded(raw)
    if isinstance(value, Refused):
        return value
    return value if isinstance(value, dict) else Refused("not_an_object", "", "`data` is no object")


def _set(message: Members, path: list[str], value: str) -> bool:
    node = message
    if len(path) > DEPTH_MAX:
        return False
    for part in path[:-1]:
        below = node.setdefault(part, {})
        if not isinstance(below, dict):
            return False
        node = below
    if isinstance(node.get(path[-1]), dict):
        return False
    node[path[-1]] = value
    return True
