"""A delivery that is none: it says what a real one would have said, at once.

The last look, the template of the person's stage and the record of the result are as in life
(journeys S3, E51); only nothing leaves. Pure; `test` and `journey simulate` use it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from journeyfold.activate.mjml import MarkupError
from journeyfold.core.effect import Deliver, Say
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.decide.template import TemplateError
from journeyfold.project.compile import PUSH, Compiled
from journeyfold.project.letters import Letters

Result = Literal["sent", "skipped", "failed"]
_WHENCE = ("journey", "version", "instance", "step", "channel")


class Pretended(NamedTuple):
    result: Result
    template: str = ""
    gate: str = ""
    reason: str = ""  # of what failed


def is_message(deliver: Deliver) -> bool:
    kind = deliver.payload.get("kind", "message")
    return deliver.destination != PUSH and kind == "message"


def pretended(compiled: Compiled, profile: Profile, deliver: Deliver) -> Pretended:
    """What becomes of a message that reaches its destination at once."""
    template = template_of(compiled, profile, deliver)
    return Pretended("sent", template) if template else Pretended("skipped", gate="stage")


def written_for(
    letters: Letters, compiled: Compiled, profile: Profile, deliver: Deliver, at_us: int
) -> Pretended:
    """The same with the message written, as for the person it would go to."""
    found = pretended(compiled, profile, deliver)
    if found.result == "sent":
        try:
            letters.write(compiled, profile, deliver, found.template, at_us)
        except (TemplateError, MarkupError, ValueError) as error:
            return Pretended("failed", found.template, reason=str(error))
    return found


def template_of(compiled: Compiled, profile: Profile, deliver: Deliver) -> str:
    """The one named, or that of the person's stage as it is now; empty where there is none."""
    named, by_stage = deliver.payload["template"], deliver.payload["by_stage"]
    if isinstance(named, str):
        return named
    assert isinstance(by_stage, dict), "a send names a template, or templates by stage"
    found = by_stage.get(compiled.view(profile).stage(str(by_stage["lifecycle"])))
    return found if isinstance(found, str) else ""


def said_of(deliver: Deliver, found: Pretended, at_us: int) -> Say:
    """The record of what became of a message, as the dispatcher words it."""
    payload = deliver.payload
    told: dict[str, Json] = {"message": deliver.key, "purpose": deliver.purpose}
    told |= {name: payload[name] for name in _WHENCE}
    said = {"template": found.template, "gate": found.gate, "reason": found.reason}
    told |= {name: text for name, text in said.items() if text}
    key = f"{deliver.key}/{found.result}"
    return Say(key, f"message.{found.result}", "track", deliver.person, at_us, properties=told)
