"""Can what destinations say be carried out: may their addresses be reached, do payloads render?

An address that stands in the project is judged here and again when it is connected to; one behind
a reference is known only then (journeys A22).
"""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.activate.json_template import parsed
from journeyfold.activate.reach import Reach
from journeyfold.core.errors import Problem
from journeyfold.decide.template import TemplateError
from journeyfold.journey.step import Webhook
from journeyfold.project.document import Path
from journeyfold.project.model import Project


def destination_problems(project: Project) -> Iterator[Problem]:
    """Addresses inside, and payload templates that no step could use."""
    reach = Reach(project.settings.server.outgoing.allow)
    for name, destined in project.destinations.items():
        for key in destined.http:
            url = getattr(destined, key, "")
            if not isinstance(url, str) or not url or "${" in url:
                continue
            problem = reach.problem(url)
            if problem:
                yield project.problem("destination", name, (key,), "P137", problem)
    yield from _payload_problems(project)


def _payload_problems(project: Project) -> Iterator[Problem]:
    for name, journey in project.journeys.items():
        for at, step in enumerate(journey.steps):
            if step.webhook is not None:
                yield from _of_call(project, name, step.webhook, ("steps", at, "webhook"))


def _of_call(project: Project, name: str, call: Webhook, path: Path) -> Iterator[Problem]:
    destined, payload = project.destinations.get(call.destination), call.payload
    if payload is None:
        if destined is not None and destined.needs_payload:
            kind = destined.__struct_config__.tag
            yield project.problem(
                "journey", name, (*path, "destination"), "P138",
                f"a {kind} has to be told its fields",
                "write `payload: NAME` and templates/NAME.liquid, which gives them as JSON",
            )  # fmt: skip
        return
    source = project.templates.get(f"{payload}.liquid")
    if source is None:
        return  # its absence is found where references are followed
    try:
        parsed(source)
    except TemplateError as error:
        yield project.problem(
            "journey", name, (*path, "payload"), "P131", f"templates/{payload}.liquid: {error}"
        )
