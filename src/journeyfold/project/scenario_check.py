"""Do the scenarios of tests/*.yaml name things that exist, at instants that follow each other?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from journeyfold.core.decision import REASON_CODES
from journeyfold.core.errors import Problem
from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us, instant_us
from journeyfold.decide.definition import CONTEXT
from journeyfold.project.document import Document, Path
from journeyfold.project.given import KEYS, TYPES, identifier_of, instant_after
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.scenario import DecideExpectation, Expectation, Scenario, Step


def scenario_problems(project: Project) -> Iterator[Problem]:
    for file, scenarios in sorted(project.tests.items()):
        for index, scenario in enumerate(scenarios):
            yield from _Check(project, project.documents[file]).scenario(scenario, (index,))


def given_problems(
    project: Project, document: Document, lines: Iterable[Mapping[str, Json]]
) -> Iterator[Problem]:
    """Of a file that is nothing but events, one after the other."""
    check = _Check(project, document)
    for index, given in enumerate(lines):
        yield from check.given(given, (index,))


class _Check:
    def __init__(self, project: Project, document: Document) -> None:
        self._project, self._document = project, document
        self._now_us: int | None = None

    def scenario(self, scenario: Scenario, path: Path) -> Iterator[Problem]:
        if not any(step.expect for step in scenario.steps()):
            yield self._problem(path, "P156", "this scenario expects nothing", "add `expect: …`")
        for index, step in enumerate(scenario.steps()):
            inner = path if index == 0 else (*path, "then", index - 1)
            yield from self._step(step, inner)

    def _step(self, step: Step, path: Path) -> Iterator[Problem]:
        for index, given in enumerate(step.given):
            yield from self.given(given, (*path, "given", index))
        if step.wait is not None and self._now_us is not None:
            self._now_us += duration_us(step.wait) or 0
        if step.now is not None:
            yield from self._instant(step.now, instant_us(step.now), (*path, "now"))
        listed = isinstance(step.expect, list)
        for index, expected in enumerate(
            step.expect if isinstance(step.expect, list) else [step.expect]
        ):
            inner = ("expect", index) if listed else ("expect",)
            yield from self._expectation(expected, (*path, *inner))

    def given(self, given: Mapping[str, Json], path: Path) -> Iterator[Problem]:
        kinds = list(self._project.identity.by_name)
        for key in given:
            if key not in KEYS and key not in kinds:
                yield self._problem(
                    (*path, key), "P110", f"'{key}' is no key and no kind of identifier",
                    did_you_mean(key, [*KEYS, *kinds]), on_key=True,
                )  # fmt: skip
        if all(key in KEYS for key in given):
            yield self._problem(
                path, "P150", "this event is nobody's", f"add an identifier, as {kinds[-1]}: a1"
            )
        at = str(given.get("at", "+0s"))
        yield from self._instant(at, instant_after(at, self._now_us), (*path, "at"))
        yield from self._known(path, "type", given.get("type"), TYPES)
        yield from self._known(path, "source", given.get("source"), self._project.sources)
        consent = given.get("consent")
        for purpose, state in consent.items() if isinstance(consent, dict) else ():
            inner = (*path, "consent", purpose)
            known = self._project.settings.privacy.known
            yield from self._named(inner, "purpose", purpose, known)
            if not isinstance(state, bool):
                yield from self._named(inner, "answer", str(state), ("granted", "denied"))
        if (
            "event" not in given
            and given.get("type", "track") == "track"
            and not ({"consent", "traits"} & set(given))
        ):
            yield self._problem(path, "P151", "what happened?", "add `event: …` or `type: page`")

    def _instant(self, text: str, at_us: int | None, path: Path) -> Iterator[Problem]:
        if at_us is None:
            yield self._problem(
                path, "P152", f"'{text}' is no instant",
                "write 2026-03-02T10:00:00Z, or +5m after the event before",
            )  # fmt: skip
        elif self._now_us is not None and at_us < self._now_us:
            yield self._problem(path, "P153", "time does not go back", "put the steps in order")
        else:
            self._now_us = at_us

    def _expectation(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        segments = [
            name for name, each in self._project.segments.items() if each.kind != "contextual"
        ]
        for key, names in (("in", expected.in_), ("not_in", expected.not_in)):
            for index, segment in enumerate(names):
                yield from self._named((*path, key, index), "segment", segment, segments)
        for feature in expected.features:
            inner = (*path, "features", feature)
            yield from self._named(inner, "feature", feature, self._project.features)
        for purpose in expected.consent:
            known = self._project.settings.privacy.known
            yield from self._named((*path, "consent", purpose), "purpose", purpose, known)
        for index, delivery in enumerate(expected.deliveries or ()):
            inner = (*path, "deliveries", index)
            yield from self._known(inner, "placement", delivery.placement, self._project.placements)
        yield from self._journeys(expected, path)
        yield from self._stages(expected, path)
        if expected.of is not None:
            yield from self._identifier(expected.of, (*path, "of"))
        decide = expected.decide
        listed = isinstance(decide, list)
        for index, each in enumerate(decide if isinstance(decide, list) else [decide]):
            inner = (*path, "decide", index) if listed else (*path, "decide")
            yield from self._decision(each, inner)

    def _journeys(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        journeys = self._project.journeys
        for name, run in expected.journey.items():
            inner = (*path, "journey", name)
            yield from self._named(inner, "journey", name, journeys)
            step = run if isinstance(run, str) or run is None else run.step
            if name in journeys and step is not None:
                where = inner if isinstance(run, str) else (*inner, "step")
                steps = [each.id for each in journeys[name].steps]
                yield from self._named(where, "step", step, steps)
        for index, message in enumerate(expected.messages or ()):
            inner = (*path, "messages", index)
            yield from self._known(inner, "journey", message.journey, journeys)
            yield from self._known(inner, "template", message.template, self._project.messages)

    def _stages(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        lifecycles = self._project.lifecycles
        if expected.stage is None:
            return
        if isinstance(expected.stage, str):
            if len(lifecycles) != 1:
                yield self._problem(
                    (*path, "stage"), "P154", "which lifecycle?", "write {customer: Active}"
                )
                return
            stages = {next(iter(lifecycles)): expected.stage}
        else:
            stages = expected.stage
        for lifecycle, stage in stages.items():
            inner = (*path, "stage", lifecycle)
            yield from self._named(inner, "lifecycle", lifecycle, lifecycles)
            if lifecycle in lifecycles:
                names = [lifecycles[lifecycle].initial]
                names += [each.stage for each in lifecycles[lifecycle].stages]
                yield from self._named(inner, "stage", stage, names)

    def _decision(self, expected: DecideExpectation, path: Path) -> Iterator[Problem]:
        project = self._project
        yield from self._named(
            (*path, "placement"), "placement", expected.placement, project.placements
        )
        if expected.offer is not None:
            yield from self._named((*path, "offer"), "offer", expected.offer, project.offers)
        for index, offer in enumerate(expected.offers or []):
            yield from self._named((*path, "offers", index), "offer", offer, project.offers)
        for offer, code in expected.reasons.items():
            inner = (*path, "reasons", offer)
            yield from self._named(inner, "offer", offer, project.offers)
            yield from self._named(inner, "reason", code, REASON_CODES)
        first = project.offers.get(expected.offer or "")
        if first is not None and expected.variant is not None:
            variants = [variant.id for variant in first.variants]
            yield from self._named((*path, "variant"), "variant", expected.variant, variants)
        placement = project.placements.get(expected.placement)
        known = {*CONTEXT, *(placement.context if placement else ())}
        for name in expected.context:
            yield from self._named((*path, "context", name), "name of the context", name, known)

    def _identifier(self, text: str, path: Path) -> Iterator[Problem]:
        identifier = identifier_of(text)
        kinds = list(self._project.identity.by_name)
        if not identifier.value:
            yield self._problem(path, "P155", f"'{text}' names nobody", f"write {kinds[0]}:ann")
        else:
            yield from self._named(path, "kind of identifier", identifier.kind, kinds)

    def _known(self, path: Path, key: str, word: Json, known: Iterable[str]) -> Iterator[Problem]:
        if word is not None:
            yield from self._named((*path, key), key, str(word), known)

    def _named(self, path: Path, what: str, word: str, known: Iterable[str]) -> Iterator[Problem]:
        choices = list(known)
        if word not in choices:
            yield self._problem(
                path, "P130", f"unknown {what} '{word}'", did_you_mean(word, choices)
            )

    def _problem(
        self, path: Path, code: str, message: str, suggestion: str = "", *, on_key: bool = False
    ) -> Problem:
        return self._document.problem(path, code, message, suggestion=suggestion, on_key=on_key)
