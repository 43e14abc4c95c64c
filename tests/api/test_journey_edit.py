"""Editing a journey's text: one thing changes, comments and all other lines stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.api.journey_edit import (
    step_ids,
    step_value,
    with_moved_step,
    with_new_step,
    with_setting,
    with_step,
    without_step,
)
from journeyfold.api.journey_text import step_lines
from journeyfold.project.yaml_text import read_yaml
from journeyfold.testing.sample_journeys import CART, LONG, WELCOME

TEXTS = [CART, WELCOME, LONG]
FLOW = "entry: [{event: A}]  # who\nsteps: [{id: a, wait: {for: 5m}}, {id: b, exit: done}]\n# the end\n"
APART = """steps:
  # first of all
  - id: a      # beside
    wait:      # how long
      for: 5m  # minutes
  # then
  # twice
  - {id: b, wait: {for: 1h}}

  - id: c
    branch:
      - {if: 'traits.a == 1', goto: a}   # once
      - {else: b}
# behind
goal: {event: X, within: 7d}
"""


def value_of(text):
    return read_yaml("x", text).value


@pytest.mark.parametrize("text", [*TEXTS, APART])
def test_saying_the_same_again_changes_no_meaning_and_no_other_line(text):
    for step in step_ids(text):
        again = with_step(text, step, step_value(text, step))
        assert value_of(again) == value_of(text)
        first, last = step_lines("x", text)[step]
        lines, changed = text.split("\n"), again.split("\n")
        assert changed[: first - 1] == lines[: first - 1]
        assert changed[len(changed) - (len(lines) - last) :] == lines[last:]


def test_a_changed_value_keeps_the_comments_beside_it():
    changed = with_step(APART, "a", {"id": "a", "wait": {"for": "9m"}})
    assert "for: 9m  # minutes" in changed
    assert "- id: a      # beside" in changed
    assert changed.replace("9m", "5m") == APART


def test_a_changed_branch_keeps_the_comments_of_its_ways():
    value = step_value(APART, "c")
    value["branch"][1] = {"else": "c"}
    changed = with_step(APART, "c", value)
    assert changed == APART.replace("{else: b}", "{else: c}")


def test_a_step_goes_with_the_comments_right_above_it():
    changed = without_step(APART, "b")
    assert "# twice" not in changed
    assert "# first of all" in changed
    assert step_ids(changed) == ["a", "c"]


def test_a_step_moves_with_its_comments():
    changed = with_moved_step(APART, "b", -1)
    assert step_ids(changed) == ["b", "a", "c"]
    assert changed.index("# twice") < changed.index("# first of all")
    assert sorted(changed.split("\n")) == sorted(APART.split("\n"))


def test_moving_back_gives_the_same_bytes():
    assert with_moved_step(with_moved_step(APART, "b", 1), "b", -1) == APART


def test_at_the_edge_a_step_stays():
    assert with_moved_step(APART, "a", -1) == APART
    assert with_moved_step(APART, "c", 1) == APART


def test_a_new_step_stands_behind_the_one_it_follows():
    fresh = {"id": "n", "send": {"channel": "email", "template": "x"}}
    changed = with_new_step(APART, "a", fresh)
    assert step_ids(changed) == ["a", "n", "b", "c"]
    assert step_value(changed, "n") == fresh
    assert changed.replace("  - {id: n, send: {channel: email, template: x}}\n", "") == APART


def test_a_new_step_behind_the_last_stands_in_the_list():
    changed = with_new_step(APART, "c", {"id": "n", "exit": "done"})
    assert step_ids(changed) == ["a", "b", "c", "n"]
    assert value_of(changed)["goal"] == {"event": "X", "within": "7d"}


def test_steps_in_one_flow_list_get_a_line_each():
    changed = with_step(FLOW, "a", {"id": "a", "wait": {"for": "9m"}})
    assert step_value(changed, "a") == {"id": "a", "wait": {"for": "9m"}}
    assert step_value(changed, "b") == {"id": "b", "exit": "done"}
    assert changed.startswith("entry: [{event: A}]  # who\n")
    assert changed.endswith("# the end\n")


def test_an_unknown_step_is_said():
    with pytest.raises(KeyError):
        with_step(APART, "z", {"id": "z"})
    with pytest.raises(KeyError):
        without_step(APART, "z")


def test_a_setting_changes_only_its_own_lines():
    changed = with_setting(CART, ("goal", "within"), "9d")
    assert changed == CART.replace("within: 7d, value", "within: 9d, value")


def test_a_setting_that_was_not_there_stands_before_the_steps():
    changed = with_setting(LONG, ("goal",), {"event": "X", "within": "7d"})
    assert "goal: {event: X, within: 7d}\nsteps:\n" in changed
    assert value_of(changed)["steps"] == value_of(LONG)["steps"]


def test_a_setting_can_be_taken_away():
    assert "holdout" not in value_of(with_setting(CART, ("holdout",), None))
    assert value_of(with_setting(CART, ("policy", "caps"), None))["policy"] == {
        "purpose": "marketing_email"
    }


WORDS = st.text(min_size=1, max_size=20).filter(
    lambda text: (
        text.isprintable() and "\x85" not in text and not set(text) & set("\u2028\u2029\ufeff")
    )
)


@given(st.sampled_from(TEXTS), WORDS, st.integers(1, 100))
def test_what_is_written_is_read_again(text, words, number):
    step = step_ids(text)[0]
    value = {"id": step, "update": {"traits": {"said": words, "much": number, "so": True}}}
    assert step_value(with_step(text, step, value), step) == value


@given(st.sampled_from(TEXTS), WORDS)
def test_a_title_is_read_again(text, words):
    assert value_of(with_setting(text, ("title",), words))["title"] == words
