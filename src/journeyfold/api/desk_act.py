"""The half of the desk that acts: journeys, messages, the outbox and the mailbox, as screens ask.

Like `api.desk`: small protocols, synchronous; what writes says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from journeyfold.api.journey_cards import Draft, JourneyCard, Played, Run, Verb, VersionCard
from journeyfold.core.profile import Profile
from journeyfold.journey.control import CatchUp
from journeyfold.project.figures import JourneyFigures


class JourneyDesk(Protocol):
    def journeys(self) -> Sequence[JourneyCard]:
        """Those of the project in force, in order of id."""
        ...

    def figures(self, journey: str) -> JourneyFigures: ...

    def versions(self, journey: str) -> Sequence[VersionCard]:
        """Newest first."""
        ...

    def people(self, journey: str, step: str, after: str, limit: int) -> Sequence[str]:
        """Ids of those in it now, at a step if one is given, in order, those > `after`."""
        ...

    def runs(self, profile: Profile, journey: str = "") -> Sequence[Run]:
        """Running ones first, then newest first."""
        ...

    def draft(self, files: Mapping[str, str], path: str) -> Draft:
        """The journey in the file `path` of a project of these texts; nothing is kept."""
        ...

    def play(self, files: Mapping[str, str], journey: str, events: str, then_us: int) -> Played:
        """The events through the draft in virtual time; nothing is sent and nothing recorded."""
        ...

    def recorded(self, profile: Profile, limit: int) -> str:
        """The person's own events as a list to play."""
        ...

    def control(self, journey: str, verb: Verb, actor: str, catch_up: CatchUp = "all") -> None:
        """Writes the record by which `work` pauses, resumes, drains or stops it."""
        ...
