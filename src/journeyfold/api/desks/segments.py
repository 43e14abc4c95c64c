"""Segments and stages with their figures, members, reasons, and the check of a condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from itertools import islice

from journeyfold.api.cards import (
    Checked,
    Day,
    Operand,
    Overlap,
    Reason,
    SegmentCard,
    StageCard,
    Why,
)
from journeyfold.api.desks.evidence import Evidence
from journeyfold.api.desks.people import REMEMBERED, People
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.api.desks.trial import SAMPLE, profiles, tried
from journeyfold.core.aggregate import NEVER
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.condition_parse import parse, read_json
from journeyfold.core.condition_typed import walk
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Profile
from journeyfold.project.people import series, sizes
from journeyfold.runtime.platform import Platform


class Segments:
    """`api.desk.SegmentDesk`."""

    def __init__(self, platform: Platform, people: People) -> None:
        self._platform, self._people = platform, people

    def segments(self) -> Sequence[SegmentCard]:
        now_us = self._platform.clock.now_us()
        with snapshot(self._platform) as look:
            known = sizes(look.reader)
            project = look.compiled.project
            users = _users(look)
            cards = []
            for name, definition in project.segments.items():
                day = _sum_since(look, name, now_us - DAY_US)
                is_kept = definition.kind != "contextual"
                cards.append(
                    SegmentCard(
                        id=name, when=definition.when or "", file=project.places["segment", name].file,
                        kind=definition.kind, tags=definition.tags,
                        size=known.get(f"segment/{name}", 0) if is_kept else None,
                        entered_day=day[0], left_day=day[1], used_by=tuple(users.get(name, ())),
                    )
                )  # fmt: skip
        return cards + self._building(project.segments.keys())

    def stages(self) -> Sequence[StageCard]:
        with snapshot(self._platform) as look:
            known = sizes(look.reader)
            people = known.get("people", 0)
            cards: list[StageCard] = []
            for name, lifecycle in look.compiled.project.lifecycles.items():
                named = [stage.stage for stage in lifecycle.stages]
                elsewhere = sum(
                    known.get(f"stage/{name}/{stage}", 0)
                    for stage in named
                    if stage != lifecycle.initial
                )
                for stage in lifecycle.stages:
                    size = known.get(f"stage/{name}/{stage.stage}", 0)
                    if stage.stage == lifecycle.initial:
                        size = people - elsewhere
                    cards.append(StageCard(name, stage.stage, stage.when, size))
            return cards

    def series(self, segment: str, since_us: int) -> Sequence[Day]:
        """Days up to today, each with the size at its end: counted back from the size now.

        The first day is the one before the first member came, a week ago at the latest and
        `since_us` at the earliest.
        """
        now_us = self._platform.clock.now_us()
        with snapshot(self._platform) as look:
            hours = series(look.reader, f"segment/{segment}")
            size = sizes(look.reader).get(f"segment/{segment}", 0)
        moved: dict[int, list[int]] = {}
        for at_us, *came_and_went in hours:
            day = moved.setdefault(at_us // DAY_US, [0, 0, 0])
            for place, amount in enumerate(came_and_went):
                day[place] += amount
        today = now_us // DAY_US
        first = max(since_us // DAY_US, min(min(moved, default=today) - 1, today - 6))
        days: list[Day] = []
        for number in range(today, first - 1, -1):
            entered, left, joined = moved.get(number, (0, 0, 0))
            days.append(Day(number * DAY_US, size, entered, left, joined))
            size -= entered - left - joined
        return days[::-1]

    def members(self, segment: str, after: str, limit: int) -> Sequence[str]:
        start = after.encode() + b"\x00" if after else b""
        with snapshot(self._platform) as look:
            found = (
                profile.person
                for profile in profiles(look, start)
                if segment in profile.memberships
            )
            return list(islice(found, limit))

    def overlap(self, segment: str) -> Overlap:
        counts: Counter[str] = Counter()
        members = 0
        with snapshot(self._platform) as look:
            for profile in islice(profiles(look), SAMPLE):
                if segment in profile.memberships:
                    members += 1
                    counts.update(other for other in profile.memberships if other != segment)
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return Overlap(members, tuple(ordered))

    def why(self, profile: Profile, segment: str) -> Why:
        now_us = self._platform.clock.now_us()
        compiled = self._platform.compiled
        assert compiled is not None, "there was a snapshot before"
        typed = compiled.bound.segments.get(segment)
        held = profile.memberships.get(segment)
        if typed is None:
            return Why(segment, held is not None)
        value, due, reasons = evaluate(typed, compiled.view(profile), now_us)
        types = {typed.texts.get(id(part), ""): part.type.name for part in walk(typed.expr)}
        evidence = Evidence(
            profile, self._people.history(profile, None, REMEMBERED), self._platform.log.find,
            now_us, compiled.project.settings.time_zone,
        )  # fmt: skip
        told = tuple(
            Reason(
                reason.text,
                reason.value,
                tuple(
                    Operand(one.text, one.value, types.get(one.text, "any"))
                    for one in reason.operands
                ),
                evidence.of(typed, reason.text),
            )
            for reason in reasons
        )
        return Why(segment, value is True, told, 0 if due == NEVER else due)

    def check(self, condition: str | Json, *, in_decision: bool = False) -> Checked:
        try:
            parsed = parse(condition) if isinstance(condition, str) else read_json(condition)
            with snapshot(self._platform) as look:
                return tried(
                    look, self._platform.log, parsed, self._platform.clock.now_us(),
                    in_decision=in_decision,
                )  # fmt: skip
        except ProjectError as error:
            return Checked(problems=error.problems)

    def _building(self, known: Container[str]) -> list[SegmentCard]:
        """Segments of a newer version whose features are still being filled (segments B2)."""
        newest = self._platform.project
        names = [name for name in newest.segments if name not in known]
        return [
            SegmentCard(
                id=name, when=newest.segments[name].when or "",
                file=newest.places["segment", name].file, kind=newest.segments[name].kind,
                tags=newest.segments[name].tags, state="building", size=0,
            )
            for name in names
        ]  # fmt: skip


def _sum_since(look: Snapshot, segment: str, since_us: int) -> tuple[int, int]:
    rows = series(look.reader, f"segment/{segment}", since_us)
    return sum(row[1] for row in rows), sum(row[2] for row in rows)


def _users(look: Snapshot) -> dict[str, list[str]]:
    """Segment → what asks for it: other segments, offers, placements."""
    project = look.compiled.project
    texts = [(f"segment {name}", each.when or "") for name, each in project.segments.items()]
    for name, offer in project.offers.items():
        conditions = (offer.eligibility, offer.applicability, offer.suitability)
        texts.append((f"offer {name}", " ".join(filter(None, conditions))))
    users: dict[str, list[str]] = {}
    for segment in project.segments:
        wanted = (f'in_segment("{segment}")', f"in_segment('{segment}')")
        users[segment] = [user for user, text in texts if any(each in text for each in wanted)]
        users[segment] += [
            f"placement {name}"
            for name, placement in project.placements.items()
            if placement.trigger is not None and placement.trigger.entered == segment
        ]
    return users
