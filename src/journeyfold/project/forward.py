"""The stage of the fold that hands events on to destinations, where a project has any.

An event is judged and its facts are taken while it is folded; the person is looked at once more
when it is sent (journeys E55). Every parcel asks for its consents at both moments. The rest of the
fold knows one `Forwarding`, or None, so that a project without destinations pays nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from journeyfold.activate.destination import Destined
from journeyfold.activate.forward import EVERY, Forward, forward_key
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Evaluator, compile_conditions
from journeyfold.core.condition_scope import Type
from journeyfold.core.condition_typed import Typed
from journeyfold.core.effect import Deliver, Effect
from journeyfold.core.event import Event, Json, Record, is_bot
from journeyfold.core.instant import duration_us, rfc3339
from journeyfold.core.profile import Profile
from journeyfold.project.model import Project
from journeyfold.project.outward import forward_id, reads_event, spoken
from journeyfold.segment.view import PersonView

OWN_SOURCE = "_fold"  # what the platform itself says is forwarded by name only
Consents = Callable[[Profile, str], bool]
Named = dict[str, tuple[str, Type]]  # condition id → the field it is mapped to, and its type


class Line(msgspec.Struct, frozen=True):
    """One forward of one destination, ready: which conditions to ask when."""

    destination: str
    forward: Forward
    purposes: tuple[str, ...]
    where: str  # its condition id, or nothing
    early: Named
    late: Named
    max_age_us: int


class Forwarding:
    """`record` in the fold, `late` when a parcel is about to leave."""

    def __init__(
        self,
        destinations: Mapping[str, Destined],
        typed: Mapping[str, Typed],
        keys: AggregateKeys,
        consents: Consents,
    ) -> None:
        self._consents = consents
        own = {name: each for name, each in typed.items() if name.startswith("forward/")}
        self._evaluator: Evaluator = compile_conditions(own, keys)
        self.lines = [
            _line(name, destined, forward, typed)
            for name, destined in destinations.items()
            for forward in destined.events
        ]
        self._by_event: dict[str, list[Line]] = {}
        for line in self.lines:
            self._by_event.setdefault(line.forward.event, []).append(line)
        self._of_all = self._by_event.get(EVERY, [])

    def record(
        self, profile: Profile, record: Record, look: Callable[[Profile], PersonView]
    ) -> list[Effect]:
        """After everything else the record did: `look` is at the person as they are now."""
        event = record.event
        lines = self._by_event.get(event.name, [])
        if self._of_all and event.source != OWN_SOURCE:
            lines = lines + self._of_all
        if not lines or is_bot(event):
            return []
        view = look(profile)
        view.event = event
        found = (self._delivered(line, profile, record, view) for line in lines)
        return [deliver for deliver in found if deliver is not None]

    def _delivered(
        self, line: Line, profile: Profile, record: Record, view: PersonView
    ) -> Deliver | None:
        event, forward, now_us = record.event, line.forward, record.appended_us
        if now_us - event.occurred_us > line.max_age_us or not self.allows(line, profile):
            return None
        if (
            line.where
            and self._evaluator.evaluate(view, now_us, (line.where,))[line.where][0] is not True
        ):
            return None
        body = self._said(line.early, view, now_us) if forward.map else _whole(event)
        hops = {"hops": count} if (count := event.context.get("hops")) else {}
        return Deliver(
            forward_key(line.destination, forward.id, event.source, event.id),
            line.destination, profile.person, now_us, next(iter(line.purposes), ""),
            {"kind": "event", "forward": forward.id, "event": event.name,
             "occurred_us": event.occurred_us, "body": body, **hops},
        )  # fmt: skip

    def allows(self, line: Line, profile: Profile) -> bool:
        return all(self._consents(profile, purpose) for purpose in line.purposes)

    def line(self, destination: str, forward: str) -> Line | None:
        """None where the project in force has it no more."""
        named = (destination, forward)
        return next((e for e in self.lines if (e.destination, e.forward.id) == named), None)

    def late(self, line: Line, view: PersonView, now_us: int) -> dict[str, Json]:
        """What is said of the person: as they are when the parcel leaves."""
        return self._said(line.late, view, now_us)

    def _said(self, named: Named, view: PersonView, now_us: int) -> dict[str, Json]:
        """What is not known of an event or a person is not said."""
        if not named:
            return {}
        outcome = self._evaluator.evaluate(view, now_us, named)
        said = {field: spoken(outcome[made][0], kind) for made, (field, kind) in named.items()}
        return {field: value for field, value in said.items() if value is not None}


def forwarding_of(
    project: Project, typed: Mapping[str, Typed], keys: AggregateKeys, consents: Consents
) -> Forwarding | None:
    if not any(destined.events for destined in project.destinations.values()):
        return None
    return Forwarding(project.destinations, typed, keys, consents)


def forwarded(
    forwarding: Forwarding | None, deliver: Deliver, profile: Profile, view: PersonView, now_us: int
) -> dict[str, Json] | str:
    """The last look at an event that is about to leave: its body, or the gate it fails at."""
    body, name = deliver.payload["body"], str(deliver.payload["forward"])
    assert isinstance(body, dict), "the fold put it there"
    line = forwarding.line(deliver.destination, name) if forwarding is not None else None
    if forwarding is None or line is None:
        return "gone"
    if not forwarding.allows(line, profile):
        return "consent"
    return {**body, **forwarding.late(line, view, now_us)}


def _line(name: str, destined: Destined, forward: Forward, typed: Mapping[str, Typed]) -> Line:
    early: Named = {}
    late: Named = {}
    for field in forward.map:
        made = forward_id(name, forward.id, "map", field)
        found = typed[made]
        (early if reads_event(found) else late)[made] = (field, found.expr.type)
    return Line(
        name, forward,
        tuple(dict.fromkeys(each for each in (forward.purpose, destined.purpose) if each)),
        forward_id(name, forward.id, "where") if forward.where is not None else "",
        early, late, duration_us(forward.max_event_age) or 0,
    )  # fmt: skip


def _whole(event: Event) -> dict[str, Json]:
    """An event without a `map`: what was sent, without who sent it how."""
    return {
        "event": event.name, "id": event.id, "source": event.source,
        "occurred": rfc3339(event.occurred_us), "properties": event.properties,
        "identifiers": {each.kind: each.value for each in event.identifiers},
    }  # fmt: skip
