"""What comes back about a message → records: feedback, and consent that is withdrawn with it.

Whoever tells it, the records are the same, and their ids make telling it again change nothing. An
opening or a click counts once an hour at most, so nobody fills the log with a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from journeyfold.activate.reported import Reported
from journeyfold.core.event import Event, Identifier, Json, Kind
from journeyfold.core.instant import HOUR_US
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.letters import TRACKING
from journeyfold.project.model import Project
from journeyfold.project.sent import Sent

CONSENT_SOURCE = "_api"  # of statements that people make with us
_WITHDRAWING = frozenset({"unsubscribed", "complained"})
_OFTEN = frozenset({"opened", "clicked"})
_KEPT_APART = frozenset({"necessary", "functional"})


def heard(
    reported: Reported, sent: Sent, project: Project, now_us: int, *, how: str = ""
) -> list[tuple[Event, Kind]]:
    """The records of one report about a message that was sent; `how` says by which way it came."""
    at_us = min(reported.at_us or now_us, now_us)
    told: dict[str, Json] = {"message": reported.effect, **sent.whence()}
    more = {
        "purpose": sent.purpose, "status": reported.status, "reason": reported.reason,
        "link": reported.link, "how": how,
    }  # fmt: skip
    told |= {name: value for name, value in more.items() if value}
    if reported.is_machine:
        told["machine"] = True
    if reported.what in {"bounced", "complained"}:
        told["address"] = sent.address
    event = _event(
        f"{reported.effect}/{reported.what}{_again(reported, sent, at_us)}",
        f"message.{reported.what}", OWN_SOURCE, sent.identifier, at_us, told,
    )  # fmt: skip
    records: list[tuple[Event, Kind]] = [(event, "event")]
    if reported.what in _WITHDRAWING:
        purpose = narrowed(project, sent.purpose, sent.channel)
        if purpose:
            records.append(stated({purpose: False}, reported.effect, sent, now_us, reported.what))
    return records


def stated(
    purposes: dict[str, bool], effect: str, sent: Sent, now_us: int, because: str
) -> tuple[Event, Kind]:
    """A statement of consent that somebody made through a message."""
    told: dict[str, Json] = {
        "purposes": {name: "granted" if given else "denied" for name, given in purposes.items()},
        "message": effect, "because": because,
    }  # fmt: skip
    event = _event(
        f"{effect}/consent/{now_us}", "Consent Updated", CONSENT_SOURCE, sent.identifier, now_us,
        told,
    )  # fmt: skip
    return event, "consent"


def narrowed(project: Project, purpose: str, channel: str) -> str:
    """The purpose that the gate of consent asks about (journeys E50)."""
    narrower = f"{purpose}_{channel}"
    return narrower if narrower in project.settings.privacy.known else purpose


def preferences(project: Project, sent: Sent) -> list[str]:
    """Purposes a recipient may change: this message's first, then those of all that is sent over
    its channel, then being followed.
    """
    channel = sent.channel or "email"
    asked = [sent.purpose, *_purposes(project, channel)]
    found = [narrowed(project, purpose, channel) for purpose in asked if purpose]
    kept = [purpose for purpose in found if purpose not in _KEPT_APART]
    return list(dict.fromkeys([*kept, TRACKING]))


def everything(project: Project, sent: Sent) -> list[str]:
    """What `unsubscribe from all` withdraws."""
    return [purpose for purpose in preferences(project, sent) if purpose != TRACKING]


def _purposes(project: Project, channel: str) -> Iterator[str]:
    for journey in project.journeys.values():
        sends = [step.send for step in journey.steps if step.send is not None]
        of_channel = [send for send in sends if send.channel == channel]
        yield from _given(send.purpose or journey.policy.purpose for send in of_channel)


def _given(purposes: Iterable[str | None]) -> Iterator[str]:
    yield from (purpose for purpose in purposes if purpose)


def _again(reported: Reported, sent: Sent, at_us: int) -> str:
    """What makes the id of a report that may come several times."""
    if reported.what == "bounced":
        return f"/{reported.status}" if reported.status.startswith("4.") else ""
    if reported.what not in _OFTEN:
        return ""
    link = f"/{sent.links.index(reported.link)}" if reported.link in sent.links else ""
    return f"{link}/{at_us // HOUR_US}{'/machine' if reported.is_machine else ''}"


def _event(
    id_: str, name: str, source: str, who: Identifier, at_us: int, told: dict[str, Json]
) -> Event:
    return Event(
        id=id_, name=name, type="track", source=source, identifiers=(who,), occurred_us=at_us,
        received_us=at_us, properties=told, context={"auth": "system"},
    )  # fmt: skip
