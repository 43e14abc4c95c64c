"""The shapes of decide, its batch, and exposures (decisions section 7)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.wire import Context, Id, InstantUs, Offset, RequestId, Subject
from journeyfold.core.decision import Decision, Mode
from journeyfold.core.event import Json

PLACEMENTS_MAX = 20  # decisions D6
SUBJECTS_MAX = 500  # decisions A7


class Forced(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    offer: Id
    variant: Id | None = None


class PlacementAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`force` is for previews."""

    id: Id
    limit: Annotated[int, Meta(ge=1, le=50)] | None = None
    force: Forced | None = None


Placements = Annotated[tuple[PlacementAsked, ...], Meta(min_length=1, max_length=PLACEMENTS_MAX)]
Budget = Annotated[int, Meta(ge=1, le=1000, description="milliseconds")]


class DecideRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`consent` may only narrow what is stored; `after` is an offset of a collect reply."""

    subject: Subject
    placements: Placements
    request_id: RequestId | None = None
    context: Context = {}
    consent: Annotated[dict[Id, bool], Meta(max_length=50)] = {}
    mode: Mode = "live"
    after: Offset | None = None
    timeout_ms: Budget = 150
    trace: bool = False
    at: str | None = None


class DecideBatchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same placements for many subjects."""

    subjects: Annotated[tuple[Subject, ...], Meta(min_length=1, max_length=SUBJECTS_MAX)]
    placements: Placements
    request_id: RequestId | None = None
    context: Context = {}
    trace: bool = False


class DecideBatchReply(msgspec.Struct, frozen=True):
    """In the order of the subjects."""

    decisions: tuple[Decision, ...]


class DecisionRecord(msgspec.Struct, frozen=True):
    """A recorded decision: what was answered, to whom, and why."""

    decision: Decision
    offset: int
    appended: str
    person: str
    context: dict[str, Json]


class ExposeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody saw the item that carried this receipt."""

    receipt: Annotated[str, Meta(min_length=1, max_length=2048)]
    shown_us: InstantUs | None = None
    surface: Annotated[str, Meta(max_length=64)] | None = None
