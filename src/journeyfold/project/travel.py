"""Journeys inside the fold: time and records move a person's runs on, after their memberships.

The rest of the fold knows one instance of this, or None where a project has no journeys and nobody
is in one, so that such a project pays nothing. The person's wake is the earlier of what memberships
and journeys wait for (journeys E6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from journeyfold.core.effect import Effect, Emit
from journeyfold.core.event import Event, Record
from journeyfold.core.profile import Profile
from journeyfold.journey.advance import Journeys
from journeyfold.journey.control import Controls
from journeyfold.journey.join import surplus
from journeyfold.journey.limits import Limits
from journeyfold.journey.outcome import give_back
from journeyfold.journey.program import Program
from journeyfold.journey.turn import Trace, Turn
from journeyfold.journey.walk import Decider
from journeyfold.project.journeying import journeys_of
from journeyfold.segment.membership import Segmentation
from journeyfold.segment.view import PersonView

Look = Callable[[Profile], PersonView]
Pinned = Mapping[tuple[str, str], Program]


class Travel:
    """`look` makes the view of a person; `segmentation` owns the other half of the wake."""

    def __init__(
        self,
        live: Mapping[str, Program],
        pinned: Pinned,
        limits: Limits,
        decide: Decider,
        look: Look,
        segmentation: Segmentation,
        controls: Controls,
    ) -> None:
        self._look, self._segmentation = look, segmentation
        self._journeys: Journeys = journeys_of(live, pinned, limits, decide, controls)
        self.trace: Callable[[Trace], None] | None = None

    def advance(
        self, profile: Profile, upto_us: int, moved: Callable[[list[Emit]], list[Effect]]
    ) -> list[Effect]:
        """Let log time pass up to, not including, `upto_us`: memberships first where both are due
        at one instant (E1). `moved` makes effects of what memberships emitted.
        """
        effects: list[Effect] = []
        while 0 < profile.wake_us < upto_us:
            at_us, emits = profile.wake_us, list[Emit]()
            view = self._look(profile)
            if 0 < min(filter(None, profile.dues), default=0) <= at_us:
                emits = self._segmentation.evaluate_person(profile, view, at_us, (), "time")
                effects += moved(emits)
            turn = Turn(profile, view, at_us, trace=self.trace)
            if emits:
                self._journeys.moved(turn, emits)
            if 0 < profile.journeys_due_us <= at_us:
                self._journeys.time(turn)
            effects += turn.effects
            self._set_wake(profile)
            assert not 0 < profile.wake_us <= at_us, "a wake lies in the future"
        return effects

    def record(
        self,
        profile: Profile,
        record: Record,
        owner: bytes,
        emits: Sequence[Emit],
        *,
        is_plain: bool = False,
    ) -> list[Effect]:
        """After the record's facts and memberships, then what is due at its own instant.

        `is_plain`: nothing else of the person has changed than what is counted of their events.
        """
        give_back(profile, record.event)
        if not self._matters(profile, record, emits, is_plain=is_plain):
            due_us = profile.journeys_due_us
            if due_us and not 0 < profile.wake_us <= due_us:
                profile.wake_us = due_us
            return []
        view = self._look(profile)
        view.event = record.event
        turn = Turn(profile, view, record.appended_us, record, self.trace, owner.hex())
        self._journeys.record(turn, emits)
        if 0 < profile.journeys_due_us <= record.appended_us:
            self._journeys.time(turn)
        self._set_wake(profile)
        return turn.effects

    def _matters(
        self, profile: Profile, record: Record, emits: Sequence[Emit], *, is_plain: bool
    ) -> bool:
        """Most records concern no journey and no run: those cost a look at who would listen."""
        if self._journeys.concerns(record.event, emits):
            return True
        if not profile.journeys and not profile.pending:
            return False
        if not is_plain or 0 < profile.journeys_due_us <= record.appended_us:
            return True
        return self._journeys.hears(profile, record.event, emits)

    def settled(
        self,
        profile: Profile,
        now_us: int,
        emits: Sequence[Emit],
        cause: str = "",
        happened_us: int = 0,
    ) -> list[Effect]:
        """After memberships were evaluated anew: a merge, new definitions, new cut points.

        `happened_us`: when the record of a merge occurred.
        """
        if not profile.journeys and not profile.pending and not emits:
            return []
        turn = Turn(profile, self._look(profile), now_us, trace=self.trace)
        turn.happened_us = happened_us or now_us
        self._journeys.end_surplus(turn, surplus(profile))
        if cause in {"definition", "backfill"}:
            self._journeys.published(turn)
        elif cause == "merge":
            self._journeys.cross(turn)
            self._journeys.rezoned(turn)
        self._journeys.moved(turn, emits)
        self._set_wake(profile)
        return turn.effects

    def steer(self, profile: Profile, command: Event, now_us: int) -> list[Effect]:
        """A journey was paused, resumed, drained, stopped or migrated (journeys E61, E62)."""
        turn = Turn(profile, self._look(profile), now_us, trace=self.trace)
        self._journeys.steer(turn, command)
        self._set_wake(profile)
        return turn.effects

    def rezone(self, profile: Profile, now_us: int) -> list[Effect]:
        """Local times are reckoned by another tz database (journeys E33)."""
        turn = Turn(profile, self._look(profile), now_us, trace=self.trace)
        self._journeys.rezoned(turn)
        self._set_wake(profile)
        return turn.effects

    def end(self, profile: Profile, now_us: int, reason: str) -> list[Effect]:
        """Every run of theirs ends here."""
        turn = Turn(profile, self._look(profile), now_us, trace=self.trace)
        self._journeys.end_all(turn, reason)
        return turn.effects

    def _set_wake(self, profile: Profile) -> None:
        wake_us, due_us = min(filter(None, profile.dues), default=0), profile.journeys_due_us
        profile.wake_us = due_us if due_us and not 0 < wake_us <= due_us else wake_us
