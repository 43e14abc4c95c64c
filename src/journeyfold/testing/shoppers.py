"""A shop full of simulated people: their history, and their traffic from now on.

Both are functions of a seed. With the default of 2,000 shoppers sixty days give about 64,000
messages; hours and weekdays have the rhythm of a European shop, spending is Pareto's, some refuse
the consent banner, some share a tablet.

    for message in history("demo", 2_000, start_us, end_us): ...     # in the order of time
    for at_us, message in live("demo", 2_000, now_us): ...           # wait until at_us, then send
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import accumulate, count

from msgspec import structs

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.testing.shopper import Shopper, dice, shopper
from journeyfold.testing.visit import Memory, Message, Timed, Visit

_HOURS = (3, 1, 1, 1, 1, 2, 5, 12, 18, 22, 24, 26, 30, 28, 24, 24, 26, 32, 40, 52, 58, 48, 26, 10)
"""Relative traffic by local hour; the evening is the peak."""
_WEEKDAYS = (10, 9, 9, 10, 9, 11, 15)  # Monday first; Sunday is for browsing
_LOCAL_US = HOUR_US  # most shoppers live an hour ahead of UTC
_APART_US = 2 * HOUR_US  # two visits of one person never overlap
_THURSDAY = 3  # the weekday of 1970-01-01


def history(seed: str, shoppers: int, start_us: int, end_us: int) -> Iterator[Message]:
    """All messages with start <= timestamp < end, in the order of time."""
    people = [shopper(seed, number) for number in range(shoppers)]
    memories = [_memory(person) for person in people]
    planned = [
        (at_us, person.number, turn)
        for person in people
        for turn, at_us in enumerate(_starts(seed, person, start_us, end_us))
    ]
    planned.sort()
    begun = (
        (at_us, _visit(seed, people[number], memories[number], at_us, turn, 1.0))
        for at_us, number, turn in planned
    )
    for at_us, message in _in_order(begun):
        if at_us < end_us:
            yield message


def life(
    seed: str, number: int, start_us: int, end_us: int, *, visits: float = 1.0
) -> Iterator[Timed]:
    """What one shopper does between the two instants: with 1.0 their part of `history`."""
    person = shopper(seed, number)
    person = structs.replace(person, visits=person.visits * visits)
    memory = _memory(person)
    begun = (
        (at_us, _visit(seed, person, memory, at_us, turn, 1.0))
        for turn, at_us in enumerate(_starts(seed, person, start_us, end_us))
    )
    return ((at_us, message) for at_us, message in _in_order(begun) if at_us < end_us)


def live(
    seed: str, shoppers: int, start_us: int, *, visits_per_minute: float = 30.0, pace: float = 0.35
) -> Iterator[Timed]:
    """Traffic without end from `start_us` on; three in ten visitors have never been here.

    `pace` shortens the pauses within a visit, so that something is always going on.
    """
    return _in_order(_arrivals(seed, shoppers, start_us, visits_per_minute, pace))


def _arrivals(
    seed: str, shoppers: int, start_us: int, visits_per_minute: float, pace: float
) -> Iterator[tuple[int, Iterator[Timed]]]:
    throw = dice(seed, "live", start_us)
    weights = list(accumulate(shopper(seed, number).visits for number in range(shoppers)))
    memories: dict[int, Memory] = {}
    busy_until: dict[int, int] = {}
    at_us, newcomers = start_us, count(shoppers + start_us // DAY_US * 10_000)
    for turn in count():
        at_us += round(throw.expovariate(visits_per_minute / 60) * 1_000_000)
        if not weights or throw.random() < 0.3:
            person = shopper(seed, next(newcomers))
            memory = _memory(person)
        else:
            number = min(bisect(weights, throw.random() * weights[-1]), shoppers - 1)
            if busy_until.get(number, 0) > at_us:
                continue
            busy_until[number] = at_us + HOUR_US
            person = shopper(seed, number)
            memory = memories.setdefault(number, _memory(person, answered=True))
        yield at_us, _visit(f"{seed}/live/{start_us}", person, memory, at_us, turn, pace)


def _visit(
    seed: str, person: Shopper, memory: Memory, at_us: int, turn: int, pace: float
) -> Iterator[Timed]:
    throw = dice(seed, "visit", person.number, turn)
    key = f"{seed}/{person.number}/{turn}"
    return Visit(key, person, memory, throw, at_us, pace=pace).messages()


def _memory(person: Shopper, *, answered: bool = False) -> Memory:
    memory = Memory(answered=answered)
    memory.is_known = person.is_customer
    return memory


def _starts(seed: str, person: Shopper, start_us: int, end_us: int) -> list[int]:
    """When a person comes: their own number of visits, at the hours of everybody."""
    throw = dice(seed, "starts", person.number)
    days = max(1, (end_us - start_us) // DAY_US)
    wanted = int(person.visits * days / 30 + throw.random())
    weekdays = [_WEEKDAYS[(start_us // DAY_US + day + _THURSDAY) % 7] for day in range(days)]
    found: list[int] = []
    for day in throw.choices(range(days), weekdays, k=wanted):
        hour = throw.choices(range(24), _HOURS)[0]
        at_us = start_us + day * DAY_US + round((hour + throw.random()) * HOUR_US) - _LOCAL_US
        found.append(max(start_us, at_us))
    apart: list[int] = []
    for at_us in sorted(found):
        if not apart or at_us - apart[-1] >= _APART_US:
            apart.append(at_us)
    return apart


def _in_order(visits: Iterator[tuple[int, Iterator[Timed]]]) -> Iterator[Timed]:
    """Merges visits, which come in the order of their beginnings, without holding them all."""
    waiting: list[tuple[int, int, Message, Iterator[Timed]]] = []
    tie = count()
    for begins_us, visit in visits:
        while waiting and waiting[0][0] <= begins_us:
            yield _next(waiting, tie)
        _advance(waiting, tie, visit)
    while waiting:
        yield _next(waiting, tie)


def _next(waiting: list[tuple[int, int, Message, Iterator[Timed]]], tie: Iterator[int]) -> Timed:
    at_us, _, message, visit = heappop(waiting)
    _advance(waiting, tie, visit)
    return at_us, message


def _advance(
    waiting: list[tuple[int, int, Message, Iterator[Timed]]],
    tie: Iterator[int],
    visit: Iterator[Timed],
) -> None:
    if (following := next(visit, None)) is not None:
        at_us, message = following
        heappush(waiting, (at_us, next(tie), message, visit))
