"""Quintile cuts of the population (segments F5) and what features are filled in by (Q28), looked
through a slice at a time.

A cut reads everybody's committed profile, which takes seconds with 200,000 people; between two
slices the fold goes on. Each slice has a read transaction of its own, because one held open for as
long would keep the state from using its freed pages: a person counts as they are when their slice
comes. Figures are of the instant at which the look began, and so is the record of the cuts unless
others were appended meanwhile; a replay uses the cuts that were found.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from itertools import islice

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, duration_us
from journeyfold.core.ports import Clock, StateStore
from journeyfold.log.store import Marks
from journeyfold.project.compile import Compiled
from journeyfold.project.people import decode_profile, sizes
from journeyfold.project.prepared import Rows, to_fit
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.segment.cutpoints import quintile_cuts

SLICE_PEOPLE = 200  # some 10 ms
_PEOPLE = "cut_people"
GROWN = 1.2  # a population this much larger than at the last cut is cut again at once


class Look(msgspec.Struct):
    """A look through the population under way: of these features, from this person on."""

    in_force: Compiled
    values: dict[str, list[float]]  # behind quintiles
    rows: Rows  # behind fits
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
        cuts, fits = self._due(in_force, people)
        if cuts or fits:
            values: dict[str, list[float]] = {name: [] for name in cuts}
            rows = Rows(in_force.project.features, fits)
            self._look = Look(in_force, values, rows, people, self._clock.now_us())

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
        compiled, seen = look.in_force, 0
        with self._state.read() as reader:
            for key, raw in islice(reader.scan("profile", look.start), limit):
                profile = decode_profile(raw)
                found = compiled.quintile_values(profile, look.at_us, look.values)
                for name, value in found.items():
                    look.values[name].append(value)
                look.rows.add(partial(compiled.feature_values, profile, look.at_us))
                look.start = key + b"\0"  # the least key after this one
                seen += 1
        look.is_through = seen < limit

    def _append(self, loop: FoldLoop, look: Look) -> bool:
        cuts = {
            name: list(cut)
            for name, population in look.values.items()
            if (cut := quintile_cuts(population)) is not None
        }
        fits = look.rows.fits()
        standing = loop.engine.definitions.standing
        is_new = any(standing.cuts.get(name) != cut for name, cut in cuts.items())
        is_new = is_new or any(standing.fits.get(name) != fit for name, fit in fits.items())
        if is_new:
            told: dict[str, Json] = {"cuts": msgspec.to_builtins(cuts)}
            if fits:
                told["fits"] = msgspec.to_builtins(fits)
            loop.append("cutpoints", "cutpoints.updated", told, look.at_us, f"cuts/{look.at_us}")
        self._mark(look)
        return is_new

    def _mark(self, look: Look) -> None:
        """After the record: a crash in between cuts once more, which changes nothing."""
        self._cut_people = look.people
        self._marks.set_number(_PEOPLE, look.people)
        keys = [_cut_key(look.in_force, name) for name in look.values]
        for key in (*keys, *(_fit_key(look.in_force, name) for name in look.rows.plans)):
            self._cut_us[key] = look.at_us
            self._marks.set_number(key, look.at_us)

    def _last_us(self, key: str) -> int:
        if key not in self._cut_us:
            self._cut_us[key] = self._marks.number(key) or 0
        return self._cut_us[key]

    def _due(self, in_force: Compiled, people: int) -> tuple[list[str], list[str]]:
        """Quintiles and fits: never made, made a refresh ago, or from a much smaller population."""
        grown = people > self._cut_people * GROWN
        now_us = self._clock.now_us()

        def is_due(key: str, refresh_us: int) -> bool:
            return grown or now_us - self._last_us(key) >= (refresh_us or DAY_US)

        cuts = [
            name
            for name, quintile in in_force.quintiles.items()
            if is_due(_cut_key(in_force, name), quintile.refresh_us)
        ]
        features = in_force.project.features
        fits = [
            name
            for name in to_fit(features)
            if is_due(_fit_key(in_force, name), duration_us(features[name].refresh) or 0)
        ]
        return cuts, fits


def _cut_key(in_force: Compiled, name: str) -> str:
    """Of a feature and what it is made of: with another expression it was never cut."""
    return _key(name, in_force.quintiles[name].of.text)


def _fit_key(in_force: Compiled, name: str) -> str:
    text = msgspec.json.encode(in_force.project.features[name]).decode()
    return _key(f"fit:{name}", text)


def _key(name: str, text: str) -> str:
    return f"cut/{name}/{blake2b(text.encode(), digest_size=8).hexdigest()}"
