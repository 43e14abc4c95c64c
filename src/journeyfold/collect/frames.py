"""What passes between an import and the child process that reads for it.

Length-prefixed MessagePack on the child's standard input (one `Job`) and output (`Started`,
`Batch` …, then `Ended` or `Failed`). The child is not trusted: a frame is bounded and decoded
into these types or the import fails.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, BinaryIO, Literal, TypeAlias

import msgspec

from journeyfold.core.event import INT64_MAX, INT64_MIN, Event, Json
from journeyfold.sources.mapped import Mapped, Message, Outcome, Passed

FRAME_MAX = 64 << 20
Failure = Literal["file", "columns", "mapping", "memory", "cpu", "crash", "server"]


class Pulled(msgspec.Struct, frozen=True):
    """What a child that asks a database or an API is told, beside the source (ADR 30).

    `settings` are those of `read` with every reference filled in; `secrets` are what was filled in,
    which no message may show. `mark` is where it stands, in its own words.
    """

    settings: dict[str, Json]
    secrets: tuple[str, ...] = ()
    directory: str = ""  # the project's, from which relative paths go
    room: str = ""  # a directory of its own below the data directory
    allow: tuple[str, ...] = ()  # addresses inside that may be asked
    mark: Json = None


class Job(msgspec.Struct, frozen=True):
    """One import for the child: the source as the project has it, paths resolved by the parent.

    `files` are the file read (under ""), or the tables of a query by name and `database`.
    The first `skip` units (groups, or rows where nothing is grouped) were done by an earlier run.
    """

    source: dict[str, Json]
    files: dict[str, str]
    received_us: int
    fingerprint: str  # of the file: part of ids that have no columns of their own
    skip: int = 0
    limit: int | None = None
    after: tuple[Json, Json] | None = None  # values of cursor.column and cursor.key
    pulled: Pulled | None = None


class Started(msgspec.Struct, frozen=True, tag="started"):
    columns: dict[str, str]
    rows_total: int | None


class Batch(msgspec.Struct, frozen=True, tag="batch"):
    """`units` counts from the start of the file, skipped ones included."""

    outcomes: list[Outcome]
    units: int
    highest: tuple[Json, Json] | None = None
    mark: Json = None  # of a pull: where it stands once these are in the log


class EncodedBatch(msgspec.Struct, frozen=True, tag="batch"):
    """The same as the child writes it: every outcome was measured when it was encoded."""

    outcomes: list[msgspec.Raw]
    units: int
    highest: tuple[Json, Json] | None = None
    mark: Json = None  # of a pull: where it stands once these are in the log


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    complete: bool  # false when `limit` stopped it
    mark: Json = None


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    reason: Failure
    sentence: str


Frame: TypeAlias = Started | Batch | Ended | Failed

PLAIN_MEMBERS = 200  # of each part of a plain event
_Key = Annotated[str, msgspec.Meta(max_length=64)]  # of characters, so 256 bytes at most
_Int64 = Annotated[int, msgspec.Meta(ge=INT64_MIN, le=INT64_MAX)]
_Members = Annotated[
    dict[_Key, str | _Int64 | float | bool | None], msgspec.Meta(max_length=PLAIN_MEMBERS)
]


class PlainEvent(Event, frozen=True, array_like=True):
    """An event whose shape was seen to be within every limit while it was decoded."""

    properties: _Members = msgspec.field(default_factory=dict)  # type: ignore[assignment]  # a narrower dict
    traits: _Members = msgspec.field(default_factory=dict)  # type: ignore[assignment]  # as above
    context: _Members = msgspec.field(default_factory=dict)  # type: ignore[assignment]  # as above


class _PlainMapped(Mapped, frozen=True, array_like=True, tag=1):
    event: PlainEvent


class _PlainBatch(Batch, frozen=True, tag="batch"):
    outcomes: list[_PlainMapped | Message | Passed]  # type: ignore[assignment]  # a narrower list


_encode = msgspec.msgpack.encode
_frame: Callable[[bytes], Frame] = msgspec.msgpack.Decoder(Frame).decode
_plain_frame: Callable[[bytes], Frame] = msgspec.msgpack.Decoder(
    Started | _PlainBatch | Ended | Failed
).decode
_job = msgspec.msgpack.Decoder(Job).decode


def write_frame(pipe: BinaryIO, value: Frame | EncodedBatch | Job) -> None:
    body = _encode(value)
    pipe.write(len(body).to_bytes(4, "big"))
    pipe.write(body)
    pipe.flush()


def frame_of(body: bytes) -> Frame:
    """Raises msgspec.DecodeError for what is none."""
    try:
        return _plain_frame(body)
    except msgspec.ValidationError:  # events with lists or objects in them
        return _frame(body)


def read_job(pipe: BinaryIO) -> Job | None:
    body = read_body(pipe)
    return None if body is None else _job(body)


def read_body(pipe: BinaryIO) -> bytes | None:
    """The next frame's bytes; None at the end of the stream, also when it ends inside a frame."""
    head = pipe.read(4)
    size = int.from_bytes(head, "big")
    if len(head) < 4 or size > FRAME_MAX:
        return None
    body = pipe.read(size)
    return body if len(body) == size else None
