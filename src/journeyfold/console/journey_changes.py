"""One edit of a journey's text, as the editor's form asks for it. Pure: text in, text out.

`do` is a verb and its target; fields of the step that is open are taken over first, unless the
text was typed in since they were shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from journeyfold.api import journey_edit as edit
from journeyfold.console import journey_fields, step_forms
from journeyfold.console.step_fields import Choices
from journeyfold.core.errors import ProjectError
from journeyfold.project.yaml_text import read_yaml

ENTRY = "entry"
Form = Mapping[str, str]


Step = tuple[str, str]
"""The text and the step that is open."""


def changed(text: str, form: Form, choices: Choices) -> tuple[str, str, str]:
    """(text, the step that is open, why an edit could not be made)."""
    opened = form.get("at", "")
    verb, _, target = form.get("do", "").partition(":")
    try:
        if form.get("was") == mark(text) and opened:
            text, opened = _with_fields(text, form, opened)
        done = _VERBS.get(verb)
        if done is not None:
            text, opened = done(_Edit(text, opened, target, form, choices))
    except ProjectError as error:
        return text, opened, f"The text must read first: {error.problems[0].message}."
    except KeyError:
        return text, "", "That step is no longer there."
    return text, opened, ""


def mark(text: str) -> str:
    """By which the form knows whether its text was typed in since it was shown."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def value_of(text: str) -> dict[str, Any]:
    """What the whole says, as plain values."""
    value = read_yaml("journey", text).value
    return value if isinstance(value, dict) else {}


class _Edit(NamedTuple):
    text: str
    opened: str
    target: str
    form: Form
    choices: Choices


def _with_fields(text: str, form: Form, opened: str) -> Step:
    fields = {key[2:]: said for key, said in form.items() if key.startswith("f:")}
    if not fields:
        return text, opened
    if opened == ENTRY:
        return journey_fields.with_settings(text, value_of(text), fields), opened
    step = edit.step_value(text, opened)
    if not step:
        raise KeyError(opened)
    turn = fields.get("turn", "")
    new = step_forms.applied(step, fields)
    if "wait" in step and turn and turn not in step["wait"]:
        new = step_forms.turned(new, turn)
    if new == step:
        return text, opened
    return edit.with_step(text, opened, new), str(new.get("id", opened))


def _open(of: _Edit) -> Step:
    return of.text, of.target


def _add(of: _Edit) -> Step:
    kind = of.form.get(f"kind:{of.target}", "wait")
    step = step_forms.fresh(kind, set(edit.step_ids(of.text)), of.choices)
    after = "" if of.target == ENTRY else of.target
    return edit.with_new_step(of.text, after, step), step["id"]


def _drop(of: _Edit) -> Step:
    order = edit.step_ids(of.text)
    at = order.index(of.target) if of.target in order else 0
    left = [one for one in order if one != of.target]
    nearest = left[min(at, len(left) - 1)] if left else ENTRY
    opened = nearest if of.opened == of.target else of.opened
    return edit.without_step(of.text, of.target), opened


def _up(of: _Edit) -> Step:
    return edit.with_moved_step(of.text, of.target, -1), of.opened


def _down(of: _Edit) -> Step:
    return edit.with_moved_step(of.text, of.target, 1), of.opened


def _more(of: _Edit) -> Step:
    step = step_forms.more(edit.step_value(of.text, of.opened), of.choices)
    return edit.with_step(of.text, of.opened, step), of.opened


def _less(of: _Edit) -> Step:
    step = step_forms.less(edit.step_value(of.text, of.opened), of.target)
    return edit.with_step(of.text, of.opened, step), of.opened


_VERBS: Mapping[str, Callable[[_Edit], Step]] = {
    "open": _open, "add": _add, "drop": _drop, "up": _up, "down": _down, "more": _more,
    "less": _less,
}  # fmt: skip
