"""Pairs that a linkage proposes, and what people say of them (identity X6), kept in `id_review`.

A proposal is a record, so is a verdict; what is here is derived from them. At most `OPEN_MAX` pairs
are open, the strongest of each run; the rest are counted. Nodes only: who they are is looked up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice
from typing import Annotated, Literal

import msgspec

from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Json
from journeyfold.core.ports import StateReader, StateWriter

PROPOSED, RAN, FAILED, REVIEWED, EVIDENCE = (
    "linkage.proposed", "linkage.ran", "linkage.failed", "identity.reviewed", "identity.evidence",
)  # fmt: skip
"""Names of records of kind `evidence`; the last carries a `Verdict`."""
SOURCE, REVIEWERS = "_linkage", "_review"
OPEN_MAX = 10_000
SPACE = "id_review"

Answer = Literal["same", "different", "unsure"]
State = Literal["open", "same", "different"]
Band = Literal["auto", "review"]
Step = tuple[str, str, float]
"""A column, how the two values of it compare in words, and the match weight of that."""


class ReviewRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`review:` of identity.yaml: how many people have to say the same."""

    reviewers: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1


class Proposed(msgspec.Struct, frozen=True):
    """`properties` of a `linkage.proposed`; nodes are hex. The steps and the prior sum to `weight`."""

    a: str
    b: str
    weight: float
    probability: float
    band: Band
    steps: tuple[Step, ...]
    model: str
    run: str

    @property
    def nodes(self) -> tuple[bytes, bytes]:
        return bytes.fromhex(self.a), bytes.fromhex(self.b)


class Ran(msgspec.Struct, frozen=True):
    """`properties` of a `linkage.ran` or `linkage.failed`: what a run did, or why it did nothing.

    `rows` were compared, `left_out` belong to people who object, `skipped` says which blocking keys
    were too large. Of the pairs, `unlisted` are worth a look and found no room, `implied` follow from
    stronger ones, `known` are one person already, `refused` are kept apart by a verdict.
    """

    run: str
    model: str
    mode: Literal["full", "incremental"]
    started_us: int
    until: int = -1
    rows: int = 0
    left_out: int = 0
    pairs: int = 0
    auto: int = 0
    review: int = 0
    unlisted: int = 0
    dropped: int = 0
    known: int = 0
    refused: int = 0
    implied: int = 0
    skipped: tuple[str, ...] = ()
    seconds: float = 0.0
    failure: str = ""


class Said(msgspec.Struct, frozen=True, array_like=True):
    by: str
    answer: Answer
    at_us: int


class Review(msgspec.Struct, frozen=True, array_like=True):
    """One pair of the queue. `said` holds the last word of each reviewer, in order of time."""

    a: bytes
    b: bytes
    weight: float
    probability: float
    steps: tuple[Step, ...]
    model: str
    run: str
    offset: int
    proposed_us: int
    said: tuple[Said, ...] = ()
    state: State = "open"
    decided_us: int = 0

    @property
    def id(self) -> str:
        return review_id(self.a, self.b)

    @property
    def prior(self) -> float:
        """The weight before anything was compared."""
        return self.weight - sum(weight for _, _, weight in self.steps)

    @property
    def is_disputed(self) -> bool:
        return {"same", "different"} <= {each.answer for each in self.said}

    def settled(self, reviewers: int) -> State:
        """`reviewers` equal answers of different people; an earlier one never changes its mind."""
        for answer in ("same", "different"):
            if sum(each.answer == answer for each in self.said) >= reviewers:
                return answer
        return "open"


class Run(msgspec.Struct, frozen=True, array_like=True):
    """A run as the fold saw it; `linked` were joined, `refused` met a limit or a verdict."""

    told: Ran
    offset: int
    at_us: int
    linked: int = 0
    refused: int = 0
    opened: int = 0
    known: int = 0
    unlisted: int = 0
    is_done: bool = False


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """Of all pairs: how many are open, and how many have found no room since it was last empty."""

    open: int = 0
    unlisted: int = 0


_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode
_REVIEW = msgspec.msgpack.Decoder(Review)
_RUN = msgspec.msgpack.Decoder(Run)
_TALLY = msgspec.msgpack.Decoder(Tally)


def review_id(a: bytes, b: bytes) -> str:
    """Of a pair, whichever is named first."""
    return blake2b(min(a, b) + max(a, b), digest_size=16, person=b"journeyfold.rev").hexdigest()


def reviewed(id_: str, answer: Answer, by: str, now_us: int) -> Event:
    """The record of what somebody said of a pair."""
    return _own(f"review/{id_}/{by}/{now_us}", REVIEWED, REVIEWERS, now_us, {
        "review": id_, "verdict": answer, "by": by,
    })  # fmt: skip


def proposal(told: Proposed, now_us: int) -> Event:
    properties = msgspec.to_builtins(told)
    return _own(f"linkage/{told.run}/{told.a}/{told.b}", PROPOSED, SOURCE, now_us, properties)


def report(told: Ran, now_us: int) -> Event:
    name = FAILED if told.failure else RAN
    return _own(f"{name}/{told.run}", name, SOURCE, now_us, msgspec.to_builtins(told))


def verdict(properties: dict[str, Json], key: str, source: str, now_us: int, by: str = "") -> Event:
    """The record of a link, a cannot-link, a block or a retract that somebody asked for."""
    event = _own(f"evidence/{key}/{now_us}", EVIDENCE, source, now_us, properties)
    return msgspec.structs.replace(event, context={**event.context, "by": by})


def review_of(reader: StateReader, id_: str) -> Review | None:
    raw = reader.get(SPACE, b"r" + bytes.fromhex(id_)) if _is_id(id_) else None
    return _REVIEW.decode(raw) if raw else None


def open_reviews(reader: StateReader, after: bytes = b"") -> Iterator[tuple[bytes, Review]]:
    """The strongest first, each with the place that continues after it."""
    for key, _ in reader.scan(SPACE, b"q" + after + (b"\0" if after else b""), b"r"):
        raw = reader.get(SPACE, b"r" + key[9:])
        assert raw is not None, "what is in the queue has a row"
        yield key[1:], _REVIEW.decode(raw)


def every(reader: StateReader) -> Iterator[Review]:
    """Every pair, open or decided."""
    return (_REVIEW.decode(raw) for _, raw in reader.scan(SPACE, b"r", b"s"))


def decided_reviews(reader: StateReader, limit: int) -> list[Review]:
    """The latest first."""
    found = []
    for key, _ in islice(reader.scan(SPACE, b"d", b"e"), limit):
        raw = reader.get(SPACE, b"r" + key[9:])
        assert raw is not None, "what was decided has a row"
        found.append(_REVIEW.decode(raw))
    return found


def runs(reader: StateReader) -> list[Run]:
    """The latest first."""
    found = [_RUN.decode(raw) for _, raw in reader.scan(SPACE, b"u", b"v")]
    return sorted(found, key=lambda run: -run.offset)


def run_of(reader: StateReader, run: str) -> Run | None:
    raw = reader.get(SPACE, b"u" + run.encode())
    return _RUN.decode(raw) if raw else None


def tally(reader: StateReader) -> Tally:
    raw = reader.get(SPACE, b"n")
    return _TALLY.decode(raw) if raw else Tally()


def put_run(writer: StateWriter, run: Run) -> None:
    writer.put(SPACE, b"u" + run.told.run.encode(), _ENCODE(run))


def put_review(writer: StateWriter, row: Review) -> None:
    """In the queue while it is open, among the decided ones after."""
    before = review_of(writer, row.id)
    if before is not None:
        _unlist(writer, before)
    writer.put(SPACE, b"r" + bytes.fromhex(row.id), _ENCODE(row))
    writer.put(SPACE, _place(row), b"")
    _count(writer, opened=(row.state == "open"))


def has_room(reader: StateReader) -> bool:
    return tally(reader).open < OPEN_MAX


def count_unlisted(writer: StateWriter) -> None:
    now = tally(writer)
    writer.put(SPACE, b"n", _ENCODE(Tally(now.open, now.unlisted + 1)))


def forget(writer: StateWriter, nodes: Collection[bytes]) -> None:
    """Pairs of people who are erased."""
    gone = [
        row
        for row in (_REVIEW.decode(raw) for _, raw in writer.scan(SPACE, b"r", b"s"))
        if row.a in nodes or row.b in nodes
    ]
    for row in gone:
        drop(writer, row)


def drop(writer: StateWriter, row: Review) -> None:
    _unlist(writer, row)
    writer.delete(SPACE, b"r" + bytes.fromhex(row.id))


def with_answer(row: Review, said: Said) -> Review:
    """A reviewer's last word stands for their earlier ones."""
    others = tuple(each for each in row.said if each.by != said.by)
    return msgspec.structs.replace(row, said=(*others, said))


def words(steps: Iterable[tuple[str, int, float]], says: Mapping[str, list[str]]) -> list[Step]:
    """Levels as a model numbers them (-1 unknown, 0 all else) in words."""
    return [(column, says[column][level + 1], weight) for column, level, weight in steps]


def _unlist(writer: StateWriter, row: Review) -> None:
    writer.delete(SPACE, _place(row))
    _count(writer, opened=False, closed=row.state == "open")


def _count(writer: StateWriter, *, opened: bool, closed: bool = False) -> None:
    now = tally(writer)
    left = now.open + opened - closed
    writer.put(SPACE, b"n", _ENCODE(Tally(left, now.unlisted if left else 0)))


def _place(row: Review) -> bytes:
    """Strongest first in the queue, latest first among the decided."""
    id_ = bytes.fromhex(row.id)
    if row.state == "open":
        bounded = min(max(row.weight, -1_000.0), 1_000.0)
        return b"q" + round((1_000.0 - bounded) * 1e6).to_bytes(8, "big") + id_
    return b"d" + (2**63 - row.decided_us).to_bytes(8, "big") + id_


def _is_id(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)


def _own(key: str, name: str, source: str, now_us: int, properties: dict[str, Json]) -> Event:
    return Event(
        id=effect_id(key), name=name, type="system", source=source, identifiers=(),
        occurred_us=now_us, received_us=now_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
