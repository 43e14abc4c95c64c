"""What stands at the end of the outbox: what it is given, what it answers, what it may use.

A kind of destination is one file in `activate/destinations`: a `Destined` struct, which is what
users write in `destinations/*.yaml`, and what it opens. Whatever the other side does is an
`Outcome` and never an exception; when to try again is not a destination's business (journeys A4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from journeyfold.activate.again import Schedule
from journeyfold.activate.forward import Forward
from journeyfold.activate.sync import Sync
from journeyfold.core.event import Json

ParcelKind: TypeAlias = Literal["message", "webhook", "event", "upsert", "remove"]
Status: TypeAlias = Literal["sent", "retry", "unknown", "dead", "paused", "disabled"]
Delivery: TypeAlias = Literal["at_most_once", "at_least_once"]
RESPONSE_MAX = 64 * 1024  # bytes of an answer that are kept (journeys A6)


class Mail(msgspec.Struct, frozen=True):
    """A message by e-mail, written; `headers` are those beyond the usual ones."""

    to: str
    sender: str
    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    headers: dict[str, str] = {}
    return_path: str = ""  # where bounces go; empty: to the sender


class Parcel(msgspec.Struct, frozen=True):
    """One thing to deliver. `key` is the id of its effect: the Message-ID, the webhook-id, the
    idempotency key (journeys E80). `body` holds what was mapped, in the destination's own words.
    """

    key: str
    kind: ParcelKind
    person: str
    at_us: int  # when the fact was, or when the message is written
    body: dict[str, Json] = {}
    mail: Mail | None = None
    attempt: int = 1
    hops: int = 0  # how many of us what caused it came through (journeys A22)


class Outcome(msgspec.Struct, frozen=True):
    """What became of one parcel.

    `retry` goes again after `after_us` at the earliest; so does `unknown`, which may have arrived,
    but not where it must not arrive twice. `dead` never goes again by itself; `paused` stops the
    destination until somebody has mended it (401, 403) and `disabled` for good (410): rows wait.
    """

    status: Status
    reason: str = ""
    after_us: int = 0
    response: str = ""  # masked, at most RESPONSE_MAX bytes
    reply: Json = None  # the answer, where it was JSON
    is_unreached: bool = False  # no connection: the breaker counts these in a row
    bounce: str = ""  # of a message: the status code of RFC 3463 under which it was refused


class Destination(Protocol):
    """One that is configured. Called from its own threads, `rate.concurrency` at a time."""

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        """At most `batch` parcels; as many outcomes, in their order."""
        ...

    def close(self) -> None: ...


class Call(msgspec.Struct, frozen=True):
    """A request over HTTP; the bytes are sent as they are."""

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes = b""
    timeout_s: float = 15.0


class Answer(msgspec.Struct, frozen=True):
    """`status` 0: none came, for `problem`. Header names are in lower case."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""
    problem: str = ""
    is_unreached: bool = False
    is_refused: bool = False  # this request may not leave: final
    is_barred: bool = False  # nothing may go there until the project is mended


class Http(Protocol):
    """Kept connections, no redirects, and never to an address inside (journeys A22)."""

    def __call__(self, call: Call) -> Answer: ...


class Tools(NamedTuple):
    """What the shell lends a destination."""

    name: str  # the destination's id
    http: Http
    data: Path  # the data directory
    secret: Callable[[str], str]  # a reference `${env:NAME}` → its value, or UsageError
    now_us: Callable[[], int]
    draw: Callable[[str], int]  # a name → 64 bits that are the same every time
    directory: Path = Path()  # the project's, from which relative paths go


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A token bucket, and how many calls run at once."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    burst: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4


class Destined(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"
):
    """What every `destinations/*.yaml` may say; a kind adds its own keys and a `tag`."""

    takes: ClassVar[frozenset[ParcelKind]] = frozenset()
    channel: ClassVar[str] = ""  # a kind that carries messages: email, push or sms
    batch: ClassVar[int] = 1
    delivery: ClassVar[Delivery] = "at_least_once"  # where a send does not say
    retries: ClassVar[Schedule] = "api"
    needs_payload: ClassVar[bool] = False  # a journey's call has to say its fields
    http: ClassVar[tuple[str, ...]] = ("url", "token_url")  # keys of addresses it speaks HTTP to
    places: ClassVar[
        Mapping[str, str]
    ] = {}  # a kind of parcel → the optional key it cannot do without

    destination: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = ""
    purpose: str = ""  # asked for at every parcel about a person, beside the send's own
    rate: Rate = Rate()
    events: tuple[Forward, ...] = ()
    syncs: tuple[Sync, ...] = ()

    def open(self, tools: Tools) -> Destination:
        """May raise UsageError for a secret that is not there: the rows wait."""
        raise NotImplementedError(tools)
