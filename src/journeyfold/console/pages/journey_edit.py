"""The editor of a journey: steps by forms, the same as text, checked, played, planned, published.

The text is always the truth (C17): it travels in the form, a form's change is a change of the
text, and what was typed wins over fields that were shown before. Nothing is kept until Publish.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from journeyfold.api import journey_edit as edit
from journeyfold.api.cards import Plan, Stale
from journeyfold.api.journey_cards import Draft, Played
from journeyfold.api.journey_text import journey_of
from journeyfold.console import journey_changes, journey_fields, step_forms, step_words
from journeyfold.console.ask import Ask
from journeyfold.console.canvas import Counts, canvas
from journeyfold.console.code import CodeLine, diff_lines
from journeyfold.console.flow import flow_of
from journeyfold.console.inventing import invented, veiled
from journeyfold.console.journey_changes import ENTRY, mark, value_of
from journeyfold.console.pages.journey import GATES, counts_of
from journeyfold.console.step_fields import Choices, Field, fields_of
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import duration_us
from journeyfold.journey.definition import Journey
from journeyfold.project.yaml_text import read_yaml

SPANS = {"7d": "7 days", "30d": "30 days", "90d": "90 days"}
EVENTS_MAX = 100
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)


class Row(msgspec.Struct, frozen=True):
    id: str
    icon: str
    words: str
    problems: tuple[Problem, ...] = ()


class Review(msgspec.Struct, frozen=True):
    """What publishing would do."""

    lines: list[CodeLine]
    plan: Plan
    theirs: list[CodeLine] | None = None


# -- requests --------------------------------------------------------------------------------------


def show(ask: Ask) -> Response:
    text = _in_force(ask)
    if not text:
        ask.missing(f"Journey {ask.params['journey']}")
    return page(ask, text, ask.query.get("open", ""))


def change(ask: Ask) -> Response:
    """One edit; the page answers with list, canvas and text following."""
    text = _text(ask)
    text, opened, problem = journey_changes.changed(text, ask.form, choices_of(ask, text))
    return page(ask, text, opened, problem=problem)


def play(ask: Ask) -> Response:
    """The draft on invented or recorded events, in virtual time."""
    text = _text(ask)
    name = ask.params["journey"]
    who, then = ask.form.get("who", "").strip()[:500], ask.form.get("then", "30d")
    events, problem = _lines(ask.form.get("events", "")), ""
    if ask.form.get("do") == "recorded" and who:
        events, problem = _recorded(ask, who)
    elif ask.form.get("do") == "invented":
        events = ""
    journey = journey_of(path_of(name), text)
    if not events.strip() and journey is not None and not problem:
        events = _invented(ask, journey)
    files = {**ask.project.files, path_of(name): text}
    then_us = duration_us(then if then in SPANS else "30d") or 0
    played = ask.desk.journeys.play(files, name, events, then_us) if not problem else None
    return page(ask, text, "", events=events, played=played, play_problem=problem)


def _invented(ask: Ask, journey: Journey) -> str:
    servers = (card.id for card in ask.desk.project.sources() if card.kind == "server")
    return invented(journey, ask.now_us, ask.project.purposes, next(servers, ""))


def plan(ask: Ask) -> Response:
    text = _text(ask)
    path = path_of(ask.params["journey"])
    files = {**ask.project.files, path: text}
    draft = ask.desk.journeys.draft(files, path)
    if draft.problems:
        return page(ask, text, ask.form.get("at", ""), draft=draft)
    lines = diff_lines(ask.project.files.get(path, ""), text)
    return page(ask, text, "", draft=draft, review=Review(lines, ask.desk.project.plan(files)))


def publish(ask: Ask) -> Response:
    """Write the file and put it in force; 409 with the other change if someone was faster."""
    text, name = _text(ask), ask.params["journey"]
    path = path_of(name)
    before = ask.project.files.get(path, "")
    try:
        ask.desk.project.publish(
            {**ask.project.files, path: text}, base=ask.form.get("base", ""), actor=ask.user.name
        )
    except Stale as stale:
        now = stale.files.get(path, "")
        review = Review(diff_lines(now, text), Plan(), diff_lines(before, now))
        return page(ask, text, "", review=review, status=409)
    except ProjectError as error:
        return page(ask, text, "", problem=str(error.problems[0]), status=422)
    except OSError as error:
        why = f"{path} cannot be written ({error.strerror}). Nothing is lost: take the file along."
        return page(ask, text, "", problem=why, status=503)
    ask.desk.keys.audit(ask.user.name, "journey.publish", name)
    return ask.go(f"/journeys/{name}", published="1")


def patch(ask: Ask) -> Response:
    """The file to download: what a read-only project directory gives (C17)."""
    name = ask.params["journey"]
    disposition = f'attachment; filename="{name if ID.fullmatch(name) else "journey"}.yaml"'
    return Response(
        _text(ask), media_type="application/yaml", headers={"Content-Disposition": disposition}
    )


# -- what is shown ---------------------------------------------------------------------------------


def page(
    ask: Ask,
    text: str,
    opened: str,
    name: str = "",
    *,
    draft: Draft | None = None,
    problem: str = "",
    review: Review | None = None,
    events: str | None = None,
    played: Played | None = None,
    play_problem: str = "",
    status: int = 200,
) -> Response:
    name = name or ask.params["journey"]
    if not ID.fullmatch(name) and path_of(name) not in ask.project.files:
        ask.missing(f"Journey {name}")
    path = path_of(name)
    draft = draft or ask.desk.journeys.draft({**ask.project.files, path: text}, path)
    in_force = ask.project.files.get(path, "")
    journey = draft.journey
    choices = choices_of(ask, text)
    fields = _fields(text, opened, choices)
    return ask.page(
        "journey_edit.html",
        status=status,
        title=step_words.titled(journey) if journey else name,
        place="/journeys",
        name=name,
        path=path,
        text=text,
        was=mark(text),
        draft=draft,
        elsewhere=[one for one in draft.problems if one.file != path],
        here=[one for one in draft.problems if one.file == path],
        rows=_rows(draft, text, path),
        opened=opened if fields else "",
        opened_kind=step_words.NAMES.get(step_forms.kind_of(_step(text, opened)), ""),
        can_grow=step_forms.kind_of(_step(text, opened))
        in ("branch", "split", "wait_for", "update"),
        fields=fields,
        choices=choices,
        kinds=step_words.NAMES,
        picture=_picture(ask, draft, opened, name),
        is_new=not in_force,
        is_changed=text != in_force,
        problem=problem,
        review=review,
        events=_invented(ask, journey) if events is None and journey else events or "",
        played=played,
        play_problem=play_problem,
        is_playing=events is not None or ask.query.get("show") == "play",
        spans=SPANS,
        gates=GATES,
        entered_by=step_words.entering(journey.entry[0])[1] if journey else "",
    )


def _rows(draft: Draft, text: str, path: str) -> list[Row]:
    """The steps as far as the text can be read, each with the problems of its lines."""
    try:
        ids = edit.step_ids(text)
    except ProjectError:
        return []
    known = {step.id: step for step in draft.journey.steps} if draft.journey else {}
    rows = []
    for one in ids:
        first, last = draft.steps.get(one, (0, 0))
        wrong = tuple(p for p in draft.problems if p.file == path and first <= p.line <= last)
        kind = step_forms.kind_of(_step(text, one))
        words = step_words.said(known[one]) if one in known else ""
        rows.append(Row(one, step_words.ICONS[kind], words, wrong))
    return rows


def _fields(text: str, opened: str, choices: Choices) -> list[Field]:
    try:
        if opened == ENTRY:
            return journey_fields.settings_of(value_of(text), choices)
        step = edit.step_value(text, opened)
    except ProjectError:
        return []
    return fields_of(step, choices) if step else []


def _step(text: str, opened: str) -> Mapping[str, Any]:
    try:
        return edit.step_value(text, opened)
    except ProjectError:
        return {}


def _value(text: str) -> dict[str, Any]:
    value = read_yaml("journey", text).value
    return value if isinstance(value, dict) else {}


def _picture(ask: Ask, draft: Draft, opened: str, name: str) -> object:
    if draft.journey is None:
        return None
    cards = {card.id: card for card in ask.desk.journeys.journeys()}
    counts = counts_of(cards[name].figures) if name in cards else Counts()
    counts = msgspec.structs.replace(counts, left={}, flows={}, entered=0)
    wrong = {
        step
        for step, (first, last) in draft.steps.items()
        for one in draft.problems
        if first <= one.line <= last
    }
    return canvas(
        flow_of(draft.journey), counts, title=step_words.titled(draft.journey),
        summary="As the draft says.", selected=opened, warned=frozenset(wrong), href="#s-{}",
    )  # fmt: skip


def choices_of(ask: Ask, text: str) -> Choices:
    """Names of the project and of the draft's own steps."""
    files, project = ask.project.files, ask.project
    try:
        steps = tuple(edit.step_ids(text))
    except ProjectError:
        steps = ()
    return Choices(
        steps=steps, events=project.events, templates=_names(files, "templates/", "/template.yaml"),
        placements=_names(files, "placements/", ".yaml"), purposes=project.purposes,
        destinations=_names(files, "destinations/", ".yaml"),
    )  # fmt: skip


def _names(files: Mapping[str, str], folder: str, ending: str) -> tuple[str, ...]:
    return tuple(
        path[len(folder) : -len(ending)]
        for path in sorted(files)
        if path.startswith(folder) and path.endswith(ending)
    )


def _recorded(ask: Ask, who: str) -> tuple[str, str]:
    """(a person's own events without what names them, or why there are none)."""
    found = ask.desk.people.find(who)
    profile = ask.desk.people.profile(found[0].person) if found else None
    if profile is None:
        return "", "Nobody has this identifier."
    lines = veiled(ask.desk.journeys.recorded(profile, EVENTS_MAX))
    return lines, "" if lines else "This person has no record to play."


# -- the text in the form --------------------------------------------------------------------------


def path_of(name: str) -> str:
    return f"journeys/{name}.yaml"


def _in_force(ask: Ask) -> str:
    return ask.project.files.get(path_of(ask.params["journey"]), "")


def _text(ask: Ask) -> str:
    """As it was typed, with the line ends of a file."""
    return _lines(ask.form.get("text", _in_force(ask))).rstrip("\n") + "\n"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
