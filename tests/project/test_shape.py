"""Shapes: every finding at its own place, for the types that definitions use."""

from typing import Annotated, Literal

import msgspec
import pytest

from journeyfold.project.shape import shape_problems
from journeyfold.project.yaml_text import read_yaml


class Inner(msgspec.Struct, forbid_unknown_fields=True, rename={"since": "from"}):
    weight: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0
    mode: Literal["fast", "slow"] = "fast"
    since: str | None = None
    span: Annotated[str, msgspec.Meta(pattern="^[0-9]+(s|m|h|d|w)$", examples=["30d"])] = "1d"

    def __post_init__(self):
        if self.weight == 7:
            raise ValueError("weight: seven is unlucky; take eight")


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    inner: Inner | None = None
    items: tuple[Inner, ...] = ()
    by_name: dict[str, Inner] = {}
    either: int | list[str] = 0
    enabled: bool = False
    pair: tuple[int, int] = (1, 2)
    colours: dict[Literal["red", "blue"], int] = {}


def findings(text, cls=Outer):
    document = read_yaml("a.yaml", text)
    found = shape_problems(document, (), cls)
    return [(p.line, p.column, p.code, p.message, p.suggestion) for p in found]


def test_a_value_without_findings_converts():
    text = "name: a\ninner: {weight: 2}\nitems: [{from: x}]\neither: [b]\npair: [1, 3]"
    assert findings(text) == []
    assert msgspec.convert(read_yaml("a", text).value, Outer).items[0].since == "x"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "name: a\ninnner: {}",
            (2, 1, "P110", "unknown key 'innner'", "did you mean 'inner'?"),
        ),
        ("inner: {}", (1, 1, "P112", "the key 'name' is missing", "add `name: …`")),
        ("name: 1", (1, 7, "P111", "'name' is the number 1; expected text", "")),
        ("name:", (1, 6, "P111", "'name' is empty; expected text", "")),
        (
            "name: a\ninner: 3",
            (2, 8, "P111", "'inner' is the number 3; expected a map of keys or null", ""),
        ),
        (
            "name: a\nitems:\n  - {mode: fats}",
            (3, 12, "P113", "'fats' is not one of fast, slow", "did you mean 'fast'?"),
        ),
        (
            "name: a\nby_name: {x: {weight: 0}}",
            (2, 23, "P113", "'0' is not more than 0 and at most 10", ""),
        ),
        (
            "name: a\nby_name: {x: {weight: 7}}",
            (2, 23, "P114", "seven is unlucky", "take eight"),
        ),
        (
            "name: a\ninner: {span: 3 days}",
            (2, 15, "P113", "'3 days' is no duration", "write it like 30d"),
        ),
        (
            "name: a\neither: yes",
            (2, 9, "P111", "'either' is the text 'yes'; expected a whole number or a list", ""),
        ),
        (
            "name: a\nenabled: 1",
            (2, 10, "P111", "'enabled' is the number 1; expected true or false", ""),
        ),
        ("name: a\npair: [1]", (2, 7, "P111", "'pair' is a list; expected a list of 2 items", "")),
        (
            "name: a\npair: [1, b]",
            (2, 11, "P111", "this is the text 'b'; expected a whole number", ""),
        ),
        ("name: a\nitems: {}", (2, 8, "P111", "'items' is a map of keys; expected a list", "")),
        (
            "name: a\ncolours: {rde: 1}",
            (2, 11, "P110", "unknown key 'rde'", "did you mean 'red'?"),
        ),
        ("- name: a", (1, 1, "P111", "this is a list; expected a map of keys", "")),
    ],
)
def test_a_finding_stands_at_its_place(text, found):
    assert findings(text) == [found]


def test_all_findings_come_at_once():
    text = "nmae: a\nitems: [{mode: x}, {weight: -1}]\nby_name: {a: {z: 1}}"
    assert [found[2] for found in findings(text)] == ["P110", "P112", "P113", "P113", "P110"]


def test_an_int_may_stand_for_a_float_but_a_bool_for_no_number():
    assert findings("name: a\ninner: {weight: 3}") == []
    assert findings("name: a\ninner: {weight: true}")[0][2] == "P111"
