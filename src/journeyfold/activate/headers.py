"""What headers of outgoing requests may say: nothing that would be a second request (CWE-113)."""

from __future__ import annotations

import re
from collections.abc import Mapping

HOPS = "x-journeyfold-hops"
HOPS_MAX = 5  # a request that went through more of us is a loop (journeys A22)
OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")


def headers_problem(headers: Mapping[str, str]) -> str:
    """What is wrong with headers somebody wrote; empty where nothing is."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return f"'{name}' is no name of a header"
        if name.lower() in OURS:
            return f"the header {name} is written by us"
        if not _VALUE.fullmatch(value):
            return f"the header {name} holds something else than visible ASCII"
    return ""
