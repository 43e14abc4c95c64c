"""A journey's definition as a graph to draw: entry, steps, ways with their words, ends. Pure.

Where people may go is what `journey.check.following` says; here each way also gets what leads
along it: an arm and its weight, a condition, an event, a time that is over.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from journeyfold.console.step_words import ICONS, entering, said, shortly
from journeyfold.journey.definition import Journey
from journeyfold.journey.program import END
from journeyfold.journey.step import Step

ENTRY = "\x01entry"  # no step can be called that


class Knot(msgspec.Struct, frozen=True):
    """Something drawn: the entry, a step or the end behind the last step."""

    id: str
    kind: str
    icon: str
    title: str
    words: str = ""


class Line(msgspec.Struct, frozen=True):
    """A way people take. `is_main`: to the next line of the file."""

    source: str
    target: str
    words: str = ""
    is_main: bool = False


class Flow(msgspec.Struct, frozen=True):
    knots: tuple[Knot, ...]
    lines: tuple[Line, ...]


def flow_of(journey: Journey) -> Flow:
    """Ways to steps that are not there lead nowhere and are left out; check names them."""
    known = {step.id for step in journey.steps}
    lines = [Line(ENTRY, journey.steps[0].id, is_main=True)]
    for at, step in enumerate(journey.steps):
        behind = journey.steps[at + 1].id if at + 1 < len(journey.steps) else END
        found = [line for line in _ways(step, behind) if line.target in known or not line.target]
        lines += _joined(found)
    knots = [_entry(journey), *(_step(step) for step in journey.steps)]
    if any(line.target == END for line in lines):
        knots.append(Knot(END, "end", "flag", "completed", "behind the last step"))
    return Flow(_once(knots), tuple(lines))


def _entry(journey: Journey) -> Knot:
    icon, name, asks = entering(journey.entry[0])
    others = len(journey.entry) - 1
    return Knot(ENTRY, "entry", icon, name, f"and {others} more" if others else asks)


def _step(step: Step) -> Knot:
    kind = step.kind
    return Knot(step.id, kind, ICONS[kind], step.id, said(step))


def _ways(step: Step, behind: str) -> Iterator[Line]:
    """In the order in which they are asked; the words say when each is taken."""
    after = step.goto or behind
    is_next = step.goto is None
    match step.kind:
        case "exit":
            return
        case "branch":
            for way in step.branch or ():
                target = way.goto or way.otherwise or ""
                yield Line(step.id, target, way.when or "else")
            if step.branch and step.branch[-1].otherwise is None:
                yield Line(step.id, after, "else", is_main=is_next)
        case "split":
            for name, arm in (step.split.arms if step.split else {}).items():
                yield Line(step.id, arm.goto or after, f"{name} {arm.weight}\u00a0%")
        case "wait_for":
            yield from _heard(step, after, is_next=is_next)
        case "goto":
            yield Line(step.id, step.goto or behind)
            if step.max:
                yield Line(step.id, behind, is_main=True)
        case _:
            yield Line(step.id, after, is_main=is_next)
            yield from _failing(step)


def _heard(step: Step, after: str, *, is_next: bool) -> Iterator[Line]:
    wait = step.wait_for
    if wait is None:
        return
    for each in wait.events:
        target = each.goto or after
        yield Line(step.id, target, each.event, is_main=is_next and target == after)
    target = wait.on_timeout or after
    over = f"after {shortly(wait.timeout)}"
    yield Line(step.id, target, over, is_main=is_next and target == after)


def _failing(step: Step) -> Iterator[Line]:
    if step.decide is not None and step.decide.on_none is not None:
        yield Line(step.id, step.decide.on_none, "nothing eligible")
    on_fail = step.send.on_fail if step.send else step.webhook.on_fail if step.webhook else ""
    if on_fail not in {"", "continue", "exit"}:
        yield Line(step.id, on_fail, "if it fails")


def _joined(lines: list[Line]) -> list[Line]:
    """Ways to one step are one line; where all go to one, no words are needed."""
    by_target: dict[str, list[Line]] = {}
    for line in lines:
        by_target.setdefault(line.target, []).append(line)
    joined = []
    for target, group in by_target.items():
        words = " or ".join(dict.fromkeys(line.words for line in group if line.words))
        is_main = any(line.is_main for line in group)
        alone = len(by_target) == 1 and len(group) > 1
        joined.append(Line(group[0].source, target, "" if alone else words, is_main))
    return joined


def _once(knots: list[Knot]) -> tuple[Knot, ...]:
    """A step that is there twice is drawn once; check names the second."""
    return tuple({knot.id: knot for knot in reversed(knots)}.values())[::-1]
