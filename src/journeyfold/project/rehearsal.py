"""Plays scenarios through an engine in memory and says what came out otherwise.

A failure names the line that expected it, what was expected and what is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import msgspec

from journeyfold.core.errors import Problem
from journeyfold.core.event import Identifier, Json
from journeyfold.core.instant import duration_us, human_duration, instant_us, rfc3339
from journeyfold.project.document import Path
from journeyfold.project.given import first_identifier, identifier_of, sent
from journeyfold.project.model import Project
from journeyfold.project.scenario import (
    DecideExpectation,
    Expectation,
    RehearsalEngine,
    RunExpectation,
    Scenario,
    SeenMessage,
    SeenPerson,
    Step,
)


class Outcome(msgspec.Struct, frozen=True):
    """How one scenario went; no failures means it passed."""

    name: str
    file: str
    line: int
    failures: list[Problem]


def rehearse(
    project: Project, new_engine: Callable[[Project], RehearsalEngine]
) -> Iterator[Outcome]:
    """Every scenario of a checked project, each on an engine of its own."""
    for file, scenarios in sorted(project.tests.items()):
        for index, scenario in enumerate(scenarios):
            played = _Rehearsal(project, new_engine(project), file, (index,))
            failures = list(played.failures(scenario))
            line = project.documents[file].problem((index,), "", "").line
            yield Outcome(scenario.name, file, line, failures)


class _Rehearsal:
    def __init__(self, project: Project, engine: RehearsalEngine, file: str, path: Path) -> None:
        self._project, self._engine = project, engine
        self._file, self._path = file, path
        self._now_us: int | None = None
        self._number = 0
        self._who: Identifier | None = None
        self._dropped: list[str] = []

    def failures(self, scenario: Scenario) -> Iterator[Problem]:
        for index, step in enumerate(scenario.steps()):
            path = self._path if index == 0 else (*self._path, "then", index - 1)
            self._play(step)
            expected = step.expect if isinstance(step.expect, list) else [step.expect]
            for position, expectation in enumerate(expected):
                inner = ("expect", position) if isinstance(step.expect, list) else ("expect",)
                yield from self._compared(expectation, (*path, *inner))

    def _play(self, step: Step) -> None:
        self._dropped = []
        for given in step.given:
            self._number += 1
            message = sent(given, self._number, self._now_us, self._project.sources)
            self._who = self._who or first_identifier(given)
            self._dropped += self._engine.feed(message.event, message.at_us)
            self._now_us = message.at_us
        if step.wait is not None:
            self._now_us = (self._now_us or 0) + (duration_us(step.wait) or 0)
        if step.now is not None:
            self._now_us = instant_us(step.now)
        if self._now_us is not None:
            self._engine.advance(self._now_us)

    def _compared(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        who = identifier_of(expected.of) if expected.of else self._who
        person = self._engine.profile(who) if who else None
        yield from self._segments(expected, person, path)
        yield from self._values(expected, person, path)
        yield from self._everybody(expected, path)
        yield from self._runs(expected, person, path)
        yield from self._messages(expected, person, path)
        decisions = expected.decide
        for index, decide in enumerate(decisions if isinstance(decisions, list) else [decisions]):
            inner = ("decide", index) if isinstance(decisions, list) else ("decide",)
            yield from self._decision(decide, who, (*path, *inner))

    def _segments(
        self, expected: Expectation, person: SeenPerson | None, path: Path
    ) -> Iterator[Problem]:
        members = set(person.segments) if person else set()
        shown = ", ".join(sorted(members)) or "no segment"
        for index, segment in enumerate(expected.in_):
            if segment not in members:
                yield self._failure((*path, "in", index), f"expected in '{segment}', is in {shown}")
        for index, segment in enumerate(expected.not_in):
            if segment in members:
                yield self._failure(
                    (*path, "not_in", index), f"expected not in '{segment}', is in {shown}"
                )

    def _values(
        self, expected: Expectation, person: SeenPerson | None, path: Path
    ) -> Iterator[Problem]:
        seen = person or SeenPerson(person="")
        stage = expected.stage
        if isinstance(stage, str):
            only = next(iter(self._project.lifecycles), "")
            yield from self._equal((*path, "stage"), "stage", stage, seen.stages.get(only))
        elif stage is not None:
            yield from self._map_equal((*path, "stage"), dict(stage), dict(seen.stages))
        yield from self._map_equal((*path, "features"), expected.features, seen.features)
        yield from self._map_equal((*path, "traits"), expected.traits, seen.traits)
        consents: dict[str, Json] = dict(seen.consents)
        yield from self._map_equal((*path, "consent"), dict(expected.consent), consents)

    def _everybody(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        if expected.people is not None:
            wanted = sorted(sorted(group) for group in expected.people)
            found = sorted(
                sorted(f"{each.kind}:{each.value}" for each in person.identifiers)
                for person in self._engine.people()
            )
            if wanted != found:
                yield self._failure(
                    (*path, "people"), f"expected {_shown(wanted)}, is {_shown(found)}"
                )
        for key, wanted_list, found_list in (
            ("suppressed", expected.suppressed, self._engine.suppressed),
            ("dropped_fields", expected.dropped_fields, lambda: self._dropped),
        ):
            if wanted_list is not None and sorted(wanted_list) != sorted(found_list()):
                yield self._failure(
                    (*path, key), f"expected {_shown(wanted_list)}, is {_shown(found_list())}"
                )
        yield from self._deliveries(expected, path)

    def _runs(
        self, expected: Expectation, person: SeenPerson | None, path: Path
    ) -> Iterator[Problem]:
        for name, wanted in expected.journey.items():
            found, inner = (person.runs.get(name) if person else None), (*path, "journey", name)
            if wanted is None or found is None:
                if wanted is not None:
                    yield self._failure(inner, f"nobody entered '{name}'")
                elif found is not None:
                    yield self._failure(inner, f"expected nobody in '{name}', is {_shown(found)}")
                continue
            step = RunExpectation(step=wanted) if isinstance(wanted, str) else wanted
            said = msgspec.structs.asdict(step)
            for key, value in said.items():
                if value is not None:
                    where = inner if isinstance(wanted, str) else (*inner, key)
                    yield from self._equal(where, key, value, getattr(found, key))

    def _messages(
        self, expected: Expectation, person: SeenPerson | None, path: Path
    ) -> Iterator[Problem]:
        if expected.messages is None:
            return
        found = [
            each
            for each in self._engine.messages()
            if person is not None and each.person == person.person
        ]
        wanted = [
            {
                name: value
                for name, value in msgspec.structs.asdict(each).items()
                if value is not None
            }
            for each in expected.messages
        ]
        is_same = len(wanted) == len(found) and all(
            one.items() <= msgspec.structs.asdict(other).items()
            for one, other in zip(wanted, found, strict=True)
        )
        if not is_same:
            told = [_told(each) for each in found]
            yield self._failure(
                (*path, "messages"), f"expected {_shown(wanted)}, is {_shown(told)}"
            )

    def _deliveries(self, expected: Expectation, path: Path) -> Iterator[Problem]:
        if expected.deliveries is None:
            return
        wanted = [
            {key: value for key, value in msgspec.to_builtins(each).items() if value is not None}
            for each in expected.deliveries
        ]
        found = self._engine.deliveries()
        left = list(found)
        for delivery in wanted:
            match = next((each for each in left if delivery.items() <= each.items()), None)
            if match is None:
                yield self._failure(
                    (*path, "deliveries"), f"expected {_shown(wanted)}, is {_shown(found)}"
                )
                return
            left.remove(match)
        if left:
            yield self._failure((*path, "deliveries"), f"nobody expected {_shown(left)}")

    def _decision(
        self, expected: DecideExpectation, who: Identifier | None, path: Path
    ) -> Iterator[Problem]:
        if who is None:
            yield self._failure(path, "nobody to decide for; write `of: kind:value`")
            return
        seen = self._engine.decide(expected.placement, who, expected.context, self._now_us or 0)
        offers = [offer for offer, _ in seen.items]
        why = ", ".join(f"{offer}: {code}" for offer, code in sorted(seen.reasons.items()))
        if expected.offer is not None and offers[:1] != [expected.offer]:
            got = offers[0] if offers else "nothing"
            yield self._failure(
                (*path, "offer"), f"expected offer '{expected.offer}', is {got} ({why})"
            )
        if expected.offers is not None and offers != expected.offers:
            yield self._failure(
                (*path, "offers"),
                f"expected {_shown(expected.offers)}, is {_shown(offers)} ({why})",
            )
        if expected.variant is not None:
            variant = seen.items[0][1] if seen.items else None
            yield from self._equal((*path, "variant"), "variant", expected.variant, variant)
        if expected.fallback_level is not None:
            yield from self._equal(
                (*path, "fallback_level"), "fallback_level", expected.fallback_level,
                seen.fallback_level,
            )  # fmt: skip
        reasons: dict[str, Json] = dict(seen.reasons)
        yield from self._map_equal((*path, "reasons"), dict(expected.reasons), reasons)

    def _map_equal(
        self, path: Path, expected: dict[str, Json], actual: dict[str, Json]
    ) -> Iterator[Problem]:
        for key, wanted in expected.items():
            yield from self._equal((*path, key), key, wanted, actual.get(key))

    def _equal(self, path: Path, name: str, expected: Json, actual: Json) -> Iterator[Problem]:
        if not _same(expected, actual):
            is_ = _in_words_of(expected, actual)
            yield self._failure(path, f"expected {name} {_shown(expected)}, is {_shown(is_)}")

    def _failure(self, path: Path, message: str) -> Problem:
        at = f" at {rfc3339(self._now_us)}" if self._now_us is not None else ""
        return self._project.documents[self._file].problem(path, "T100", message + at)


def _told(message: SeenMessage) -> dict[str, str]:
    """A message as an author would write it."""
    return {
        name: value
        for name in ("journey", "step", "template", "result", "gate", "reason")
        if (value := str(getattr(message, name)))
    }


def _same(expected: Json, actual: Json) -> bool:
    """Numbers by value (89 is 89.0, and sums of decimals need no last digit), else equal.

    Where the engine has an instant or a span, text is read as one: `5m`, `2026-03-02T10:00:00Z`.
    """
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(expected, str) and isinstance(actual, int):
        return actual in {instant_us(expected), _span_us(expected)}
    return expected == actual


def _in_words_of(expected: Json, actual: Json) -> Json:
    """What is, written as what was expected: an instant beside an instant, a span beside a span."""
    if isinstance(expected, str) and isinstance(actual, int) and not isinstance(actual, bool):
        if instant_us(expected) is not None:
            return rfc3339(actual)
        if _span_us(expected) is not None:
            return human_duration(actual)
    return actual


def _span_us(text: str) -> int | None:
    return 0 if text == "0s" else duration_us(text)


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
