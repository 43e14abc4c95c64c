"""Which records decided: the leaves of a condition, traced to the log (console C19).

A leaf is read from events, traits, consent, segments and stages. For each the latest records are
named: events that the leaf counts, the record that last set the trait, the statement, the entry.
Only the newest records of a person are looked through, so an old one may be missing; what is named
is always true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from journeyfold.core.condition_compile import compile_filters
from journeyfold.core.condition_typed import (
    Chain,
    Expr,
    Figure,
    Read,
    Recent,
    Spec,
    Standing,
    Typed,
    walk,
)
from journeyfold.core.event import Event, Record
from journeyfold.core.profile import Profile

RECORDS = 3  # named for one leaf
Find = Callable[[str, str], Record | None]
"""(source, event id) → the record."""


class Evidence:
    """The records behind the leaves of one person's conditions, as of an instant."""

    def __init__(
        self, profile: Profile, records: Sequence[Record], find: Find, now_us: int, zone: str
    ) -> None:
        self._profile, self._records, self._find = profile, records, find
        self._now_us, self._zone = now_us, zone

    def of(self, typed: Typed, leaf: str) -> tuple[int, ...]:
        """Offsets of the leaf's records, newest first."""
        expr = next((part for part in walk(typed.expr) if typed.texts.get(id(part)) == leaf), None)
        if expr is None:
            return ()
        offsets = {offset for part in walk(expr) for offset in self._behind(part)}
        return tuple(sorted(offsets, reverse=True)[:RECORDS])

    def _behind(self, part: Expr) -> Iterator[int]:
        match part:
            case Figure(spec=spec, within_us=within_us):
                yield from self._events(spec, within_us)
            case Chain(spec=spec, within_us=within_us):
                yield from self._events(spec, within_us)
            case Recent(spec=spec):
                yield from self._events(spec, None)
            case Read(root="traits", keys=(name, *_)):
                held = self._profile.traits.get(name, [])
                for trait in (held if isinstance(held, list) else [held])[:1]:
                    yield from self._one(trait.source, trait.event)
            case Standing(kind="consent", id=purpose):
                for register in self._profile.consents.values():
                    if purpose in register:
                        yield from self._one(register[purpose].source, register[purpose].event)
            case Standing(kind="segment" | "stage" as kind, id=name):
                yield from self._outputs(kind, name)
            case _:
                pass

    def _events(self, spec: Spec, within_us: int | None) -> Iterator[int]:
        several = [(spec.events, spec.where), *((step.events, step.where) for step in spec.steps)]
        since_us = 0 if within_us is None else self._now_us - within_us
        for events, where in several:
            is_meant = _any_event if where is None else compile_filters([where], self._zone)[0]
            found = (
                record.offset
                for record in self._records
                if record.event.name in events
                and record.event.occurred_us >= since_us
                and is_meant(record.event)
            )
            yield from (offset for offset, _ in zip(found, range(RECORDS), strict=False))

    def _outputs(self, kind: str, name: str) -> Iterator[int]:
        names, key = {
            "segment": (("segment.entered", "segment.left"), "segment"),
            "stage": (("stage.changed",), "lifecycle"),
        }[kind]
        for record in self._records:
            if record.event.name in names and record.event.properties.get(key) == name:
                yield record.offset
                return

    def _one(self, source: str, event_id: str) -> Iterator[int]:
        record = self._find(source, event_id)
        if record is not None:
            yield record.offset


def _any_event(_event: Event) -> bool:
    return True
