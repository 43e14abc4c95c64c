"""How much of a mapped file a process holds, and letting go of it.

LMDB reads its file through a map, and the kernel maps sixteen pages around each one that is
touched, so a process that reads here and there in a large state soon holds all of it. The pages
are clean copies of the file: given back, they stay in the system's cache while there is room, and
come back at the next touch. Elsewhere than on Linux nothing is given back.
"""

from __future__ import annotations

import ctypes
import resource
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


def let_go(path: Path) -> None:
    """Of every page of this file, wherever it is mapped; nothing may be writing through the map."""
    libc = ctypes.CDLL(None, use_errno=True)
    end_of_line = f" {path.resolve()}"
    for line in _MAPS.read_text().splitlines():
        if line.endswith(end_of_line):
            start, _, end = line.partition(" ")[0].partition("-")
            first = int(start, 16)
            libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(int(end, 16) - first), _DONTNEED)
