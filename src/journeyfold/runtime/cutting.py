"""Quintile cuts of the population (segments F5) and what features are filled in by (Q28), looked
through a slice at a time.

A cut reads everybody's committed profile, which takes seconds with 200,000 people; between two
slices the fold goes on. Each slice has a read transaction of its own, because one held open for as
long would keep the state from using its freed pages: a person counts as they are when their slice
comes. Figures are of the instant at which the look began, and so is the record of the cuts unless
others were appended meanwhile; a replay uses the cuts that were found.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, duration_us
from journeyfold.core.ports import Clock, StateStore
from journeyfold.log.store import Marks
from journeyfold.project.compile import Compiled
from journeyfold.project.people import decode_profile, sizes
from journeyfold.project.prepared import PREFIX, fit_of, to_fit
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.segment.cutpoints import quintile_cuts

SLICE_PEOPLE = 200  # some 10 ms
_PEOPLE = "cut_people"
GROWN = 1.2  # a population this much larger than at the last cut is cut again at once


class Look(msgspec.Struct):
    """A look through the population under way: of these features, from this person on."""

    in_force: Compiled
    values: dict[str, list[Json]]  # of fits, what is missing as well
    people: int
    at_us: int  # everybody's figures are of this instant, and the cuts as well if nothing happened
    start: bytes = b""
    is_through: bool = False


class Cutting:
    """What was last cut, when and from how many people is marked in the log's own file."""

    def __init__(self, state: StateStore, clock: Clock, marks: Marks) -> None:
        self._state, self._clock, self._marks = state, clock, marks
        self._cut_people = marks.number(_PEOPLE) or 0
        self._cut_us: dict[str, int] = {}
        self._look: Look | None = None

    @property
    def is_under_way(self) -> bool:
        return self._look is not None

    def begin(self, loop: FoldLoop) -> None:
        """Is something due? `go_on` then looks through the population."""
        in_force = loop.engine.definitions.in_force
        if in_force is None or not (in_force.quintiles or to_fit(in_force.project.features)):
            return
        with self._state.read() as reader:
            people = sizes(reader).get("people", 0)
        due = self._due(in_force, people)
        if due:
            values: dict[str, list[Json]] = {name: [] for name in due}
            self._look = Look(in_force, values, people, self._clock.now_us())

    def go_on(self, loop: FoldLoop, limit: int = SLICE_PEOPLE) -> bool:
        """One slice; True when it was the last and new cuts were appended."""
        look = self._look
        if look is not None and look.in_force is not loop.engine.definitions.in_force:
            look = self._look = None  # begun with a version that is gone
        if look is None:
            return False
        self._slice(look, limit)
        if not look.is_through:
            return False
        self._look = None
        return self._append(loop, look)

    def _slice(self, look: Look, limit: int) -> None:
        names = [name for name in look.values if not name.startswith(PREFIX)]
        fits = [name.removeprefix(PREFIX) for name in look.values if name.startswith(PREFIX)]
        seen = 0
        with self._state.read() as reader:
            for key, raw in islice(reader.scan("profile", look.start), limit):
                profile = decode_profile(raw)
                found = look.in_force.quintile_values(profile, look.at_us, names)
                for name, value in found.items():
                    look.values[name].append(value)
                view = look.in_force.view(profile)
                outcome = look.in_force.features.evaluate(view, look.at_us, fits) if fits else {}
                for name in fits:
                    look.values[PREFIX + name].append(outcome[name][0])
                look.start = key + b"\0"  # the least key after this one
                seen += 1
        look.is_through = seen < limit

    def _append(self, loop: FoldLoop, look: Look) -> bool:
        usable = {
            name: cut
            for name, population in look.values.items()
            if (cut := _cut(look.in_force, name, population)) is not None
        }
        standing = loop.engine.definitions.standing
        is_new = any(standing.cuts.get(name) != cut for name, cut in usable.items())
        if is_new:
            told: dict[str, Json] = {"cuts": {name: list(cut) for name, cut in usable.items()}}
            loop.append("cutpoints", "cutpoints.updated", told, look.at_us, f"cuts/{look.at_us}")
        self._mark(look.in_force, list(look.values), look.people, look.at_us)
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

    def _due(self, in_force: Compiled, people: int) -> list[str]:
        """Features never cut, last cut a refresh ago, or cut from a much smaller population."""
        grown = people > self._cut_people * GROWN
        now_us = self._clock.now_us()
        every = {name: quintile.refresh_us for name, quintile in in_force.quintiles.items()}
        features = in_force.project.features
        for name in to_fit(features):
            every[PREFIX + name] = duration_us(features[name].refresh) or 0
        return [
            name
            for name, refresh_us in every.items()
            if grown or now_us - self._last_us(_key(in_force, name)) >= (refresh_us or DAY_US)
        ]


def _cut(in_force: Compiled, name: str, population: Sequence[Json]) -> list[float] | None:
    """The borders of a quintile, or what a feature is filled in and scaled by."""
    if name.startswith(PREFIX):
        plan = in_force.project.features[name.removeprefix(PREFIX)].plan
        return fit_of(plan, population)
    numbers = [value for value in population if isinstance(value, int | float)]
    cut = quintile_cuts(numbers)
    return None if cut is None else list(cut)


def _key(in_force: Compiled, name: str) -> str:
    """Of a feature and what it is made of: with another expression it was never cut."""
    if name.startswith(PREFIX):
        text = msgspec.json.encode(in_force.project.features[name.removeprefix(PREFIX)]).decode()
    else:
        text = in_force.quintiles[name].of.text
    return f"cut/{name}/{blake2b(text.encode(), digest_size=8).hexdigest()}"
