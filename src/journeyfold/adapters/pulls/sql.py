"""Rows of a table or a query, through SQLAlchemy, a piece at a time (collect C43).

One transaction that cannot write reads them, from a cursor of the server where its driver has one, so
memory does not grow with the table. `incremental` reads in the order of (column, key) and is marked
by the pair it gave last; a row without a value in the column is read each time, because no cursor
ever passes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from journeyfold.adapters.pulls.cells import Cell, cell_reader, kind_of
from journeyfold.adapters.pulls.database import connected, sentence
from journeyfold.adapters.pulls.mark import after_of, like, marked
from journeyfold.adapters.pulls.secret import hidden
from journeyfold.adapters.pulls.snapshot import Snapshot
from journeyfold.collect.frames import Job
from journeyfold.collect.line import BadLine, NoAnswer, Row, Rows
from journeyfold.collect.rows import grouped
from journeyfold.core.event import Json
from journeyfold.sources.inventory import Source
from journeyfold.sources.local_time import Zone
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.pull import Sql
from journeyfold.sources.recipe import ColumnType

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

Values = Sequence[Any]


def open_sql(pull: Sql, job: Job, source: Source, stack: ExitStack) -> Rows:
    """Raises NoAnswer with one sentence for whatever the database says no to."""
    assert job.pulled is not None, "asked for pulls only"
    mode = pull.mode or ("incremental" if source.cursor else "full")
    with _told(job):
        connection = stack.enter_context(connected(pull, job.pulled.directory))
        reading = _Reading(pull, job, source, connection)
        if mode == "snapshot":
            return Snapshot(pull, job, source).rows(reading.everything)
        if mode == "incremental":
            return reading.past_the_cursor()
        return grouped(reading.everything(), source.group, reading.name, stack)


class _Reading:
    def __init__(self, pull: Sql, job: Job, source: Source, connection: Connection) -> None:
        self._pull, self._job, self._source = pull, job, source
        self._connection, self._zone = connection, Zone(source.time_zone)
        self._mark: Json = job.pulled.mark if job.pulled else None
        self.name = pull.table or "the query"

    def everything(self) -> Rows:
        return self._rows(self._all(), ())

    def past_the_cursor(self) -> Rows:
        """The mark is the highest pair given; the next run begins before it by the overlap."""
        import sqlalchemy as sa

        cursor = self._source.cursor
        assert cursor is not None, "`mode: incremental` has a cursor: it is checked"
        column: Any = sa.column(cursor.column)
        key: Any = sa.column(cursor.key)
        wanted = self._all()
        there = self._connection.execute(wanted.limit(0)).keys()
        self._require((cursor.column, cursor.key), [str(name) for name in there])
        after = self._after(column)
        if after is not None:
            at, beyond = after
            is_past = column >= at
            if beyond is not None:
                is_past = sa.or_(
                    column > at, sa.and_(column == at, sa.or_(key > beyond, key.is_(None)))
                )
            wanted = wanted.where(sa.or_(is_past, column.is_(None)))
        return self._rows(wanted.order_by(column, key), (cursor.column, cursor.key))

    def _after(self, column: Any) -> tuple[Any, Any] | None:
        cursor = self._source.cursor
        assert cursor is not None, "asked for cursors only"
        if self._job.after is None:
            return after_of(self._mark, cursor.overlap_us)
        probe = self._all().with_only_columns(column).where(column.is_not(None)).limit(1)
        return like(self._connection.execute(probe).scalar(), self._job.after[0]), None

    def _all(self) -> Select[Any]:
        import sqlalchemy as sa

        star: Any = sa.literal_column("*")
        if self._pull.table is not None:
            return sa.select(star).select_from(sa.table(self._pull.table, schema=self._pull.schema))
        assert self._pull.query is not None, "a pull has either"
        query = self._pull.query.strip().rstrip(";").replace("\\", "\\\\").replace(":", "\\:")
        return sa.select(star).select_from(sa.text(f"({query}) AS pulled"))

    def _rows(self, wanted: Select[Any], pair: tuple[str, ...]) -> Rows:
        found = self._connection.execution_options(yield_per=self._pull.fetch).execute(wanted)
        names = [str(name) for name in found.keys()]  # noqa: SIM118 - of a result, not a dict
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise NoAnswer(f"{self.name} has more than one column named {twice[0]!r}")
        self._require((*pair, *self._source.group, *self._pull.key), names)
        pieces = iter(found.partitions())
        first = next(pieces, [])
        kinds = self._kinds(names, first)
        read = self._source.read
        assert read is not None, "an import has `read`"
        readers = [cell_reader(read, name, kinds[name], self._zone) for name in names]
        at = [names.index(name) for name in pair]
        rows = chain(first, chain.from_iterable(pieces))
        stream = self._given(rows, names, readers, at)
        return Rows(kinds, stream, None if first else 0, lambda: self._mark)

    def _given(
        self, rows: Iterator[Values], names: Sequence[str], readers: Sequence[Cell],
        pair: Sequence[int],
    ) -> Iterator[Row | BadLine]:  # fmt: skip
        with _told(self._job):
            for line, row in enumerate(rows, 1):
                if pair and row[pair[0]] is not None:
                    self._mark = marked(row[pair[0]], row[pair[1]])
                yield _read(line, row, names, readers)

    def _require(self, wanted: Sequence[str], names: Sequence[str]) -> None:
        read = self._source.read
        assert read is not None, "an import has `read`"
        missing = [name for name in (*wanted, *read.types, *read.units) if name not in names]
        if missing:
            raise NoAnswer(missing_columns(list(dict.fromkeys(missing)), names, self.name))

    def _kinds(self, names: Sequence[str], first: Sequence[Values]) -> dict[str, ColumnType]:
        """As declared, as the table says, or as the first rows show."""
        read = self._source.read
        assert read is not None, "an import has `read`"
        said = self._declared() if self._pull.table is not None else {}
        kinds: dict[str, ColumnType] = {}
        for at, name in enumerate(names):
            shown = next((type(row[at]) for row in first if row[at] is not None), None)
            kinds[name] = said.get(name, kind_of(shown))
            if name in read.units:
                kinds[name] = "timestamp"
            kinds[name] = read.types.get(name, kinds[name])
        return kinds

    def _declared(self) -> dict[str, ColumnType]:
        import sqlalchemy as sa

        assert self._pull.table is not None, "asked for tables only"
        found = sa.inspect(self._connection).get_columns(self._pull.table, self._pull.schema)
        kinds: dict[str, ColumnType] = {}
        for column in found:
            try:
                kind = kind_of(column["type"].python_type)
            except NotImplementedError:  # a type of this database alone
                continue
            if kind not in {"object", "list"}:  # JSON may be anything
                kinds[str(column["name"])] = kind
        return kinds


def _read(line: int, row: Values, names: Sequence[str], readers: Sequence[Cell]) -> Row | BadLine:
    values: list[object] = []
    try:
        for read, value in zip(readers, row, strict=True):
            values.append(read(value))
    except ValueError as error:
        column = names[len(values)]
        shown = ", ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=True))
        return BadLine(line, "bad_value", f"row {line}, column {column!r}: {error}", shown[:1000])
    return line, tuple(values)


@contextmanager
def _told(job: Job) -> Iterator[None]:
    """What the database and its driver say, in one sentence and without secrets."""
    from sqlalchemy.exc import SQLAlchemyError

    assert job.pulled is not None, "asked for pulls only"
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise NoAnswer(hidden(sentence(error), job.pulled.secrets)) from None
