"""How much of a mapped file a process holds, and letting go of it.

LMDB reads its file through a map, and the kernel maps sixteen pages around each one that is
touched, so a process that reads here and there in a large state soon holds all of it. The pages
are clean copies of the file: given back, they stay in the system's cache while there is room, and
come back at the next touch. Elsewhere than on Linux nothing is given back.
"""

from __future__ import annotations

import ctypes
import resource
from functools import cache
from pathlib import Path

_MAPS, _SIZES = Path("/proc/self/maps"), Path("/proc/self/statm")
_SHARED = 2  # field of statm: resident pages that files stand behind
_DONTNEED = 4  # Linux: asm-generic/mman-common.h
_PAGE = resource.getpagesize()


def held_bytes() -> int:
    """Of all mapped files, programs included."""
    try:
        return int(_SIZES.read_bytes().split()[_SHARED]) * _PAGE
    except OSError:
        return 0


def ranges_of(path: Path) -> tuple[tuple[int, int], ...]:
    """Where this file is mapped: first byte and length, each time."""
    end_of_line, found = f" {path.resolve()}", []
    for line in _MAPS.read_text().splitlines() if _MAPS.exists() else ():
        if line.endswith(end_of_line):
            start, _, end = line.partition(" ")[0].partition("-")
            found.append((int(start, 16), int(end, 16) - int(start, 16)))
    return tuple(found)


def let_go(ranges: tuple[tuple[int, int], ...]) -> None:
    """Of every page in them; nothing may be writing through the map, and it may not move."""
    for first, length in ranges:
        _libc().madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), _DONTNEED)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
