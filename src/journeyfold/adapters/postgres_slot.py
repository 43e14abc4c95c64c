"""A replication slot of PostgreSQL, read by SQL functions over pg8000 (collect C46, ADR 31).

`peek` shows changes and leaves them where they are; `advance` gives them up, once they are in the
log. A new slot comes with the rows as they were at the very point where it begins. All text is as
the output functions write it, of the stream and of the snapshot alike.
"""

from __future__ import annotations

import ssl
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from journeyfold.collect.changes import Table, lsn_of, lsn_text
from journeyfold.core.errors import JourneyfoldError, UsageError
from journeyfold.sources.follow import Postgres

if TYPE_CHECKING:
    from pg8000.native import Connection

TIMEOUT_S = 600  # the server may decode for long before it shows the first change
FETCH = 2_000
_SESSION = (
    "SET datestyle TO 'ISO, YMD'; SET timezone TO 'UTC'; SET intervalstyle TO 'iso_8601'; "
    "SET extra_float_digits TO 3; SET bytea_output TO 'hex'"
)
_SLOT = """SELECT plugin, database = current_database(), confirmed_flush_lsn::text,
    pg_current_wal_flush_lsn()::text,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint::text, wal_status
    FROM pg_replication_slots WHERE slot_name = {}"""
_PUBLICATION = "SELECT 1 FROM pg_publication WHERE pubname = {}"
_TABLES = """SELECT schemaname, tablename FROM pg_publication_tables
    WHERE pubname = {} ORDER BY 1, 2"""
_PUBLISHED = """SELECT to_json(p)->>'rowfilter', to_json(p)->'attnames'
    FROM pg_publication_tables p WHERE pubname = {} AND schemaname = {} AND tablename = {}"""
_COLUMNS = """SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
    AND attgenerated = '' AND attrelid = {}::regclass ORDER BY attnum"""
_KEY = """SELECT attname FROM pg_index JOIN pg_attribute
    ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indisprimary AND indrelid = {}::regclass ORDER BY attnum"""
_CHANGES = """DECLARE changes NO SCROLL CURSOR FOR SELECT lsn::text, encode(data, 'hex')
    FROM pg_logical_slot_peek_binary_changes({}, {}, {}, 'proto_version', '1',
    'publication_names', {})"""
_ROWS = "DECLARE rows NO SCROLL CURSOR FOR SELECT xmin::text, ctid::text, {} FROM {}{}"
_WITHOUT_TLS = (None, "disable", "allow", "prefer")


Rows: TypeAlias = "list[Sequence[Any]]"  # what a driver returns has no type


class CannotFollow(JourneyfoldError):  # noqa: N818 - it is a state of the source
    """No repetition helps: somebody has to do what the sentence says."""

    exit_code = 78


class Away(JourneyfoldError):  # noqa: N818 - it is a state of the world
    """The server did not answer, or not now; the next try may find it."""

    exit_code = 75


class Slot(msgspec.Struct, frozen=True):
    """How a slot stands; `upto` is how far the server has written."""

    confirmed: int
    upto: int
    retained_bytes: int
    status: str  # reserved | extended | unreserved | lost


class Peeked(msgspec.Struct, frozen=True):
    lsn: int
    data: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """Rows of a table as text; `xmin` is the transaction that made each."""

    table: Table
    columns: tuple[str, ...]
    types: tuple[int, ...]
    rows: list[tuple[int, str, tuple[str | None, ...]]]  # (xmin, ctid, values)


class PostgresSlot:
    """One connection, opened at the first question. `url` has its references filled in."""

    def __init__(self, source: str, settings: Postgres, url: str) -> None:
        self._source, self._settings, self._url = source, settings, url
        self._connection: Connection | None = None

    def close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None

    # -- what is there --------------------------------------------------------------------------

    def server(self) -> str:
        """Which server, and which of its histories: system identifier and timeline."""
        with self._asking() as ask:
            ((system, file),) = _rows(
                ask,
                "SELECT system_identifier::text, pg_walfile_name(pg_current_wal_lsn()) "
                "FROM pg_control_system()",
            )
            return f"{system}/{int(str(file)[:8], 16)}"

    def now(self) -> tuple[int, int]:
        """(the server's clock in microseconds, the first transaction id not given out yet)."""
        with self._asking() as ask:
            ((at_us, xid),) = _rows(
                ask,
                "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text, "
                "txid_snapshot_xmax(txid_current_snapshot())::text",
            )
            return int(at_us), int(xid)

    def slot(self) -> Slot | None:
        with self._asking() as ask:
            found = _rows(ask, _sql(_SLOT, _text(self._slot)))
        if not found:
            return None
        plugin, is_here, confirmed, upto, retained, status = found[0]
        if plugin != "pgoutput" or is_here != "t":
            raise CannotFollow(
                f"source {self._source}: the slot '{self._slot}' belongs to something else "
                f"({plugin or 'physical replication'}); name another one under `slot`"
            )
        lost = "lost" if confirmed is None else str(status)
        return Slot(lsn_of(confirmed or "0/0"), lsn_of(upto), max(0, int(retained)), lost)

    def require_publication(self) -> list[Table]:
        """The tables that are followed; a slot sees only publications older than itself."""
        name = self._settings.publication
        wanted = ", ".join(self._settings.tables) or "customers, orders"
        with self._asking() as ask:
            ((level,),) = _rows(ask, "SHOW wal_level")
            if level != "logical":
                raise CannotFollow(
                    f"source {self._source}: the server writes wal_level {level}; set `wal_level = "
                    "logical` and restart it"
                )
            if not _rows(ask, _sql(_PUBLICATION, _text(name))):
                raise CannotFollow(
                    f"source {self._source}: there is no publication '{name}'; run CREATE "
                    f"PUBLICATION {_quoted(name)} FOR TABLE {wanted}"
                )
            found = _rows(ask, _sql(_TABLES, _text(name)))
            tables = [self._table(ask, str(schema), str(table)) for schema, table in found]
        followed = [each for each in tables if self._settings.follows(each.schema, each.name)]
        for table in self._settings.tables:
            if not any(table in {each.full_name, each.name} for each in followed):
                raise CannotFollow(
                    f"source {self._source}: publication '{name}' does not have the table "
                    f"{table}; run ALTER PUBLICATION {_quoted(name)} ADD TABLE {table}"
                )
        return followed

    # -- the stream -----------------------------------------------------------------------------

    def peek(self, upto: int, most: int) -> Iterator[list[Peeked]]:
        """Changes committed up to there, whole transactions, some thousand messages at a time.

        Ends after the transaction in which the `most`-th message stands. The server keeps the
        result aside, so a transaction of any size takes no memory here.
        """
        names = _text(_quoted(self._settings.publication))
        with self._asking() as ask:
            ask.run("BEGIN")
            try:
                ask.run(_sql(_CHANGES, _text(self._slot), _text(lsn_text(upto)), str(most), names))
                while found := _rows(ask, f"FETCH {FETCH} FROM changes"):
                    yield [Peeked(lsn_of(lsn), bytes.fromhex(data)) for lsn, data in found]
            finally:
                with suppress(Exception):
                    ask.run("ROLLBACK")

    def advance(self, upto: int) -> None:
        with self._asking() as ask:
            ask.run(
                f"SELECT pg_replication_slot_advance({_text(self._slot)}, {_text(lsn_text(upto))})"
            )

    # -- the beginning --------------------------------------------------------------------------

    def drop(self) -> None:
        with self._asking() as ask:
            ask.run(f"SELECT pg_drop_replication_slot({_text(self._slot)})")

    @contextmanager
    def create(self) -> Iterator[tuple[int, str]]:
        """(where the slot begins, the name of the snapshot that ends there): while it is open."""
        connection = _opened(self._source, self._url, replication="database")
        try:
            with _told(self._source):
                made = _rows(
                    connection,
                    f"CREATE_REPLICATION_SLOT {_quoted(self._slot)} LOGICAL pgoutput EXPORT_SNAPSHOT",
                )
            yield lsn_of(str(made[0][1])), str(made[0][2])
        finally:
            with suppress(Exception):
                connection.close()

    def rows(self, tables: Sequence[Table], snapshot: str) -> Iterator[Snapshot]:
        """All rows as the snapshot sees them, some thousand at a time."""
        with self._asking() as ask:
            ask.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                ask.run(f"SET TRANSACTION SNAPSHOT {_text(snapshot)}")
                for table in tables:
                    yield from self._rows_of(ask, table)
            finally:
                with suppress(Exception):
                    ask.run("ROLLBACK")

    def _rows_of(self, ask: Connection, table: Table) -> Iterator[Snapshot]:
        columns, where = self._published(ask, table)
        names = ", ".join(_quoted(name) for name in columns)
        ask.run(_sql(_ROWS, names, _full(table), where))
        while found := _rows(ask, f"FETCH {FETCH} FROM rows"):
            told = ask.columns or []
            yield Snapshot(
                table,
                tuple(columns),
                tuple(int(column["type_oid"]) for column in told[2:]),
                [(int(row[0]), str(row[1]), tuple(row[2:])) for row in found],
            )
        ask.run("CLOSE rows")

    def _published(self, ask: Connection, table: Table) -> tuple[list[str], str]:
        """Columns and condition as the publication has them (from PostgreSQL 15 on)."""
        names = (self._settings.publication, table.schema, table.name)
        found = _rows(ask, _sql(_PUBLISHED, *map(_text, names)))
        filtered, named = found[0] if found else (None, None)
        if named:
            columns = msgspec.json.decode(named, type=list[str])
        else:
            rows = _rows(ask, _sql(_COLUMNS, _text(_full(table))))
            columns = [str(name) for (name,) in rows]
        return columns, f" WHERE {filtered}" if filtered else ""

    def _table(self, ask: Connection, schema: str, name: str) -> Table:
        table = Table(schema, name)
        key = _rows(ask, _sql(_KEY, _text(_full(table))))
        return Table(schema, name, tuple(str(column) for (column,) in key))

    # -- connecting -----------------------------------------------------------------------------

    @property
    def _slot(self) -> str:
        return self._settings.slot

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        if self._connection is None:
            self._connection = _opened(self._source, self._url)
        try:
            with _told(self._source):
                yield self._connection
        except Away:
            self.close()
            raise


def _opened(source: str, url: str, replication: Literal["database"] | None = None) -> Connection:
    try:
        from pg8000.native import Connection
    except ImportError:
        raise UsageError(
            f"source {source}: following a database needs the extra sql; run "
            "pip install 'journeyfold[sql]'"
        ) from None
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.hostname:
        raise CannotFollow(
            f"source {source}: `url` is not postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    mode = parse_qs(parts.query).get("sslmode", [None])[0]
    with _told(source):
        connection = Connection(
            unquote(parts.username or "postgres"), host=parts.hostname, port=parts.port or 5432,
            password=unquote(parts.password or ""), database=unquote(parts.path[1:]) or None,
            ssl_context=_tls(mode), timeout=TIMEOUT_S, application_name=f"journeyfold {source}",
            replication=replication,
        )  # fmt: skip
        connection.pg_types = defaultdict(lambda: _as_written)
        if replication is None:
            connection.run(_SESSION)
    return connection


def _tls(mode: str | None) -> ssl.SSLContext | None:
    if mode in _WITHOUT_TLS:
        return None
    context = ssl.create_default_context()
    if mode == "require":  # encrypted, whoever it is: as libpq means it
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@contextmanager
def _told(source: str) -> Iterator[None]:
    """What the driver says, as one of our two sentences."""
    from pg8000.exceptions import DatabaseError, InterfaceError

    try:
        yield
    except DatabaseError as error:
        told = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
        sentence = f"source {source}: the server says: {told.get('M', error)}"
        if str(told.get("C", "")) in _FINAL:
            raise CannotFollow(f"{sentence}; {_FINAL[str(told['C'])]}") from None
        raise Away(sentence) from None
    except (InterfaceError, OSError) as error:
        why = str(error).partition(" (timeout is")[0]
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.strerror:
            why = f"{why}: {cause.strerror}"
        raise Away(f"source {source}: the server does not answer: {why}") from None


_FINAL = {
    "28P01": "set the right password in `url`",
    "28000": "let this user in (pg_hba.conf) with the attribute REPLICATION",
    "3D000": "name a database that exists in `url`",
    "42501": "the user needs the attribute REPLICATION and SELECT on the tables",
}
"""SQLSTATE → what to do; every other error may pass."""


def _rows(ask: Connection, statement: str) -> Rows:
    found: Rows | None = ask.run(statement)
    return found or []


def _as_written(data: str) -> str:
    return data


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _full(table: Table) -> str:
    return f"{_quoted(table.schema)}.{_quoted(table.name)}"


def _sql(statement: str, *parts: str) -> str:
    """Replication knows no parameters, so names and values are quoted and put in here alone."""
    return statement.format(*parts)
