"""Which fields a step has as a form: names, labels, what can be chosen. Pure.

A field's name is its place in the step, `send.template` or `branch.0.if`; of a map whose keys can
be renamed `#2` is the third, and its key ends in `.name`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

Kind = Literal["text", "condition", "number", "list", "select", "value", "turn"]
Options = tuple[tuple[str, str], ...]
_NEXT = ("", "the next line")
FORMS: Options = (
    ("for", "an exact time"), ("until", "until a time of day"), ("local_days", "days, same time"),
    ("local_months", "months, same time"), ("at", "until an instant of a trait"),
)  # fmt: skip
CHANNELS: Options = (("email", "e-mail"), ("push", "push"), ("sms", "SMS"), ("webhook", "webhook"))


class Choices(msgspec.Struct, frozen=True):
    """What the project has that a step may name."""

    steps: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    placements: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    caps: tuple[str, ...] = ()


class Field(msgspec.Struct, frozen=True):
    name: str
    label: str
    value: str = ""
    kind: Kind = "text"
    options: Options = ()
    list: str = ""  # of a datalist
    help: str = ""
    drop: str = ""  # what `less` takes to remove the row that this field begins
    legend: str = ""  # a heading above it


def fields_of(step: Mapping[str, Any], choices: Choices) -> list[Field]:
    """In the order in which they are asked; a value that is no longer there can still be seen."""
    return [Field("id", "Name", str(step.get("id", ""))), *_of_kind(step, choices)]


def _of_kind(step: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    after = _select("goto", "Then", step.get("goto"), choices.steps, _NEXT)
    for kind, fields in _FIELDS.items():
        if kind in step:
            yield from fields(step[kind] or {}, choices)
            if kind not in {"branch", "exit", "split"}:
                yield after
            return
    yield _select("goto", "Go to", step.get("goto"), choices.steps)
    yield Field("max", "At most so many times", _text(step.get("max")), "number")


def _wait(wait: Mapping[str, Any], _choices: Choices) -> Iterator[Field]:
    form = next((key for key, _ in FORMS if key in wait), "for")
    yield Field("turn", "Waits", form, "turn", FORMS)
    match form:
        case "until":
            yield Field("wait.until", "Time of day", _text(wait.get("until")), help="09:00")
            days = ", ".join(_text(day) for day in wait.get("days") or ())
            yield Field("wait.days", "On days", days, "list", help="1 is Monday; empty is any day")
            past: Options = (("", "then tomorrow"), ("go", "go on at once"))
            yield Field("wait.if_past", "If it is later already", _text(wait.get("if_past")),
                        "select", past)  # fmt: skip
        case "local_days" | "local_months":
            label = "Days" if form == "local_days" else "Months"
            yield Field(f"wait.{form}", label, _text(wait.get(form)), "number")
        case "at":
            yield Field("wait.at", "Instant", _text(wait.get("at")), "condition")
            yield Field("wait.offset", "Earlier or later by", _text(wait.get("offset")),
                        help="-3d is three days before")  # fmt: skip
            missing: Options = (("", "go on"), ("wait", "wait for it"), ("exit", "leave"))
            yield Field("wait.on_missing", "If there is none", _text(wait.get("on_missing")),
                        "select", missing)  # fmt: skip
        case _:
            yield Field("wait.for", "For", _text(wait.get("for")), help="5m, 20h, 3d, 2w")


def _wait_for(wait: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    for at, each in enumerate(wait.get("any") or ()):
        path = f"wait_for.any.{at}"
        yield Field(f"{path}.event", "Event", _text(each.get("event")), list="events",
                    drop=str(at), legend="Whichever comes first" if not at else "")  # fmt: skip
        yield Field(f"{path}.where", "Where", _text(each.get("where")), "condition")
        yield _select(f"{path}.goto", "Then", each.get("goto"), choices.steps, _NEXT)
    yield Field("wait_for.timeout", "At most for", _text(wait.get("timeout")), help="1h, 3d",
                legend="If none comes")  # fmt: skip
    yield _select("wait_for.on_timeout", "Then", wait.get("on_timeout"), choices.steps, _NEXT)
    options = (("", "since this step"), ("entry", "since the entry"))
    yield Field("wait_for.since", "Counts events", _text(wait.get("since")), "select", options)
    yield Field("wait_for.reset_on", "Begins anew with", _text(wait.get("reset_on")), list="events")


def _branch(ways: Any, choices: Choices) -> Iterator[Field]:
    for at, way in enumerate(ways):
        if "else" in way:
            yield _select(f"branch.{at}.else", "Else", way["else"], choices.steps)
            continue
        yield Field(f"branch.{at}.if", "If", _text(way.get("if")), "condition", drop=str(at),
                    legend="The first that is true" if not at else "")  # fmt: skip
        yield _select(f"branch.{at}.goto", "Then", way.get("goto"), choices.steps)


def _split(split: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    for at, (name, arm) in enumerate((split.get("arms") or {}).items()):
        path = f"split.arms.#{at}"
        yield Field(f"{path}.name", "Arm", name, drop=str(at),
                    legend="Weights sum to 100" if not at else "")  # fmt: skip
        yield Field(f"{path}.weight", "Weight", _text(arm.get("weight")), "number")
        yield _select(f"{path}.goto", "Then", arm.get("goto"), choices.steps, _NEXT)
    yield Field("split.salt", "Salt", _text(split.get("salt")), legend="Drawn by",
                help="another salt draws everybody anew")  # fmt: skip
    yield Field("split.by", "Unit", _text(split.get("by")), help="person, key or traits.NAME")


def _send(send: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    yield Field("send.channel", "Channel", _text(send.get("channel")), "select", CHANNELS)
    if not send.get("by_stage"):
        yield Field("send.template", "Template", _text(send.get("template")), list="templates")
    by_journey = ("", "as the journey says")
    yield _select("send.purpose", "Purpose", send.get("purpose"), choices.purposes, by_journey)
    usual = ("", "the usual one")
    yield _select("send.destination", "Through", send.get("destination"), choices.destinations,
                  usual)  # fmt: skip
    yield Field("send.expires", "Not later than", _text(send.get("expires")),
                help="4h after coming here; empty is never too late")  # fmt: skip
    options: Options = (("", "waits for the morning"), ("skip", "is left out"))
    yield Field(
        "send.on_quiet", "In quiet hours it", _text(send.get("on_quiet")), "select", options
    )
    options = (("", "is left out"), ("hold", "waits for room"))
    yield Field("send.on_cap", "Over the cap it", _text(send.get("on_cap")), "select", options)
    options = (("", "as its class says"), ("at_most_once", "at most once"),
               ("at_least_once", "at least once"))  # fmt: skip
    yield Field("send.delivery", "Goes out", _text(send.get("delivery")), "select", options)
    yield _on_fail("send.on_fail", send.get("on_fail"), choices)


def _decide(decide: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    yield Field("decide.placement", "Placement", _text(decide.get("placement")), list="placements")
    yield Field("decide.save", "Keep it as", _text(decide.get("save")), help="read as vars.NAME")
    yield _select("decide.on_none", "If nothing is eligible", decide.get("on_none"), choices.steps,
                  _NEXT)  # fmt: skip


def _update(update: Mapping[str, Any], _choices: Choices) -> Iterator[Field]:
    for at, (name, value) in enumerate((update.get("traits") or {}).items()):
        path = f"update.traits.#{at}"
        yield Field(f"{path}.name", "Trait", name, drop=str(at))
        yield Field(path, "Value", _text(value), "value")


def _webhook(webhook: Mapping[str, Any], choices: Choices) -> Iterator[Field]:
    yield Field("webhook.destination", "Destination", _text(webhook.get("destination")),
                list="destinations")  # fmt: skip
    yield Field("webhook.payload", "Payload", _text(webhook.get("payload")),
                help="a template; empty is the usual body")  # fmt: skip
    yield _on_fail("webhook.on_fail", webhook.get("on_fail"), choices)


def _exit(reason: Any, _choices: Choices) -> Iterator[Field]:
    yield Field("exit", "Ends as", _text(reason))


def _on_fail(name: str, value: Any, choices: Choices) -> Field:
    return _select(name, "If it fails", value, ("exit", *choices.steps), ("", "go on"))


def _select(
    name: str, label: str, value: Any, options: tuple[str, ...], *first: tuple[str, str]
) -> Field:
    """A choice of names; one that is not among them is shown all the same."""
    said = _text(value)
    known = (*options, said) if said and said not in options else options
    return Field(name, label, said, "select", (*first, *((one, one) for one in known)))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_FIELDS = {
    "wait": _wait, "wait_for": _wait_for, "branch": _branch, "split": _split, "send": _send,
    "decide": _decide, "update": _update, "webhook": _webhook, "exit": _exit,
}  # fmt: skip
