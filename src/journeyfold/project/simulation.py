"""`journey simulate`: events of a file played through the engine in virtual time.

The same fold, gates and waits as in life, over a platform in memory; after the last event time
goes on for as long as is asked.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.event import Json
from journeyfold.project.given import sent
from journeyfold.project.model import Project
from journeyfold.project.scenario import RehearsalEngine, Travelled
from journeyfold.project.scenario_check import given_problems
from journeyfold.project.shape import shape_problems
from journeyfold.project.yaml_text import read_yaml

_LINES = list[dict[str, Json]]


def simulate(
    project: Project,
    journey: str,
    name: str,
    text: str,
    then_us: int,
    new_engine: Callable[[Project], RehearsalEngine],
) -> list[Travelled]:
    """Lines of one journey. `text` is a list of events as under `given` in tests/*.yaml.

    Raises:
        ProjectError: with every event that cannot be meant, placed in the file `name`.

    """
    document = read_yaml(name, text)
    problems: list[Problem] = shape_problems(document, (), _LINES)
    if problems:
        raise ProjectError(problems)
    lines = msgspec.convert(document.value, _LINES)
    problems = list(given_problems(project, document, lines))
    if problems:
        raise ProjectError(problems)
    engine, now_us = new_engine(project), None
    for number, given in enumerate(lines, 1):
        found = sent(given, number, now_us, project.sources)
        engine.feed(found.event, found.at_us)
        now_us = found.at_us
    if now_us is not None:
        engine.advance(now_us + then_us)
    return [line for line in engine.travelled() if line.place.partition("/")[0] == journey]
