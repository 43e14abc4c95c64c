"""From the messages of a replication stream to changes of rows (collect C46, C47). Pure.

A change is named by where its transaction was committed and its place in it, so that what is read
twice has the same id. A table is compared with what it looked like when its last change was mapped:
every other shape is told once, and a change whose table has lost a column that the mapping reads is
held until the mapping is mended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from journeyfold.collect.json_entry import Refused
from journeyfold.collect.pg_text import family_of, value_of
from journeyfold.collect.pgoutput import (
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    MalformedError,
    Relation,
    RelationColumn,
    Truncate,
    Update,
    Value,
    decode,
)
from journeyfold.core.event import Json
from journeyfold.sources.local_time import Zone

Shape: TypeAlias = dict[str, str]
"""Name of a column → family of its type."""
Row: TypeAlias = dict[str, Json]


class Known(msgspec.Struct):
    """A table: what the mapping was last used with, and what was last told of."""

    accepted: Shape
    seen: Shape


class Changed(msgspec.Struct, frozen=True):
    index: int
    change: Row


class Broken(msgspec.Struct, frozen=True):
    """What cannot be mapped: bytes of no message, or a row of a table that is another one now."""

    index: int
    why: Refused
    position: str
    change: Json


class Truncated(msgspec.Struct, frozen=True):
    index: int
    position: str
    table: str
    at_us: int
    cascade: bool
    restart_identity: bool


class Reshaped(msgspec.Struct, frozen=True):
    """A table's columns are others than before."""

    index: int
    position: str
    table: str
    detail: str
    before: Shape
    after: Shape


class Committed(msgspec.Struct, frozen=True):
    """A transaction is complete; the next one begins at `end`."""

    end: int
    at_us: int


Finding: TypeAlias = Changed | Broken | Truncated | Reshaped | Committed


class Table(msgspec.Struct, frozen=True):
    """What the stream alone does not say: the primary key, whatever the replica identity is."""

    schema: str
    name: str
    key: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"


class Changes:
    """`feed` messages in order. `known` is brought up to date as changes are met."""

    def __init__(
        self,
        generation: int,
        known: dict[str, Known],
        *,
        follows: Callable[[str, str], bool],
        reads: frozenset[str],
        zone: Zone,
        keys: Mapping[str, tuple[str, ...]] | None = None,
        done: tuple[int, int] = (0, 0),
    ) -> None:
        """`done` is (LSN, index) of the last change that is in the log already."""
        self._generation, self.known, self._done = generation, known, done
        self._follows, self._reads, self._zone = follows, reads, zone
        self._keys = keys or {}
        self._relations: dict[int, Relation] = {}
        self._unmet: set[int] = set()
        self._lost: dict[int, list[str]] = {}
        self._begin = Begin(0, 0, 0)
        self._index = 0

    def feed(self, lsn: int, data: bytes) -> Iterator[Finding]:
        """`lsn` stands beside the message; it names a transaction whose own words are unreadable."""
        try:
            message = decode(data)
        except MalformedError as error:
            self._index += 1
            if self._is_new():
                raw: Json = {"lsn": lsn_text(lsn), "hex": data.hex()}
                yield self._broken(Refused("undecodable", "", str(error)), raw)
            return
        match message:
            case Begin():
                self._begin, self._index = message, 0
            case Commit():
                yield Committed(message.end, message.at_us)
            case Relation():
                self._relations[message.id] = message
                self._unmet.add(message.id)
            case Truncate():
                yield from self._truncated(message)
            case Insert() | Update() | Delete():
                self._index += 1
                yield from self._of_row(message)
            case _:
                pass

    @property
    def position(self) -> str:
        return f"{self._generation}:{lsn_text(self._begin.lsn)}:{self._index}"

    @property
    def place(self) -> tuple[int, int]:
        """(LSN, index) of the change fed last."""
        return self._begin.lsn, self._index

    def _is_new(self) -> bool:
        return self.place > self._done

    def _truncated(self, message: Truncate) -> Iterator[Finding]:
        for oid in message.relations:
            self._index += 1
            relation = self._relations.get(oid)
            if relation is None or not self._is_new():
                continue
            if self._follows(relation.schema, relation.table):
                yield Truncated(
                    self._index, self.position, _name(relation), self._begin.at_us,
                    message.cascade, message.restart_identity,
                )  # fmt: skip

    def _of_row(self, message: Insert | Update | Delete) -> Iterator[Finding]:
        if not self._is_new():
            return
        relation = self._relations.get(message.relation)
        if relation is None:
            unknown = f"no table {message.relation} was announced"
            yield self._broken(Refused("undecodable", "", unknown), None)
            return
        if not self._follows(relation.schema, relation.table):
            return
        if relation.id in self._unmet:
            self._unmet.discard(relation.id)
            yield from self._met(relation)
        change = self._change(relation, message)
        if change is None:
            detail = f"a row of {_name(relation)} has not the columns that were announced"
            yield self._broken(Refused("undecodable", "", detail), None)
        elif lost := self._lost.get(relation.id):
            detail = f"the mapping reads {_listed(lost)}, which {_name(relation)} has no more"
            yield self._broken(Refused("schema_changed", "", detail), change)
        else:
            yield Changed(self._index, change)

    def _broken(self, why: Refused, change: Json) -> Broken:
        return Broken(self._index, why, self.position, change)

    def _met(self, relation: Relation) -> Iterator[Finding]:
        """Is it the table that it was? Told once; what is lost is asked of the mapping each time."""
        name, shape = _name(relation), shape_of(relation.columns)
        known = self.known.get(name)
        if known is None:
            known = self.known[name] = Known(shape, shape)
        if shape != known.seen:
            yield Reshaped(
                self._index, f"{self.position}:schema", name, difference(known.seen, shape),
                known.seen, shape,
            )  # fmt: skip
            known.seen = shape
        self._lost[relation.id] = lost_columns(known.accepted, shape, self._reads)
        if not self._lost[relation.id]:
            known.accepted = shape

    def _change(self, relation: Relation, message: Insert | Update | Delete) -> Row | None:
        columns = relation.columns
        old = None if isinstance(message, Insert) else message.old
        new = None if isinstance(message, Delete) else message.new
        if any(each is not None and len(each) != len(columns) for each in (old, new)):
            return None
        has_key_only = not isinstance(message, Insert) and message.is_key
        before = None if old is None else self._row(columns, old, keys_only=has_key_only)
        after = None if new is None else self._row(columns, new)
        changed: Json = None
        if isinstance(message, Insert):
            changed = [column.name for column in columns]
        elif before is not None and after is not None and not has_key_only:
            for name, value in before.items():
                after.setdefault(name, value)  # not sent, since it is what it was
            changed = [name for name, value in after.items() if before.get(name) != value]
        key = self._keys.get(_name(relation)) or _key_of(relation)
        known = after if after is not None else before or {}
        return {
            "op": _OPERATIONS[type(message)], "schema": relation.schema, "table": relation.table,
            "key": {name: known[name] for name in key if name in known},
            "before": before, "after": after, "changed": changed,
            "at": self._begin.at_us, "position": self.position,
        }  # fmt: skip

    def _row(
        self,
        columns: tuple[RelationColumn, ...],
        values: Iterable[Value],
        *,
        keys_only: bool = False,
    ) -> Row:
        """What did not change and was not sent is absent, not null."""
        return {
            column.name: _json(value, column.type, self._zone)
            for column, value in zip(columns, values, strict=True)
            if value is not UNCHANGED and (column.is_key or not keys_only)
        }


_OPERATIONS = {Insert: "insert", Update: "update", Delete: "delete"}


def lsn_text(lsn: int) -> str:
    """As PostgreSQL writes it: `0/1529DD0`."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_of(text: str) -> int:
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def shape_of(columns: Iterable[RelationColumn]) -> Shape:
    return {column.name: family_of(column.type) for column in columns}


def lost_columns(accepted: Shape, shape: Shape, reads: frozenset[str]) -> list[str]:
    """Columns the mapping relies on that are gone, or of another kind."""
    return [name for name in accepted if name in reads and shape.get(name) != accepted[name]]


def difference(before: Shape, after: Shape) -> str:
    """The one sentence about another shape."""
    parts = []
    if gone := [name for name in before if name not in after]:
        parts.append(f"without {_listed(gone)}")
    if new := [name for name in after if name not in before]:
        parts.append(f"with {_listed(new)}")
    for name, family in after.items():
        if before.get(name, family) != family:
            parts.append(f"{name} is {family}, was {before[name]}")
    return "; ".join(parts) or "the same columns in another order"


def _name(relation: Relation) -> str:
    return f"{relation.schema}.{relation.table}"


def _key_of(relation: Relation) -> tuple[str, ...]:
    return tuple(column.name for column in relation.columns if column.is_key)


def _json(value: Value, oid: int, zone: Zone) -> Json:
    if isinstance(value, bytes):
        return value.hex()
    return value_of(value, oid, zone) if isinstance(value, str) else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
