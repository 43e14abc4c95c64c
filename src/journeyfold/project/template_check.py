"""Messages: do their bodies compile, can they be sent, will they be shown whole (journeys A10)?

Everything a template can get wrong before anybody's values are known is said here, with its file
and line; what is missing for one person is found when it is rendered for them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from journeyfold.activate.compose import strict
from journeyfold.activate.markup import prepared
from journeyfold.activate.mjml import MarkupError
from journeyfold.activate.template import BODY, MessageTemplate
from journeyfold.core.errors import Problem
from journeyfold.decide import template as liquid
from journeyfold.decide.template import TemplateError
from journeyfold.journey.step import Step
from journeyfold.project.letters import bodies_of
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean

SHOWN_BYTES = 102 * 1024  # Gmail cuts off what is beyond
_HEADERS = {
    "subject": "subject",
    "preheader": "preheader",
    "from": "sender",
    "reply_to": "reply_to",
}


def template_problems(project: Project) -> Iterator[Problem]:
    """Of every message; hints are among them."""
    offers = _with_offers(project)
    for name, template in project.messages.items():
        yield from _of_headers(project, name, template)
        bodies = bodies_of(project, name)
        if not bodies:
            yield project.problem(
                "message", name, (), "P171", f"the message '{name}' has no body",
                f"write templates/{name}/body.mjml, body.html or body.txt",
            )  # fmt: skip
        for file, source in sorted(bodies.items()):
            yield from _of_body(f"templates/{name}/{file}", source)
        yield from _otherwise_sent(project, name, template)
        if name in offers and template.message_class == "transactional":
            yield from _with_an_offer(name, bodies)


def _of_headers(project: Project, name: str, template: MessageTemplate) -> Iterator[Problem]:
    for key, field in _HEADERS.items():
        try:
            liquid.parsed_in(strict(key == "preheader"), getattr(template, field))
        except TemplateError as error:
            yield project.problem("message", name, (key,), "P170", error.what or str(error))
    purposes = project.settings.privacy.known
    if template.purpose and template.purpose not in purposes:
        yield project.problem(
            "message", name, ("purpose",), "P130", f"unknown purpose '{template.purpose}'",
            did_you_mean(template.purpose, purposes),
        )  # fmt: skip
    if not (template.sender or project.settings.email.sender):
        yield project.problem(
            "message", name, (), "P172", f"nobody sends the message '{name}'",
            "write `from: Shop <hello@shop.example>` here, or `email: {from: …}` in "
            "journeyfold.yaml",
        )  # fmt: skip


def _otherwise_sent(project: Project, name: str, template: MessageTemplate) -> Iterator[Problem]:
    """What a send says holds; who wrote the message may have meant something else."""
    for journey_id, journey in project.journeys.items():
        policy = journey.policy
        for step in journey.steps:
            send = step.send
            if send is None or name not in _templates(step):
                continue
            meant = (
                ("purpose", template.purpose, send.purpose or policy.purpose or ""),
                ("class", template.message_class, send.message_class or policy.message_class),
            )
            for key, written, holds in meant:
                if written and written != holds:
                    problem = project.problem(
                        "message", name, (key,), "P175",
                        f"step '{step.id}' of journey '{journey_id}' sends it with "
                        f"`{key}: {holds}`, and that holds",
                    )  # fmt: skip
                    yield msgspec.structs.replace(problem, severity="hint")


def _of_body(path: str, source: str) -> Iterator[Problem]:
    match = BODY.fullmatch(path.rpartition("/")[2])
    assert match is not None, "bodies go by their names"
    kind = match[2]
    try:
        liquid.parsed_in(strict(kind != "txt"), source)
        shown = source if kind == "txt" else prepared(source, is_mjml=kind == "mjml").text
    except TemplateError as error:
        at = len(source) if error.at < 0 and "end of" in error.what else max(error.at, 0)
        line = source.count("\n", 0, at) + 1  # what is never closed is missed at the end
        yield _problem(path, source, line, "P170", error.what or str(error))
        return
    except MarkupError as error:
        yield _problem(path, source, error.line, "P170", error.what)
        return
    size = len(shown.encode())
    if size > SHOWN_BYTES:
        yield _problem(
            path, source, 1, "P173",
            f"the message has {size // 1024} kB before any value is in it: above 102 kB it is cut "
            "off where many people read it",
            severity="hint",
        )  # fmt: skip


def _problem(
    path: str, source: str, line: int, code: str, message: str, severity: str = "error"
) -> Problem:
    lines = source.splitlines() or [""]
    line = min(max(line, 1), len(lines))
    text = lines[line - 1]
    column = len(text) - len(text.lstrip()) + 1
    return Problem(path, line, column, code, message, text=text, severity=severity)


def _with_offers(project: Project) -> set[str]:
    """Templates that are sent after something was decided in the same journey."""
    found: set[str] = set()
    for journey in project.journeys.values():
        if any(step.decide is not None for step in journey.steps):
            found |= {name for step in journey.steps for name in _templates(step)}
    return found


def _templates(step: Step) -> Iterator[str]:
    if step.send is not None:
        named = [step.send.template, *step.send.by_stage.values()]
        yield from (name for name in named if name)


def _with_an_offer(name: str, bodies: dict[str, str]) -> Iterator[Problem]:
    """An offer in a message that needs no consent (journeys E54)."""
    for file, source in sorted(bodies.items()):
        at = source.find("vars.")
        if at >= 0:
            yield _problem(
                f"templates/{name}/{file}", source, source.count("\n", 0, at) + 1, "P174",
                "a transactional message shows what was decided: an offer needs consent to "
                "marketing",
                severity="hint",
            )  # fmt: skip
            return
