"""An operation of the API: route, rights, shapes and the function that answers, in one value.

Routing, checking and the OpenAPI document are all made from these values, so none can disagree.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from journeyfold.api.auth import Caller
from journeyfold.api.errors import ApiError
from journeyfold.api.ports import Services
from journeyfold.collect.request import Request
from journeyfold.core.event import Json

BODY_MAX = 64 * 1024  # decisions A8

Asgi: TypeAlias = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
T = TypeVar("T")


class Reply(msgspec.Struct, frozen=True):
    """A complete answer; `status` 200 unless said otherwise."""

    body: bytes
    status: int = 200
    media: bytes = b"application/json"


Answered: TypeAlias = "Reply | Asgi"


@dataclass(slots=True)
class Call:
    """One request, taken apart and checked. `body` and `query` are structs of the operation."""

    services: Services
    request: Request
    caller: Caller | None
    path: dict[str, str] = field(default_factory=dict)
    query: Any = None
    body: Any = None
    fingerprint: int = 0  # of the canonical body, for idempotent calls

    @property
    def known_caller(self) -> Caller:
        assert self.caller is not None, "an operation with a scope has a caller"
        return self.caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`scope` is what a server key needs ("" for no key); write keys enter if `is_public`."""

    id: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    summary: str
    answer: Callable[[Call], Awaitable[Answered]]
    reply: Any
    scope: str = ""
    body: Any = None
    query: Any = None
    is_public: bool = False
    key_in_query: bool = False
    is_stream: bool = False
    body_max: int = BODY_MAX
    is_body_optional: bool = False  # none is `{}`
    statuses: tuple[int, ...] = ()


_ENCODE = msgspec.json.Encoder(order="deterministic").encode


def reply(value: object, status: int = 200) -> Reply:
    """JSON whose map keys are sorted, so that a stored answer gives the same bytes again."""
    return Reply(_ENCODE(value), status)


def converted(value: object, shape: type[T], where: str = "", *, strict: bool = True) -> T:
    """A checked value of a shape, or ApiError 400 with a JSON pointer."""
    try:
        return msgspec.convert(value, shape, strict=strict)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise ApiError("bad_request", message, where + _pointer(path.rstrip("`"))) from None


def found(value: T | None, what: str) -> T:
    if value is None:
        raise ApiError("not_found", f"there is no such {what}")
    return value


def _pointer(path: str) -> str:
    """`.placements[0].id` → `/placements/0/id`; `[...]` stands for a key msgspec does not name."""
    parts = path.replace("[", ".").replace("]", "").split(".")
    return "".join(f"/{part}" for part in parts if part and part != "...")


JsonMap: TypeAlias = dict[str, Json]
