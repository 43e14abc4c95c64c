"""Fewer searches for cycles while a command folds much of the log.

The fold makes no cycles, yet the interpreter looks through every profile, event and dict it holds
after each few thousand new ones: a quarter of the time of a replay.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

THRESHOLDS = (100_000, 50, 100)


@contextmanager
def rare_collections() -> Iterator[None]:
    """For a command's own process; as before afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
