"""One journey: what it is, drawn, as steps and as text, and what became of the people in it.

Tabs: now, versions with their differences, and people with the reason why each is where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec
from starlette.responses import Response

from journeyfold.api.journey_cards import JourneyCard, Run, Verb, VersionCard
from journeyfold.api.journey_text import step_lines
from journeyfold.console import effects, step_words
from journeyfold.console.ask import Ask
from journeyfold.console.canvas import Counts, canvas
from journeyfold.console.code import CodeLine, diff_lines, yaml_lines
from journeyfold.console.flow import flow_of
from journeyfold.console.wording import exact, plural
from journeyfold.identity.explain import node_of_person
from journeyfold.journey.step import Step
from journeyfold.project.figures import MessageFigures, StepFigures, VersionFigures

if TYPE_CHECKING:
    from journeyfold.journey.control import CatchUp

PEOPLE = 25
TABS = ("now", "versions", "people")
_VERBS: dict[str, Verb] = {"pause": "pause", "resume": "resume", "drain": "drain", "stop": "stop"}
_ASKS = {"pause": "pause", "resume": "resume"}
_SAID = {"pause": "paused", "resume": "live", "drain": "draining", "stop": "stopped"}
GATES = {
    "cap": "cap", "consent": "no consent", "holdout": "held out", "quiet": "quiet hours",
    "suppressed": "suppressed", "address": "no address", "expired": "expired", "erased": "erased",
    "exited": "left before it went", "rate": "destination's rate",
}  # fmt: skip


class Row(msgspec.Struct, frozen=True):
    """A step in the list, with its arms."""

    id: str
    icon: str
    words: str
    here: int
    arms: tuple[str, ...] = ()


class Sum(msgspec.Struct, frozen=True):
    """A line of a table that adds up to `reached`."""

    words: str
    people: int
    tone: str = ""


class Comparison(msgspec.Struct, frozen=True):
    """Two versions, the older one first."""

    older: VersionCard
    newer: VersionCard
    lines: list[CodeLine]


def show(ask: Ask) -> Response:
    return page(ask)


def trace(ask: Ask) -> Response:
    """Finds a person by an identifier, which is posted and never stands in a URL (C10)."""
    card = card_of(ask)
    found = ask.desk.people.find(ask.form.get("q", "").strip()[:500])
    if not found:
        return page(ask, tab="people", unknown=True)
    return ask.go(f"/journeys/{card.id}", tab="people", person=found[0].person)


def control(ask: Ask) -> Response:
    """Pause, resume, drain or stop: a record, which `work` folds in a moment."""
    card, verb = card_of(ask), ask.form.get("verb", "")
    if verb not in _VERBS:
        ask.missing("Action")
    if verb == "stop" and ask.form.get("confirm", "").strip() != card.id:
        return page(ask, asked="pause", problem=f"Stopping asks for {card.id} to be typed.")
    later = "skip-expired" if ask.form.get("catch_up") == "skip-expired" else "all"
    ask.desk.journeys.control(card.id, _VERBS[verb], ask.user.name, cast("CatchUp", later))
    ask.desk.keys.audit(ask.user.name, f"journey.{verb}", card.id)
    return ask.go(f"/journeys/{card.id}", said=verb)


def card_of(ask: Ask) -> JourneyCard:
    wanted = ask.params["journey"]
    for card in ask.desk.journeys.journeys():
        if card.id == wanted:
            return card
    return ask.missing(f"Journey {wanted}")


def page(
    ask: Ask, *, tab: str = "", unknown: bool = False, problem: str = "", asked: str = ""
) -> Response:
    card = card_of(ask)
    chosen = tab or ask.query.get("tab", "now")
    if chosen not in TABS:
        ask.missing("Page")
    versions = ask.desk.journeys.versions(card.id)
    journey, figures = card.definition, card.figures
    step = ask.query.get("step", "")
    if step and step != "entry" and step not in {one.id for one in journey.steps}:
        ask.missing(f"Step {step}")
    return ask.page(
        "journey.html",
        status=422 if problem else 200,
        title=step_words.titled(journey),
        place="/journeys",
        card=card,
        journey=journey,
        figures=figures,
        tab=chosen,
        lede=effects.sentence(journey, figures),
        versions=versions,
        effects=effects,
        words=step_words,
        gates=GATES,
        problem=problem,
        unknown=unknown,
        asked=asked or _ASKS.get(ask.query.get("do", ""), ""),
        awaited=_SAID.get(ask.query.get("said", ""), card.control.status) != card.control.status,
        published=ask.query.get("published") == "1",
        **(_now(ask, card, step) if chosen == "now" else {}),
        **(_versions(ask, list(versions)) if chosen == "versions" else {}),
        **(_people(ask, card) if chosen == "people" else {}),
    )


def _now(ask: Ask, card: JourneyCard, step: str) -> dict[str, object]:
    journey, figures = card.definition, card.figures
    text = ask.project.files.get(card.file, "")
    lines = step_lines(card.file, text)
    shown = step or (journey.steps[0].id if journey.steps else "")
    lifts = [figures.lift, *(arm.lift for arm in figures.arms)]
    return {
        "rows": [_row(one, figures.steps.get(one.id)) for one in journey.steps],
        "picture": _picture(card, step),
        "text": yaml_lines(text, *lines.get(step, (0, 0))),
        "step": next((one for one in journey.steps if one.id == shown), None),
        "selected": step,
        "sums": _sums(figures.steps.get(shown, StepFigures())),
        "of_step": figures.steps.get(shown, StepFigures()),
        "scale": effects.scale_of(lifts),
        "trusted": effects.trust(journey, figures),
        "messages": _messages(figures),
        "stage_moves": ask.desk.journeys.figures(card.id).stage_moves,
    }


def _row(step: Step, figures: StepFigures | None) -> Row:
    arms = step.split.arms if step.split else {}
    return Row(
        step.id, step_words.ICONS[step.kind], "" if step.split else step_words.said(step),
        figures.waiting if figures else 0,
        tuple(f"{name}, {arm.weight}" for name, arm in arms.items()),
    )  # fmt: skip


def _picture(card: JourneyCard, step: str) -> object:
    journey, figures = card.definition, card.figures
    summary = (
        f"{exact(figures.entered)} entered; {exact(figures.running)} are in it now; "
        + "; ".join(f"{exact(many)} left: {why}" for why, many in figures.ended.items())
    )
    return canvas(
        flow_of(journey),
        counts_of(figures),
        title=step_words.titled(journey),
        summary=summary,
        selected=step or "",
        holdout=journey.holdout.percent if journey.holdout else 0,
    )


def counts_of(figures: VersionFigures) -> Counts:
    steps = figures.steps
    return Counts(
        here={name: one.waiting for name, one in steps.items() if one.waiting > 0},
        reached={name: one.reached for name, one in steps.items()},
        flows={(name, to): many for name, one in steps.items() for to, many in one.to.items()},
        left={name: one.dropped for name, one in steps.items() if one.dropped},
        entered=figures.entered,
        held_out=figures.lift.held_out.people,
    )


def _sums(of: StepFigures) -> list[Sum]:
    """What became of those who came: the lines add up to the arrivals."""
    lines = [Sum(f"went on to {to}", many) for to, many in of.to.items()]
    lines += [Sum(f"left: {why}", many) for why, many in of.dropped.items()]
    if of.waiting:
        lines.append(Sum("here now", of.waiting, "strong"))
    return lines


def _messages(figures: VersionFigures) -> list[MessageFigures]:
    return sorted(figures.messages, key=lambda one: (list(figures.steps).index(one.step), one.arm))


def _versions(ask: Ask, versions: list[VersionCard]) -> dict[str, object]:
    """The version asked for against the one before it, or against the one in `against`."""
    by_name = {one.version: one for one in versions}
    order = [one.version for one in versions]
    newer = ask.query.get("version") or (order[0] if order else "")
    if newer and newer not in by_name:
        ask.missing(f"Version {newer}")
    behind = order[order.index(newer) + 1 :] if newer else []
    older = ask.query.get("against") or (behind[0] if behind else "")
    if not newer or older not in by_name:
        return {"comparison": None, "chosen": newer}
    lines = diff_lines(by_name[older].text, by_name[newer].text)
    return {"comparison": Comparison(by_name[older], by_name[newer], lines), "chosen": newer}


def _people(ask: Ask, card: JourneyCard) -> dict[str, object]:
    after, step = ask.query.get("after", ""), ask.query.get("step", "")
    if after and node_of_person(after) is None:
        ask.missing("Page")
    found = ask.desk.journeys.people(card.id, step, after, PEOPLE)
    profiles = [ask.desk.people.profile(person) for person in found.people]
    wanted = ask.query.get("person", "")
    traced = ask.desk.people.profile(wanted) if wanted else None
    if wanted and traced is None:
        ask.missing(f"Person {wanted}")
    inside = [
        (one.person, run)
        for one in profiles
        if one is not None
        for run in ask.desk.journeys.runs(one, card.id)
        if not run.ended_us and step in {"", run.step}
    ]
    return {
        "inside": inside,
        "next_after": found.next_after,
        "at_step": step,
        "traced": traced,
        "runs": ask.desk.journeys.runs(traced, card.id) if traced else [],
        "because": [] if traced is None else [_because(ask, card, run) for run in
                                             ask.desk.journeys.runs(traced, card.id)],
    }  # fmt: skip


def _because(ask: Ask, card: JourneyCard, run: Run) -> str:
    """Why this person is where they are, in one sentence."""
    if run.ended_us:
        return f"Left {ask.dates.when(run.ended_us)}: {run.reason}."
    step = next((one for one in card.definition.steps if one.id == run.step), None)
    doing = f" ({step_words.said(step)})" if step is not None and step_words.said(step) else ""
    said = f"At {run.step}{doing} since {ask.dates.when(run.since_us)}"
    if run.held:
        said += f"; its message is held by {GATES.get(run.held, run.held)}"
    if run.due_us:
        late = run.due_us <= ask.now_us
        said += f"; goes on {'now' if late else ask.dates.when(run.due_us)} at the latest"
    return f"{said}."


def asked_of(figures: VersionFigures) -> str:
    """`388 refused: min_interval 300, filter 88`."""
    refused = sum(figures.refused.values())
    if not refused:
        return "nobody was refused"
    most = max(figures.refused, key=figures.refused.__getitem__)
    return f"{plural(refused, 'entry', 'entries')} refused, most: {most.replace('_', ' ')}"
