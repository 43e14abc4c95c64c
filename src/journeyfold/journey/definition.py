"""A journey as users write it (journeys section 2), checked value by value.

One file, one journey; the file's stem is its id. What points elsewhere (targets, templates,
segments, purposes) is followed by `check`; here stands what one value can be judged by alone.
`omit_defaults`: a version is the hash of what was said, not of what else we know (E60).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from journeyfold.core.cron import read_cron
from journeyfold.core.instant import duration_us
from journeyfold.core.localtime import is_zone
from journeyfold.journey.step import AGE_MAX, STEPS_MAX, Duration, Name, Percent, Slug, Step

PERSON = "person"
_OWN_CLOCK_MAX = 24


class SegmentEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    id: Name
    edge: Literal["entered", "left"] = "entered"
    include_current: bool = False
    min_dwell: Duration = "0s"


class StageEdge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    lifecycle: Name
    to: Name


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`cron` are wall times: of each person's own clock, or of the zone `tz` (E36)."""

    cron: Name
    audience: Name
    tz: str = PERSON
    catch_up: Duration = "1h"

    def __post_init__(self) -> None:
        times = read_cron(self.cron).times
        if self.tz == PERSON and len(times) > _OWN_CLOCK_MAX:
            raise ValueError(f"cron: at most {_OWN_CLOCK_MAX} times a day by people's own clocks")
        if self.tz != PERSON and not is_zone(self.tz):
            raise ValueError(f"tz: '{self.tz}' is no time zone; write person or Europe/Berlin")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of `event`, `segment`, `stage`, `schedule` and `api`; any of a journey's entries."""

    event: Name | None = None
    segment: SegmentEdge | None = None
    stage: StageEdge | None = None
    schedule: Schedule | None = None
    api: bool = False
    where: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        named = [self.event, self.segment, self.stage, self.schedule, self.api or None]
        if sum(each is not None for each in named) != 1:
            raise ValueError("an entry is one of event, segment, stage, schedule and api")


class Reentry(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"anchor": "from"},
):
    """Who may come again, and how soon (E11)."""

    mode: Literal["once", "after_exit", "always"] = "after_exit"
    min_interval: Duration = "0s"
    anchor: Literal["start", "exit"] = "exit"
    max_entries: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_active: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None
    on_conflict: Literal["ignore", "restart", "parallel"] = "ignore"

    def __post_init__(self) -> None:
        if self.on_conflict == "parallel" and (self.max_active or 1) < 2:
            raise ValueError("on_conflict: parallel needs max_active above 1")


class Exit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of `event`, `when` and `after`; acts at once from any step (E20)."""

    event: Name | None = None
    where: str | None = None
    when: str | None = None
    after: Duration | None = None
    reason: Name = ""
    late: bool = True

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.event, self.when, self.after)) != 1:
            raise ValueError("an exit is one of event, when and after")
        if self.where is not None and self.event is None:
            raise ValueError("`where` looks at an event; write `when` for a condition alone")


class Goal(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"anchor": "from", "exits": "exit"},
):
    """What the journey is for; counted once an instance (E21, E23)."""

    event: Name
    within: Duration
    where: str | None = None
    anchor: Literal["entry"] = "entry"
    value: str | None = None
    exits: bool = False
    after_exit: bool = True


class Holdout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    percent: Percent
    salt: Name


class Policy(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"message_class": "class"},
):
    """What the messages of a journey obey unless a send says otherwise."""

    purpose: Name | None = None
    message_class: Literal["marketing", "transactional"] = "marketing"
    quiet: Literal["default", "never"] = "default"
    caps: tuple[Name, ...] = ()
    priority: int = 0


class Journey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who enters, what happens to them, when it ends and how success is counted."""

    journey: Name
    entry: Annotated[tuple[Entry, ...], msgspec.Meta(min_length=1)]
    steps: Annotated[tuple[Step, ...], msgspec.Meta(min_length=1, max_length=STEPS_MAX)]
    stage: str = ""
    title: str = ""
    filter: str | None = None
    max_event_age: Duration = "1h"
    reentry: Reentry = Reentry()
    exit: tuple[Exit, ...] = ()
    goal: Goal | None = None
    holdout: Holdout | None = None
    policy: Policy = Policy()
    on_publish: Literal["pin", "migrate"] = "pin"
    migrate: dict[Slug, Slug] = {}

    def __post_init__(self) -> None:
        if bool(self.migrate) != (self.on_publish == "migrate"):
            raise ValueError("`migrate: {old: new}` and `on_publish: migrate` go together")
        for each in self.exit:
            if each.after is not None and (duration_us(each.after) or 0) > _AGE_MAX_US:
                raise ValueError(f"exit: after is at most {AGE_MAX}")


_AGE_MAX_US = duration_us(AGE_MAX) or 0
