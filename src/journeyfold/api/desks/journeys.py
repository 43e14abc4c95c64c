"""Journeys with their figures, versions and runs, read from the last commit; drafts, played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from journeyfold.api.desks.people import REMEMBERED, People
from journeyfold.api.desks.published import Archive, Published
from journeyfold.api.desks.snapshot import Snapshot, snapshot
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
from journeyfold.api.journey_text import journey_of, step_lines
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Record
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Entry
from journeyfold.core.profile import Instance, Profile
from journeyfold.journey.control import LIVE, CatchUp, command
from journeyfold.journey.program import version_of
from journeyfold.project.check import check, load_checked
from journeyfold.project.definitions import standing_of
from journeyfold.project.figures import JourneyFigures, journey_figures
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.project.simulation import simulate
from journeyfold.project.under_way import UnderWay, under_way
from journeyfold.runtime.laboratory import Laboratory
from journeyfold.runtime.platform import Platform


class Journeys:
    """`api.desk_act.JourneyDesk`."""

    def __init__(self, platform: Platform, people: People) -> None:
        self._platform, self._people = platform, people
        self._archive = Archive(platform.log)

    def journeys(self) -> Sequence[JourneyCard]:
        project = self._platform.project  # the newest: what was published is shown at once
        with snapshot(self._platform) as look:
            return [self._card(look, project, name) for name in sorted(project.journeys)]

    def figures(self, journey: str) -> JourneyFigures:
        with snapshot(self._platform) as look:
            return journey_figures(look.reader, journey)

    def versions(self, journey: str) -> Sequence[VersionCard]:
        with snapshot(self._platform) as look:
            running = {
                version: each.running
                for version, each in journey_figures(look.reader, journey).versions.items()
            }
        project = self._platform.project
        definition = project.journeys.get(journey)
        current = version_of(definition) if definition is not None else ""
        return [
            VersionCard(
                each.version, each.published_us, each.by, each.text,
                running.get(each.version, 0), each.version == current,
            )
            for each in self._published(project, journey)
        ]  # fmt: skip

    def people(self, journey: str, step: str, after: str, limit: int) -> UnderWay:
        with snapshot(self._platform) as look:
            return under_way(look.reader, journey, step, after, limit)

    def runs(self, profile: Profile, journey: str = "") -> Sequence[Run]:
        mine = [each for each in profile.journeys if journey in {"", each.journey}]
        mine.sort(key=lambda each: (bool(each.ended_us), -each.entered_us))
        records = self._people.history(profile, None, REMEMBERED) if mine else ()
        return [_run(each, records) for each in mine]

    def draft(self, files: Mapping[str, str], path: str) -> Draft:
        text = files.get(path, "")
        try:
            project = load(files)
        except ProjectError as error:
            return Draft(journey_of(path, text), error.problems, step_lines(path, text))
        wrong = tuple(each for each in check(project) if each.severity == "error")
        return Draft(journey_of(path, text), wrong, step_lines(path, text))

    def play(self, files: Mapping[str, str], journey: str, events: str, then_us: int) -> Played:
        try:
            project = load_checked(files)
            lines = simulate(project, journey, "events", events, then_us, Laboratory)
        except ProjectError as error:
            return Played(problems=error.problems)
        return Played(
            tuple(
                PlayedLine(each.at_us, each.person, each.place.partition("/")[2], each.what)
                for each in lines
            )
        )

    def recorded(self, profile: Profile, limit: int) -> str:
        """The person's own events as a list to play, oldest first; of machines and ours none."""
        told = [
            _given(record)
            for record in self._people.history(profile, None, REMEMBERED)
            if record.kind == "event" and not record.event.source.startswith("_")
        ]
        lines = [msgspec.json.encode(each).decode() for each in reversed(told[:limit])]
        return "".join(f"- {line}\n" for line in lines)

    def control(self, journey: str, verb: Verb, actor: str, catch_up: CatchUp = "all") -> None:
        now_us = self._platform.clock.now_us()
        said = command(verb, journey, now_us, actor, catch_up=catch_up)
        self._platform.log.append([Entry(event=said, kind="journey")], now_us=now_us)

    def _card(self, look: Snapshot, project: Project, name: str) -> JourneyCard:
        definition = project.journeys[name]
        history = self._published(project, name)
        return JourneyCard(
            id=name, file=project.places["journey", name].file, version=version_of(definition),
            definition=definition, figures=journey_figures(look.reader, name).total,
            control=standing_of(look.reader).controls.get(name, LIVE),
            published_us=history[0].published_us if history else 0,
        )  # fmt: skip

    def _published(self, project: Project, journey: str) -> Sequence[Published]:
        place = project.places.get(("journey", journey))
        path = place.file if place else f"journeys/{journey}.yaml"
        return self._archive.published(self._platform.workspace.activated(), path)


def _run(instance: Instance, records: Sequence[Record]) -> Run:
    lines = [line for record in reversed(records) for line in _told(instance, record)]
    return Run(
        id=instance.id, journey=instance.journey, version=instance.version, key=instance.key,
        entered_us=instance.entered_us, step=instance.step, since_us=instance.at_us,
        due_us=instance.due_us, held=instance.held, is_held_out=instance.is_held_out,
        ended_us=instance.ended_us, reason=instance.reason, goal_us=instance.goal_us,
        arms=dict(instance.arms), lines=tuple(lines),
    )  # fmt: skip


def _told(instance: Instance, record: Record) -> Iterator[RunLine]:
    """What a record says of this run."""
    told = record.event.properties
    is_its_own = told.get("instance") == instance.id
    if not is_its_own and record.event.id != instance.entry.get("id"):
        return
    words = record.event.name
    for key in ("reason", "gate", "detail", "arm"):
        if is_its_own and told.get(key):
            words += f", {told[key]}"
    yield RunLine(record.appended_us, str(told.get("step") or ""), words, record.offset)


def _given(record: Record) -> dict[str, object]:
    """A record as an event under `given` of tests/*.yaml."""
    event = record.event
    given: dict[str, object] = {"at": rfc3339(event.occurred_us), "event": event.name}
    if event.type != "track":
        given["type"] = event.type
    for claim in event.identifiers:
        given.setdefault(claim.kind, claim.value)
    told = {"properties": event.properties, "traits": event.traits}
    return given | {key: value for key, value in told.items() if value}
