"""The steps of a journey as users write them (journeys J1), checked value by value.

A step does one thing. What points elsewhere (targets, templates, placements) is followed by
`check`; here stands what one step can be judged by alone.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.core.localtime import minutes_of

DURATION = r"^(0|[1-9][0-9]{0,9})(s|m|h|d|w)$"
OFFSET = r"^-?(0|[1-9][0-9]{0,9})(s|m|h|d|w)$"
SLUG = r"^[a-z0-9][a-z0-9_-]{0,63}$"
CLOCK = r"^[0-2][0-9]:[0-5][0-9]$"
AGE_MAX = "400d"
STEPS_MAX = 500

Duration: TypeAlias = Annotated[str, msgspec.Meta(pattern=DURATION, examples=["24h"])]
Offset: TypeAlias = Annotated[str, msgspec.Meta(pattern=OFFSET, examples=["-3d"])]
Slug: TypeAlias = Annotated[str, msgspec.Meta(pattern=SLUG, examples=["first-mail"])]
Clock: TypeAlias = Annotated[str, msgspec.Meta(pattern=CLOCK, examples=["09:00"])]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Percent: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=100)]
Weekday: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=7)]
Channel: TypeAlias = Literal["email", "push", "sms", "webhook"]
Delivery: TypeAlias = Literal["at_most_once", "at_least_once"]

KINDS = (
    "wait", "wait_for", "branch", "split", "send", "decide", "update", "webhook", "exit",
)  # fmt: skip
"""What a step does; a step with `goto` alone only goes there."""


class Wait(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"length": "for"},
):
    """One of an exact length, a local time, local days or months, and an instant of a trait."""

    length: str | None = None
    until: Clock | None = None
    days: tuple[Weekday, ...] = ()
    if_past: Literal["next", "go"] = "next"
    local_days: Annotated[int, msgspec.Meta(ge=1, le=400)] | None = None
    local_months: Annotated[int, msgspec.Meta(ge=1, le=13)] | None = None
    at: str | None = None
    offset: Offset = "0s"
    on_missing: Literal["skip", "wait", "exit"] = "skip"

    def __post_init__(self) -> None:
        forms = (self.length, self.until, self.local_days, self.local_months, self.at)
        if sum(each is not None for each in forms) != 1:
            raise ValueError("a wait is one of for, until, local_days, local_months and at")
        if self.length is not None and duration_us(self.length) is None:
            raise ValueError(
                f"for: '{self.length}' is no duration; write 24h (exact) or local_days: 1 (calendar)"
            )
        if (duration_us(self.length or "0s") or 0) > (duration_us(AGE_MAX) or 0):
            raise ValueError(f"for: at most {AGE_MAX}, the longest that anybody is in a journey")
        if self.until is not None and minutes_of(self.until) is None:
            raise ValueError(f"until: '{self.until}' is no time of day; write 09:00")
        if self.days and self.until is None:
            raise ValueError("days: belong to until")


class Awaited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    event: Name
    where: str | None = None
    goto: Slug | None = None
    machine: bool = False


class WaitFor(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"events": "any"},
):
    """Until one of these events, at most for `timeout` (E35)."""

    events: Annotated[tuple[Awaited, ...], msgspec.Meta(min_length=1)]
    timeout: Duration
    on_timeout: Slug | None = None
    since: Literal["step", "entry"] = "step"
    reset_on: Name | None = None

    def __post_init__(self) -> None:
        length = duration_us(self.timeout) or 0
        if not 0 < length <= (duration_us(AGE_MAX) or 0):
            raise ValueError(f"timeout: 1s to {AGE_MAX}")


class Way(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"when": "if", "otherwise": "else"},
):
    """`{if: CONDITION, goto: STEP}`, or `{else: STEP}` as the last."""

    when: str | None = None
    goto: Slug | None = None
    otherwise: Slug | None = None

    def __post_init__(self) -> None:
        is_else = self.otherwise is not None
        if is_else == (self.when is not None or self.goto is not None):
            raise ValueError("write {if: CONDITION, goto: STEP} or {else: STEP}")
        if not is_else and (self.when is None or self.goto is None):
            raise ValueError("`if` and `goto` go together")


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    weight: Percent
    goto: Slug | None = None


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sticky draw over arms (E40). `by`: person, key, or a trait as `traits.NAME`."""

    salt: Name
    arms: Annotated[dict[str, Arm], msgspec.Meta(min_length=2)]
    by: str = "person"

    def __post_init__(self) -> None:
        total = sum(arm.weight for arm in self.arms.values())
        if total != 100:
            raise ValueError(f"arms: the weights sum to {total}, not to 100")
        if self.by not in {"person", "key"} and not self.by.startswith("traits."):
            raise ValueError(f"by: '{self.by}' is not person, key or traits.NAME")


class Send(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"message_class": "class"},
):
    """A message. What is not said here is the journey's policy."""

    channel: Channel
    template: Name | None = None
    by_stage: dict[str, str | None] = {}
    destination: Name | None = None
    purpose: Name | None = None
    message_class: Literal["marketing", "transactional"] | None = None
    caps: tuple[Name, ...] | None = None
    quiet: Literal["default", "never"] | None = None
    on_quiet: Literal["hold", "skip"] = "hold"
    on_cap: Literal["skip", "hold"] = "skip"
    on_fail: str = "continue"
    expires: Duration | None = None
    delivery: Delivery | None = None
    vars: dict[str, str] = {}

    def __post_init__(self) -> None:
        if (self.template is None) == (not self.by_stage):
            raise ValueError("a send names a template, or templates by_stage")
        if self.by_stage and not self.by_stage.get("lifecycle"):
            raise ValueError("by_stage: says its lifecycle")


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    placement: Name
    save: Slug
    on_none: Slug | None = None


class Update(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    traits: Annotated[dict[str, Json], msgspec.Meta(min_length=1)]


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    timeout: Duration
    save: Slug


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    destination: Name
    payload: Name | None = None
    reply: Reply | None = None
    on_fail: str = "continue"


class Step(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"exits": "exit"},
):
    """One of the kinds of `KINDS`; then to `goto`, else to the next line (J1)."""

    id: Slug
    wait: Wait | None = None
    wait_for: WaitFor | None = None
    branch: Annotated[tuple[Way, ...], msgspec.Meta(min_length=1)] | None = None
    split: Split | None = None
    send: Send | None = None
    decide: Decide | None = None
    update: Update | None = None
    webhook: Webhook | None = None
    exits: Name | None = None
    goto: Slug | None = None
    max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] | None = None

    def __post_init__(self) -> None:
        said = [kind for kind in KINDS if getattr(self, _FIELD.get(kind, kind)) is not None]
        if len(said) > 1:
            raise ValueError(f"a step does one thing; this one says {' and '.join(said)}")
        if not said and self.goto is None:
            raise ValueError(f"a step is one of {', '.join(KINDS)} and goto")
        if self.max is not None and self.goto is None:
            raise ValueError("max: limits a goto")
        if self.branch is not None and any(way.otherwise for way in self.branch[:-1]):
            raise ValueError("branch: `else` comes last")

    @property
    def kind(self) -> str:
        for kind in KINDS:
            if getattr(self, _FIELD.get(kind, kind)) is not None:
                return kind
        return "goto"


_FIELD = {"exit": "exits"}
