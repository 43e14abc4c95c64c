"""Rules about one record at the door: which of them an event breaks (quality section 4).

The predicate is compiled from the same YAML as the scan; `flag` marks the event, `quarantine` sets
it aside. Values never stand in a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from journeyfold.core.event import Event
from journeyfold.quality.columns import where
from journeyfold.quality.predicate import Judged
from journeyfold.quality.steps import Steps


class Broken(msgspec.Struct, frozen=True):
    """`rule` is `<file>/<id>`, or `clean/<cleaner>`; `pointer` says where, empty for a condition."""

    rule: str
    pointer: str
    is_set_aside: bool


DoorRules = Callable[[Event], Sequence[Broken]]


def door_rules(
    by_event: dict[str, list[tuple[str, Judged]]], of_source: Sequence[tuple[str, Judged]]
) -> DoorRules:
    """Of one source: rules of its events by their name, and those of all it sends."""

    def broken(event: Event) -> list[Broken]:
        told = (*by_event.get(event.name, ()), *of_source)
        return [_broken(name, each) for name, each in told if each.breaks(event)]

    return broken


def with_steps(rules: DoorRules | None, steps: Steps) -> DoorRules:
    """And what cleaning cannot read is set aside, where a step says `on_failed: quarantine`."""

    def broken(event: Event) -> list[Broken]:
        found = list(rules(event)) if rules is not None else []
        for change in steps.changes(event):
            outcome = change.outcome
            if outcome.state == "failed" and outcome.on_failed == "quarantine":
                pointer = "/" + change.field.replace(".", "/")
                found.append(Broken(f"clean/{outcome.cleaner}", pointer, is_set_aside=True))
        return found

    return broken


def _broken(name: str, judged: Judged) -> Broken:
    rule = judged.rule
    section, keys = where(rule.columns[0]) if rule.columns else ("", ())
    pointer = "/".join(("", section, *keys)) if section else ""
    return Broken(name, pointer, rule.on_fail == "quarantine")
