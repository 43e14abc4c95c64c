"""Values of a schema file, and the places a finding asks for."""

from __future__ import annotations

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.schema_text import read_schema


def test_a_place_is_found_when_it_is_asked_for() -> None:
    document = read_schema("a.json", '{\n\t"title": "Page",\n\t"type": "object"\n}')
    problem = document.problem(("type",), "Q001", "odd")
    assert (problem.line, problem.column) == (3, 10)


def test_a_key_that_stands_twice_is_refused_with_its_place() -> None:
    with pytest.raises(ProjectError, match=r"a\.json:2:2: P102 the key 'b' stands twice"):
        read_schema("a.json", '{"a": {"b": 1,\n "b": 2}}')


def test_colons_and_quotes_inside_of_texts_are_no_keys() -> None:
    text = r'{"a": {"b:": "c: \"d\": e", "f\\": [{"x": 1}, {"x": 2}]}}'
    assert read_schema("a.json", text).at(("a", "b:")) == 'c: "d": e'
