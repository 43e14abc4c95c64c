"""SQL: rows of a declared table, put there by their primary key, so a repeat changes nothing.

PostgreSQL and SQLite. A call is one transaction; when the database refuses a row in it, the rows
go one by one, so that each is answered for itself.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from journeyfold.activate.columns import Cell, CellError, Column, cells
from journeyfold.activate.destination import Destined, Outcome, Parcel, Tools
from journeyfold.activate.sync import KEY
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Executable, Table
    from sqlalchemy.exc import DBAPIError

TIMEOUT_S = 15
_ID = "id"
_DRIVERS = {"postgresql": "postgresql+pg8000", "postgres": "postgresql+pg8000", "sqlite": "sqlite"}
_IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"
Name = Annotated[str, msgspec.Meta(pattern=_IDENTIFIER, examples=["customers"])]


class Sql(Destined, frozen=True, kw_only=True, tag="sql"):
    """`columns` are what is mapped; the primary key is `key` beside them: of a sync the row's key,
    of an event the effect's id. `create` makes the table where there is none.
    """

    takes = frozenset({"event", "upsert", "remove"})
    batch = 500
    http = ()

    url: Annotated[
        str,
        msgspec.Meta(min_length=1, examples=["postgresql://shop@db:5432/crm", "sqlite:///x.db"]),
    ]
    table: Name
    columns: Annotated[dict[Name, Column], msgspec.Meta(min_length=1)]
    key: Name = KEY
    key_type: Column = "text"
    schema: Name | None = None
    secret: str = ""
    create: bool = False

    def __post_init__(self) -> None:
        scheme, mark, _ = self.url.partition("://")
        if "${" not in scheme and (not mark or scheme not in _DRIVERS):
            raise ValueError("`url` begins with postgresql:// or sqlite:///")
        if self.key in self.columns:
            raise ValueError(f"'{self.key}' is the primary key already; leave it out of `columns`")

    def open(self, tools: Tools) -> Rows:
        from sqlalchemy import create_engine
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(tools.secret(self.url))
        except ArgumentError:
            raise UsageError(
                f"destination {tools.name}: `url` is no address of a database"
            ) from None
        driver = _DRIVERS.get(url.drivername)
        if driver is None:
            raise UsageError(
                f"destination {tools.name}: {url.drivername} is not postgresql or sqlite"
            )
        url = url.set(drivername=driver)
        if self.secret:
            url = url.set(password=tools.secret(self.secret))
        engine = create_engine(
            url, connect_args={"timeout": TIMEOUT_S}, pool_pre_ping=driver != "sqlite",
            pool_size=self.rate.concurrency,
        )  # fmt: skip
        return Rows(self, engine)


class Rows:
    def __init__(self, destined: Sql, engine: Engine) -> None:
        self._destined, self._engine = destined, engine
        self._table = _table(destined)
        self._all: dict[str, Column] = {destined.key: destined.key_type, **destined.columns}
        self._is_there = not destined.create
        self._lock = threading.Lock()

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        rows: dict[str, dict[str, Cell]] = {}
        outcomes: dict[str, Outcome] = {}
        for parcel in parcels:
            try:
                rows[parcel.key] = self._row(parcel)
            except CellError as error:
                outcomes[parcel.key] = Outcome("dead", str(error))
        sound = [parcel for parcel in parcels if parcel.key in rows]
        together = self._transacted(sound, rows) if sound else Outcome("sent")
        for parcel in sound:
            is_one_of_them = together.status == "dead" and len(sound) > 1
            alone = self._transacted([parcel], rows) if is_one_of_them else together
            outcomes[parcel.key] = alone
        return [outcomes[parcel.key] for parcel in parcels]

    def _transacted(self, parcels: Sequence[Parcel], rows: dict[str, dict[str, Cell]]) -> Outcome:
        """`dead` where it is a row that the database refuses."""
        from sqlalchemy.exc import DBAPIError

        try:
            self._make()
            with self._engine.begin() as connection:
                self._put(connection, parcels, rows)
        except DBAPIError as error:
            return Outcome("dead", _sentence(error)) if _is_of_a_row(error) else _judged(error)
        except OSError as error:  # the driver's own: a connection that says nothing any more
            self._engine.dispose()
            return Outcome("retry", str(error) or type(error).__name__, is_unreached=True)
        return Outcome("sent")

    def _row(self, parcel: Parcel) -> dict[str, Cell]:
        body = dict(parcel.body)
        key = body.pop(KEY, None) if parcel.kind != "event" else parcel.key
        if key is None:
            raise CellError("the row has no key")
        if parcel.kind == "remove":
            body = {}
        return cells({self._destined.key: key, **body}, self._all)

    def _make(self) -> None:
        with self._lock:
            if not self._is_there:
                self._table.create(self._engine, checkfirst=True)
                self._is_there = True

    def _put(
        self, connection: Connection, parcels: Sequence[Parcel], rows: dict[str, dict[str, Cell]]
    ) -> None:
        """In order; a row that is put and removed in one call is removed."""
        for is_removal, group in groupby(parcels, key=lambda each: each.kind == "remove"):
            values = [rows[parcel.key] for parcel in group]
            if is_removal:
                key = self._destined.key
                connection.execute(self._removal(), [{"wanted": row[key]} for row in values])
            else:
                connection.execute(self._upsert(), values)

    def _removal(self) -> Executable:
        from sqlalchemy import bindparam, delete

        return delete(self._table).where(self._table.c[self._destined.key] == bindparam("wanted"))

    def _upsert(self) -> Executable:
        from sqlalchemy.dialects import postgresql, sqlite

        key = self._destined.key
        made: Any = (postgresql if self._engine.name == "postgresql" else sqlite).insert(
            self._table
        )
        changed = {name: made.excluded[name] for name in self._destined.columns}
        upsert: Executable = made.on_conflict_do_update(index_elements=[key], set_=changed)
        return upsert

    def close(self) -> None:
        self._engine.dispose()


def _table(destined: Sql) -> Table:
    from sqlalchemy import (
        BigInteger,
        Boolean,
        DateTime,
        Double,
        MetaData,
        Table,
        Text,
    )
    from sqlalchemy import Column as Declared

    types: dict[Column, Any] = {
        "text": Text, "json": Text, "integer": BigInteger, "number": Double, "boolean": Boolean,
        "timestamp": DateTime(timezone=True),
    }  # fmt: skip
    columns = [Declared(name, types[kind]) for name, kind in destined.columns.items()]
    key = Declared(destined.key, types[destined.key_type], primary_key=True, autoincrement=False)
    return Table(destined.table, MetaData(), key, *columns, schema=destined.schema)


def _is_of_a_row(error: DBAPIError) -> bool:
    """Is it the row that the database does not take, and not the call?"""
    from sqlalchemy.exc import DataError, IntegrityError

    return isinstance(error, DataError | IntegrityError) or _state(error)[:2] in {"22", "23"}


def _judged(error: DBAPIError) -> Outcome:
    """By SQLSTATE: 28 is who we are, 3D and 42 what is not there or not allowed."""
    state, told = _state(error), _sentence(error)
    if state[:2] in {"28", "3D", "42"} or "no such table" in told or "no such column" in told:
        return Outcome("paused", f"{told}: mend it, then resume it")
    return Outcome("retry", told, is_unreached=not state)


def _state(error: DBAPIError) -> str:
    said = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(said.get("C", "")) if isinstance(said, dict) else ""


def _sentence(error: DBAPIError) -> str:
    """The database's own words, without our statement and its values."""
    said = error.orig.args[0] if error.orig is not None and error.orig.args else error
    return str(said.get("M", said) if isinstance(said, dict) else said)[:500]
