"""Edits of a journey's text: one step or one setting changes, every other line stays as it was.

What changes goes through ruamel's round trip, so its comments and quotes stay; all other lines are
taken over byte by byte (console C17). A file whose steps stand in one flow list is first written
with a line for each. Raises ProjectError where the text is no YAML, KeyError for a step that is
not there.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from journeyfold.core.event import Json
from journeyfold.project.yaml_text import read_yaml

_STEPS = "steps"
_DASH = 2  # where ruamel writes a dash as it is set up here; comments keep their columns by it
Value = Mapping[str, Json]


class _Block(NamedTuple):
    """Lines of one step, from 0: comments above it, its dash, and the line after its last."""

    lead: int
    dash: int
    end: int


def step_value(text: str, step: str) -> dict[str, Any]:
    """What the step says, as plain values; {} where it is not there."""
    for each in _steps(text):
        if isinstance(each, dict) and each.get("id") == step:
            return each
    return {}


def step_ids(text: str) -> list[str]:
    return [str(each.get("id", "")) for each in _steps(text) if isinstance(each, dict)]


def with_step(text: str, step: str, value: Value) -> str:
    """The text with another content of one step; its id may change, too."""
    text = _in_lines(text)
    block, lines = _block(text, step), text.split("\n")
    indent = _indent(lines[block.dash])
    fragment = "\n".join(_shifted(lines[block.dash : block.end], _DASH - indent))
    loaded = _round_trip().load(fragment)
    _merge(loaded[0], value)
    return "\n".join([*lines[: block.dash], *_dumped(loaded, indent), *lines[block.end :]])


def with_new_step(text: str, after: str, value: Value) -> str:
    """The text with one more step behind another, or before all where `after` is ''."""
    text = _in_lines(text)
    blocks, lines = _blocks(text), text.split("\n")
    if not blocks:
        return with_setting(text, (_STEPS,), [dict(value)])
    indent = _indent(lines[blocks[0].dash])
    fresh = CommentedMap(value)
    fresh.fa.set_flow_style()
    at = _block(text, after).end if after else blocks[0].lead
    return "\n".join([*lines[:at], *_dumped(CommentedSeq([fresh]), indent), *lines[at:]])


def without_step(text: str, step: str) -> str:
    """The text without a step and the comments right above it."""
    text = _in_lines(text)
    block, lines = _block(text, step), text.split("\n")
    return "\n".join([*lines[: block.lead], *lines[block.end :]])


def with_moved_step(text: str, step: str, by: int) -> str:
    """The step one line further down (1) or up (-1); at the edge nothing changes."""
    text = _in_lines(text)
    order = step_ids(text)
    at = order.index(step) if step in order else -1
    other = at + by
    if at < 0:
        raise KeyError(step)
    if not 0 <= other < len(order):
        return text
    blocks, lines = _blocks(text), text.split("\n")
    first, second = sorted((blocks[at], blocks[other]))
    return "\n".join(
        [
            *lines[: first.lead], *lines[second.lead : second.end],
            *lines[first.end : second.lead], *lines[first.lead : first.end],
            *lines[second.end :],
        ]
    )  # fmt: skip


def with_setting(text: str, path: Sequence[str], value: Json) -> str:
    """The text with another value of a key; None takes the key away. Only its own lines change."""
    key = path[0]
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    start, end = _key_lines(text, key)
    held: Any = CommentedMap()
    if start >= 0:
        held = _round_trip().load("\n".join(lines[start:end]))
    else:
        start = end = _before_steps(text, lines)
    _put(held, path, value)
    fresh = _dumped_map(held) if held else []
    return "\n".join([*lines[:start], *fresh, *lines[end:]]) + "\n"


# -- where things stand ----------------------------------------------------------------------------


def _steps(text: str) -> list[Any]:
    value = read_yaml("journey", text).value
    steps = value.get(_STEPS) if isinstance(value, dict) else None
    return steps if isinstance(steps, list) else []


def _block(text: str, step: str) -> _Block:
    order = step_ids(text)
    if step not in order:
        raise KeyError(step)
    return _blocks(text)[order.index(step)]


def _blocks(text: str) -> list[_Block]:
    """Of every step, in order."""
    node = _node(text, _STEPS)
    lines, found = text.split("\n"), list[_Block]()
    for item in node.value if node is not None else []:
        start = item.start_mark
        dash = text.rfind("-", 0, start.index)
        first = text.count("\n", 0, dash)
        last = text.count("\n", 0, len(text[: item.end_mark.index].rstrip()))
        while last > first and (not lines[last].strip() or lines[last].lstrip().startswith("#")):
            last -= 1
        lead = first
        floor = found[-1].end if found else 0
        while lead > floor and lines[lead - 1].lstrip().startswith("#"):
            lead -= 1
        found.append(_Block(lead, first, last + 1))
    return found


def _key_lines(text: str, key: str) -> tuple[int, int]:
    """First line of a key of the whole, and the line after its value; (-1, -1) where it is not."""
    root = _composed(text)
    for name, node in root.value if root is not None else []:
        if name.value == key:
            first = name.start_mark.line
            last = text.count("\n", 0, len(text[: node.end_mark.index].rstrip()))
            lines = text.split("\n")
            while last > first and (not lines[last].strip() or lines[last].startswith("#")):
                last -= 1
            return first, last + 1
    return -1, -1


def _before_steps(text: str, lines: Sequence[str]) -> int:
    """Where a new key goes: before the steps, which are the longest part and come last."""
    at, _ = _key_lines(text, _STEPS)
    while at > 0 and lines[at - 1].startswith("#"):
        at -= 1
    return at if at >= 0 else len(lines)


def _node(text: str, key: str) -> Any:
    root = _composed(text)
    return next((node for name, node in root.value if name.value == key), None) if root else None


def _composed(text: str) -> Any:
    """The tree with its places; read first by the loader that refuses what we do not take."""
    read_yaml("journey", text)
    root = _round_trip().compose(text)
    return root if root is not None and root.id == "mapping" else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


# -- writing ---------------------------------------------------------------------------------------


def _in_lines(text: str) -> str:
    """The same with a line for each step, where they stood in one flow list."""
    node = _node(text, _STEPS)
    if node is None or not node.flow_style:
        return text
    lines = text.rstrip("\n").split("\n")
    start, end = _key_lines(text, _STEPS)
    held = _round_trip().load("\n".join(lines[start:end]))
    held[_STEPS].fa.set_block_style()
    return "\n".join([*lines[:start], *_dumped_map(held), *lines[end:]]) + "\n"


def _round_trip() -> YAML:
    """A flow map stays on its line, however long."""
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=_DASH + 2, offset=_DASH)
    return yaml


def _dumped(steps: Any, indent: int) -> list[str]:
    """A list of steps as lines, its dashes at `indent`."""
    out = io.StringIO()
    _round_trip().dump(steps, out)
    return _shifted(out.getvalue().rstrip("\n").split("\n"), indent - _DASH)


def _shifted(lines: Sequence[str], by: int) -> list[str]:
    if by >= 0:
        return [f"{' ' * by}{line}".rstrip() for line in lines]
    return [line[-by:].rstrip() for line in lines]


def _dumped_map(held: Any) -> list[str]:
    out = io.StringIO()
    _round_trip().dump(held, out)
    return out.getvalue().rstrip("\n").split("\n")


def _merge(held: Any, value: Mapping[str, Any]) -> None:
    """What differs is replaced, so that comments beside what does not stay."""
    for key in [key for key in held if key not in value]:
        del held[key]
    for key, new in value.items():
        _merge_key(held, key, new)
    if list(held) != list(value):  # a key was renamed in its place
        kept = {key: held.pop(key) for key in list(held)}
        for key in value:
            held[key] = kept[key]


def _merge_key(held: Any, key: str, new: Any) -> None:
    old = held.get(key)
    if isinstance(old, dict) and isinstance(new, Mapping):
        _merge(old, new)
    elif isinstance(old, list) and isinstance(new, list):
        _merge_list(old, new)
    elif key not in held or old != new or isinstance(old, bool) is not isinstance(new, bool):
        held[key] = _flow(new)


def _merge_list(old: Any, new: Sequence[Any]) -> None:
    del old[len(new) :]
    for at, each in enumerate(new):
        if at >= len(old):
            old.append(_flow(each))
        elif isinstance(old[at], dict) and isinstance(each, Mapping):
            _merge(old[at], each)
        elif old[at] != each:
            old[at] = _flow(each)


def _flow(value: Any) -> Any:
    """Lists and maps that are new are written on one line."""
    if isinstance(value, Mapping):
        made = CommentedMap({key: _flow(each) for key, each in value.items()})
        made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        listed = CommentedSeq([_flow(each) for each in value])
        listed.fa.set_flow_style()
        return listed
    return value


def _put(held: Any, path: Sequence[str], value: Json) -> None:
    *outer, last = path
    for key in outer:
        inner = held.get(key)
        if not isinstance(inner, dict):
            if value is None:
                return
            held[key] = inner = _flow({})
        held = inner
    if value is None:
        held.pop(last, None)
    else:
        _merge_key(held, last, value)
