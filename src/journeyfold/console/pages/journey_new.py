"""A new journey: from one of the usual ones, opened in the editor; nothing is written."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from journeyfold.api.journey_edit import with_setting
from journeyfold.api.journey_text import journey_of
from journeyfold.console import step_words
from journeyfold.console.ask import Ask
from journeyfold.console.pages.journey_edit import ID, page, path_of
from journeyfold.project.scaffold import template_files

_SEEDS = "shop"


class Seed(msgspec.Struct, frozen=True):
    id: str
    title: str
    stage: str
    words: str


def choose(ask: Ask) -> Response:
    return _choosing(ask)


def begin(ask: Ask) -> Response:
    """A new journey from a seed: its text is opened in the editor, nothing is written."""
    wanted, seed = ask.form.get("id", "").strip(), ask.form.get("seed", "")
    text = _seeds().get(seed)
    if text is None:
        ask.missing("Seed")
    if not ID.fullmatch(wanted):
        return _choosing(ask, "An id is lower case, digits and hyphens; it is the file's name.")
    if path_of(wanted) in ask.project.files:
        return _choosing(ask, f"There is a journey {wanted} already.")
    return page(ask, _for(ask, text) if seed == "empty" else text, "", wanted)


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
    journey = journey_of(path_of(name), text)
    if journey is None:
        return Seed(name, name, "", "")
    steps = ", ".join(step_words.NAMES[step.kind].lower() for step in journey.steps[:4])
    return Seed(name, step_words.titled(journey), journey.stage, steps)


def _for(ask: Ask, text: str) -> str:
    """The empty one with a purpose and an event that the project has."""
    purposes = ask.project.purposes
    purpose = next((one for one in purposes if one.startswith("marketing")), "")
    if purpose:
        text = with_setting(text, ("policy",), {"purpose": purpose})
    events = ask.project.events
    event = _EVENT if not events or _EVENT in events else events[0]
    return with_setting(text, ("entry",), [{"event": event}])


def _seeds() -> dict[str, str]:
    """The journeys of the shop template by id, and an empty one first."""
    found = {
        path.removeprefix("journeys/").removesuffix(".yaml"): text
        for path, text in template_files(_SEEDS).items()
        if path.startswith("journeys/")
    }
    return {"empty": _EMPTY, **found}


_EVENT = "Order Completed"
_EMPTY = """title: New journey
entry:
  - {event: "Order Completed"}
steps:
  - {id: pause, wait: {for: 1h}}
  - {id: done, exit: completed}
"""
