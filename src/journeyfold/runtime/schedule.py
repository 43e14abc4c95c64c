"""Jobs beside the fold: quintile cuts of the population (segments F5), a look at the sums.

A job reads the committed state and appends a record; the fold does the rest, so a replay uses the
cuts of its time. It runs only while the fold has nothing to do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hashlib import blake2b

from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import Clock, StateStore
from journeyfold.log.store import Marks
from journeyfold.project.compile import Compiled
from journeyfold.project.people import decode_profile, sizes
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.segment.cutpoints import quintile_cuts

LOOK_S = 0.5
CONSERVATION_S = 60.0  # a silent loss is seen within this (trust P3)
_PEOPLE = "cut_people"
GROWN = 1.2  # a population this much larger than at the last cut is cut again at once


class Schedule:
    """What was last cut, when and from how many people is marked in the log's own file."""

    def __init__(
        self,
        state: StateStore,
        clock: Clock,
        marks: Marks,
        conserve: Callable[[], None] = lambda: None,
    ) -> None:
        self._state, self._clock, self._marks, self._conserve = state, clock, marks, conserve
        self._next_look_s = self._next_conserve_s = 0.0
        self._cut_people = marks.number(_PEOPLE) or 0
        self._cut_us: dict[str, int] = {}

    def run(self, loop: FoldLoop) -> None:
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        self.cut_now(loop)
        if now_s >= self._next_conserve_s:
            self._next_conserve_s = now_s + CONSERVATION_S
            self._conserve()

    def cut_now(self, loop: FoldLoop) -> bool:
        """Cut what is due; True when new cuts were appended."""
        in_force = loop.engine.definitions.in_force
        if in_force is None or not in_force.quintiles:
            return False
        with self._state.read() as reader:
            people = sizes(reader).get("people", 0)
            due = self._due(loop, people)
            if not due:
                return False
            now_us = self._clock.now_us()
            values: dict[str, list[float]] = {name: [] for name in due}
            for _, raw in reader.scan("profile"):
                found = in_force.quintile_values(decode_profile(raw), now_us, due)
                for name, value in found.items():
                    values[name].append(value)
        cuts = {name: quintile_cuts(population) for name, population in values.items()}
        usable = {name: list(cut) for name, cut in cuts.items() if cut is not None}
        standing = loop.engine.definitions.standing
        is_new = any(standing.cuts.get(name) != cut for name, cut in usable.items())
        if is_new:
            told: dict[str, Json] = {"cuts": {name: list(cut) for name, cut in usable.items()}}
            loop.append("cutpoints", "cutpoints.updated", told, now_us, f"cuts/{now_us}")
        self._mark(in_force, due, people, now_us)
        return is_new

    def _mark(self, in_force: Compiled, names: Sequence[str], people: int, now_us: int) -> None:
        """After the record: a crash in between cuts once more, which changes nothing."""
        self._cut_people = people
        self._marks.set_number(_PEOPLE, people)
        for name in names:
            key = _key(in_force, name)
            self._cut_us[key] = now_us
            self._marks.set_number(key, now_us)

    def _last_us(self, key: str) -> int:
        if key not in self._cut_us:
            self._cut_us[key] = self._marks.number(key) or 0
        return self._cut_us[key]

    def _due(self, loop: FoldLoop, people: int) -> list[str]:
        """Features never cut, last cut a refresh ago, or cut from a much smaller population."""
        in_force = loop.engine.definitions.in_force
        assert in_force is not None, "asked only with a project in force"
        grown = people > self._cut_people * GROWN
        now_us = self._clock.now_us()
        return [
            name
            for name, quintile in in_force.quintiles.items()
            if grown
            or now_us - self._last_us(_key(in_force, name)) >= (quintile.refresh_us or DAY_US)
        ]


def _key(in_force: Compiled, name: str) -> str:
    """Of a feature and what it is made of: with another expression it was never cut."""
    text = in_force.quintiles[name].of.text
    return f"cut/{name}/{blake2b(text.encode(), digest_size=8).hexdigest()}"
