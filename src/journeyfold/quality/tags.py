"""Are the marks on a schema's fields words that mean something? (quality Q02). Pure.

`x-tag` is a key of fideslang's data categories, `x-origin` says who stated a field, `x-purposes`
are purposes of the project.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from journeyfold.core.errors import Problem
from journeyfold.core.event import Json
from journeyfold.quality.schema_file import SchemaFile, parse_all, problem
from journeyfold.quality.tables import rows

ORIGINS = ("explicit", "implicit")


def data_categories() -> frozenset[str]:
    """Every key an `x-tag` may be."""
    return frozenset(key for (key,) in rows("data_categories"))


def tag_problems(files: Mapping[str, str], purposes: Collection[str]) -> Iterator[Problem]:
    parsed, _ = parse_all(files)
    for file in parsed:
        for node in _nodes(file.document):
            yield from _of_node(file, node, purposes)
        for purpose in file.purposes:
            yield from _unknown(file, "purpose", purpose, purposes)


def unknown_tag(tag: str) -> str | None:
    """What to say of a tag that is no data category; None for one that is."""
    known = data_categories()
    return None if tag in known else _meant(tag, known)


def _of_node(
    file: SchemaFile, node: Mapping[str, Json], purposes: Collection[str]
) -> Iterator[Problem]:
    if (tag := node.get("x-tag")) is not None:
        yield from _unknown(file, "data category", tag, data_categories())
    if (origin := node.get("x-origin")) is not None:
        yield from _unknown(file, "x-origin", origin, ORIGINS)
    given = node.get("x-purposes", [])
    for purpose in given if isinstance(given, list) else [given]:
        yield from _unknown(file, "purpose", purpose, purposes)


def _unknown(file: SchemaFile, what: str, word: Json, known: Collection[str]) -> Iterator[Problem]:
    if isinstance(word, str) and word in known:
        return
    said, hint = f"unknown {what} '{word}'", _meant(str(word), known)
    yield problem(file.path, file.text, "Q115", said, str(word), hint)


def _meant(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, sorted(known), 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return "known: " + ", ".join(sorted(known)[:8]) + (" …" if len(known) > 8 else "")


def _nodes(document: Json) -> Iterator[Mapping[str, Json]]:
    """Schemas in a schema; what stands in `enum`, `const` and examples is data, no schema."""
    stack: list[Json] = [document]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            data = {"enum", "const", "default", "examples", "x-journeyfold"}
            stack += [value for key, value in node.items() if key not in data]
        elif isinstance(node, list):
            stack += node
