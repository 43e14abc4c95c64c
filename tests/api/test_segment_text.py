"""A condition is replaced in its file and nothing else is touched (console C17)."""

from __future__ import annotations

import pytest

from journeyfold.api.segment_text import in_lines, with_condition, with_segment
from journeyfold.project.yaml_text import read_yaml

FILE = "segments/shop.yaml"
NEW = 'traits.tier == "gold"'
TEXT = """# who is who
segments:
  - id: a   # first
    when: |
      count("X") >= 2
      and traits.y == 1

    goal: {event: X, within: 14d}
  - {id: b, when: 'traits.name == "it''s"', tags: [t]}   # second

# the end
"""


def when_of(text, index):
    return " ".join(read_yaml(FILE, text).at(("segments", index, "when")).split())


def test_a_block_stays_a_block():
    text = with_condition(FILE, TEXT, "a", NEW)
    assert text == TEXT.replace('count("X") >= 2\n      and traits.y == 1', NEW)


def test_a_quoted_condition_is_replaced_in_its_place():
    text = with_condition(FILE, TEXT, "b", NEW)
    assert text == TEXT.replace("""'traits.name == "it''s"'""", f"'{NEW}'")


def test_a_quote_inside_is_doubled():
    text = with_condition(FILE, TEXT, "b", """traits.name == "o'neill" """.strip())
    assert when_of(text, 1) == """traits.name == "o'neill\""""


def test_an_unknown_segment_is_a_key_error():
    with pytest.raises(KeyError):
        with_condition(FILE, TEXT, "c", NEW)


def test_a_new_segment_stands_after_the_last_and_before_the_comments():
    text = with_segment(FILE, TEXT, "c", NEW)
    assert text == TEXT.replace("# second\n", f"# second\n  - {{id: c, when: '{NEW}'}}\n")
    assert when_of(text, 2) == NEW


def test_an_empty_file_becomes_one():
    assert when_of(with_segment(FILE, "", "c", NEW), 0) == NEW


def test_a_file_without_a_list_gets_one():
    text = with_segment(FILE, "lifecycles: []\n", "c", NEW)
    assert text.startswith("lifecycles: []\n")
    assert when_of(text, 0) == NEW


def test_a_file_without_a_last_line_end_gets_one():
    text = with_segment(FILE, "segments:\n- {id: b, when: 'traits.x == 1'}", "c", NEW)
    assert when_of(text, 1) == NEW


def test_a_long_condition_is_broken_before_its_outermost_words():
    when = " and ".join(f"traits.number_{index} == {index}" for index in range(6))
    lines = in_lines(when)
    assert len(lines) == 6
    assert lines[1].startswith("and traits.number_1")
    assert when_of(with_segment(FILE, TEXT, "c", when), 2) == when


def test_an_or_inside_an_and_keeps_its_brackets():
    when = 'traits.a == 1 and (traits.b == 2 or traits.c == "' + "x" * 90 + '")'
    assert when_of(with_segment(FILE, TEXT, "c", when), 2) == when
