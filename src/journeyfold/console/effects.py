"""Rates, effects and whether they can be trusted, in words and as intervals (look.md section 3).

A rate carries its numerator and denominator; an estimate its interval; below 30 cases or where
the interval holds zero there is no colour and no claim.
"""

from __future__ import annotations

from math import erfc, sqrt

import msgspec
from markupsafe import Markup

from journeyfold.console.wording import MINUS, NBSP, exact, plural
from journeyfold.journey.definition import Journey
from journeyfold.journey.report import Interval, Lift, Side
from journeyfold.project.figures import ArmFigures, VersionFigures

FEW = 30  # cases below which nothing is claimed
_EVEN_P = 0.01  # a split less likely than this by chance is not even


class Trust(msgspec.Struct, frozen=True):
    """One question about the figures, with its answer."""

    question: str
    detail: str
    is_so: bool
    words: str


def rate_of(side: Side) -> float | None:
    """Goals a person; None for nobody."""
    return side.goals / side.people if side.people else None


def percent(part: float) -> str:
    return f"{100 * part:.1f}"


def points(value: float) -> str:
    """In points of percent, with its sign."""
    text = f"{100 * abs(value):.1f}"
    return ("+" if value >= 0 else MINUS) + text


def spread(interval: Interval) -> str:
    """`2.6 to 8.2`, in points of percent."""
    if interval.low is None or interval.high is None:
        return "open"
    return f"{_signed(interval.low)} to {_signed(interval.high)}"


def _signed(value: float) -> str:
    return f"{MINUS if value < 0 else ''}{100 * abs(value):.1f}"


def verdict(lift: Lift) -> str:
    """`clear`, `open`, `few` or `none`."""
    if not lift.treated.people or not lift.held_out.people:
        return "none"
    if lift.treated.people < FEW or lift.held_out.people < FEW:
        return "few"
    return "clear" if lift.difference.is_clear else "open"


def sentence(journey: Journey, figures: VersionFigures) -> str:
    """Under the title: the answer, made from the numbers below."""
    if not figures.entered:
        return "Nobody has entered yet."
    if journey.goal is None:
        return (
            f"{plural(figures.running, 'person is', 'people are')} in it now. It has no goal, so "
            "what it brings about is not measured."
        )
    lift = figures.lift
    match verdict(lift):
        case "none":
            return f"{_reached(journey, lift.treated)} Nobody is held out: its effect is unknown."
        case "few":
            return f"{_reached(journey, lift.treated)} Too few to compare with those held out."
        case "open":
            return (
                f"{_reached(journey, lift.treated)} The interval of the difference to those held "
                "out holds zero: the records do not show a gain."
            )
        case _:
            return _clear(journey, lift)


def _reached(journey: Journey, side: Side) -> str:
    goal = journey.goal.event if journey.goal else ""
    return f"{exact(side.goals)} of {exact(side.people)} people reached {goal}."


def _clear(journey: Journey, lift: Lift) -> str:
    goal = journey.goal.event if journey.goal else ""
    difference = lift.difference.estimate or 0.0
    word = "more" if difference > 0 else "fewer"
    low, high = lift.difference.low or 0.0, lift.difference.high or 0.0
    span = sorted((abs(low), abs(high)))
    many = f"{100 * abs(difference):.0f}" if abs(difference) >= 0.01 else _signed(abs(difference))
    return (
        f"Of 100 people who enter, about {many} {word} reach {goal} than would without it; "
        f"the interval is {100 * span[0]:.1f} to {100 * span[1]:.1f}."
    )


def whisker(
    interval: Interval, scale: tuple[float, float], zero: float | None, *, is_weak: bool
) -> Markup:
    """An interval as bar and dot on a scale; the hairline is what it is compared with."""
    if interval.estimate is None or interval.low is None or interval.high is None:
        return Markup("")
    low, high = scale

    def at(value: float) -> str:
        return f"{100 * (min(max(value, low), high) - low) / (high - low or 1):.1f}%"

    line = Markup("")
    if zero is not None:
        line = Markup('<line class="zero" x1="{0}" x2="{0}" y1="2" y2="20"/>').format(at(zero))
    label = f"{percent(interval.estimate)}{NBSP}%, {spread(interval)}"
    return Markup(
        '<svg class="dw{}" role="img" aria-label="{}">{}'
        '<line class="ci" x1="{}" x2="{}" y1="11" y2="11"/><circle class="pt" cx="{}" cy="11" r="4"/>'
        "</svg>"
    ).format(
        " weak" if is_weak else "", label, line, at(interval.low), at(interval.high),
        at(interval.estimate),
    )  # fmt: skip


def scale_of(lifts: list[Lift]) -> tuple[float, float]:
    """One scale for a column, in steps of two points."""
    ends = [
        end
        for lift in lifts
        for each in (lift.treated_rate, lift.held_out_rate)
        for end in (each.low, each.high)
        if end is not None
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return max(0.0, int(low * 50) / 50), min(1.0, (int(high * 50) + 1) / 50)


def trust(journey: Journey, figures: VersionFigures) -> list[Trust]:
    """May the comparison be believed? What the counts can say to that."""
    found = []
    lift = figures.lift
    if journey.holdout is not None and figures.entered:
        found.append(_held_as_asked(journey.holdout.percent, lift))
    for step in journey.steps:
        if step.split is not None:
            arms = [arm for arm in figures.arms if arm.step == step.id]
            weights = {name: arm.weight for name, arm in step.split.arms.items()}
            if len(arms) == len(weights):
                found.append(_is_even(step.id, arms, weights))
    if journey.holdout is not None and journey.goal is not None:
        least = min(lift.treated.people, lift.held_out.people)
        detail = f"{exact(lift.treated.people)} against {exact(lift.held_out.people)} held out"
        is_so = least >= FEW
        found.append(Trust("Enough people", detail, is_so, "yes" if is_so else "too few"))
    return found


def _held_as_asked(asked: int, lift: Lift) -> Trust:
    held, people = lift.held_out.people, lift.held_out.people + lift.treated.people
    detail = f"{percent(held / people)}{NBSP}% of {exact(people)}, asked {asked}{NBSP}%"
    p = likelihood([held, people - held], [asked, 100 - asked])
    return _judged("Holdout as asked", detail, p)


def _is_even(step: str, arms: list[ArmFigures], weights: dict[str, int]) -> Trust:
    counts = [arm.lift.treated.people + arm.lift.held_out.people for arm in arms]
    p = likelihood(counts, [weights[arm.arm] for arm in arms])
    shown = " to ".join(exact(count) for count in counts)
    return _judged(f"Arms of {step} as weighted", shown, p)


def _judged(question: str, detail: str, p: float) -> Trust:
    is_so = p >= _EVEN_P
    said = f"p {p:.2f}" if p >= 0.005 else "p below 0.01"
    return Trust(question, f"{detail}; {said}", is_so, "yes" if is_so else "look into it")


def likelihood(counts: list[int], weights: list[int]) -> float:
    """The p-value of Pearson's chi-squared; above one degree of freedom by Wilson and Hilferty
    (PNAS 17, 1931).
    """
    total, whole = sum(counts), sum(weights)
    used = [(count, weight) for count, weight in zip(counts, weights, strict=True) if weight]
    freedom = len(used) - 1
    if not total or freedom < 1:
        return 1.0
    square = sum(
        (count - total * weight / whole) ** 2 / (total * weight / whole) for count, weight in used
    )
    if freedom == 1:
        return erfc(sqrt(square / 2))
    normal = ((square / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return erfc(normal / sqrt(2)) / 2
