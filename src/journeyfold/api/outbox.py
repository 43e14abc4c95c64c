"""The outbox over HTTP: what waits, what failed and why, and sending it again (journeys A6).

A command is a record, durable before the reply: it holds in a crash, and `work` carries it out when
it folds it. Requests and answers that are shown are masked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from journeyfold.activate.outbox import Filter, State
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import PageSize, moment
from journeyfold.runtime.outbox_view import Act, DestinationAct, DestinationCard, RowCard

KEYS_MAX = 1_000
Word = Annotated[str, Meta(max_length=200)]


class OutboxQuery(msgspec.Struct, frozen=True):
    """What is empty asks for nothing; `reason` is a part of the row's reason. `cursor` is the
    `next_cursor` of the page before.
    """

    destination: Word = ""
    state: State | Literal[""] = ""
    journey: Word = ""
    kind: Word = ""
    reason: Word = ""
    cursor: Word = ""
    limit: PageSize = 100


class OutboxRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows: `keys`, or what they have in common. `all` where nothing else is said."""

    keys: Annotated[tuple[Word, ...], Meta(max_length=KEYS_MAX)] = ()
    destination: Word = ""
    state: State | Literal[""] = ""
    journey: Word = ""
    kind: Word = ""
    reason: Word = ""
    all: bool = False


class OutboxDone(msgspec.Struct, frozen=True):
    """`rows` is how many it is about now; `offset` is the command's record."""

    act: Act
    rows: int
    offset: int


class AttemptBody(msgspec.Struct, frozen=True):
    at: str
    latency_ms: float
    result: str
    reason: str


class RowBody(msgspec.Struct, frozen=True):
    """`next` is when it goes, `settled` since when it is dead or unknown."""

    key: str
    kind: str
    destination: str
    person: str
    state: State
    purpose: str
    journey: str
    step: str
    channel: str
    due: str
    next: str | None
    settled: str | None
    attempt: int
    reason: str
    attempts: tuple[AttemptBody, ...]
    request: str
    response: str


class OutboxBody(msgspec.Struct, frozen=True):
    """`counts` is of all the filter holds for, by state."""

    rows: tuple[RowBody, ...]
    counts: dict[str, int]
    next_cursor: str | None


class DestinationBody(msgspec.Struct, frozen=True):
    """`status` missing: rows name it, and the project does not have it. `attempts` by outcome,
    since `work` began; `oldest` is since when the oldest row waits.
    """

    id: str
    type: str
    status: Literal["open", "paused", "disabled", "missing"]
    reason: str
    since: str | None
    breaker: Literal["closed", "open", "half-open"]
    probe: str | None
    under_way: int
    rows: dict[str, int]
    oldest: str | None
    attempts: dict[str, int]
    problem: str


class DestinationsBody(msgspec.Struct, frozen=True):
    destinations: tuple[DestinationBody, ...]


class DestinationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said."""


class DestinationDone(msgspec.Struct, frozen=True):
    destination: str
    act: DestinationAct
    offset: int


async def answer_list(call: Call) -> Answered:
    asked, view = call.query, call.services.outbox
    wanted = _filter(call, asked)
    page = await asyncio.to_thread(view.page, wanted, asked.cursor, asked.limit)
    return reply(OutboxBody(tuple(map(_row, page.rows)), page.counts, page.next_cursor))


def answer_act(act: Act) -> Callable[[Call], Awaitable[Answered]]:
    async def answer(call: Call) -> Answered:
        services, caller, body = call.services, call.known_caller, call.body
        wanted = _filter(call, body)
        if wanted == Filter() and not body.all:
            raise ApiError("bad_request", "say which rows, or `all: true` for every one")
        rows = await asyncio.to_thread(services.outbox.matching, act, wanted)
        entry = services.outbox.command(act, wanted, f"key {caller.key_id}")
        (fate,) = await services.door.append([entry], [])
        return reply(OutboxDone(act, rows, fate.offset))

    return answer


async def answer_destinations(call: Call) -> Answered:
    known = await asyncio.to_thread(call.services.outbox.destinations)
    return reply(DestinationsBody(tuple(map(_destination, known))))


def answer_destination(act: DestinationAct) -> Callable[[Call], Awaitable[Answered]]:
    async def answer(call: Call) -> Answered:
        services, name = call.services, call.path["destination"]
        known = await asyncio.to_thread(services.outbox.destinations)
        found(next((each for each in known if each.id == name), None), "destination")
        entry = services.outbox.destination_command(act, name, f"key {call.known_caller.key_id}")
        (fate,) = await services.door.append([entry], [])
        return reply(DestinationDone(name, act, fate.offset))

    return answer


def _filter(call: Call, asked: OutboxQuery | OutboxRequest) -> Filter:
    keys = asked.keys if isinstance(asked, OutboxRequest) else ()
    return call.services.outbox.filter(
        keys, destination=asked.destination, state=asked.state, journey=asked.journey,
        kind=asked.kind, reason=asked.reason,
    )  # fmt: skip


def _row(card: RowCard) -> RowBody:
    attempts = tuple(
        AttemptBody(moment(one.at_us), one.latency_us / 1_000, one.result, one.reason)
        for one in card.attempts
    )
    return RowBody(
        key=card.key, kind=card.kind, destination=card.destination, person=card.person,
        state=card.state, purpose=card.purpose, journey=card.journey, step=card.step,
        channel=card.channel, due=moment(card.due_us), next=_moment(card.next_us),
        settled=_moment(card.settled_us), attempt=card.attempt, reason=card.reason,
        attempts=attempts, request=card.request, response=card.response,
    )  # fmt: skip


def _destination(card: DestinationCard) -> DestinationBody:
    return DestinationBody(
        id=card.id, type=card.type, status=card.status, reason=card.reason,
        since=_moment(card.since_us), breaker=card.breaker, probe=_moment(card.breaker_until_us),
        under_way=card.under_way, rows=card.rows, oldest=_moment(card.oldest_due_us),
        attempts=card.attempts, problem=card.problem,
    )  # fmt: skip


def _moment(us: int) -> str | None:
    return moment(us) if us else None
