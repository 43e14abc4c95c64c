"""The editor of a journey: steps by forms, the same as text, checked, played, planned, published.

The text is always the truth (C17): it travels in the form, a form's change is a change of the
text, and what was typed wins over fields that were shown before. Nothing is kept until Publish.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec
from starlette.responses import Response

from journeyfold.api import journey_edit as edit
from journeyfold.api.cards import Plan, Stale
from journeyfold.api.journey_cards import Draft, Played
from journeyfold.api.journey_text import journey_of
from journeyfold.console import journey_fields, step_forms, step_words
from journeyfold.console.ask import Ask
from journeyfold.console.canvas import Counts, canvas
from journeyfold.console.code import CodeLine, diff_lines
from journeyfold.console.flow import flow_of
from journeyfold.console.inventing import invented, veiled
from journeyfold.console.pages.journey import counts_of
from journeyfold.console.step_fields import Choices, Field, fields_of
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import duration_us
from journeyfold.project.scaffold import template_files
from journeyfold.project.yaml_text import read_yaml

ENTRY = "entry"
SPANS = {"7d": "7 days", "30d": "30 days", "90d": "90 days"}
EVENTS_MAX = 100
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)
_SEEDS = "shop"


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


class Seed(msgspec.Struct, frozen=True):
    id: str
    title: str
    stage: str
    words: str


# -- requests --------------------------------------------------------------------------------------


def choose(ask: Ask) -> Response:
    return _choosing(ask)


def begin(ask: Ask) -> Response:
    """A new journey from a seed: its text is opened in the editor, nothing is written."""
    wanted, seed = ask.form.get("id", "").strip(), ask.form.get("seed", "")
    text = _seeds().get(seed)
    if text is None:
        ask.missing("Seed")
    if not _ID.fullmatch(wanted):
        return _choosing(ask, "An id is lower case, digits and hyphens; it is the file's name.")
    if _path(wanted) in ask.project.files:
        return _choosing(ask, f"There is a journey {wanted} already.")
    return _page(ask, text, "", wanted)


def show(ask: Ask) -> Response:
    text = _in_force(ask)
    if not text:
        ask.missing(f"Journey {ask.params['journey']}")
    return _page(ask, text, ask.query.get("open", ""))


def change(ask: Ask) -> Response:
    """One edit; the page answers with list, canvas and text following."""
    text, opened, problem = _changed(ask)
    return _page(ask, text, opened, problem=problem)


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
    journey = journey_of(_path(name), text)
    if not events.strip() and journey is not None and not problem:
        events = invented(journey, ask.now_us)
    files = {**ask.project.files, _path(name): text}
    then_us = duration_us(then if then in SPANS else "30d") or 0
    played = ask.desk.journeys.play(files, name, events, then_us) if not problem else None
    return _page(ask, text, "", events=events, played=played, play_problem=problem)


def plan(ask: Ask) -> Response:
    text = _text(ask)
    path = _path(ask.params["journey"])
    files = {**ask.project.files, path: text}
    draft = ask.desk.journeys.draft(files, path)
    if draft.problems:
        return _page(ask, text, ask.form.get("at", ""), draft=draft)
    lines = diff_lines(ask.project.files.get(path, ""), text)
    return _page(ask, text, "", draft=draft, review=Review(lines, ask.desk.project.plan(files)))


def publish(ask: Ask) -> Response:
    """Write the file and put it in force; 409 with the other change if someone was faster."""
    text, name = _text(ask), ask.params["journey"]
    path = _path(name)
    before = ask.project.files.get(path, "")
    try:
        ask.desk.project.publish(
            {**ask.project.files, path: text}, base=ask.form.get("base", ""), actor=ask.user.name
        )
    except Stale as stale:
        now = stale.files.get(path, "")
        review = Review(diff_lines(now, text), Plan(), diff_lines(before, now))
        return _page(ask, text, "", review=review, status=409)
    except ProjectError as error:
        return _page(ask, text, "", problem=str(error.problems[0]), status=422)
    except OSError as error:
        why = f"{path} cannot be written ({error.strerror}). Nothing is lost: take the file along."
        return _page(ask, text, "", problem=why, status=503)
    ask.desk.keys.audit(ask.user.name, "journey.publish", name)
    return ask.go(f"/journeys/{name}", published="1")


def patch(ask: Ask) -> Response:
    """The file to download: what a read-only project directory gives (C17)."""
    name = ask.params["journey"]
    disposition = f'attachment; filename="{name if _ID.fullmatch(name) else "journey"}.yaml"'
    return Response(
        _text(ask), media_type="application/yaml", headers={"Content-Disposition": disposition}
    )


# -- edits -----------------------------------------------------------------------------------------


def _changed(ask: Ask) -> tuple[str, str, str]:
    """(text, the step that is open, why an edit could not be made)."""
    text, form = _text(ask), ask.form
    opened = form.get("at", "")
    verb, _, target = form.get("do", "").partition(":")
    try:
        if form.get("was") == mark(text) and opened:
            text, opened = _with_fields(ask, text, opened)
        done = _VERBS.get(verb)
        if done is not None:
            text, opened = done(ask, text, opened, target)
    except ProjectError as error:
        return text, opened, f"The text must read first: {error.problems[0].message}."
    except KeyError:
        return text, "", "That step is no longer there."
    return text, opened, ""


def _with_fields(ask: Ask, text: str, opened: str) -> tuple[str, str]:
    fields = {key[2:]: said for key, said in ask.form.items() if key.startswith("f:")}
    if not fields:
        return text, opened
    if opened == ENTRY:
        return journey_fields.with_settings(text, _value(text), fields), opened
    step = edit.step_value(text, opened)
    if not step:
        raise KeyError(opened)
    turn = fields.get("turn", "")
    changed = step_forms.applied(step, fields)
    if "wait" in step and turn and turn not in step["wait"]:
        changed = step_forms.turned(changed, turn)
    if changed == step:
        return text, opened
    return edit.with_step(text, opened, changed), str(changed.get("id", opened))


def _open(_ask: Ask, text: str, _opened: str, target: str) -> tuple[str, str]:
    return text, target


def _add(ask: Ask, text: str, _opened: str, after: str) -> tuple[str, str]:
    kind = ask.form.get(f"kind:{after}", "wait")
    taken = set(edit.step_ids(text))
    step = step_forms.fresh(kind, taken, choices_of(ask, text))
    return edit.with_new_step(text, "" if after == ENTRY else after, step), step["id"]


def _drop(_ask: Ask, text: str, opened: str, target: str) -> tuple[str, str]:
    order = edit.step_ids(text)
    at = order.index(target) if target in order else 0
    left = [one for one in order if one != target]
    nearest = left[min(at, len(left) - 1)] if left else ENTRY
    return edit.without_step(text, target), nearest if opened == target else opened


def _up(_ask: Ask, text: str, opened: str, target: str) -> tuple[str, str]:
    return edit.with_moved_step(text, target, -1), opened


def _down(_ask: Ask, text: str, opened: str, target: str) -> tuple[str, str]:
    return edit.with_moved_step(text, target, 1), opened


def _more(ask: Ask, text: str, opened: str, _target: str) -> tuple[str, str]:
    step = step_forms.more(edit.step_value(text, opened), choices_of(ask, text))
    return edit.with_step(text, opened, step), opened


def _less(_ask: Ask, text: str, opened: str, target: str) -> tuple[str, str]:
    return edit.with_step(
        text, opened, step_forms.less(edit.step_value(text, opened), target)
    ), opened


_VERBS: dict[str, Callable[[Ask, str, str, str], tuple[str, str]]] = {
    "open": _open, "add": _add, "drop": _drop, "up": _up, "down": _down, "more": _more,
    "less": _less,
}  # fmt: skip


# -- what is shown ---------------------------------------------------------------------------------


def _page(
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
    if not _ID.fullmatch(name) and _path(name) not in ask.project.files:
        ask.missing(f"Journey {name}")
    path = _path(name)
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
        events=invented(journey, ask.now_us) if events is None and journey else events or "",
        played=played,
        play_problem=play_problem,
        is_playing=events is not None or ask.query.get("show") == "play",
        spans=SPANS,
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
            return journey_fields.settings_of(_value(text), choices)
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


# -- a new one -------------------------------------------------------------------------------------


def _choosing(ask: Ask, problem: str = "") -> Response:
    return ask.page(
        "journey_new.html",
        status=422 if problem else 200,
        title="New journey",
        place="/journeys",
        seeds=[_seed(name, text) for name, text in _seeds().items()],
        chosen=ask.form.get("seed", ""),
        wanted=ask.form.get("id", ""),
        problem=problem,
    )


def _seed(name: str, text: str) -> Seed:
    journey = journey_of(_path(name), text)
    if journey is None:
        return Seed(name, name, "", "")
    steps = ", ".join(step_words.NAMES[step.kind].lower() for step in journey.steps[:4])
    return Seed(name, step_words.titled(journey), journey.stage, steps)


def _seeds() -> dict[str, str]:
    """The journeys of the shop template by id, and an empty one first."""
    found = {
        path.removeprefix("journeys/").removesuffix(".yaml"): text
        for path, text in template_files(_SEEDS).items()
        if path.startswith("journeys/")
    }
    return {"empty": _EMPTY, **found}


_EMPTY = """title: New journey
entry:
  - {event: "Order Completed"}
policy: {purpose: marketing_email}
steps:
  - {id: pause, wait: {for: 1h}}
  - {id: done, exit: completed}
"""


# -- the text in the form --------------------------------------------------------------------------


def _path(name: str) -> str:
    return f"journeys/{name}.yaml"


def _in_force(ask: Ask) -> str:
    return ask.project.files.get(_path(ask.params["journey"]), "")


def _text(ask: Ask) -> str:
    """As it was typed, with the line ends of a file."""
    return _lines(ask.form.get("text", _in_force(ask))).rstrip("\n") + "\n"


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def mark(text: str) -> str:
    """By which the form knows whether its text was typed in since it was shown."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
