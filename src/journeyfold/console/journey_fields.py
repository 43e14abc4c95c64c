"""What a journey says beside its steps, as a form: who enters, what for, who is held out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from journeyfold.api.journey_edit import with_setting
from journeyfold.console.step_fields import Choices, Field
from journeyfold.core.event import Json

_ENTRIES = "entry"


def settings_of(value: Mapping[str, Any], choices: Choices) -> list[Field]:
    return list(_fields(value, choices))


def with_settings(text: str, value: Mapping[str, Any], form: Mapping[str, str]) -> str:
    """The text with what the form says differently; each changes its own lines only."""
    for field in _fields(value, Choices()):
        said = form.get(field.name)
        if said is None or said.strip() == field.value:
            continue
        path = field.name.split(".")
        typed: Json = said.strip() or None
        if field.kind == "number" and said.strip().isdigit() and len(said) < 12:
            typed = int(said)
        if path[0] == _ENTRIES:
            text = with_setting(text, (_ENTRIES,), _entries(value, path[-1], typed))
        else:
            text = with_setting(text, path, typed)
    return text


def _fields(value: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    yield Field("title", "Title", _text(value, "title"))
    yield Field("stage", "For stage", _text(value, "stage"))
    entries = value.get(_ENTRIES)
    first = entries[0] if isinstance(entries, list) and entries else {}
    if isinstance(first, dict) and not {"segment", "stage", "schedule", "api"} & set(first):
        yield Field("entry.event", "Event", str(first.get("event") or ""), list="events",
                    legend="Enters with")  # fmt: skip
        yield Field("entry.where", "Where", str(first.get("where") or ""), "condition")
        yield Field("entry.key", "One run for each", str(first.get("key") or ""), "condition",
                    help="empty is one run a person")  # fmt: skip
    yield Field("filter", "Only if", _text(value, "filter"), "condition")
    yield Field("goal.event", "Event", _text(value, "goal", "event"), list="events", legend="Goal")
    yield Field("goal.within", "Within", _text(value, "goal", "within"), help="7d")
    yield Field("goal.value", "Worth", _text(value, "goal", "value"), "condition",
                help="properties.total")  # fmt: skip
    yield Field("holdout.percent", "Held out, percent", _text(value, "holdout", "percent"), "number",
                legend="Compared with")  # fmt: skip
    yield Field("holdout.salt", "Salt", _text(value, "holdout", "salt"))
    purposes = (("", "none"), *((one, one) for one in choices.purposes))
    said = _text(value, "policy", "purpose")
    if said and said not in choices.purposes:
        purposes = (*purposes, (said, said))
    yield Field("policy.purpose", "Purpose", said, "select", purposes, legend="Messages")


def _entries(value: Mapping[str, Any], key: str, said: Json) -> Json:
    entries = value.get(_ENTRIES)
    held = (
        [dict(one) for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    )
    first = held[0] if held else {}
    if said is None:
        first.pop(key, None)
    else:
        first[key] = said
    return [first, *held[1:]]


def _text(value: Mapping[str, Any], *path: str) -> str:
    held: Any = value
    for key in path:
        held = held.get(key) if isinstance(held, dict) else None
    return "" if held is None or isinstance(held, dict | list) else str(held)
