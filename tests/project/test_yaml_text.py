"""The YAML loader: what it takes, what it refuses and how it says so."""

import time

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.yaml_text import ALIASES_MAX, TEXT_MAX, read_yaml


def refusal(text):
    with pytest.raises(ProjectError) as caught:
        read_yaml("a.yaml", text)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1", {"a": 1}),
        ("a: -7\nb: +3", {"a": -7, "b": 3}),
        ("a: 1.50\nb: 1e3\nc: .5", {"a": 1.5, "b": 1000.0, "c": 0.5}),
        ("a: true\nb: False", {"a": True, "b": False}),
        ("a: ~\nb: null\nc:", {"a": None, "b": None, "c": None}),
        ("a: no\nb: on\nc: Yes", {"a": "no", "b": "on", "c": "Yes"}),
        ("at: 2026-03-02\nb: 10:30", {"at": "2026-03-02", "b": "10:30"}),
        ("a: '1'\nb: \"true\"", {"a": "1", "b": "true"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: >-\n  x\n  y\nb: |\n  x\n  y\n", {"a": "x y", "b": "x\ny\n"}),
        ("\ufeffa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("# nothing", None),
        ("", None),
        ("- a\n- {b: c}", ["a", {"b": "c"}]),
        ("NO: 1\n1: 2", {"NO": 1, "1": 2}),
    ],
)
def test_it_reads(text, value):
    assert read_yaml("a.yaml", text).value == value


@pytest.mark.parametrize(
    ("text", "place", "code", "words"),
    [
        ("a: 1\nb: 2\na: 3", (3, 1), "P102", "the key 'a' stands twice; the first is in line 1"),
        ("a: {b: 1, b: 2}", (1, 11), "P102", "the key 'b' stands twice"),
        ("a: !!python/object:os.system x", (1, 4), "P104", "tag"),
        ("a: !include x.yaml", (1, 4), "P104", "tag"),
        ("!!str a: 1", (1, 1), "P104", "tag"),
        ("a: {<<: {b: 1}}", (1, 5), "P104", "merge keys"),
        ("a:\n\tb: 1", (2, 1), "P101", "a tab indents this line; indent with spaces"),
        ("a: 'x", (1, 4), "P101", "not closed"),
        ("a: [1, 2", (1, 9), "P101", "ends inside a list; close the bracket"),
        ("a: {b: 1", (1, 9), "P101", "ends inside a map; close the brace"),
        ("a: b: c", (1, 5), "P101", "': ' stands where no key can be; quote the text"),
        ("when: 'a' == \"b\"", (1, 11), "P101", "text follows a closed quote"),
        ("a: @b", (1, 4), "P101", "cannot begin with '@'; put the text into quotes"),
        ("a: %b", (1, 4), "P101", "cannot begin with '%'"),
        ("a: 1\n---\nb: 2", (2, 1), "P101", "a second document begins; one definition a file"),
        ("a: *x", (1, 4), "P101", "there is no &x before this *x"),
        ("a: &a [*a]", (1, 8), "P101", "there is no &a"),
        ("? [a]\n: b", (1, 3), "P101", "a key must be a word"),
        ("a: \x07", (1, 4), "P101", "U+0007 is not text"),
        ("a: 007", (1, 4), "P105", "007 begins with 0; quote it if it is text: '007'"),
        ("a: 0x1F", (1, 4), "P105", "0x1F is no plain decimal number"),
        ("a: .inf", (1, 4), "P105", ".inf is no plain decimal number"),
        ("a: 1e999", (1, 4), "P105", "too large"),
        ("a: 9223372036854775808", (1, 4), "P105", "does not fit 64 bits"),
        ("a: " + "9" * 5000, (1, 4), "P105", "does not fit 64 bits"),
        ("a: " + "[" * 30 + "]" * 30, (1, 28), "P103", "deeper than 24 levels"),
        ("[" * 100_000, (1, 26), "P103", "deeper than 24 levels"),
        ("a: " + "x" * TEXT_MAX, (1, 1), "P103", "more than"),
    ],
)
def test_it_refuses(text, place, code, words):
    problem = refusal(text)
    assert ((problem.line, problem.column), problem.code) == (place, code)
    assert words in f"{problem.message}; {problem.suggestion}"


def test_a_problem_shows_the_line_as_written():
    assert refusal("a: 1\nb: 007   # seven").text == "b: 007   # seven"


def test_more_aliases_than_allowed_are_refused():
    text = "a: &x 1\nb: [" + ", ".join(["*x"] * (ALIASES_MAX + 1)) + "]"
    assert "aliases" in refusal(text).message


def test_aliases_of_aliases_do_not_explode():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    started = time.perf_counter()
    assert "more than 50000 values" in refusal("\n".join(levels)).message
    assert time.perf_counter() - started < 2
