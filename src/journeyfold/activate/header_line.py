"""What a header of a mail may hold: one line, and nothing that cannot be printed (CWE-93). Pure."""

from __future__ import annotations

import re

HEADER_MAX = 998  # characters of a line (RFC 5322, 2.1.1)
_UNPRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(text: str) -> str:
    """CR and LF would begin another header, and no header holds what cannot be printed."""
    return " ".join(_UNPRINTED.sub(" ", text).split())[:HEADER_MAX]
