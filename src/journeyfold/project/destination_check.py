"""Can what destinations say be carried out: may their addresses be reached, has every field a
column and every parcel a place, do payloads render? And no secret stands in an address or a header.

An address that stands in the project is judged here and again when it is connected to; one behind
a reference is known only then (journeys A22).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from journeyfold.activate.destination import Destined
from journeyfold.activate.json_template import parsed
from journeyfold.activate.reach import Reach
from journeyfold.core.errors import Problem
from journeyfold.decide.template import TemplateError
from journeyfold.journey.step import Webhook
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean

_PASSWORD = re.compile(r"[a-z0-9+]+://(?:\$\{[^}]*\}|[^/@:$])*:([^/@]+)@")
_CREDENTIAL = re.compile(r"auth|token|secret|key|password|cookie", re.IGNORECASE)


def destination_problems(project: Project) -> Iterator[Problem]:
    """Addresses inside, secrets, what would be dead on arrival, payloads that no step could use."""
    reach = Reach(project.settings.server.outgoing.allow)
    for name, destined in project.destinations.items():
        for key in destined.http:
            url = getattr(destined, key, "")
            if not isinstance(url, str) or not url or "${" in url:
                continue
            problem = reach.problem(url)
            if problem:
                yield project.problem("destination", name, (key,), "P137", problem)
        yield from _written_out(project, name, destined)
        yield from _without_a_place(project, name, destined)
        yield from _without_a_column(project, name, destined)
    yield from _payload_problems(project)


def _written_out(project: Project, name: str, destined: Destined) -> Iterator[Problem]:
    """A password in an address, a credential in a header (SEC-20)."""
    places: list[Path] = []
    password = _PASSWORD.match(getattr(destined, "url", None) or "")
    if password and "${" not in password[1] and not destined.http:
        places.append(("url",))
    for header, value in getattr(destined, "headers", {}).items():
        if _CREDENTIAL.search(header) and "${" not in value:
            places.append(("headers", header))
    for path in places:
        yield project.problem(
            "destination", name, path, "P122", "a secret is written out",
            "write ${env:NAME} or ${file:PATH} and keep the value out of the project",
        )  # fmt: skip


def _without_a_place(project: Project, name: str, destined: Destined) -> Iterator[Problem]:
    """Events or rows of a platform that was told where only the others go."""
    for given, what in (("events", "event"), ("syncs", "upsert")):
        key = destined.places.get(what, "")
        if key and getattr(destined, given) and getattr(destined, key) is None:
            yield project.problem(
                "destination", name, (given,), "P112",
                f"the key '{key}' is missing; it says where {given} go",
            )  # fmt: skip


def _without_a_column(project: Project, name: str, destined: Destined) -> Iterator[Problem]:
    """Fields that declared columns have no room for: each row would be dead."""
    columns = {*getattr(destined, "columns", ())}
    if not columns:
        return
    columns.add(getattr(destined, "key", ""))  # of a table: the primary key
    said = [("events", at, each.map) for at, each in enumerate(destined.events)]
    said += [("syncs", at, each.map) for at, each in enumerate(destined.syncs)]
    for given, at, fields in said:
        if given == "events" and not fields:
            yield project.problem(
                "destination", name, (given, at), "P112",
                "the key 'map' is missing; it says what goes into the columns",
            )  # fmt: skip
        for field in fields:
            if field not in columns:
                yield project.problem(
                    "destination", name, (given, at, "map", field), "P130",
                    f"unknown column '{field}'", did_you_mean(field, columns),
                )  # fmt: skip


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
