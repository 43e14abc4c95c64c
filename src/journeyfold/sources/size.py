"""Sizes as users write them: `32KiB`, `1GiB`, `4096`."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([1-9][0-9]{0,11})\s?(B|KiB|MiB|GiB|TiB)?", re.ASCII)
_UNIT = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def size_bytes(text: str) -> int | None:
    """`32KiB` → 32768; None when it is no size (`32KB` is not: it means two different things)."""
    match = _SIZE.fullmatch(text)
    return int(match[1]) * _UNIT[match[2]] if match else None
