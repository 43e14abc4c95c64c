"""A journey paused, resumed, drained, stopped or migrated: by records, so a replay knows (E62).

While a journey is paused nobody enters and nobody takes a step; exits and goals count all the same.
A draining one lets nobody in. A stopped one ends everybody's run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, get_args

import msgspec

from journeyfold.core.event import Event, Identifier, Json

SYSTEM = "_system"
OWN = "_fold"  # source of what the platform says of a person: no visit of theirs
ASKED = "journey.enter"
ZONES = "zones.updated"
"""A record of kind `journey` as well: local times are reckoned by another tz database (E33)."""
Action: TypeAlias = Literal["pause", "resume", "drain", "stop", "migrate"]
CatchUp: TypeAlias = Literal["all", "skip-expired"]
Status: TypeAlias = Literal["live", "paused", "draining", "stopped"]
ACTIONS: tuple[Action, ...] = get_args(Action)
NAMES: Mapping[Action, str] = {
    "pause": "journey.paused", "resume": "journey.resumed", "drain": "journey.drained",
    "stop": "journey.stopped", "migrate": "journey.migrated",
}  # fmt: skip
"""What a record of kind `journey` is called."""
_STATUS: Mapping[str, Status] = {
    "journey.paused": "paused", "journey.resumed": "live",
    "journey.drained": "draining", "journey.stopped": "stopped",
}  # fmt: skip
_BY_NAME: Mapping[str, Action] = {name: action for action, name in NAMES.items()}


class Control(msgspec.Struct, frozen=True):
    """How a journey stands, since when, and who said so."""

    status: Status = "live"
    since_us: int = 0
    by: str = ""


LIVE = Control()
Controls = Mapping[str, Control]
"""Journey → how it stands; what is not there is live."""


class Move(msgspec.Struct, frozen=True):
    """What a migration does to the people at a step: `to` is empty where they stay, `why` says why."""

    step: str
    people: int
    to: str = ""
    why: str = ""


def command(
    action: Action, journey: str, now_us: int, by: str, *, catch_up: CatchUp = "all"
) -> Event:
    """The event of a record of kind `journey`; `by` is told to whoever asks why."""
    told: dict[str, Json] = {"journey": journey, "by": by}
    if action == "resume":
        told["catch_up"] = catch_up
    return Event(
        id=f"{NAMES[action]}/{journey}/{now_us}", name=NAMES[action], type="system", source=SYSTEM,
        identifiers=(), occurred_us=now_us, received_us=now_us, properties=told,
        context={"auth": "system"},
    )  # fmt: skip


def entry_event(
    journey: str,
    event_id: str,
    who: Iterable[Identifier],
    now_us: int,
    properties: Mapping[str, Json],
    entry: int | None = None,
) -> Event:
    """Somebody is let in by the platform: through the API, or by one of the journey's entries, a
    schedule or a segment they are in already (E12). The same id lets nobody in twice.
    """
    context: dict[str, Json] = {"auth": "system"}
    if entry is not None:
        context["entry"] = entry
    return Event(
        id=event_id, name=ASKED, type="track", source=OWN, identifiers=tuple(who),
        occurred_us=now_us, received_us=now_us, properties={**properties, "journey": journey},
        context=context,
    )  # fmt: skip


def action_of(event: Event) -> Action:
    return _BY_NAME[event.name]


def steered(controls: Controls, event: Event, now_us: int) -> dict[str, Control]:
    """How journeys stand after a command."""
    journey = str(event.properties["journey"])
    status = _STATUS.get(event.name)
    after = dict(controls)
    if status == "live":
        after.pop(journey, None)
    elif status is not None:
        after[journey] = Control(status, now_us, str(event.properties.get("by", "")))
    return after
