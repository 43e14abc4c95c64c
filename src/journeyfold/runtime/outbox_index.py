"""How many rows the outbox has of what, and which: kept with every row, in the same transaction.

A page of a hundred thousand deliveries, its counts and the age of the oldest are read from here
without reading the rows. A group is a destination as rows name it, a kind, a journey and whether
its rows wait (pending and leased), wait once more and say why, are unknown or dead. What is pushed
to open pages is in none.

    n GROUP → how many               k ID KEY → nothing: the rows of a group, by key
    l KEY → nothing: the leased      d DESTINATION KIND DUE KEY → nothing: those that wait, by due
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from heapq import merge
from typing import NamedTuple

from journeyfold.activate.outbox import STATES, Filter, Row, State, decode_row, kind_of
from journeyfold.core.effect import Deliver
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.project.compile import PUSH

SPACE = "outbox_by"
ROWS = "outbox"
_WAITS, _AGAIN = "waits", "again"
_STATES: dict[str, tuple[State, ...]] = {
    _WAITS: ("pending", "leased"), _AGAIN: ("pending", "leased"),
    "unknown": ("unknown",), "dead": ("dead",),
}  # fmt: skip
_COUNT, _KEY, _LEASED, _DUE = b"n", b"k", b"l", b"d"
_WIDTH = 8


class Group(NamedTuple):
    destination: str  # as the rows name it: a destination, or a channel
    kind: str
    journey: str
    standing: str

    def fits(self, asked: Filter) -> bool:
        return (
            (not asked.destinations or self.destination in asked.destinations)
            and (not asked.kind or self.kind == asked.kind)
            and (not asked.journey or self.journey == asked.journey)
            and (not asked.state or asked.state in _STATES[self.standing])
            and (not asked.reason or self.standing != _WAITS)
        )

    @property
    def waits(self) -> bool:
        """Or is on its way."""
        return self.standing in {_WAITS, _AGAIN}

    @property
    def deliver(self) -> Deliver:
        """What stands for one of it where only its destination is asked for."""
        return Deliver("", self.destination, "", 0, "", {"kind": self.kind})

    @property
    def name(self) -> bytes:
        return "\0".join(self).encode()

    @property
    def id(self) -> bytes:
        """Short, so that a key with it is no longer than a store takes."""
        return blake2b(self.name, digest_size=_WIDTH).digest()


def change(writer: StateWriter, before: Row | None, after: Row | None) -> None:
    """A row was put, put anew or dropped."""
    row = after or before
    if row is None or row.deliver.destination == PUSH:
        return
    key = row.key.encode()
    old, new = _group(before), _group(after)
    if old != new:
        if old is not None:
            _leave(writer, old, row, key)
        if new is not None:
            _join(writer, new, row, key)
    was, is_ = (each is not None and each.state == "leased" for each in (before, after))
    if was and not is_:
        writer.delete(SPACE, _LEASED + key)
    elif is_ and not was:
        writer.put(SPACE, _LEASED + key, b"")


def counts(reader: StateReader, asked: Filter) -> dict[str, int]:
    """State → rows that the filter holds for. What rows say of a reason is read row by row."""
    if asked.keys or asked.reason:
        found: dict[str, int] = {}
        for row in rows(reader, asked):
            found[row.state] = found.get(row.state, 0) + 1
        return found
    by_state: dict[str, int] = dict.fromkeys(STATES, 0)
    for group, n in groups(reader):
        if group.fits(asked):
            by_state["pending" if group.waits else group.standing] += n
    on_their_way = sum(1 for _ in _leased(reader, _any_state(asked)))
    by_state["pending"] -= on_their_way
    by_state["leased"] += on_their_way
    return {state: n for state, n in by_state.items() if n and asked.state in {"", state}}


def rows(reader: StateReader, asked: Filter, after: str = "") -> Iterator[Row]:
    """In the order of their keys, those > `after`; of what is asked for, only its groups are read."""
    if asked.keys:
        found = (_row(reader, key.encode()) for key in sorted({*asked.keys}) if key > after)
        real = (row for row in found if row is not None and row.deliver.destination != PUSH)
        yield from filter(asked.holds, real)
    elif asked.state == "leased":
        yield from (row for row in _leased(reader, asked) if row.key > after)
    else:
        wanted = [group for group, _ in groups(reader) if group.fits(asked)]
        for key in merge(*(_keys(reader, group, after) for group in wanted)):
            row = _row(reader, key)
            if row is not None and asked.holds(row):
                yield row


def groups(reader: StateReader) -> Iterator[tuple[Group, int]]:
    """Each with how many rows it has, at least one."""
    for key, raw in reader.scan(SPACE, _COUNT, _after(_COUNT)):
        yield Group(*key[1:].decode().split("\0")), int.from_bytes(raw, "big")


def leased(reader: StateReader) -> Iterator[Row]:
    """What is on its way: as many as destinations take at once, or did when a process ended."""
    return _leased(reader, Filter())


def oldest_us(reader: StateReader, destination: str, kind: str) -> int:
    """Since when the oldest of those rows was due that wait and are not on their way; 0 = none."""
    start = _due(destination, kind)
    for found, _ in reader.scan(SPACE, start, _after(start)):
        due_us, key = found[len(start) : len(start) + _WIDTH], found[len(start) + _WIDTH :]
        if reader.get(SPACE, _LEASED + key) is None:
            return int.from_bytes(due_us, "big")
    return 0


def _group(row: Row | None) -> Group | None:
    if row is None:
        return None
    deliver = row.deliver
    journey = deliver.payload.get("journey")
    standing: str = row.state
    if standing in _STATES[_WAITS]:
        standing = _AGAIN if row.reason else _WAITS
    return Group(
        deliver.destination, kind_of(deliver), journey if isinstance(journey, str) else "", standing
    )


def _join(writer: StateWriter, group: Group, row: Row, key: bytes) -> None:
    _add(writer, group, 1)
    writer.put(SPACE, _KEY + group.id + key, b"")
    if group.waits:
        writer.put(SPACE, _due_key(row, key), b"")


def _leave(writer: StateWriter, group: Group, row: Row, key: bytes) -> None:
    _add(writer, group, -1)
    writer.delete(SPACE, _KEY + group.id + key)
    if group.waits:
        writer.delete(SPACE, _due_key(row, key))


def _add(writer: StateWriter, group: Group, by: int) -> None:
    """A group without rows is not kept: what is no more is not looked at."""
    name = _COUNT + group.name
    n = int.from_bytes(writer.get(SPACE, name) or b"", "big") + by
    if n:
        writer.put(SPACE, name, n.to_bytes(_WIDTH, "big"))
    else:
        writer.delete(SPACE, name)


def _keys(reader: StateReader, group: Group, after: str) -> Iterator[bytes]:
    start = _KEY + group.id
    begins = start + after.encode() + b"\0" if after else start
    for found, _ in reader.scan(SPACE, begins, _after(start)):
        yield found[len(start) :]


def _leased(reader: StateReader, asked: Filter) -> Iterator[Row]:
    for found, _ in reader.scan(SPACE, _LEASED, _after(_LEASED)):
        row = _row(reader, found[1:])
        if row is not None and asked.holds(row):
            yield row


def _any_state(asked: Filter) -> Filter:
    return Filter(destinations=asked.destinations, journey=asked.journey, kind=asked.kind)


def _row(reader: StateReader, key: bytes) -> Row | None:
    raw = reader.get(ROWS, key)
    return decode_row(raw) if raw else None


def _due(destination: str, kind: str) -> bytes:
    return _DUE + f"{destination}\0{kind}\0".encode()


def _due_key(row: Row, key: bytes) -> bytes:
    deliver = row.deliver
    due_us = max(0, deliver.due_us).to_bytes(_WIDTH, "big")
    return _due(deliver.destination, kind_of(deliver)) + due_us + key


def _after(prefix: bytes) -> bytes:
    """Past every key that begins with it; the last byte of a group's id may be the greatest."""
    whole = prefix.rstrip(b"\xff")
    return whole[:-1] + bytes([whole[-1] + 1])
