"""Messages from the outbox to a transport; what became of each is a record (journeys A1, E51).

A row stays in the outbox until its result is in the log, and nothing is sent whose result the log
already has: neither a crash nor a state that was built anew sends twice. Just before sending, the
person is looked at once more: consent, suppression and address as they are now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from journeyfold.activate.compose import compose
from journeyfold.activate.mail import mail_bytes
from journeyfold.core.effect import Deliver, Say
from journeyfold.core.event import Json
from journeyfold.core.ports import Clock, EventLog, StateStore
from journeyfold.core.profile import Profile
from journeyfold.decide.template import TemplateError
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.project.journeying import ADDRESS
from journeyfold.project.people import profile_of
from journeyfold.runtime.fold_loop import FoldLoop

RESULTS = ("sent", "failed", "skipped")


class Transport(Protocol):
    name: str

    def send(self, key: str, mail: bytes) -> None: ...


class Messaging:
    """Call it with messages; when it returns, what became of each is in the log."""

    def __init__(
        self,
        log: EventLog,
        state: StateStore,
        loop: FoldLoop,
        transport: Transport,
        clock: Clock,
    ) -> None:
        self._log, self._state, self._loop = log, state, loop
        self._transport, self._clock = transport, clock

    def __call__(self, delivers: Sequence[Deliver]) -> None:
        for deliver in delivers:
            if not self._is_told(deliver):
                result, why = self._sent(deliver, self._clock.now_us())
                self._loop.say(told(deliver, result, why, self._clock.now_us()))

    def _person(self, person: str) -> Profile | None:
        with self._state.read() as reader:
            return profile_of(reader, person)

    def _is_told(self, deliver: Deliver) -> bool:
        ids = (result_id(deliver, result) for result in RESULTS)
        return any(self._log.find(OWN_SOURCE, each) is not None for each in ids)

    def _sent(self, deliver: Deliver, now_us: int) -> tuple[str, dict[str, Json]]:
        compiled, profile = self._loop.engine.compiled, self._person(deliver.person)
        if profile is None:
            return "skipped", {"gate": "erased"}
        channel = str(deliver.payload["channel"])
        gate = _last_look(compiled, profile, channel, deliver.purpose)
        if gate:
            return "skipped", {"gate": gate}
        template = _template(compiled, profile, deliver)
        if template is None:
            return "skipped", {"gate": "stage"}
        try:
            mail = _mail(compiled, profile, deliver, template, now_us)
        except (TemplateError, ValueError) as error:
            return "failed", {"reason": str(error)}
        self._transport.send(deliver.key, mail)
        return "sent", {"transport": self._transport.name, "template": template}


def told(deliver: Deliver, result: str, why: dict[str, Json], at_us: int) -> Say:
    """The record of what became of a message."""
    payload = deliver.payload
    whence = {name: payload[name] for name in ("journey", "version", "instance", "step", "channel")}
    return Say(
        result_id(deliver, result), f"message.{result}", "track", deliver.person, at_us,
        properties={"message": deliver.key, **whence, **why},
    )  # fmt: skip


def result_id(deliver: Deliver, result: str) -> str:
    return f"{deliver.key}/{result}"


def _last_look(compiled: Compiled, profile: Profile, channel: str, purpose: str) -> str:
    reader = compiled.limits.reader
    if reader.is_suppressed(profile, channel):
        return "suppressed"
    if not reader.consents(profile, purpose, channel):
        return "consent"
    return "" if reader.has_address(profile, channel) else "address"


def _template(compiled: Compiled, profile: Profile, deliver: Deliver) -> str | None:
    """The one named, or that of the person's stage as it is now (journeys S3)."""
    named = deliver.payload["template"]
    if isinstance(named, str):
        return named
    by_stage = deliver.payload["by_stage"]
    assert isinstance(by_stage, dict), "a send names a template, or templates by stage"
    found = by_stage.get(compiled.view(profile).stage(str(by_stage["lifecycle"])))
    return found if isinstance(found, str) else None


def _mail(compiled: Compiled, profile: Profile, deliver: Deliver, name: str, now_us: int) -> bytes:
    project, traits = compiled.project, compiled.traits(profile)
    template = project.messages.get(name)
    if template is None:
        raise TemplateError(f"there is no template '{name}' any more")
    bodies = {
        path.partition("/")[2]: text
        for path, text in project.bodies.items()
        if path.partition("/")[0] == name
    }
    values = {
        "traits": traits,
        "features": compiled.feature_values(profile, now_us),
        "vars": deliver.payload["vars"],
    }
    locale = traits.get("locale") or traits.get("language")
    composed = compose(
        template, bodies, values,
        locale=locale if isinstance(locale, str) else project.settings.locale, now_us=now_us,
    )  # fmt: skip
    domain = f"{project.name}.localhost"
    if not composed.sender:
        raise TemplateError("the message has no `from`")
    to = traits.get(ADDRESS[str(deliver.payload["channel"])])
    return mail_bytes(composed, key=deliver.key, to=str(to), domain=domain, at_us=now_us)
