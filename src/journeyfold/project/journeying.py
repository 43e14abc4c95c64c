"""The journeys of a project, ready to run: what their gates ask of a person is answered here.

`journey` knows nothing of traits or consent; this reads them as conditions do, so a gate and a
condition can never disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from journeyfold.activate.mail import is_address
from journeyfold.core import localtime
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import compile_conditions
from journeyfold.core.condition_eval import View
from journeyfold.core.condition_typed import Typed
from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.core.profile import Profile
from journeyfold.journey.advance import Journeys
from journeyfold.journey.control import Controls
from journeyfold.journey.limits import Limits, MessageCap, Quiet
from journeyfold.journey.program import Program
from journeyfold.journey.walk import Decider, Walk
from journeyfold.profile.contact import CLOSING, COMPLAINED, address_digest
from journeyfold.project.model import Project
from journeyfold.project.settings import MessageCapRule
from journeyfold.project.zones import zone_of_country

ADDRESS = {"email": "email", "sms": "phone", "push": "push_token"}
"""The trait each channel writes to; a webhook needs none."""

TraitReader = Callable[[Profile, str], Json]
ConsentReader = Callable[[Profile, str], bool]


class PersonReader:
    """`journey.limits.Reader` over traits, consents and contacts."""

    def __init__(self, project: Project, trait: TraitReader, consent: ConsentReader) -> None:
        self._trait, self._consent = trait, consent
        self._purposes = frozenset(project.settings.privacy.known)
        self._zone = project.settings.time_zone

    def zone(self, profile: Profile) -> str:
        """The trait `timezone`, else the one zone of the trait `country`, else the project's."""
        told = self._trait(profile, "timezone")
        if isinstance(told, str) and localtime.is_zone(told):
            return told
        country = self._trait(profile, "country")
        return (zone_of_country(country) if isinstance(country, str) else "") or self._zone

    def consents(self, profile: Profile, purpose: str, channel: str) -> bool:
        """`marketing` by e-mail asks for `marketing_email` where the project knows it (E50)."""
        narrower = f"{purpose}_{channel}"
        return self._consent(profile, narrower if narrower in self._purposes else purpose)

    def is_suppressed(self, profile: Profile, channel: str) -> bool:
        """An address that bounced is closed, not the one they have given since."""
        closed = [
            contact
            for contact in profile.contacts
            if contact.kind in CLOSING and contact.placement == channel
        ]
        if not closed:
            return False
        address = self._trait(profile, ADDRESS.get(channel, ""))
        now = address_digest(address) if isinstance(address, str) else ""
        return any(contact.kind == COMPLAINED or contact.offer in {"", now} for contact in closed)

    def has_address(self, profile: Profile, channel: str) -> bool:
        """Present, and of e-mail one that a server would take (E50, gate 5)."""
        trait = ADDRESS.get(channel)
        if trait is None:
            return True
        told = self._trait(profile, trait)
        if channel != "email":
            return bool(told)
        return isinstance(told, str) and is_address(told)


def cap_id(name: str) -> str:
    """Of the condition that says whom a limit of messages is for."""
    return f"cap/{name}/when"


def is_unknown_zone(told: Json) -> bool:
    """Something is told as a zone that is none: `EST`, `+01:00` (journeys E31)."""
    return told is not None and not (isinstance(told, str) and localtime.is_zone(told))


def limits_of(
    project: Project,
    trait: TraitReader,
    consent: ConsentReader,
    typed: Mapping[str, Typed],
    keys: AggregateKeys,
    look: Callable[[Profile], View],
) -> Limits:
    """`typed` has the conditions of caps by `cap_id`."""
    contact = project.settings.contact
    quiet = Quiet(*contact.quiet.minutes) if contact.quiet is not None else None
    named = {name: typed[name] for name in map(cap_id, contact.messages) if name in typed}
    evaluator = compile_conditions(named, keys)

    def holds(name: str) -> Callable[[Profile, int], bool] | None:
        if name not in named:
            return None
        return lambda profile, now_us: (
            evaluator.evaluate(look(profile), now_us, [name])[name][0] is True
        )

    caps = [_cap(name, rule, holds(cap_id(name))) for name, rule in contact.messages.items()]
    return Limits(PersonReader(project, trait, consent), quiet, caps)


def programs_of(
    project: Project, typed: Mapping[str, Typed], keys: AggregateKeys
) -> dict[str, Program]:
    """Journey → the program of the version this project has of it."""
    evaluator = compile_conditions(typed, keys)
    return {name: Program(journey, evaluator) for name, journey in project.journeys.items()}


def journeys_of(
    live: Mapping[str, Program],
    pinned: Mapping[tuple[str, str], Program],
    limits: Limits,
    decide: Decider,
    controls: Controls,
) -> Journeys:
    """`pinned` are older versions somebody is still in (journeys E61)."""
    in_force = {(program.id, program.version): program for program in live.values()}
    paused = frozenset(name for name, each in controls.items() if each.status == "paused")
    return Journeys({**pinned, **in_force}, live, Walk(limits, decide, paused), controls)


def _cap(
    name: str, rule: MessageCapRule, when: Callable[[Profile, int], bool] | None
) -> MessageCap:
    match rule.per:
        case "day":
            return MessageCap(name, rule.max, rule.channel, calendar="day", when=when)
        case "week":
            return MessageCap(name, rule.max, rule.channel, calendar="week", when=when)
        case length:
            window_us = duration_us(length) or 0
            return MessageCap(name, rule.max, rule.channel, window_us=window_us, when=when)
