"""Writing aggregates: add one point, merge two values, prune what no window can see.

Each function leaves a value that depends on the multiset of points only: adding in any order, or
merging any split, gives the same bytes (segments F2, F3).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TypeAlias

import msgspec

from journeyfold.core.aggregate import (
    HASHES_MAX,
    POINTS_MAX,
    REGISTERS,
    STEPS_MAX,
    VALUES_MAX,
    Aggregate,
    Days,
    Distinct,
    Ends,
    Events,
    Matches,
    Numbers,
    Recent,
    Register,
    Scalar,
    Shares,
    Steps,
    Window,
    fitted,
    span_of,
    value_hash,
)
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, HOUR_US

Point: TypeAlias = int | str | tuple[str, Scalar] | None
"""What is kept of an event beside its instant: nothing, micros or a hash, a value, (id, value)."""

_RegisterType: TypeAlias = type[Events] | type[Numbers] | type[Ends] | type[Distinct] | type[Shares]


def added(held: Aggregate | None, key: str, at_us: int, point: Point) -> Aggregate:
    """The aggregate with one more point; changes `held` in place when there is one."""
    kind = REGISTERS[key[0]]
    if key[1] == ".":
        if type(held) is Events:  # the most frequent case, without a second register
            held.n += 1
            held.first_us, held.last_us = min(held.first_us, at_us), max(held.last_us, at_us)
            return held
        single = _single(kind, at_us, point)
        if held is None:
            return single
        assert not isinstance(held, Days | Recent | Steps)
        absorb(held, single)
        return held
    days = held if held is not None else _WINDOW()
    assert isinstance(days, Days)
    _add(days, kind, at_us, point)
    prune(days, span_of(key))
    return days


def merged(a: Aggregate, b: Aggregate, key: str) -> Aggregate:
    """The union of two disjoint multisets; changes and returns `a`."""
    match a:
        case Recent():
            assert isinstance(b, Recent)
            a.rows = sorted(a.rows + b.rows, key=_row_order)[-span_of(key) :]
        case Steps():
            assert isinstance(b, Steps)
            a.matches = [
                Matches(x.n + y.n, sorted(x.points + y.points)[-STEPS_MAX:])
                for x, y in zip(a.matches, b.matches, strict=True)
            ]
        case Days():
            assert isinstance(b, Days)
            _merge_days(a, b, REGISTERS[key[0]])
            prune(a, span_of(key))
        case _:
            assert not isinstance(b, Days | Recent | Steps)
            absorb(a, b)
    return a


# --- windows ------------------------------------------------------------------------------------


def _WINDOW() -> Window:  # noqa: N802 - reads as the empty value it is
    empty: Days[Events, None] = Days(at=[], value=[], hour=[], tile=[])
    return empty


def _add(days: Window, kind: _RegisterType, at_us: int, point: Point) -> None:
    day = at_us // DAY_US
    if days.hour and _tiled(days, day):
        _into_tile(days, _single(kind, at_us, point))
        return
    at = days.at
    if point is None:
        insort(at, at_us)
    else:
        _insert(days, at_us, point)
    if len(at) > POINTS_MAX:
        start = bisect_left(at, day * DAY_US)
        stop = bisect_left(at, (day + 1) * DAY_US)
        if stop - start > POINTS_MAX:
            _to_tiles(days, kind, start, stop)


def _insert(days: Window, at_us: int, point: Point) -> None:
    """Among points of one instant the order is by id or value, so that bytes agree."""
    at, values = days.at, days.value
    index = bisect_right(at, at_us)
    if index and at[index - 1] == at_us:
        first, order = bisect_left(at, at_us), _order(point)
        while index > first and _order(values[index - 1]) > order:
            index -= 1
    at.insert(index, at_us)
    values.insert(index, point)  # type: ignore[arg-type]  # of the kind its key names


def _order(point: Point) -> tuple[str, int, bytes]:
    match point:
        case (str(name), value):
            return name, 0, msgspec.json.encode(value)
        case int():
            return "", point, b""
        case _:
            return str(point), 0, b""


def _tiled(days: Window, day: int) -> bool:
    index = bisect_left(days.hour, day * 24)
    return index < len(days.hour) and days.hour[index] < (day + 1) * 24


def _to_tiles(days: Window, kind: _RegisterType, start: int, stop: int) -> None:
    values = days.value[start:stop] or [None] * (stop - start)
    points = list(zip(days.at[start:stop], values, strict=True))
    del days.at[start:stop]
    if days.value:
        del days.value[start:stop]
    for at_us, point in points:
        _into_tile(days, _single(kind, at_us, point))


def _into_tile(days: Window, register: Register) -> None:
    width = register.tile_us
    hour = register.first_us // width * (width // HOUR_US)
    index = bisect_left(days.hour, hour)
    if index < len(days.hour) and days.hour[index] == hour:
        absorb(days.tile[index], register)
    else:
        days.hour.insert(index, hour)
        days.tile.insert(index, register)  # type: ignore[arg-type]  # of the kind its key names


def _merge_days(a: Window, b: Window, kind: _RegisterType) -> None:
    for tile in b.tile:
        day = tile.first_us // DAY_US
        start, stop = bisect_left(a.at, day * DAY_US), bisect_left(a.at, (day + 1) * DAY_US)
        if start < stop:  # the union has more than 32, so it is tiles
            _to_tiles(a, kind, start, stop)
        _into_tile(a, tile)
    for index, at_us in enumerate(b.at):
        _add(a, kind, at_us, b.value[index] if b.value else None)


def prune(days: Window, kept: int) -> None:
    """Drops days that no window of `kept` days can see, by the newest point and nothing else.

    One spare day is for points up to a day in the future of `now` (segments C10).
    """
    at, hour = days.at, days.hour
    newest = [at[-1] // DAY_US] if at else []
    if hour:
        newest.append(hour[-1] // 24)
    first = max(newest) - kept - 1
    if at and at[0] < first * DAY_US:
        stop = bisect_left(at, first * DAY_US)
        del at[:stop]
        if days.value:
            del days.value[:stop]
    if hour and hour[0] < first * 24:
        stop = bisect_left(hour, first * 24)
        del hour[:stop]
        del days.tile[:stop]


# --- registers ----------------------------------------------------------------------------------


def _single(kind: _RegisterType, at_us: int, point: Point) -> Register:
    if kind is Events:
        return Events(1, at_us, at_us)
    if kind is Numbers:
        assert isinstance(point, int)
        return Numbers(1, at_us, at_us, point, point, point)
    if kind is Ends:
        assert isinstance(point, tuple)
        return Ends(1, at_us, at_us, point, point)
    if kind is Distinct:
        assert isinstance(point, int)
        return Distinct(1, at_us, at_us, [point])
    assert isinstance(point, str)
    return Shares(1, at_us, at_us, {point: 1})


def absorb(a: Register, b: Register) -> None:
    """Adds what `b` counts to `a`; both are of one kind."""
    match a:
        case Numbers():
            assert isinstance(b, Numbers)
            a.total = fitted(int(a.total) + int(b.total))
            a.low, a.high = min(a.low, b.low), max(a.high, b.high)
        case Ends():
            assert isinstance(b, Ends)
            a.first = min((a.first_us, a.first), (b.first_us, b.first), key=_end_order)[1]
            a.last = max((a.last_us, a.last), (b.last_us, b.last), key=_end_order)[1]
        case Distinct():
            assert isinstance(b, Distinct)
            a.hashes = sorted({*a.hashes, *b.hashes})[:HASHES_MAX]
        case Shares():
            assert isinstance(b, Shares)
            for value, count in b.counts.items():
                a.counts[value] = a.counts.get(value, 0) + count
            a.counts = _smallest(a.counts)
        case Events():
            pass
    a.n += b.n
    a.first_us, a.last_us = min(a.first_us, b.first_us), max(a.last_us, b.last_us)


def _end_order(end: tuple[int, tuple[str, Scalar]]) -> tuple[int, str, int, bytes]:
    return end[0], *_order(end[1])


def _smallest(counts: dict[str, int]) -> dict[str, int]:
    """The values with the smallest hashes: one dropped is dropped from every union, too."""
    if len(counts) <= VALUES_MAX:
        return counts
    kept = sorted(counts, key=lambda value: (value_hash(value), value))[:VALUES_MAX]
    return {value: counts[value] for value in kept}


def _row_order(row: tuple[int, str, list[Json]]) -> tuple[int, str, bytes]:
    return row[0], row[1], msgspec.json.encode(row[2])


# --- latest events ------------------------------------------------------------------------------


def added_row(held: Recent | None, key: str, row: tuple[int, str, list[Json]]) -> Recent:
    """The latest events with one more; only the newest `keep` stay."""
    recent = held or Recent(rows=[])
    insort(recent.rows, row, key=_row_order)
    del recent.rows[: -span_of(key)]
    return recent


def added_match(held: Steps | None, steps: int, step: int, point: tuple[int, str]) -> Steps:
    """One more match of a step."""
    chain = held or Steps(matches=[Matches(0, []) for _ in range(steps)])
    matches = chain.matches[step]
    matches.n += 1
    insort(matches.points, point)
    del matches.points[:-STEPS_MAX]
    return chain
