"""What a journey sends out: messages with their journey's policy, and the ids they go by.

The id of an effect holds neither the version nor the person, so neither a new version nor a merge
sends anything twice; it is the Message-ID, the webhook-id and the key of the exposure (E80).
"""

from __future__ import annotations

from hashlib import sha1

from journeyfold.core.effect import Deliver
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339
from journeyfold.core.profile import Instance
from journeyfold.journey.limits import Message, Refusal
from journeyfold.journey.program import Program, length_us
from journeyfold.journey.step import Delivery, Send, Step, Webhook
from journeyfold.journey.turn import Turn

_NAMESPACE = bytes.fromhex("6f1a3c52d0a45e2fb6f50c3b7de8a911")  # of effects: ours alone
NECESSARY = "necessary"  # the purpose that is always granted


def effect_uuid(journey: str, instance: str, step: str, visit: int, channel: str) -> str:
    """UUIDv5 of what is sent: neither a new version nor a merge sends it twice (E80, RFC 9562)."""
    name = f"{journey}|{instance}|{step}|{visit}|{channel}".encode()
    raw = bytearray(sha1(_NAMESPACE + name, usedforsecurity=False).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x50
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def sends_so_far(program: Program, instance: Instance) -> dict[str, Json]:
    """The sends this run came to, each with the ids of its messages, gone out or not."""
    return {
        name: [
            effect_uuid(program.id, instance.id, name, visit, step.send.channel)
            for visit in range(1, instance.visits[name] + 1)
        ]
        for name, step in program.steps.items()
        if step.send is not None and name in instance.visits
    }


def message_of(turn: Turn, program: Program, instance: Instance, step: Step, send: Send) -> Message:
    """What the send says, else the journey's policy."""
    since_us = min(instance.at_us, turn.overdue_us or instance.at_us)
    policy = program.definition.policy
    key = effect_uuid(program.id, instance.id, step.id, instance.visits[step.id], send.channel)
    message_class = send.message_class or policy.message_class
    return Message(
        key=key,
        channel=send.channel,
        purpose=send.purpose or policy.purpose or "",
        is_marketing=message_class == "marketing",
        is_held_out=instance.is_held_out,
        caps=policy.caps if send.caps is None else send.caps,
        has_quiet_hours=(send.quiet or policy.quiet) != "never",
        on_quiet=send.on_quiet,
        on_cap=send.on_cap,
        expires_us=since_us + length_us(send.expires) if send.expires else 0,
        delivery=send.delivery or _usual_delivery(send, message_class),
    )


def _usual_delivery(send: Send, message_class: str) -> Delivery:
    """Marketing mail rather not at all than twice; everything else at least once (A2)."""
    is_once = send.channel == "email" and message_class == "marketing"
    return "at_most_once" if is_once else "at_least_once"


def delivery(
    turn: Turn, program: Program, instance: Instance, step: Step, message: Message
) -> Deliver:
    assert step.send is not None
    view, at = turn.looks_at(instance), program.places[step.id]
    named = {
        name: program.ask(("steps", at, "send", "vars", name), view, turn.now_us)[0]
        for name in step.send.vars
    }
    payload: dict[str, Json] = {
        "kind": "message", **whence(program, instance, step),
        "channel": message.channel, "template": step.send.template,
        "by_stage": dict(step.send.by_stage), "class": "marketing"
        if message.is_marketing else "transactional",
        "delivery": message.delivery, "expires_us": message.expires_us,
        "caps": list(message.caps), "vars": {**instance.vars, **named},
        "on_fail": step.send.on_fail, "quiet": _quiet(message),
    }  # fmt: skip
    destination = step.send.destination or message.channel
    return Deliver(
        message.key, destination, turn.profile.person, turn.now_us, message.purpose, payload
    )


def _quiet(message: Message) -> str:
    """What quiet hours do to it when it is about to go (E51)."""
    return message.on_quiet if message.is_marketing and message.has_quiet_hours else "never"


def call(turn: Turn, program: Program, instance: Instance, step: Step, webhook: Webhook) -> Deliver:
    """A webhook asks for no consent of its own: its destination names the purpose, if any."""
    payload: dict[str, Json] = {
        "kind": "webhook", **whence(program, instance, step),
        "payload": webhook.payload, "entry": instance.entry, "vars": {**instance.vars},
        "reply": webhook.reply is not None, "on_fail": webhook.on_fail,
        "delivery": "at_least_once",
    }  # fmt: skip
    key = webhook_key(program, instance, step)
    return Deliver(key, webhook.destination, turn.profile.person, turn.now_us, NECESSARY, payload)


def webhook_key(program: Program, instance: Instance, step: Step) -> str:
    return effect_uuid(program.id, instance.id, step.id, instance.visits[step.id], "webhook")


def whence(program: Program, instance: Instance, step: Step) -> dict[str, Json]:
    return {
        "journey": program.id, "version": program.version,
        "instance": instance.id, "step": step.id,
    }  # fmt: skip


def tell_refusal(
    turn: Turn, program: Program, instance: Instance, step: Step, message: Message, why: Refusal
) -> None:
    if not why.until_us:
        tell_skipped(turn, program, instance, step, message.key, why.gate, why.detail)
        return
    until = rfc3339(why.until_us)
    turn.note(program, step.id, f"held {why.gate} until {until}")
    turn.emit(
        program, "message.held", f"{message.key}/held/{why.gate}/{why.until_us}",
        message=message.key, instance=instance.id, step=step.id,
        gate=why.gate, detail=why.detail, until=until,
    )  # fmt: skip


def tell_skipped(
    turn: Turn, program: Program, instance: Instance, step: Step, key: str, gate: str,
    detail: str = "",
) -> None:  # fmt: skip
    turn.note(program, step.id, f"skipped {gate}" + (f" ({detail})" if detail else ""))
    turn.emit(
        program, "message.skipped", f"{key}/skipped",
        message=key, instance=instance.id, step=step.id, gate=gate, detail=detail,
    )  # fmt: skip
