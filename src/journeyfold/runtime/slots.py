"""Schedules of journeys in virtual time: at each slot, whom the platform would ask in (E36).

What `runtime/admitting.py` does by the clock, without its pace: nobody has to be spared here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from journeyfold.core.cron import slot_after, slot_text, slot_us
from journeyfold.core.localtime import local
from journeyfold.core.profile import Profile
from journeyfold.project.compile import Compiled
from journeyfold.runtime.admitting import FIRST_ZONE, Intake, intakes_of, is_meant

NEVER_US = 1 << 62


class Slots:
    """`next_us` is the instant of the next slot; `take` what is due then, and go on."""

    def __init__(self, compiled: Compiled, from_us: int) -> None:
        self._waiting: list[tuple[int, Intake, str]] = []
        for intake in intakes_of(compiled):
            if intake.cron is not None:
                here = local(from_us, intake.zone or FIRST_ZONE)
                begun = slot_text(here.date(), here.hour * 60 + here.minute)
                self._wait(intake, begun, from_us)

    @property
    def next_us(self) -> int:
        return min((at_us for at_us, _, _ in self._waiting), default=NEVER_US)

    def take(self, now_us: int) -> list[tuple[Intake, str]]:
        due = [each for each in self._waiting if each[0] <= now_us]
        self._waiting = [each for each in self._waiting if each[0] > now_us]
        for at_us, intake, slot in due:
            self._wait(intake, slot, at_us)
        return [(intake, slot) for _, intake, slot in due]

    def _wait(self, intake: Intake, slot: str, after_us: int) -> None:
        """The next slot that comes: a date that a zone leaves out has none."""
        assert intake.cron is not None, "a segment's edge has no slots"
        while following := slot_after(intake.cron, slot):
            at_us = slot_us(following, intake.zone or FIRST_ZONE)
            if at_us is not None and at_us > after_us:
                self._waiting.append((at_us, intake, following))
                return
            slot = following


def asked_in(
    due: Iterable[tuple[Intake, str]], people: Iterable[Profile]
) -> Iterator[tuple[Intake, str, Profile]]:
    """Everybody who is in the audience now, by each of the slots that are due."""
    known = list(people)
    for intake, slot in due:
        yield from ((intake, slot, profile) for profile in known if is_meant(intake, profile))
