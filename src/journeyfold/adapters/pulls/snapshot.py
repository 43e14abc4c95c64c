"""What is new, changed or gone in a table since it was last seen, in bounded memory (collect C43).

A run first writes the whole table, sorted by key, to a file of a new generation; then it goes through
that and the one before side by side. Nothing is told before the file is whole and on the disk, and the
mark counts what was told, so a run that dies goes on within the same two files: it tells the same
differences, each once, whatever the table has become since. That the new generation is the last one
is the end of the mark, committed with the last append.

What stays is `<generation>.keys`: the key of each row, a hash of the rest, and the columns that an
event about a row that is gone needs. `<generation>.rows` is there while a run is under way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias

import msgspec

from journeyfold.adapters.durable_file import sync_directory
from journeyfold.collect.frames import Job
from journeyfold.collect.line import BadLine, NoAnswer, Row, Rows
from journeyfold.collect.sorted_runs import SortedRuns
from journeyfold.core.event import Json
from journeyfold.sources.inventory import Source
from journeyfold.sources.pull import CHANGE, SEEN, VERSION, Sql
from journeyfold.sources.recipe import ColumnType
from journeyfold.sources.snapshot import snapshot_columns

_ARRAY = 0x9  # the first half of a short array's first byte in MessagePack; 0x8 is a map
FORMAT = b"journeyfold snapshot 1\n"
_Values: TypeAlias = tuple[object, ...]

_encode = msgspec.msgpack.encode


class _Head(msgspec.Struct, frozen=True):
    """`columns` are the table's; `names` are those of the values that stand in the file."""

    generation: int
    seen_us: int
    columns: dict[str, ColumnType]
    names: list[str]


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """`key` sorts; `values` are all of a row, or those that stay of it."""

    key: bytes
    hash: bytes
    values: _Values


class _Bad(msgspec.Struct, frozen=True):
    line: int
    code: str
    detail: str
    text: str


class _Mark(msgspec.Struct, frozen=True):
    """`last` is what everything was told up to; `next` is being told, `told` lines of it are."""

    last: int = 0
    next: int = 0
    told: int = 0


class Snapshot:
    def __init__(self, pull: Sql, job: Job, source: Source) -> None:
        assert job.pulled is not None, "asked for pulls only"
        self._pull, self._job, self._source = pull, job, source
        self._room = Path(job.pulled.room)
        kept = job.pulled.mark
        self._mark = msgspec.convert(kept, _Mark) if kept is not None else _Mark()

    def rows(self, everything: Callable[[], Rows]) -> Rows:
        """`everything` reads the table; it is not asked while a run goes on within its files."""
        self._room.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark = self._mark
        if mark.last and not self._path(mark.last, "keys").exists():
            raise NoAnswer(
                f"the last snapshot, {self._path(mark.last, 'keys')}, is not there; begin anew "
                "with --from start: every row counts as new then"
            )
        if not (mark.next and self._path(mark.next, "rows").exists()):
            # An instant, so that one that is begun anew is no other's (see `_version`).
            self._mark = mark = _Mark(mark.last, max(mark.last + 1, self._job.received_us))
            self._tidy(mark)
            self._write(everything())
        with self._path(mark.next, "rows").open("rb") as file:
            columns = _head(file).columns
        added: dict[str, ColumnType] = {CHANGE: "string", VERSION: "string", SEEN: "timestamp"}
        return Rows({**columns, **added}, self._given(columns), None, self._standing)

    def _standing(self) -> Json:
        standing: dict[str, Json] = msgspec.to_builtins(self._mark)
        return standing

    def _path(self, generation: int, kind: str) -> Path:
        return self._room / f"{generation}.{kind}"

    def _tidy(self, mark: _Mark) -> None:
        """What is neither the last generation nor the one that is told."""
        for path in self._room.iterdir():
            if path.name not in {f"{mark.last}.keys", f"{mark.next}.rows", f"{mark.next}.keys"}:
                path.unlink(missing_ok=True)

    # --- writing a generation -------------------------------------------------------------------

    def _write(self, everything: Rows) -> None:
        names, generation = list(everything.columns), self._mark.next
        keys = [names.index(name) for name in self._pull.key]
        needed = snapshot_columns(self._source)
        stay = [at for at, name in enumerate(names) if name in needed]
        head = _Head(generation, self._job.received_us, self._columns(everything), names)
        short = msgspec.structs.replace(head, names=[names[at] for at in stay])
        with (
            SortedRuns() as runs,
            _New(self._path(generation, "rows"), head) as rows,
            _New(self._path(generation, "keys"), short) as lines,
        ):
            last = b""
            for row in runs.sorted(_with_keys(everything.stream, keys), keys):
                if isinstance(row, BadLine):
                    rows.add(_Bad(row.line, row.code, row.detail, row.text))
                    continue
                line, values = row
                key = _encode([values[at] for at in keys])
                if key == last:
                    named = ", ".join(f"{names[at]}={values[at]!r}" for at in keys)
                    detail = f"row {line}: the key {named} is there twice"
                    rows.add(_Bad(line, "duplicate_key", detail, named))
                    continue
                last, digest = key, blake2b(_encode(values), digest_size=16).digest()
                rows.add(_Line(key, digest, values))
                lines.add(_Line(key, digest, tuple(values[at] for at in stay)))
        sync_directory(self._room)

    def _columns(self, everything: Rows) -> dict[str, ColumnType]:
        """An empty table may not say of which types it would be; the last one that was not did."""
        if everything.total != 0 or not self._mark.last:
            return everything.columns
        with self._path(self._mark.last, "keys").open("rb") as file:
            known = _head(file).columns
        return {name: known.get(name, kind) for name, kind in everything.columns.items()}

    # --- telling the differences ----------------------------------------------------------------

    def _given(self, columns: dict[str, ColumnType]) -> Iterator[Row | BadLine]:
        mark = self._mark
        for number, found in enumerate(self._differences(columns), 1):
            if number > mark.told:
                self._mark = msgspec.structs.replace(mark, told=number)
                yield found if isinstance(found, BadLine) else (number, found)
        self._mark = _Mark(mark.next)

    def _differences(self, columns: dict[str, ColumnType]) -> Iterator[_Values | BadLine]:
        mark = self._mark
        with self._path(mark.next, "rows").open("rb") as file:
            head = _head(file)
            old = _Before(self._path(mark.last, "keys") if mark.last else None, list(columns))
            for line in _lines(file):
                if isinstance(line, _Bad):
                    yield BadLine(line.line, line.code, line.detail, line.text)
                    continue
                for gone in old.below(line.key):
                    yield (*gone.values, "deleted", _version(head, gone), head.seen_us)
                was = old.at(line.key)
                if was is None or was.hash != line.hash:
                    change = "inserted" if was is None else "changed"
                    yield (*line.values, change, _version(head, line), head.seen_us)
            for gone in old.below(None):
                yield (*gone.values, "deleted", _version(head, gone), head.seen_us)


def forget_rows(room: Path) -> None:
    """After a run that came to its end: its rows were told, their keys are enough from here on."""
    for path in room.glob("*.rows"):
        path.unlink(missing_ok=True)


class _Before:
    """The lines of the generation before, in order, with the columns that rows have now."""

    def __init__(self, path: Path | None, names: list[str]) -> None:
        self._lines: Iterator[_Line] = iter(())
        if path is not None:
            file = path.open("rb")
            kept = _head(file).names
            places = [kept.index(name) if name in kept else None for name in names]
            self._lines = _widened(file, places)
        self._next = next(self._lines, None)

    def below(self, key: bytes | None) -> Iterator[_Line]:
        """Those before this key, each once; None is after all of them."""
        while self._next is not None and (key is None or self._next.key < key):
            yield self._next
            self._next = next(self._lines, None)

    def at(self, key: bytes) -> _Line | None:
        found = self._next
        if found is None or found.key != key:
            return None
        self._next = next(self._lines, None)
        return found


class _New:
    """A file that has its name once it is whole and on the disk."""

    def __init__(self, path: Path, head: _Head) -> None:
        self._path, self._beside = path, path.with_suffix(f"{path.suffix}.new")
        descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(FORMAT)
        self.add(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if kind is None:
            self._beside.replace(self._path)

    def add(self, value: _Head | _Line | _Bad) -> None:
        body = _encode(value)
        self._file.write(len(body).to_bytes(4, "big") + body)


def _head(file: BinaryIO) -> _Head:
    begin = file.readline(64)
    if begin != FORMAT:
        raise NoAnswer(
            f"{getattr(file, 'name', 'the snapshot')} is of another release; begin anew with "
            "--from start: every row counts as new then"
        )
    return msgspec.msgpack.decode(_body(file), type=_Head)


def _lines(file: BinaryIO) -> Iterator[_Line | _Bad]:
    line, bad = msgspec.msgpack.Decoder(_Line).decode, msgspec.msgpack.Decoder(_Bad).decode
    while body := _body(file):
        yield line(body) if body[0] >> 4 == _ARRAY else bad(body)


def _body(file: BinaryIO) -> bytes:
    return file.read(int.from_bytes(file.read(4), "big"))


def _widened(file: BinaryIO, places: list[int | None]) -> Iterator[_Line]:
    with file:
        for line in _lines(file):
            assert isinstance(line, _Line), "bad rows are not kept"
            values = tuple(None if at is None else line.values[at] for at in places)
            yield _Line(line.key, line.hash, values)


def _version(head: _Head, line: _Line) -> str:
    return f"{head.generation}-{line.hash.hex()[:12]}"


def _with_keys(rows: Iterator[Row | BadLine], keys: list[int]) -> Iterator[Row | BadLine]:
    for row in rows:
        if isinstance(row, BadLine) or all(row[1][at] is not None for at in keys):
            yield row
        else:
            yield BadLine(row[0], "no_id", f"row {row[0]}: the key is empty")
