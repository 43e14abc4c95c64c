"""What became of what a journey handed over, as it comes back through the log (journeys E43, A1).

A result is a record of the platform's own: `message.*` or `webhook.*`, which names the effect it is
about and the instance and step that handed it over. An answer ends the wait of its webhook and is
saved; a failure goes the way `on_fail` names, wherever the person has got to meanwhile. A message
that did not go, or came back, gives its slot of the caps back (E53, A14).
"""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Instance, Profile
from journeyfold.journey.act import effect_uuid
from journeyfold.journey.limits import SENT
from journeyfold.journey.program import Program
from journeyfold.journey.step import Step
from journeyfold.journey.turn import Turn
from journeyfold.journey.walk import PAUSED, Walk

ANSWERED = frozenset({"webhook.answered", "webhook.sent", "message.sent"})
FAILED = frozenset({"webhook.failed", "message.failed"})
SKIPPED = frozenset({"webhook.skipped", "message.skipped"})
RESULTS = ANSWERED | FAILED | SKIPPED
FREES = frozenset({"message.failed", "message.skipped", "message.bounced"})
"""Results after which a message counts for no cap."""
REPLY_BYTES = 8_192  # of an answer that is kept


def is_own(event: Event) -> bool:
    """What the platform itself says became of an effect; nobody else can."""
    return event.context.get("auth") == "system" and isinstance(
        event.properties.get("message"), str
    )


def give_back(profile: Profile, event: Event) -> None:
    """The slot of a message that ended without being read by anybody."""
    if event.name in FREES and is_own(event):
        message = event.properties["message"]
        kept = [one for one in profile.contacts if (one.kind, one.key) != (SENT, message)]
        if len(kept) < len(profile.contacts):
            profile.contacts = kept


def is_exited(profile: Profile, instance: str) -> bool:
    """Whether a run has ended by an exit rule: what it has under way is not sent (E51)."""
    return any(run.id == instance and run.is_exited for run in profile.journeys)


def hear(turn: Turn, program: Program, instance: Instance, walk: Walk) -> None:
    """Move a running instance by a result that is about something it handed over."""
    assert turn.record is not None, "a result is a record"
    event = turn.record.event
    step = program.steps.get(str(event.properties.get("step")))
    if step is None or event.properties.get("instance") != instance.id:
        return
    if step.webhook is not None and step.webhook.reply is not None:
        _replied(turn, program, instance, step, walk)
    elif event.name in FAILED:
        on_fail = _on_fail(step)
        if on_fail != "continue":
            turn.note(program, step.id, _reason("failed", event))
            walk.fail(turn, program, instance, step, on_fail)


def _replied(turn: Turn, program: Program, instance: Instance, step: Step, walk: Walk) -> None:
    """Only while it is waited for: after the timeout an answer changes nothing."""
    assert turn.record is not None
    assert step.webhook is not None
    assert step.webhook.reply is not None
    event = turn.record.event
    visit = instance.visits.get(step.id, 0)
    awaited = effect_uuid(program.id, instance.id, step.id, visit, "webhook")
    is_asked = instance.step == step.id and instance.held != PAUSED
    if not is_asked or event.properties["message"] != awaited:
        return
    if event.name in ANSWERED:
        instance.vars[step.webhook.reply.save] = _kept(event.properties.get("reply"))
        turn.note(program, step.id, "answered")
        walk.leave(turn, program, instance, program.after[step.id])
    else:
        turn.note(program, step.id, _reason("no answer", event))
        walk.fail(turn, program, instance, step, step.webhook.on_fail)


def _on_fail(step: Step) -> str:
    said = step.send or step.webhook
    return said.on_fail if said is not None else "continue"


def _kept(reply: Json) -> Json:
    """What is longer than an instance may remember is no answer."""
    return reply if len(msgspec.json.encode(reply)) <= REPLY_BYTES else None


def _reason(what: str, event: Event) -> str:
    why = event.properties.get("reason") or event.properties.get("gate")
    return f"{what} ({why})" if why else what
