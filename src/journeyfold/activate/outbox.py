"""A row of the outbox and the ways it may go (journeys A1, A2, A6). Pure.

    pending → leased → (sent, skipped: the row goes) | pending again | unknown | dead

A row is made with the fold's commit and goes when its result is in the log. `unknown` is what may
have been sent and must not be sent twice, `dead` what was given up: both stay, listed, until
somebody sends them again or drops them, or until they are too old.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from journeyfold.activate.destination import Delivery
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US

State: TypeAlias = Literal["pending", "leased", "unknown", "dead"]
Result: TypeAlias = Literal["sent", "failed", "skipped", "unknown"]
RESULTS: tuple[Result, ...] = ("sent", "failed", "skipped", "unknown")
STATES: tuple[State, ...] = ("pending", "leased", "unknown", "dead")
INTERRUPTED = "interrupted"
"""The result of an attempt whose process ended."""
KEPT_US = 30 * DAY_US  # dead and unknown rows (A6)


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """One time it was tried; `result` is the outcome's status."""

    at_us: int
    latency_us: int
    result: str
    reason: str = ""


class Row(msgspec.Struct, frozen=True, array_like=True):
    """`attempt` counts attempts begun in this `round`; a round begins when somebody sends a row
    again by hand. `until_us` is when its lease is out.
    """

    deliver: Deliver
    state: State = "pending"
    next_us: int = 0  # not before
    attempt: int = 0
    round: int = 0
    owner: str = ""
    until_us: int = 0
    attempts: tuple[Attempt, ...] = ()  # of this round
    request: str = ""  # what was said, masked; of one that did not get through
    response: str = ""  # the last answer, masked
    reason: str = ""
    settled_us: int = 0  # since when it is dead or unknown

    @property
    def key(self) -> str:
        return self.deliver.key


_ROW = msgspec.msgpack.Decoder(Row)
_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode


def decode_row(raw: bytes) -> Row:
    return _ROW.decode(raw)


def encode_row(row: Row) -> bytes:
    return _ENCODE(row)


def kind_of(deliver: Deliver) -> str:
    """What it is: a payload that does not say is a message."""
    return str(deliver.payload.get("kind") or "message")


def delivery_of(deliver: Deliver, usual: Delivery) -> Delivery:
    """What the send says, else what its destination usually does (A2)."""
    said = deliver.payload.get("delivery")
    if said == "at_most_once":
        return "at_most_once"
    return "at_least_once" if said == "at_least_once" else usual


def expires_us(deliver: Deliver) -> int:
    """0 = never."""
    found = deliver.payload.get("expires_us")
    return found if isinstance(found, int) else 0


def leased(row: Row, owner: str, until_us: int) -> Row:
    return msgspec.structs.replace(
        row, state="leased", owner=owner, until_us=until_us, attempt=row.attempt + 1
    )


def released(row: Row, *, next_us: int = 0, is_begun: bool = False) -> Row:
    """Back in the queue; a lease under which nothing was tried burns no attempt."""
    attempt = row.attempt if is_begun else max(row.attempt - 1, 0)
    return msgspec.structs.replace(
        row, state="pending", owner="", until_us=0, attempt=attempt, next_us=next_us
    )


def tried(row: Row, attempt: Attempt, *, next_us: int, response: str = "") -> Row:
    """It goes again at `next_us`."""
    return msgspec.structs.replace(
        released(row, next_us=next_us, is_begun=True),
        attempts=(*row.attempts, attempt), response=response, reason=attempt.reason,
    )  # fmt: skip


def ended(
    row: Row,
    state: State,
    reason: str,
    at_us: int,
    *,
    attempts: tuple[Attempt, ...] = (),
    request: str = "",
    response: str = "",
) -> Row:
    """Dead or unknown; `attempts` come to those it had."""
    return msgspec.structs.replace(
        row, state=state, owner="", until_us=0, next_us=0, reason=reason, settled_us=at_us,
        attempts=(*row.attempts, *attempts), request=request or row.request,
        response=response or row.response,
    )  # fmt: skip


def again(row: Row, at_us: int) -> Row:
    """Sent again by hand: another round, from its first attempt."""
    return msgspec.structs.replace(
        row, state="pending", owner="", until_us=0, next_us=at_us, attempt=0, attempts=(),
        round=row.round + 1, reason="", settled_us=0,
    )  # fmt: skip


def answered(row: Row) -> list[Attempt]:
    """Attempts of this round that came to an end; the others ended with their process."""
    return [each for each in row.attempts if each.result != INTERRUPTED]


class Filter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which rows; what is empty asks for nothing. `reason` is a part of the row's reason,
    `destinations` what rows may name: a destination, or the channel that it is the first of.
    """

    keys: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    state: State | Literal[""] = ""
    journey: str = ""
    kind: str = ""
    reason: str = ""

    def holds(self, row: Row) -> bool:
        deliver = row.deliver
        return (
            (not self.keys or row.key in self.keys)
            and (not self.destinations or deliver.destination in self.destinations)
            and (not self.state or row.state == self.state)
            and (not self.journey or deliver.payload.get("journey") == self.journey)
            and (not self.kind or kind_of(deliver) == self.kind)
            and self.reason.lower() in row.reason.lower()
        )


def told_of(deliver: Deliver) -> dict[str, Json]:
    """What a record about a delivery says of where it came from."""
    payload = deliver.payload
    names = ("journey", "version", "instance", "step", "channel")
    found: dict[str, Json] = {name: payload[name] for name in names if name in payload}
    about = payload.get("about")  # what a sync wants to hear again with the result
    return {**found, "about": about} if about is not None else found
