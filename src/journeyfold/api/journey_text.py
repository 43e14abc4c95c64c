"""A journey's file as text: read leniently, and changed step by step with its comments kept.

The text is the truth (console C17): a form changes it by as little as it can, through ruamel's
round trip, and whatever the form does not know stays as it was written.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.errors import ProjectError
from journeyfold.journey.definition import Journey
from journeyfold.project.document import line_and_column
from journeyfold.project.yaml_text import read_yaml


def stem_of(path: str) -> str:
    """`journeys/cart.yaml` → `cart`, the id of its journey."""
    return path.rpartition("/")[2].removesuffix(".yaml")


def journey_of(path: str, text: str) -> Journey | None:
    """The definition, if the text has its shape; what it names may not exist."""
    try:
        value = read_yaml(path, text).value
        if isinstance(value, dict):
            return msgspec.convert({"journey": stem_of(path), **value}, Journey)
    except (ProjectError, msgspec.ValidationError):
        pass
    return None


def step_lines(path: str, text: str) -> dict[str, tuple[int, int]]:
    """First and last line of each step in the text, from 1."""
    try:
        document = read_yaml(path, text)
    except ProjectError:
        return {}
    ends: dict[object, int] = {}
    for path_, spot in document.spots.items():
        if len(path_) > 2 and path_[0] == "steps":  # a map's own spot is its beginning only
            ends[path_[1]] = max(ends.get(path_[1], 0), spot.end)
    steps = document.at(("steps",))
    found: dict[str, tuple[int, int]] = {}
    for at, step in enumerate(steps if isinstance(steps, list) else []):
        if isinstance(step, dict) and isinstance(step.get("id"), str):
            first = document.spots["steps", at].start
            last = len(document.text[: ends.get(at, first)].rstrip())
            lines = (line_and_column(document.text, index)[0] for index in (first, last))
            found.setdefault(step["id"], (next(lines), next(lines)))
    return found
