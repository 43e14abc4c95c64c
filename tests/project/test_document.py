"""Places inside a file: where a value, a key or a character of a text stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.project.document import line_and_column, source_offsets
from journeyfold.project.yaml_text import read_yaml


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("k: a traits.b", (1, 6)),
        ("k: 'a traits.b'", (1, 7)),
        ("k: 'it''s traits.b'", (1, 11)),
        ('k: "a traits.b"', (1, 7)),
        ('k: "a \\"q\\" traits.b"', (1, 13)),
        ('k: "\\u00e4\\x41\\U0001F600 traits.b"', (1, 26)),
        ("k: >-\n  one\n  two traits.b", (3, 7)),
        ("k: |\n  one\n    two traits.b\n", (3, 9)),
        ("k: one\n   two traits.b", (2, 8)),
        ("k: 'one\n   two traits.b'", (2, 8)),
        ('k: "one\\\n   two traits.b"', (2, 8)),
        ("x: 1\nl:\n  - {k: 1}\nk: ü traits.b", (4, 6)),
        ("a: &t 'x traits.b'\nk: *t", (2, 4)),
    ],
)
def test_a_character_of_a_text_is_found_in_the_file(text, place):
    document = read_yaml("a.yaml", text)
    inside = document.at(("k",)).index("traits")
    problem = document.problem(("k",), "X", "", inside=inside)
    assert (problem.line, problem.column) == place


def test_a_key_and_its_value_have_their_own_places():
    document = read_yaml("a.yaml", "a:\n  - {b: 1, cc:   2}")
    path = ("a", 0, "cc")
    assert document.problem(path, "", "").column == 18
    assert document.problem(path, "", "", on_key=True).column == 12


def test_a_path_that_is_not_there_stands_for_the_nearest_above_it():
    document = read_yaml("a.yaml", "a:\n  b: 1")
    assert document.problem(("a", "b", "c", 4), "", "").line == 2
    assert document.problem(("z",), "", "").line == 1


def test_a_path_behind_an_alias_stands_where_the_anchor_is():
    document = read_yaml("a.yaml", "a: &x {b: [1, 2]}\nc: *x")
    assert document.problem(("c", "b", 1), "", "").line == 1
    assert document.problem(("c",), "", "").line == 2


@pytest.mark.parametrize(
    ("index", "place"), [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (99, (3, 1)), (-1, (1, 1))]
)
def test_lines_and_columns_count_from_one(index, place):
    assert line_and_column("a\nb\n", index) == place


@given(st.text(alphabet="ab '\"\\ütn\n", min_size=1, max_size=40))
def test_offsets_never_go_back_and_stay_inside(text):
    quoted = "'" + text.replace("'", "''") + "'"
    for raw, style in ((quoted, "'"), (text, ""), ('"' + text + '"', '"')):
        offsets = source_offsets(raw, text, style)
        assert offsets == sorted(offsets)
        assert len(offsets) == len(text) + 1
        assert offsets[-1] <= len(raw)


@given(st.text(alphabet="ab 'ü=", min_size=1, max_size=40))
def test_offsets_of_a_quoted_text_point_at_its_characters(text):
    raw = "'" + text.replace("'", "''") + "'"
    offsets = source_offsets(raw, text, "'")
    assert [raw[offset] for offset in offsets[:-1]] == list(text)
