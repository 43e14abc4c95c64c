"""Sample journeys behind `api.desk_act.JourneyDesk`: published, played and controlled in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeyfold.api.journey_cards import (
    Draft,
    JourneyCard,
    Played,
    PlayedLine,
    Run,
    RunLine,
    Verb,
    VersionCard,
)
from journeyfold.api.journey_text import journey_of, stem_of, step_lines
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.core.profile import Profile
from journeyfold.journey.check import findings
from journeyfold.journey.control import LIVE, CatchUp, Control, command, steered
from journeyfold.journey.definition import Journey
from journeyfold.journey.program import version_of
from journeyfold.project.document import Document
from journeyfold.project.figures import JourneyFigures
from journeyfold.project.under_way import UnderWay
from journeyfold.project.yaml_text import read_yaml
from journeyfold.testing.sample_journeys import figures_of, moves_of
from journeyfold.testing.sample_people import Sample

SIZES = {"cart-abandoned": 11_912, "welcome": 4_310, "win-back-of-the-lapsed-by-spend": 1_000_000}


class SampleJourneys:
    def __init__(self, of: Sample, now_us: int) -> None:
        self._of, self._now_us = of, now_us
        self.sizes = dict(SIZES)
        self.controls: dict[str, Control] = {}

    def journeys(self) -> Sequence[JourneyCard]:
        cards = []
        for path, text in sorted(self._of.project.files.items()):
            journey = journey_of(path, text) if path.startswith("journeys/") else None
            if journey is not None:
                name, version = stem_of(path), version_of(journey)
                cards.append(
                    JourneyCard(
                        id=name, file=path, version=version, definition=journey,
                        figures=figures_of(journey, "", self.sizes.get(name, 0)),
                        published_us=self._now_us - 2 * HOUR_US,
                        control=self.controls.get(name, LIVE),
                    )
                )  # fmt: skip
        return cards

    def figures(self, journey: str) -> JourneyFigures:
        card = next(card for card in self.journeys() if card.id == journey)
        moves = moves_of(card.figures)
        return JourneyFigures(journey, card.figures, {card.version: card.figures}, moves)

    def versions(self, journey: str) -> Sequence[VersionCard]:
        card = next(card for card in self.journeys() if card.id == journey)
        text = self._of.project.files[card.file]
        before = text.replace("{for: 5m}", "{for: 30m}").replace("local_days: 3", "local_days: 2")
        older = VersionCard("0" * 12, self._now_us - 9 * DAY_US, "mila", before, 12)
        now = VersionCard(
            card.version, card.published_us, "mila", text, card.figures.running, is_in_force=True
        )
        return [now, older] if before != text else [now]

    def people(self, journey: str, step: str, after: str, limit: int) -> UnderWay:
        del journey, step
        found = [person for person in sorted(self._of.profiles) if person > after]
        return UnderWay(tuple(found[:limit]), found[limit - 1] if len(found) > limit else "")

    def runs(self, profile: Profile, journey: str = "") -> Sequence[Run]:
        """Everybody is in the first journey, two steps on."""
        card = next((one for one in self.journeys() if journey in {"", one.id}), None)
        if card is None:
            return []
        step = card.definition.steps[min(1, len(card.definition.steps) - 1)].id
        entered_us = self._now_us - 2 * HOUR_US
        offset = self._of.histories[profile.person][-1]
        lines = (
            RunLine(entered_us, "", "Cart Updated", offset),
            RunLine(entered_us, "", "journey.entered", offset),
        )
        return [
            Run(
                id="r" * 32, journey=card.id, version=card.version, key="c-1041",
                entered_us=entered_us, step=step, since_us=entered_us + 5 * MINUTE_US,
                due_us=self._now_us + HOUR_US, lines=lines,
            )
        ]  # fmt: skip

    def draft(self, files: Mapping[str, str], path: str) -> Draft:
        text = files.get(path, "")
        try:
            document = read_yaml(path, text)
        except ProjectError as error:
            return Draft(None, error.problems)
        journey = journey_of(path, text)
        lines = step_lines(path, text)
        if journey is None:
            wrong = document.problem((), "P103", "this is not the shape of a journey")
            return Draft(None, (wrong,), lines)
        return Draft(journey, tuple(_problems(document, journey)), lines)

    def play(self, files: Mapping[str, str], journey: str, events: str, then_us: int) -> Played:
        del files, then_us
        try:
            given = read_yaml("events", events).value
        except ProjectError as error:
            return Played(problems=error.problems)
        if not isinstance(given, list):
            return Played(problems=(Problem("events", 1, 1, "P103", "this is no list"),))
        at_us = self._now_us
        steps = [("", "entered"), ("pause", "waits until 15:19"), ("mail", "sends cart")]
        return Played(
            tuple(
                PlayedLine(at_us + at * 5 * MINUTE_US, "p_" + "a" * 26, step, what)
                for at, (step, what) in enumerate(steps)
            )
            if journey
            else ()
        )

    def control(self, journey: str, verb: Verb, actor: str, catch_up: CatchUp = "all") -> None:
        said = command(verb, journey, self._now_us, actor, catch_up=catch_up)
        self.controls = steered(self.controls, said, self._now_us)

    def recorded(self, profile: Profile, limit: int) -> str:
        del profile, limit
        return "- {at: 2026-11-22T10:00:00Z, event: Cart Updated, user_id: u1}\n"


def _problems(document: Document, journey: Journey) -> list[Problem]:
    return [
        document.problem(each.path, each.code, each.message, suggestion=each.suggestion)
        for each in findings(journey)
    ]
