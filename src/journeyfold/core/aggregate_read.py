"""Reading aggregates at an instant, and when what was read could next change.

Windows are `(now - w, now]`; a tile counts whole while it touches the window (segments C10, F2).
Nothing here changes an aggregate.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from journeyfold.core.aggregate import (
    HASHES_MAX,
    MICRO,
    NEVER,
    Aggregate,
    Days,
    Distinct,
    Ends,
    Events,
    Numbers,
    Recent,
    Register,
    Scalar,
    Shares,
    Steps,
    Window,
)
from journeyfold.core.event import Json
from journeyfold.core.instant import HOUR_US, rfc3339


def read(
    name: str, held: Aggregate | None, now_us: int, within_us: int | None, argument: Scalar
) -> Json:
    """The value of a function of events; `held` is None for a person without such events."""
    if held is None:
        return empty(name)
    if name == "recency":
        assert isinstance(held, Events)
        return now_us - held.last_us
    return READS[name](held, now_us, within_us or 0, argument)


def empty(name: str) -> Json:
    """The value for a person without such events."""
    return 0.0 if name == "sum" else 0 if name in {"count", "distinct"} else None


def span(days: Window, now_us: int, within_us: int) -> tuple[int, int]:
    """Positions of the points in the window."""
    return bisect_right(days.at, now_us - within_us), bisect_right(days.at, now_us)


def tiles(days: Window, now_us: int, within_us: int) -> Iterator[Register]:
    """Tiles that touch the window, in order."""
    if not days.tile:
        return
    width = days.tile[0].tile_us
    start = (now_us - within_us) // width * (width // HOUR_US)
    for index in range(bisect_left(days.hour, start), len(days.tile)):
        tile = days.tile[index]
        if tile.first_us > now_us:
            return
        if tile.last_us > now_us - within_us:
            yield tile


def next_change(held: Aggregate | None, now_us: int, within_us: int | None) -> int:
    """The first instant at which a point leaves the window, or one of the future enters it."""
    if within_us is None or not isinstance(held, Days):
        return NEVER
    at = held.at
    i, j = bisect_right(at, now_us - within_us), bisect_right(at, now_us)
    soon = at[i] + within_us if i < j else NEVER
    if j < len(at) and at[j] < soon:
        soon = at[j]
    for tile in held.tile:
        if now_us - within_us < tile.last_us:
            due = tile.first_us if tile.first_us > now_us else tile.last_us + within_us
            soon = min(soon, due)
    return soon


def last_change(held: Aggregate | None, now_us: int, within_us: int | None) -> int:
    """As `next_change` for the newest value: it stays until the newest point leaves."""
    if within_us is None or not isinstance(held, Days):
        return NEVER
    if held.tile or has_future(held, now_us):
        return next_change(held, now_us, within_us)
    i, j = span(held, now_us, within_us)
    return held.at[j - 1] + within_us if i < j else NEVER


def has_future(days: Window, now_us: int) -> bool:
    return bool(
        (days.at and days.at[-1] > now_us) or (days.tile and days.tile[-1].last_us > now_us)
    )


# --- reads --------------------------------------------------------------------------------------


def counted(held: Aggregate, now_us: int, within_us: int, _: Scalar = None) -> int:
    if not isinstance(held, Days):
        assert isinstance(held, Events)
        return held.n
    i, j = span(held, now_us, within_us)
    if not held.tile:
        return j - i
    return j - i + sum(tile.n for tile in tiles(held, now_us, within_us))


def _numbers(held: Aggregate, now_us: int, within_us: int) -> tuple[int, int, list[int]]:
    """(n, exact total, values among which the least and greatest are)."""
    if isinstance(held, Numbers):
        return held.n, int(held.total), [held.low, held.high]
    assert isinstance(held, Days)
    i, j = span(held, now_us, within_us)
    values: list[int] = held.value[i:j]  # type: ignore[assignment]  # sums are of numbers
    n, total = len(values), sum(values)
    if not held.tile:
        return n, total, values
    for tile in tiles(held, now_us, within_us):
        assert isinstance(tile, Numbers)
        n += tile.n
        total += int(tile.total)
        values += [tile.low, tile.high]
    return n, total, values


def total_of(held: Aggregate, now_us: int, within_us: int, _: Scalar = None) -> float:
    return _numbers(held, now_us, within_us)[1] / MICRO


def _avg(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> float | None:
    n, total, _values = _numbers(held, now_us, within_us)
    return total / (n * MICRO) if n else None


def _min(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> float | None:
    values = _numbers(held, now_us, within_us)[2]
    return min(values) / MICRO if values else None


def _max(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> float | None:
    values = _numbers(held, now_us, within_us)[2]
    return max(values) / MICRO if values else None


def _ends(
    held: Aggregate, now_us: int, within_us: int
) -> tuple[tuple[int, str, Scalar], tuple[int, str, Scalar]] | None:
    """First and last as (occurred_us, id, value); the value of an `Events` is its instant."""
    if isinstance(held, Events):
        return (held.first_us, "", held.first_us), (held.last_us, "", held.last_us)
    if isinstance(held, Ends):
        return (held.first_us, *held.first), (held.last_us, *held.last)
    assert isinstance(held, Days)
    i, j = span(held, now_us, within_us)
    found: list[tuple[int, str, Scalar]] = []
    for index in {i, j - 1} if i < j else ():
        at = held.at[index]
        kept = held.value[index] if held.value else ("", at)
        pair: tuple[str, Scalar] = kept  # type: ignore[assignment]  # of firsts and lasts
        found.append((at, *pair))
    for tile in tiles(held, now_us, within_us):
        both = _ends(tile, now_us, within_us)
        found += both or ()
    if not found:
        return None
    order = [(at, name) for at, name, _ in found]
    return found[order.index(min(order))], found[order.index(max(order))]


def _first(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> Json:
    both = _ends(held, now_us, within_us)
    return both[0][2] if both else None


def _last(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> Json:
    both = _ends(held, now_us, within_us)
    return both[1][2] if both else None


def _distinct(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> int:
    if isinstance(held, Distinct):
        return estimate(held.hashes)
    assert isinstance(held, Days)
    i, j = span(held, now_us, within_us)
    hashes: set[int] = set(held.value[i:j])  # type: ignore[arg-type]  # distinct keeps hashes
    if len(hashes) < HASHES_MAX and not held.tile:
        return len(hashes)
    for tile in tiles(held, now_us, within_us):
        assert isinstance(tile, Distinct)
        hashes.update(tile.hashes)
    return estimate(sorted(hashes)[:HASHES_MAX])


def estimate(hashes: list[int]) -> int:
    """Exact below 256 hashes; at 256 the k-minimum-values estimate (Bar-Yossef 2002)."""
    if len(hashes) < HASHES_MAX:
        return len(hashes)
    return round((HASHES_MAX - 1) * 2**64 / (hashes[-1] + 1))


def _shares(held: Aggregate, now_us: int, within_us: int) -> tuple[int, dict[str, int]]:
    if isinstance(held, Shares):
        return held.n, held.counts
    assert isinstance(held, Days)
    i, j = span(held, now_us, within_us)
    counts: dict[str, int] = {}
    n = j - i
    for value in held.value[i:j]:
        counts[str(value)] = counts.get(str(value), 0) + 1
    for tile in tiles(held, now_us, within_us):
        assert isinstance(tile, Shares)
        n += tile.n
        for value, count in tile.counts.items():
            counts[value] = counts.get(value, 0) + count
    return n, counts


def _share(held: Aggregate, now_us: int, within_us: int, value: Scalar) -> float | None:
    if isinstance(held, Days) and not held.tile:
        i, j = span(held, now_us, within_us)
        texts: list[str] = held.value[i:j]  # type: ignore[assignment]  # shares keep texts
        return texts.count(str(value)) / (j - i) if i < j else None
    n, counts = _shares(held, now_us, within_us)
    return counts.get(str(value), 0) / n if n else None


def _top(held: Aggregate, now_us: int, within_us: int, _: Scalar) -> str | None:
    _n, counts = _shares(held, now_us, within_us)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


READS: dict[str, Callable[[Aggregate, int, int, Scalar], Json]] = {
    "count": counted, "sum": total_of, "avg": _avg, "min": _min, "max": _max, "first": _first,
    "last": _last, "distinct": _distinct, "share": _share, "top": _top,
}  # fmt: skip


def recent_rows(held: Aggregate | None, fields: tuple[str, ...]) -> list[Json]:
    """Newest first, as JSON objects with `occurred` beside the chosen properties."""
    if held is None:
        return []
    assert isinstance(held, Recent)
    rows = reversed(held.rows)
    return [
        {"occurred": rfc3339(at), **dict(zip(fields, row, strict=True))} for at, _id, row in rows
    ]


def chain_test(
    held: Aggregate | None, now_us: int, within_us: int | None, since_us: int | None
) -> tuple[bool, int]:
    """`sequence` and when it could flip (segments C13).

    Per step, the latest possible start of a chain that ends at each match; a chain holds when its
    span fits. O(matches of all steps).
    """
    if held is None:
        return False, NEVER
    assert isinstance(held, Steps)
    starts = [(at, name, at) for at, name in held.matches[0].points]
    for matches in held.matches[1:]:
        starts = _extended(starts, matches.points)
    ends = [at for at, _id, start in starts if within_us is None or at - start <= within_us]
    past = ends[: bisect_right(ends, now_us)]
    if past and since_us is None:
        return True, NEVER
    if past and since_us is not None and past[-1] > now_us - since_us:
        return True, past[-1] + since_us
    return False, ends[len(past)] if len(past) < len(ends) else NEVER


def _extended(
    starts: list[tuple[int, str, int]], points: list[tuple[int, str]]
) -> list[tuple[int, str, int]]:
    """Each match of the next step with the latest start among the chains strictly before it."""
    made: list[tuple[int, str, int]] = []
    index, latest = 0, -NEVER
    for at, name in points:
        while index < len(starts) and (starts[index][0], starts[index][1]) < (at, name):
            latest = max(latest, starts[index][2])
            index += 1
        if latest > -NEVER:
            made.append((at, name, latest))
    return made
