"""PostgreSQL's `pgoutput` messages, read byte by byte (collect C46). Pure.

Versions 1 and 2 of the protocol; what version 2 sends inside a streamed block carries the number of
its transaction first (`is_streamed`). Everything is big-endian; instants are microseconds since
2000-01-01 UTC and become those since 1970.

https://www.postgresql.org/docs/15/protocol-logicalrep-message-formats.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, cast

import msgspec

EPOCH_2000_US = 946_684_800_000_000
Identity = Literal["d", "n", "f", "i"]
"""REPLICA IDENTITY: the primary key, nothing, the full row, an index."""


class MalformedError(ValueError):
    """Bytes that are no message of the protocol; the text says at which of them it ended."""


class _Unchanged:
    """A TOASTed value that the change did not touch: the server does not send it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED = _Unchanged()
Value: TypeAlias = "str | bytes | _Unchanged | None"
"""Text, the binary form, not sent, or null."""
Values: TypeAlias = tuple[Value, ...]


class RelationColumn(msgspec.Struct, frozen=True):
    name: str
    type: int  # the type's OID
    modifier: int = -1
    is_key: bool = False


class Begin(msgspec.Struct, frozen=True):
    """`lsn` is the commit's own, so it orders transactions and names them."""

    lsn: int
    at_us: int
    xid: int


class Commit(msgspec.Struct, frozen=True):
    """`end` is where the next transaction may begin: what is acknowledged."""

    lsn: int
    end: int
    at_us: int


class Relation(msgspec.Struct, frozen=True):
    """A table as it is from here on; sent before its first change, and after each of its own."""

    id: int
    schema: str
    table: str
    identity: Identity
    columns: tuple[RelationColumn, ...]


class Insert(msgspec.Struct, frozen=True):
    relation: int
    new: Values


class Update(msgspec.Struct, frozen=True):
    """`old` is None when the key did not change and no full identity is kept; `is_key` says that
    only the columns of the key are in it.
    """

    relation: int
    new: Values
    old: Values | None = None
    is_key: bool = False


class Delete(msgspec.Struct, frozen=True):
    relation: int
    old: Values
    is_key: bool = False


class Truncate(msgspec.Struct, frozen=True):
    relations: tuple[int, ...]
    cascade: bool = False
    restart_identity: bool = False


class Note(msgspec.Struct, frozen=True):
    """What says nothing about rows: origins, types, messages, the frame of a streamed block."""

    kind: str


Message: TypeAlias = Begin | Commit | Relation | Insert | Update | Delete | Truncate | Note


def decode(data: bytes, *, is_streamed: bool = False) -> Message:
    """One message.

    Raises:
        MalformedError: of no known kind, too short, or longer than it says.
    """
    reader = _Reader(data)
    kind = reader.letter()
    read = _READERS.get(kind)
    if read is None:
        raise MalformedError(f"{kind!r} is no kind of message")
    if is_streamed and kind in "RIUDT":
        reader.number(4)
    message = read(reader)
    if reader.left and not isinstance(message, Note):
        raise MalformedError(f"{reader.left} bytes after the end of a message {kind!r}")
    return message


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size < 0 or size > self.left:
            raise MalformedError(f"{size} bytes are wanted at {self._at}, {self.left} are left")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "big", signed=signed)

    def letter(self) -> str:
        return self.take(1).decode("latin-1")

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise MalformedError(f"a text at {self._at} does not end")
        raw = self.take(end - self._at)
        self._at += 1
        return _utf8(raw)

    def instant_us(self) -> int:
        return self.number(8, signed=True) + EPOCH_2000_US

    def values(self) -> Values:
        return tuple([self._value() for _ in range(self.number(2))])

    def _value(self) -> Value:
        match self.letter():
            case "n":
                return None
            case "u":
                return UNCHANGED
            case "t":
                return _utf8(self.take(self.number(4)))
            case "b":
                return self.take(self.number(4))
            case other:
                raise MalformedError(f"{other!r} is no kind of value")


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"a text is not UTF-8: {error}") from None


def _begin(reader: _Reader) -> Begin:
    return Begin(reader.number(8), reader.instant_us(), reader.number(4))


def _commit(reader: _Reader) -> Commit:
    reader.number(1)  # flags, none of which is in use
    return Commit(reader.number(8), reader.number(8), reader.instant_us())


def _relation(reader: _Reader) -> Relation:
    oid, schema, table = reader.number(4), reader.text(), reader.text()
    identity = reader.letter()
    if identity not in "dnfi":
        raise MalformedError(f"{identity!r} is no replica identity")
    columns = tuple([_column(reader) for _ in range(reader.number(2))])
    return Relation(oid, schema or "pg_catalog", table, cast("Identity", identity), columns)


def _column(reader: _Reader) -> RelationColumn:
    flags = reader.number(1)
    name = reader.text()
    return RelationColumn(name, reader.number(4), reader.number(4, signed=True), bool(flags & 1))


def _insert(reader: _Reader) -> Insert:
    relation = reader.number(4)
    _expect(reader, "N")
    return Insert(relation, reader.values())


def _update(reader: _Reader) -> Update:
    relation, kind = reader.number(4), reader.letter()
    if kind == "N":
        return Update(relation, reader.values())
    _require(kind, "KO")
    old = reader.values()
    _expect(reader, "N")
    return Update(relation, reader.values(), old, kind == "K")


def _delete(reader: _Reader) -> Delete:
    relation, kind = reader.number(4), reader.letter()
    _require(kind, "KO")
    return Delete(relation, reader.values(), kind == "K")


def _truncate(reader: _Reader) -> Truncate:
    count, options = reader.number(4), reader.number(1)
    if 4 * count > reader.left:
        raise MalformedError(f"{count} tables are truncated in {reader.left} bytes")
    relations = tuple([reader.number(4) for _ in range(count)])
    return Truncate(relations, bool(options & 1), bool(options & 2))


def _expect(reader: _Reader, kind: str) -> None:
    _require(reader.letter(), kind)


def _require(found: str, kinds: str) -> None:
    if found not in kinds:
        raise MalformedError(f"{found!r} stands where one of {kinds!r} is due")


_READERS: dict[str, Callable[[_Reader], Message]] = {
    "B": _begin, "C": _commit, "R": _relation, "I": _insert, "U": _update, "D": _delete,
    "T": _truncate,
    "O": lambda _: Note("origin"), "Y": lambda _: Note("type"), "M": lambda _: Note("message"),
    "S": lambda _: Note("stream start"), "E": lambda _: Note("stream stop"),
    "c": lambda _: Note("stream commit"), "A": lambda _: Note("stream abort"),
}  # fmt: skip
