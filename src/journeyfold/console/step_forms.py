"""A step as a form, and a form as a step: plain values in, plain values out. Pure.

The form knows what a marketer changes; keys it does not know stay in the value as they are. What
an edit means is for `check` to say, so everything that can be typed is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from journeyfold.console.step_fields import Choices, Field, fields_of
from journeyfold.core.event import Json
from journeyfold.journey.step import KINDS

Step = dict[str, Any]


def kind_of(step: Mapping[str, Any]) -> str:
    return next((kind for kind in KINDS if kind in step), "goto")


def fresh(kind: str, taken: set[str], choices: Choices) -> Step:
    """A new step of a kind, as likely to be right as can be known."""
    first = _FRESH.get(kind, _FRESH["wait"])(choices)
    return {"id": _free(_IDS.get(kind, kind), taken), **first}


def applied(step: Mapping[str, Any], form: Mapping[str, str]) -> Step:
    """The step with what the form says; an empty field takes its key away."""
    value: Step = msgspec.json.decode(msgspec.json.encode(step))
    renamed: dict[str, dict[int, str]] = {}
    for field in fields_of(value, Choices()):
        said = form.get(field.name)
        if said is None or field.kind == "turn":
            continue
        *path, last = field.name.split(".")
        if last == "name":
            renamed.setdefault(".".join(path[:-1]), {})[int(path[-1][1:])] = said.strip()
        else:
            _put(value, [*path, last], _typed(field, said.strip()))
    for where, names in renamed.items():
        outer, key = where.split(".")
        held = value[outer][key]
        value[outer][key] = {
            names.get(at) or name: of for at, (name, of) in enumerate(held.items())
        }
    return value


def turned(step: Mapping[str, Any], form: str) -> Step:
    """A wait of another form."""
    usual: dict[str, Step] = {
        "for": {"for": "1h"}, "until": {"until": "09:00"}, "local_days": {"local_days": 1},
        "local_months": {"local_months": 1}, "at": {"at": "traits.birthday", "offset": "-3d"},
    }  # fmt: skip
    return {**step, "wait": usual.get(form, usual["for"])}


def more(step: Mapping[str, Any], choices: Choices) -> Step:
    """One more way, arm, event or trait at the end of the list of a step."""
    value: Step = msgspec.json.decode(msgspec.json.encode(step))
    match kind_of(value):
        case "branch":
            ways = value["branch"]
            at = len(ways) - 1 if ways and "else" in ways[-1] else len(ways)
            target = choices.steps[-1] if choices.steps else str(step.get("id"))
            ways.insert(at, {"if": 'traits.tier == "gold"', "goto": target})
        case "split":
            arms = value["split"]["arms"]
            arms[_free("arm", set(arms))] = {"weight": 0}
        case "wait_for":
            value["wait_for"]["any"].append({"event": _first(choices.events, "Order Completed")})
        case "update":
            traits = value["update"]["traits"]
            traits[_free("trait", set(traits))] = "value"
        case _:
            pass
    return value


def less(step: Mapping[str, Any], at: str) -> Step:
    """Without one way, arm, event or trait; the last one stays."""
    value: Step = msgspec.json.decode(msgspec.json.encode(step))
    held: Any = {
        "branch": lambda: value["branch"], "split": lambda: value["split"]["arms"],
        "wait_for": lambda: value["wait_for"]["any"],
        "update": lambda: value["update"]["traits"],
    }.get(kind_of(value), list)()  # fmt: skip
    if len(held) > 1 and at.isdigit() and int(at) < len(held):
        del held[list(held)[int(at)] if isinstance(held, dict) else int(at)]
    return value


def _put(value: Any, path: list[str], said: Json) -> None:
    """Set or, with None, take away; a list is entered by number."""
    *outer, last = path
    for part in outer:
        if isinstance(value, list):
            value = value[int(part)]
            continue
        key = _key(value, part)
        if said is None and key not in value:
            return
        value = value.setdefault(key, {})
    last = _key(value, last)
    if said is None:
        value.pop(last, None)
    else:
        value[last] = said


def _key(value: Any, part: str) -> str:
    """`#2` is the third key."""
    return str(list(value)[int(part[1:])]) if part.startswith("#") else part


def _typed(field: Field, said: str) -> Json:
    """Numbers and lists where the field is one; what is none stays text, for check to name."""
    if not said:
        return None
    if field.kind == "number":
        return int(said) if said.lstrip("-").isdigit() and len(said) < 12 else said
    if field.kind == "list":
        parts = [part.strip() for part in said.split(",") if part.strip()]
        return [int(part) if part.isdigit() and len(part) < 12 else part for part in parts]
    if field.kind == "value" and said in ("true", "false"):
        return said == "true"
    return said


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(f"{name}-{number}" for number in range(2, 1_000) if f"{name}-{number}" not in taken)


def _first(names: tuple[str, ...], other: str) -> str:
    return names[0] if names else other


_IDS = {"wait_for": "heard", "send": "mail", "decide": "pick", "update": "mark", "webhook": "call",
        "goto": "again", "exit": "done", "branch": "which"}  # fmt: skip
_FRESH: dict[str, Callable[[Choices], Step]] = {
    "wait": lambda _: {"wait": {"for": "1h"}},
    "wait_for": lambda choices: {
        "wait_for": {
            "any": [{"event": _first(choices.events, "Order Completed")}],
            "timeout": "1d",
        }
    },
    "branch": lambda choices: {
        "branch": [
            {"if": 'traits.tier == "gold"', "goto": _first(choices.steps[-1:], "done")},
        ]
    },
    "split": lambda _: {
        "split": {"salt": "split", "arms": {"a": {"weight": 50}, "b": {"weight": 50}}}
    },
    "send": lambda choices: {
        "send": {"channel": "email", "template": _first(choices.templates, "hello")}
    },
    "decide": lambda choices: {
        "decide": {"placement": _first(choices.placements, "hero"), "save": "offer"}
    },
    "update": lambda _: {"update": {"traits": {"seen": True}}},
    "webhook": lambda choices: {"webhook": {"destination": _first(choices.destinations, "crm")}},
    "goto": lambda choices: {"goto": _first(choices.steps, "start"), "max": 3},
    "exit": lambda _: {"exit": "completed"},
}
