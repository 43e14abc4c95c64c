"""The half of the desk that acts: journeys, messages, the outbox and the mailbox, as screens ask.

Like `api.desk`: small protocols, synchronous; what writes says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from journeyfold.activate.outbox import Filter
from journeyfold.api.journey_cards import Draft, JourneyCard, Played, Run, Verb, VersionCard
from journeyfold.api.post_cards import Mails, MailView, MessageCard, Preview
from journeyfold.core.profile import Profile
from journeyfold.journey.control import CatchUp
from journeyfold.project.figures import JourneyFigures
from journeyfold.project.reports import MailTest
from journeyfold.project.under_way import UnderWay
from journeyfold.runtime.outbox_view import Act, DestinationAct, DestinationCard, Outbox


class JourneyDesk(Protocol):
    def journeys(self) -> Sequence[JourneyCard]:
        """Those of the project in force, in order of id."""
        ...

    def figures(self, journey: str) -> JourneyFigures: ...

    def versions(self, journey: str) -> Sequence[VersionCard]:
        """Newest first."""
        ...

    def people(self, journey: str, step: str, after: str, limit: int) -> UnderWay:
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


class OutboxDesk(Protocol):
    """What waits, what failed, and the destinations it goes to. Commands are records."""

    def filter(
        self, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
        journey: str = "", kind: str = "", reason: str = "",
    ) -> Filter:  # fmt: skip
        """UsageError for a state there is not."""
        ...

    def page(self, asked: Filter, after: str = "", limit: int = 100) -> Outbox: ...

    def matching(self, act: Act, asked: Filter) -> int:
        """How many rows the act is about now."""
        ...

    def destinations(self) -> Sequence[DestinationCard]: ...

    def act(self, act: Act, asked: Filter, actor: str) -> None: ...

    def steer(self, act: DestinationAct, name: str, actor: str) -> None:
        """Pause or resume a destination."""
        ...


class PostDesk(Protocol):
    """Templates of messages, and the mailbox of development."""

    def messages(self) -> Sequence[MessageCard]: ...

    def preview(self, template: str, profile: Profile | None, locale: str) -> Preview:
        """As this person would get it, or somebody made up; in their language if none is given."""
        ...

    def send_test(self, template: str, profile: Profile | None, locale: str, to: str) -> MailTest:
        """Really goes out, marked as a test; counts for nobody. UsageError for no address."""
        ...

    def mails(self, wanted: str, limit: int, older: str = "") -> Mails:
        """Newest first; `wanted` stands in the receiver, the subject or the journey. `older` is what
        an earlier answer says.
        """
        ...

    def mail(self, key: str) -> MailView | None: ...
