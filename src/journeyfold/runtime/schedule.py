"""Jobs beside the fold: quintile cuts of the population (segments F5), a look at the sums.

A job reads the committed state and appends a record; the fold does the rest, so a replay uses the
cuts of its time. It runs only while the fold has nothing to do, and a bounded piece at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from journeyfold.core.ports import Clock, StateStore
from journeyfold.log.store import Marks
from journeyfold.runtime.cutting import Cutting
from journeyfold.runtime.fold_loop import FoldLoop

LOOK_S = 0.5
CONSERVATION_S = 60.0  # a silent loss is seen within this (trust P3)


class Schedule:
    """`run` is called after every batch that left nothing behind."""

    def __init__(
        self,
        state: StateStore,
        clock: Clock,
        marks: Marks,
        conserve: Callable[[], None] = lambda: None,
        sync: Callable[[FoldLoop], None] = lambda _loop: None,
        admit: Callable[[FoldLoop], None] = lambda _loop: None,
    ) -> None:
        self._cutting, self._conserve = Cutting(state, clock, marks), conserve
        self._sync, self._admit = sync, admit
        self._next_look_s = self._next_conserve_s = 0.0

    def run(self, loop: FoldLoop) -> None:
        """A slice of the cut that is under way, else a look at what is due; of syncs and entries,
        too.
        """
        self._sync(loop)
        self._admit(loop)
        if self._cutting.is_under_way:
            self._cutting.go_on(loop)
            return
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        self._cutting.begin(loop)
        if now_s >= self._next_conserve_s:
            self._next_conserve_s = now_s + CONSERVATION_S
            self._conserve()

    def cut_now(self, loop: FoldLoop) -> bool:
        """Cut what is due in one go; True when new cuts were appended."""
        if not self._cutting.is_under_way:
            self._cutting.begin(loop)
        is_new = False
        while self._cutting.is_under_way:
            is_new = self._cutting.go_on(loop)
        return is_new
