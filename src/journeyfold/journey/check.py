"""Is a journey sound by itself: targets, reachability, cycles (journeys J4).

What it names of the rest of the project (segments, templates, purposes) is checked where the
project is put together; here stands what the steps say of each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import msgspec

from journeyfold.core.instant import DAY_US, duration_us, human_duration
from journeyfold.journey.conditions import Path
from journeyfold.journey.definition import Journey
from journeyfold.journey.program import AGE_US, END
from journeyfold.journey.step import Send, Step

_LEAST_DAYS = (28, 59, 89, 120, 150, 181, 212, 242, 273, 303, 334, 365, 393)
"""Of 1, 2, … months on end, those with the fewest days."""


class Finding(msgspec.Struct, frozen=True):
    path: Path
    code: str
    message: str
    suggestion: str = ""


def findings(journey: Journey) -> Iterator[Finding]:
    """Everything wrong with the steps, in the order of the file."""
    yield from _twice(journey)
    known = {step.id for step in journey.steps}
    unknown = [
        Finding(path, "P130", f"unknown step '{target}'", _meant(target, known))
        for at, step in enumerate(journey.steps)
        for path, target in targets(step, ("steps", at))
        if target not in known
    ]
    yield from unknown
    if not unknown:
        yield from _unreachable(journey)
        yield from _endless(journey)
    for at, step in enumerate(journey.steps):
        if step.send is not None:
            yield from _of_send(journey, step.send, ("steps", at, "send"))
    yield from _too_long(journey)
    for old, new in journey.migrate.items():
        if new not in known:
            yield Finding(("migrate", old), "P130", f"unknown step '{new}'", _meant(new, known))


def _too_long(journey: Journey) -> Iterator[Finding]:
    """A wait that lasts as long as anybody stays is never over (E7)."""
    ages = [duration_us(each.after) or 0 for each in journey.exit if each.after is not None]
    age_us = min(ages, default=AGE_US)
    for at, step in enumerate(journey.steps):
        least_us, length, key = _least(step)
        if least_us >= age_us:
            yield Finding(
                ("steps", at, *key), "P168",
                f"nobody is in the journey for longer than {human_duration(age_us)}, so {length} "
                "is never over",
                "say `exit: [{after: 400d}]` or wait for less",
            )  # fmt: skip


def _least(step: Step) -> tuple[int, str, Path]:
    """(the shortest it may wait, as it is written, where). Local time is moved by a day at most,
    where a zone skips a date.
    """
    wait = step.wait
    if step.wait_for is not None:
        timeout = step.wait_for.timeout
        return duration_us(timeout) or 0, timeout, ("wait_for", "timeout")
    if wait is None:
        return 0, "", ()
    if wait.local_days is not None:
        days = wait.local_days
        return (days - 1) * DAY_US, f"local_days: {days}", ("wait", "local_days")
    if wait.local_months is not None:
        months = wait.local_months
        least_us = (_LEAST_DAYS[months - 1] - 1) * DAY_US
        return least_us, f"local_months: {months}", ("wait", "local_months")
    return duration_us(wait.length or "") or 0, wait.length or "", ("wait", "for")


def _meant(word: str, known: set[str]) -> str:
    found = get_close_matches(word, sorted(known), n=1)
    return f"did you mean '{found[0]}'?" if found else ""


def targets(step: Step, path: Path) -> Iterator[tuple[Path, str]]:
    """(where it is written, the step it goes to)."""
    if step.goto is not None:
        yield (*path, "goto"), step.goto
    if step.wait_for is not None:
        if step.wait_for.on_timeout is not None:
            yield (*path, "wait_for", "on_timeout"), step.wait_for.on_timeout
        for at, awaited in enumerate(step.wait_for.events):
            if awaited.goto is not None:
                yield (*path, "wait_for", "any", at, "goto"), awaited.goto
    for at, way in enumerate(step.branch or ()):
        key = "goto" if way.goto is not None else "else"
        yield (*path, "branch", at, key), way.goto or way.otherwise or ""
    if step.split is not None:
        for name, arm in step.split.arms.items():
            if arm.goto is not None:
                yield (*path, "split", "arms", name, "goto"), arm.goto
    if step.decide is not None and step.decide.on_none is not None:
        yield (*path, "decide", "on_none"), step.decide.on_none
    if step.webhook is not None and step.webhook.on_fail not in {"continue", "exit"}:
        yield (*path, "webhook", "on_fail"), step.webhook.on_fail
    if step.send is not None and step.send.on_fail not in {"continue", "exit"}:
        yield (*path, "send", "on_fail"), step.send.on_fail


def following(journey: Journey) -> dict[str, list[str]]:
    """Step → the steps it may go to next; END is behind the last."""
    found: dict[str, list[str]] = {}
    for at, step in enumerate(journey.steps):
        behind = journey.steps[at + 1].id if at + 1 < len(journey.steps) else END
        ways = [target for _, target in targets(step, ())]
        if _falls_through(step):
            ways.append(behind)
        found[step.id] = list(dict.fromkeys(ways))
    return found


def _falls_through(step: Step) -> bool:
    if step.kind == "exit":
        return False
    if step.branch is not None:
        return step.goto is None and step.branch[-1].otherwise is None
    if step.split is not None:
        return step.goto is None and any(arm.goto is None for arm in step.split.arms.values())
    if step.kind == "goto":
        return step.max is not None
    if step.wait_for is not None and step.wait_for.on_timeout is not None:
        return step.goto is None and any(each.goto is None for each in step.wait_for.events)
    return step.goto is None


def _twice(journey: Journey) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for at, step in enumerate(journey.steps):
        if first.setdefault(step.id, at) != at:
            yield Finding(("steps", at, "id"), "P161", f"the step '{step.id}' is there twice",
                          "ids of steps are unique")  # fmt: skip


def _unreachable(journey: Journey) -> Iterator[Finding]:
    ways = following(journey)
    reached, ahead = set[str](), [journey.steps[0].id]
    while ahead:
        step = ahead.pop()
        if step != END and step not in reached:
            reached.add(step)
            ahead += ways[step]
    for at, each in enumerate(journey.steps):
        if each.id not in reached:
            yield Finding(("steps", at, "id"), "P162", f"no way leads to the step '{each.id}'",
                          "go to it, or remove it")  # fmt: skip


def _endless(journey: Journey) -> Iterator[Finding]:
    """A circle in which nothing waits and no `goto` has a limit runs for ever (J4)."""
    steps = {step.id: step for step in journey.steps}
    ways = {
        name: [] if _rests(steps[name]) else [way for way in after if way != END]
        for name, after in following(journey).items()
    }
    for circle in _circles(ways):
        at = next(at for at, step in enumerate(journey.steps) if step.id == circle[0])
        shown = " → ".join([*circle, circle[0]])
        yield Finding(
            ("steps", at, "id"), "P163", f"nothing in the circle {shown} waits",
            "add a wait, or a `max` to its goto",
        )  # fmt: skip


def _rests(step: Step) -> bool:
    """Whether time passes here however often it is come by, or it may be left so often only.

    No time passes in a wait for `0s`, for a date that is over, or for a time of day with
    `if_past: go`.
    """
    if step.wait is not None and (
        step.wait.at is not None
        or step.wait.if_past == "go"
        or (step.wait.length is not None and not duration_us(step.wait.length))
    ):
        return step.goto is not None and step.max is not None
    return step.kind in {"wait", "wait_for"} or (step.goto is not None and step.max is not None)


def _circles(ways: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """One circle for each place where a walk in depth comes back to its own path."""
    done: set[str] = set()
    for start in ways:
        path: list[str] = []
        stack = [(start, iter(ways[start]))] if start not in done else []
        if stack:
            path.append(start)
        while stack:
            step, ahead = stack[-1]
            target = next(ahead, None)
            if target is None:
                done.add(step)
                path.pop()
                stack.pop()
            elif target in path:
                yield path[path.index(target) :]
            elif target not in done:
                path.append(target)
                stack.append((target, iter(ways[target])))


def _of_send(journey: Journey, send: Send, path: Path) -> Iterator[Finding]:
    if not (send.purpose or journey.policy.purpose):
        yield Finding(
            path, "P164", "the message has no purpose",
            "say `purpose:` here or in the journey's policy",
        )  # fmt: skip
