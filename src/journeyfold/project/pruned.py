"""A project without what its journeys never ask: the same runs and messages, sooner.

Virtual time needs no segment that no journey, offer in play or other needed definition names, and
no record that nothing listens to. What is left decides exactly as the whole would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from journeyfold.core.event import Event
from journeyfold.privacy.consent import states_consent
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.project.model import Project

_SEGMENT = re.compile(r"""in_segment\(\s*["']([^"']+)["']""")
_FEATURE = re.compile(r"\bfeatures\.([A-Za-z0-9_]+)")
_STAGE = re.compile(r"""\bstage\(\s*["']([^"']+)["']""")
_Definition = TypeVar("_Definition")


def pruned(project: Project) -> Project:
    """Journeys whole; of segments, features, lifecycles, placements and offers what they reach."""
    needed = _Needed(project)
    needed.follow(project.journeys.values())
    needed.follow(project.settings.contact.messages.values())
    return msgspec.structs.replace(
        project,
        segments=_kept(project.segments, needed.segments),
        features=_kept(project.features, needed.features),
        lifecycles=_kept(project.lifecycles, needed.lifecycles),
        placements=_kept(project.placements, needed.placements),
        offers=_kept(project.offers, needed.offers),
        destinations={},
        tests={},
    )


class Listening:
    """`concerns` says whether a record can change what journeys do. One household after another."""

    def __init__(self, compiled: Compiled) -> None:
        self._names = frozenset(compiled.aggregation.events) | frozenset(
            _listened(compiled.project)
        )
        self._seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()

    def concerns(self, event: Event) -> bool:
        """The first of each identity from each source counts: it links, and it states a basis."""
        who = event.source, frozenset((each.kind, each.value) for each in event.identifiers)
        is_new = who not in self._seen
        self._seen.add(who)
        return (
            is_new
            or event.name in self._names
            or bool(event.traits)
            or event.source == OWN_SOURCE
            or "unset" in event.context
            or states_consent(event)
        )

    def forget(self) -> None:
        self._seen.clear()


class _Needed:
    def __init__(self, project: Project) -> None:
        self._project = project
        self.segments: set[str] = set()
        self.features: set[str] = set()
        self.lifecycles: set[str] = set()
        self.placements: set[str] = set()
        self.offers: set[str] = set()

    def follow(self, definitions: Iterable[object]) -> None:
        """A word that is the name of something needs it; a word too many costs time only."""
        for text in (text for each in definitions for text in _texts(msgspec.to_builtins(each))):
            project, path = self._project, text.partition("/")[0]
            self._need(self.segments, project.segments, [text, *_SEGMENT.findall(text)])
            self._need(self.features, project.features, [text, *_FEATURE.findall(text)])
            self._need(self.lifecycles, project.lifecycles, [path, *_STAGE.findall(text)])
            self._need(self.placements, project.placements, [text])
            self._need(self.offers, project.offers, [text])
            for name, offer in project.offers.items():
                if self.placements and offer.category == text:
                    self._need(self.offers, project.offers, [name])

    def _need(self, needed: set[str], known: Mapping[str, object], names: Iterable[str]) -> None:
        for name in names:
            if name in known and name not in needed:
                needed.add(name)
                self.follow([known[name]])


def _listened(project: Project) -> Iterator[str]:
    for journey in project.journeys.values():
        yield from (each.event for each in journey.entry if each.event)
        yield from (each.event for each in journey.exit if each.event)
        yield from [journey.goal.event] if journey.goal else []
        for step in journey.steps:
            if step.wait_for is not None:
                yield from (each.event for each in step.wait_for.events)
                yield from [step.wait_for.reset_on] if step.wait_for.reset_on else []


def _kept(known: Mapping[str, _Definition], names: set[str]) -> dict[str, _Definition]:
    return {name: each for name, each in known.items() if name in names}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, Iterable):
        for each in value:
            yield from _texts(each)
