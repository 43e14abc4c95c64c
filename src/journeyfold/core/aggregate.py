"""What a profile keeps of its events: registers, windows of points and tiles, latest events.

A stored value is a function of the multiset of events alone, so order, grouping and merging leave
the same bytes (segments F1-F4). Writing is `profile/buckets.py`, reading `aggregate_read.py`.

A key names kind, span and feature: `e.9f3c…` is a lifetime register, `e31.9f3c…` a window kept for
31 days, `r20.…` the 20 latest events. So a stored aggregate can be merged and pruned without the
project that asked for it.

None of these holds a cycle, and there are dozens to a profile: the collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import ClassVar, Generic, TypeAlias, TypeVar

import msgspec

from journeyfold.core.event import INT64_MAX, INT64_MIN, Json
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.profile import Profile

POINTS_MAX = 32  # a day with more becomes tiles (segments F2)
HASHES_MAX = 256
VALUES_MAX = 64
STEPS_MAX = 100
MICRO = 1_000_000
MICROS_MAX = 9_200_000_000_000_000_000  # |value| <= 9.2e12 (segments F4)
NEVER = INT64_MAX
"""The instant that does not come."""

Scalar: TypeAlias = bool | int | float | str | None


class Events(msgspec.Struct, array_like=True, gc=False):
    """How many, and the first and last instant."""

    tile_us: ClassVar[int] = HOUR_US
    n: int
    first_us: int
    last_us: int


class Numbers(msgspec.Struct, array_like=True, gc=False):
    """Exact sums in micro-units; a total beyond 64 bits is kept as decimal text."""

    tile_us: ClassVar[int] = HOUR_US
    n: int
    first_us: int
    last_us: int
    total: int | str
    low: int
    high: int


class Ends(msgspec.Struct, array_like=True, gc=False):
    """First and last value with the event id that orders them at one instant."""

    tile_us: ClassVar[int] = HOUR_US
    n: int
    first_us: int
    last_us: int
    first: tuple[str, Scalar]
    last: tuple[str, Scalar]


class Distinct(msgspec.Struct, array_like=True, gc=False):
    """The 256 smallest hashes of the values, sorted: exact below, an estimate at 256."""

    tile_us: ClassVar[int] = HOUR_US
    n: int
    first_us: int
    last_us: int
    hashes: list[int]


class Shares(msgspec.Struct, array_like=True, gc=False):
    """Counts of the 64 values with the smallest hashes, and `n` of all. A tile is a day."""

    tile_us: ClassVar[int] = DAY_US
    n: int
    first_us: int
    last_us: int
    counts: dict[str, int]


Register: TypeAlias = Events | Numbers | Ends | Distinct | Shares
R = TypeVar("R")
V = TypeVar("V")


class Days(msgspec.Struct, Generic[R, V], array_like=True, gc=False):
    """A window: exact points of quiet days in order, tiles of busy ones.

    `at` and `value` run in parallel (no values for `Events`); so do `hour` (tile start in hours
    since 1970) and `tile`. A day has points or tiles, never both.
    """

    at: list[int] = []
    value: list[V] = []
    hour: list[int] = []
    tile: list[R] = []


class Recent(msgspec.Struct, array_like=True, gc=False):
    """The latest events, oldest first: (occurred_us, id, chosen properties)."""

    rows: list[tuple[int, str, list[Json]]] = []


class Matches(msgspec.Struct, array_like=True, gc=False):
    """The 100 latest matches of one step; `n` counts all, so a drop is known (segments C13)."""

    n: int = 0
    points: list[tuple[int, str]] = []


class Steps(msgspec.Struct, array_like=True, gc=False):
    matches: list[Matches] = []


Window: TypeAlias = (
    Days[Events, None]
    | Days[Numbers, int]
    | Days[Ends, tuple[str, Scalar]]
    | Days[Distinct, int]
    | Days[Shares, str]
)
Aggregate: TypeAlias = Register | Window | Recent | Steps

LETTERS = {
    "events": "e", "numbers": "n", "ends": "x", "distinct": "d", "shares": "s",
    "recent": "r", "steps": "q",
}  # fmt: skip
REGISTERS: dict[str, type[Events | Numbers | Ends | Distinct | Shares]] = {
    "e": Events, "n": Numbers, "x": Ends, "d": Distinct, "s": Shares,
}  # fmt: skip
_WINDOWS: dict[str, object] = {
    "e": Days[Events, None],
    "n": Days[Numbers, int],
    "x": Days[Ends, tuple[str, Scalar]],
    "d": Days[Distinct, int],
    "s": Days[Shares, str],
}
_DECODERS = {
    **{(letter, False): msgspec.msgpack.Decoder(kind) for letter, kind in REGISTERS.items()},
    **{(letter, True): msgspec.msgpack.Decoder(kind) for letter, kind in _WINDOWS.items()},
    ("r", True): msgspec.msgpack.Decoder(Recent),
    ("q", True): msgspec.msgpack.Decoder(Steps),
}


def aggregate_of(profile: Profile, key: str) -> Aggregate | None:
    """The decoded aggregate, kept decoded in the profile from then on; None while empty."""
    held: object = profile.aggregates.get(key)
    if type(held) is msgspec.Raw:
        held = _DECODERS[key[0], key[1] != "."].decode(held)
        profile.aggregates[key] = held  # type: ignore[assignment]  # it encodes to the same bytes
    return held  # type: ignore[return-value]  # what is not Raw was put there decoded


def decoder_of(key: str) -> Callable[[msgspec.Raw], Aggregate]:
    """How the bytes under a key are read."""
    return _DECODERS[key[0], key[1] != "."].decode


def span_of(key: str) -> int:
    """The number in a key: days kept, or how many events; 0 for a lifetime."""
    return int(key[1 : key.index(".")] or 0)


def micros(value: object) -> int | None:
    """A number in micro-units, half even from its shortest decimal form (segments F4)."""
    kind = type(value)
    if kind is int:
        made = value * MICRO  # type: ignore[operator]  # told by its type
    elif kind is float:
        scaled: float = value * MICRO  # type: ignore[operator]  # told by its type
        made = _rounded(scaled, value)  # type: ignore[arg-type]  # as above
    else:
        return None
    return made if -MICROS_MAX <= made <= MICROS_MAX else None


def _rounded(scaled: float, value: float) -> int:
    if -1e12 < scaled < 1e12:
        near = round(scaled)
        if abs(scaled - near) < 0.49:  # far from a tie the product's own rounding cannot matter
            return near
    if value - value != 0 or abs(value) > 1e13:
        return MICROS_MAX + 1
    return int(Decimal(repr(value)).scaleb(6).to_integral_value(ROUND_HALF_EVEN))


def fitted(total: int) -> int | str:
    """A sum as msgpack can hold it."""
    return total if INT64_MIN <= total <= INT64_MAX else str(total)


def value_hash(value: Scalar) -> int:
    """64 bits of a value; 1 and 1.0 are one value, 1 and "1" are two."""
    if isinstance(value, str):
        return _text_hash(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return int.from_bytes(blake2b(b"\xff" + repr(value).encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=8192)
def _text_hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
